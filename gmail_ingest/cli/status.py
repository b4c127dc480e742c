"""``gmail-ingest status``: what runs, how far each mailbox is, what stands still and what to do.

Holds: the command, and ``StatusReport`` with its words. Add here: a reason for which work waits.
Keep out: reading (``adapters/postgres/reads``, ``adapters/postgres/mailboxes``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gmail_ingest.cli import remedies
from gmail_ingest.cli.deployment import settings_of, stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, duration, print_json, print_table
from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.errors import remedy_of
from gmail_ingest.local.data_directory import DataDirectory

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.mailboxes.stalled_work import FailingMailbox, PutBack
    from gmail_ingest.adapters.postgres.reads.overview import MailboxOverview
    from gmail_ingest.sync.audit.reread import Left
    from gmail_ingest.wiring.stores import Stores


def status(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Show what runs, how far every mailbox is, and what stands still with what to do about it.

    Reads the database (DATABASE_URL, or what runs in --data-dir).
    """
    running = DataDirectory(data_dir).running()
    mailboxes, waiting, report = asyncio.run(_overview(data_dir))
    old = asyncio.run(_old_transactions(data_dir))
    if as_json:
        where = None if running is None else asdict(running.addresses)
        rows = [asdict(mailbox) | {"fates": shown_counts(mailbox.fates)} for mailbox in mailboxes]
        overview = {
            "running": where,
            "queueWaiting": waiting,
            "oldTransactions": old,
            "mailboxes": rows,
        }
        print_json(overview | report.to_json())
        return
    if old:
        NOTES.print(f"transactions: {old}", markup=False, highlight=False)
    if running is not None:
        NOTES.print(f"Dagster {running.addresses.dagster}, API {running.addresses.api}")
    print_table(
        ("TENANT", "MAILBOX", "STATE", "STORED", "PENDING", "DEAD", "WITHHELD", "LAST SYNC"),
        [
            (m.tenant_id, m.address, m.state, _stored(m), *_unfinished(m), m.last_synced_at)
            for m in mailboxes
        ],
    )
    for line in report.lines(waiting):
        NOTES.print(line, markup=False, highlight=False)


def _stored(mailbox: MailboxOverview) -> str:
    return f"~{mailbox.stored}" if mailbox.approximate else str(mailbox.stored)


def _unfinished(mailbox: MailboxOverview) -> tuple[int, int, int]:
    waiting, dead = mailbox.fates.get("pending", 0), mailbox.fates.get("dead", 0)
    return waiting, dead, mailbox.removals_withheld


async def _overview(data_dir: Path) -> tuple[list[MailboxOverview], int, StatusReport]:
    async with stores_of(data_dir) as stores:
        overview = stores.overview
        mailboxes, waiting = await overview.mailboxes(), await overview.waiting()
        return mailboxes, waiting, await read_status_report(stores)


async def _old_transactions(data_dir: Path) -> str:
    """What is wrong with transactions that are open, and the remedy; empty if nothing is."""
    from gmail_ingest.adapters.postgres.reads.old_transactions import remedy

    longest = timedelta(seconds=settings_of(data_dir).longest_transaction_seconds)
    async with stores_of(data_dir) as stores:
        return remedy(await stores.transactions.older_than(longest))


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
        age = f", the oldest for {duration(self.oldest_seconds)}" if self.oldest_seconds else ""
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
