"""Whether a tenant's mailboxes are synced, and what is reported of it once.

Holds: ``TenantHealth``, and its words. Add here: what a person
should read of mailboxes that stand still. Keep out: how they come to fail (``tenant_sync.py``),
Dagster.

A mailbox fails if a person must end its state, if its last sync failed, or if that was given back
to the queue because Google does not answer, refuses, or asks for a pause of more than a minute.
Another worker's lease or a shorter pause is no failure, unless attempt after attempt ends so. A
failure ends with the next sync that reaches its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from gmail_ingest.errors import remedy_of


@dataclass(frozen=True, slots=True)
class StoppedMailbox:
    """Why a mailbox is not synced; times are UTC, ``error`` has nothing private."""

    state: str
    cause: str | None
    error: str | None
    failing_since: datetime | None
    retry_at: datetime | None

    @property
    def name(self) -> str:
        """Its name by its cause, which stays the same while recovery is tried."""
        return self.cause or self.state


@dataclass(frozen=True, slots=True)
class TenantHealth:
    """A connected tenant: how many mailboxes it has, and which of them stand still.

    ``reported_failure``: the failure that Dagster was told last, as ``failure`` names it; None if
    it was told none, or the end of one.
    """

    tenant_id: str
    mailboxes: int
    stopped: tuple[StoppedMailbox, ...]
    reported_failure: str | None = None

    @property
    def failure(self) -> str | None:
        """What fails, in a form that changes with its cause and not with each attempt."""
        if not self.stopped:
            return None
        names = [f"{len(mailboxes)} {name}" for name, mailboxes in self._groups()]
        return f"{', '.join(names)} of {self.mailboxes}"

    @property
    def has_changed(self) -> bool:
        """Whether the present failure, or its end, is not yet reported to Dagster."""
        return self.failure != self.reported_failure

    @property
    def unread(self) -> int:
        """Mailboxes in a state in which Google cannot be asked about them."""
        return sum(mailbox.state != "active" for mailbox in self.stopped)

    @property
    def only_waits(self) -> bool:
        """Whether nothing but Google's quota keeps mailboxes waiting."""
        return all(mailbox.cause == "quota" for mailbox in self.stopped)

    def describe(self) -> str:
        """How many mailboxes stand still, why, since when, and what to do; no address."""
        if not self.stopped:
            return "every mailbox is synced"
        words = [f"{len(self.stopped)} of {self.mailboxes} mailboxes cannot be synced"]
        for name, mailboxes in self._groups():
            since = min(
                (mailbox.failing_since for mailbox in mailboxes if mailbox.failing_since),
                default=None,
            )
            again = min(
                (mailbox.retry_at for mailbox in mailboxes if mailbox.retry_at), default=None
            )
            error = next((mailbox.error for mailbox in mailboxes if mailbox.error), None)
            parts = [
                f"{len(mailboxes)} {name}"
                if name == mailboxes[0].state
                else f"{len(mailboxes)} {mailboxes[0].state} ({name})",
                f"since {_minute(since)}" if since else "",
                f"tried again at {_minute(again)}" if again else "",
            ]
            when_and_why = ", ".join(part for part in parts if part)
            remedy = remedy_of(mailboxes[0].state, mailboxes[0].cause) or ""
            words.append(
                " ".join(part for part in (f"{when_and_why}:", _sentence(error), remedy) if part)
            )
        return "; ".join(words)

    def _groups(self) -> list[tuple[str, list[StoppedMailbox]]]:
        ordered = sorted(self.stopped, key=lambda mailbox: mailbox.name)
        return [
            (name, list(mailboxes))
            for name, mailboxes in groupby(ordered, lambda mailbox: mailbox.name)
        ]


@dataclass(frozen=True, slots=True)
class OverallHealth:
    """How many tenants are connected, and how many of them have mailboxes that stand still."""

    tenants: int
    failing: int

    @property
    def passed(self) -> bool:
        """Whether every mailbox is synced."""
        return not self.failing

    def describe(self) -> str:
        """In words."""
        if self.failing:
            return f"{self.failing} of {self.tenants} tenants have mailboxes that cannot be synced"
        return f"every mailbox of {self.tenants} tenants is synced"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _sentence(text: str | None) -> str:
    return f"{text.rstrip('.')}." if text else ""
