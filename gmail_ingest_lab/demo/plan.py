"""Who is in the demonstration, and how much mail they have.

Holds: ``DemoOptions``, the tenants, the days of their mail, the names of the sandbox's project, and
how numbers are split.
Keep out: doing any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

#: The Google Cloud project that the sandbox plays, and its Pub/Sub.
PROJECT = "sandbox-project"
TOPIC = f"projects/{PROJECT}/topics/gmail-push"
AUDIENCE = "https://gmail-ingest.example/webhooks/pubsub"
PUSH_ACCOUNT = f"push@{PROJECT}.iam.gserviceaccount.com"
#: Days; an mbox may be decades old, and the initial sync shall bring all of it.
ALL_DAYS = 36_500
#: The sandbox gives every mailbox Google's own budget, unless scaled.
UNITS_PER_MINUTE = 6_000
#: In days: what the initial sync lists, and the ages of seeded mail within that and before it. No
#: mail is near the bound, so a day more or less changes nothing.
INITIAL_SYNC_DAYS = 30
RECENT_DAYS = 25.0
PAST_DAYS = (35.0, 730.0)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person chose.

    ``messages`` and ``pushed`` are totals over all mailboxes; ``past_share`` of the messages are
    older than what the initial sync lists; ``mbox`` replaces seeded mail; ``quota_scale``
    multiplies Google's budget of units for each mailbox. Each tenant is connected at a random
    moment, within ``connect_within_seconds`` of the one before. With ``backfill`` the
    older messages are asked for, and expected. ``begin_within``: seconds after connecting within
    which every initial sync must begin; None: any time passes.
    """

    messages: int = 150
    pushed: int = 40
    seed: int = 1
    mbox: Path | None = None
    quota_scale: float = 1.0
    past_share: float = 0.4
    connect_within_seconds: float = 5.0
    backfill: bool = False
    begin_within: float | None = None

    @property
    def past(self) -> int:
        """Messages that only a backfill brings; an mbox comes whole at once."""
        return 0 if self.mbox else round(self.messages * self.past_share)

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


class Days(NamedTuple):
    """From ``start`` on, before ``end``."""

    start: date
    end: date


class Burst(NamedTuple):
    """Messages that arrive together; ``mailbox`` is its index among ``MAILBOXES``."""

    mailbox: int
    messages: int


def range_of_the_past(today: date) -> Days:
    """The whole months that hold all seeded mail of the past."""
    oldest = today - timedelta(days=PAST_DAYS[1] + 1)
    return Days(oldest.replace(day=1), today.replace(day=1))


def split(total: int, parts: int) -> list[int]:
    """Cut a number into parts that differ by one at most."""
    return [total // parts + (part < total % parts) for part in range(parts)]


def bursts(total: int, size: int) -> list[Burst]:
    """Cut arriving mail into bursts, mailboxes in turn."""
    left = split(total, len(MAILBOXES))
    found: list[Burst] = []
    while any(left):
        for index, waiting in enumerate(left):
            if waiting:
                found.append(Burst(index, min(size, waiting)))
                left[index] -= min(size, waiting)
    return found
