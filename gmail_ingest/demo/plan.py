"""Who is in the demonstration, and how much mail they have.

Holds: ``DemoOptions``, the tenants, and how numbers are split. Keep out: doing any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: The sandbox gives every mailbox Google's own budget, unless scaled.
UNITS_PER_MINUTE = 6_000


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person chose.

    ``messages`` and ``pushed`` are totals over all mailboxes; ``mbox`` replaces seeded mail;
    ``quota_scale`` multiplies Google's budget of units for each mailbox.
    """

    messages: int = 150
    pushed: int = 40
    seed: int = 1
    mbox: Path | None = None
    quota_scale: float = 1.0

    @property
    def units_per_minute(self) -> int:
        """The budget of each mailbox, for the sandbox and the service alike."""
        return round(UNITS_PER_MINUTE * self.quota_scale)


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A tenant and its mailboxes; a service account may have several."""

    name: str
    auth: Literal["oauth", "service_account"]
    mailboxes: tuple[str, ...]


TENANTS = (
    DemoTenant("acme", "oauth", ("sales@acme.example",)),
    DemoTenant("globex", "oauth", ("support@globex.example",)),
    DemoTenant("initech", "service_account", ("hello@initech.example", "office@initech.example")),
)
OWNERS = {mailbox: tenant.name for tenant in TENANTS for mailbox in tenant.mailboxes}
MAILBOXES = tuple(OWNERS)


def split(total: int, parts: int) -> list[int]:
    """Cut a number into parts that differ by one at most."""
    return [total // parts + (part < total % parts) for part in range(parts)]


def bursts(total: int, size: int) -> list[tuple[int, int]]:
    """Cut arriving mail into bursts: (index of the mailbox, messages), mailboxes in turn."""
    left = split(total, len(MAILBOXES))
    found: list[tuple[int, int]] = []
    while any(left):
        for index, waiting in enumerate(left):
            if waiting:
                found.append((index, min(size, waiting)))
                left[index] -= min(size, waiting)
    return found
