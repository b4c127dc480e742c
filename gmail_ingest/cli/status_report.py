"""What ``gmail-ingest status`` says beside its table: what stands still, why, and what to do.

Holds: ``StatusReport`` and its words. Add here: a reason for which work waits. Keep out: the table
(``processes``), reading (``adapters/postgres/stalled_work``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gmail_ingest.cli import remedies
from gmail_ingest.cli.reread import what_is_left
from gmail_ingest.errors import remedy_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from gmail_ingest.adapters.postgres.mailboxes.stalled_work import FailingMailbox, PutBack
    from gmail_ingest.sync.audit.reread import Left


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What keeps syncs from going on now, and what mail is still to be read again;
    ``oldest_seconds``: of the queue's rows that nobody works on.
    """

    oldest_seconds: float | None
    failing: Sequence[FailingMailbox]
    put_back: Sequence[PutBack]
    reading: Left

    def to_json(self) -> dict[str, object]:
        """As programs read it; times are UTC."""
        return {
            "queueOldestSeconds": self.oldest_seconds,
            "reading": self.reading.to_json(),
            "troubled": [
                {
                    "tenantId": mailbox.tenant_id,
                    "address": mailbox.address,
                    "state": mailbox.state,
                    "cause": mailbox.cause,
                    "error": mailbox.error,
                    "failedAt": mailbox.failed_at,
                    "action": remedy_of(mailbox.state, mailbox.cause),
                    "command": remedies.of_mailbox(mailbox.tenant_id, mailbox.state, mailbox.cause),
                }
                for mailbox in self.failing
            ],
            "putBack": [
                {
                    "tenantId": work.tenant_id,
                    "kind": work.kind,
                    "askedAt": work.enqueued_at,
                    "notBefore": work.not_before,
                    "attempts": work.attempts,
                    "error": work.error,
                }
                for work in self.put_back
            ],
        }

    def lines(self, waiting: int) -> Iterator[str]:
        """As people read it; ``waiting`` counts the queue's rows that nobody works on."""
        age = f", the oldest for {long(self.oldest_seconds)}" if self.oldest_seconds else ""
        yield f"{waiting} waiting in the queue{age if waiting else ''}"
        yield from map(_of_mailbox, self.failing)
        yield from map(_of_work, self.put_back)
        if self.reading.mailboxes:
            yield f"stored mail is read again by this release, beside the service: {self.reading}"


async def read_status_report(engine: AsyncEngine) -> StatusReport:
    """Read what keeps syncs from going on."""
    from gmail_ingest.adapters.postgres.mailboxes.stalled_work import PostgresStalledWork

    stalled = PostgresStalledWork(engine)
    return StatusReport(
        await stalled.oldest_seconds(),
        await stalled.failing(),
        await stalled.put_back(),
        await what_is_left(engine),
    )


def _of_mailbox(mailbox: FailingMailbox) -> str:
    since = f" since {_at(mailbox.failed_at)}" if mailbox.failed_at else ""
    cause = f" ({mailbox.cause})" if mailbox.cause else ""
    remedy = remedy_of(mailbox.state, mailbox.cause) or "It is tried again by itself."
    command = remedies.of_mailbox(mailbox.tenant_id, mailbox.state, mailbox.cause)
    typed = f" `{command}`" if command else ""
    state = "its last sync failed" if mailbox.state == "active" else mailbox.state
    error = f": {mailbox.error}." if mailbox.error else "."
    return f"{mailbox.tenant_id} {mailbox.address}: {state}{since}{cause}{error} {remedy}{typed}"


def _of_work(work: PutBack) -> str:
    tries = "1 attempt" if work.attempts == 1 else f"{work.attempts} attempts"
    why = f" ({work.error})" if work.error else ""
    return (
        f"{work.tenant_id}: {work.kind} sync, asked for at {_at(work.enqueued_at)}, was put back "
        f"after {tries}{why}; it is tried again by itself from {_at(work.not_before)} on"
    )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def long(seconds: float) -> str:
    """A length of time, in the largest unit of which there are two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
