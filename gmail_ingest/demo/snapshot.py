"""The state of the demonstration at one moment, for whoever shows it.

Holds: frozen values. Keep out: how they look (``cli``) and how they are found (``scenario``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MailboxState:
    """One mailbox; messages in scope at Google, and rows."""

    tenant: str
    address: str
    at_google: int
    stored: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a person watches. Seconds of push to row; None before the first push."""

    phase: str
    mailboxes: tuple[MailboxState, ...] = ()
    seconds: float = 0.0
    units: int = 0
    pushed: int = 0
    on_their_way: int = 0
    push_p50: float | None = None
    push_p95: float | None = None
    runs: Mapping[str, int] = field(default_factory=dict)

    @property
    def at_google(self) -> int:
        """Messages in scope, all mailboxes."""
        return sum(mailbox.at_google for mailbox in self.mailboxes)

    @property
    def stored(self) -> int:
        """Rows, all mailboxes."""
        return sum(mailbox.stored for mailbox in self.mailboxes)
