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
from gmail_ingest.errors import remedy_of

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.mailboxes.stalled_work import FailingMailbox, PutBack
    from gmail_ingest.sync.audit.reread import Left
    from gmail_ingest.wiring.stores import Stores


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
                    "tenantId": each.tenant_id,
                    "address": each.address,
                    "state": each.state,
                    "cause": each.cause,
                    "error": each.error,
                    "failedAt": each.failed_at,
                    "action": remedy_of(each.state, each.cause),
                    "command": remedies.of_mailbox(each.tenant_id, each.state, each.cause),
                }
                for each in self.failing
            ],
            "putBack": [
                {
                    "tenantId": each.tenant_id,
                    "kind": each.kind,
                    "askedAt": each.enqueued_at,
                    "notBefore": each.not_before,
                    "attempts": each.attempts,
                    "error": each.error,
                }
                for each in self.put_back
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


async def read_status_report(stores: Stores) -> StatusReport:
    """Read what keeps syncs from going on."""
    stalled = stores.stalled_work
    return StatusReport(
        await stalled.oldest_seconds(),
        await stalled.failing(),
        await stalled.put_back(),
        await stores.rereads.left(),
    )


def _of_mailbox(each: FailingMailbox) -> str:
    since = f" since {_at(each.failed_at)}" if each.failed_at else ""
    cause = f" ({each.cause})" if each.cause else ""
    remedy = remedy_of(each.state, each.cause) or "It is tried again by itself."
    command = remedies.of_mailbox(each.tenant_id, each.state, each.cause)
    typed = f" `{command}`" if command else ""
    state = "its last sync failed" if each.state == "active" else each.state
    error = f": {each.error}." if each.error else "."
    return f"{each.tenant_id} {each.address}: {state}{since}{cause}{error} {remedy}{typed}"


def _of_work(each: PutBack) -> str:
    tries = "1 attempt" if each.attempts == 1 else f"{each.attempts} attempts"
    why = f" ({each.error})" if each.error else ""
    return (
        f"{each.tenant_id}: {each.kind} sync, asked for at {_at(each.enqueued_at)}, was put back "
        f"after {tries}{why}; it is tried again by itself from {_at(each.not_before)} on"
    )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def long(seconds: float) -> str:
    """A length of time, in the largest unit of which there are two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
