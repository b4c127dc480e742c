"""The state of the demonstration at one moment, for whoever shows it.

Holds: frozen values. Keep out: how they look (``cli``) and how they are found (``scenario``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gmail_ingest_lab.demo.counting import Count


@dataclass(frozen=True, slots=True)
class MailboxState:
    """One mailbox and how far it is."""

    tenant: str
    address: str
    count: Count


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
        """Messages in scope that come by themselves, all mailboxes."""
        return sum(mailbox.count.at_google for mailbox in self.mailboxes)

    @property
    def stored(self) -> int:
        """Those of them that have rows."""
        return sum(mailbox.count.stored for mailbox in self.mailboxes)

    @property
    def older(self) -> int:
        """Messages in scope from before, which a backfill brings."""
        return sum(mailbox.count.older for mailbox in self.mailboxes)

    @property
    def older_stored(self) -> int:
        """Those of them that have rows."""
        return sum(mailbox.count.older_stored for mailbox in self.mailboxes)
