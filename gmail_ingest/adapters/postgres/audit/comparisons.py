"""What a comparison with Google asks of Postgres beside the MailStore port.

Holds: ``PostgresComparisons``, each method one transaction. Add here: a method of ComparableStore.
Keep out: SQL (``corrections``, ``coverage``). Source: ``sync/audit/completeness.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.audit import corrections, coverage, dead_labels
from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.sync import removals
from gmail_ingest.adapters.postgres.sync.leases import fenced
from gmail_ingest.core.ledger.completeness import DayTally, Known, StoredMails
from gmail_ingest.core.ledger.removals import UNASKED, RemovalLimits
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.audit.completeness import AcceptedRemoval, Verdict
from gmail_ingest.sync.mailbox.records import Counts, Lease, MessageRef

_RECONCILED = "UPDATE mailboxes SET reconcile_wanted_at = NULL WHERE id = %s"


class PostgresComparisons:
    """See ``sync.audit.completeness.ComparableStore``, where it is written what a method does."""

    def __init__(self, engine: AsyncEngine, limits: RemovalLimits = UNASKED) -> None:
        self._engine = engine
        self._limits = limits

    async def synced_from(self, mailbox_id: int) -> datetime | None:
        """Since when mail was asked for."""
        async with statement(self._engine) as connection:
            return await coverage.read_synced_from(connection, mailbox_id)

    async def stored_days(self, mailbox_id: int) -> Mapping[date, int]:
        """Mails stored of each UTC day."""
        async with statement(self._engine) as connection:
            return await coverage.count_days(connection, mailbox_id)

    async def stored_labels(self, mailbox_id: int, window: Window) -> Mapping[str, int]:
        """Mails stored of a window by label id."""
        async with statement(self._engine) as connection:
            return await coverage.count_labels(connection, mailbox_id, window)

    async def record(
        self, mailbox_id: int, days: Collection[DayTally], checked_at: datetime
    ) -> None:
        """Note how days stood."""
        async with statement(self._engine) as connection:
            await coverage.record(connection, mailbox_id, days, checked_at)

    async def note_verdict(self, mailbox_id: int, verdict: Verdict) -> None:
        """Keep the last verdict of a mailbox."""
        async with statement(self._engine) as connection:
            await coverage.note_verdict(connection, mailbox_id, verdict)

    async def stored_mails(self, mailbox_id: int, window: Window) -> list[StoredMails]:
        """The stored mails of a window, by day and labels."""
        async with statement(self._engine) as connection:
            return await corrections.read_stored(connection, mailbox_id, window)

    async def known(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Known]:
        """What the ledger says of these ids."""
        async with statement(self._engine) as connection:
            return await corrections.read_known(connection, mailbox_id, message_ids)

    async def recall(self, lease: Lease, refs: Sequence[MessageRef]) -> int:
        """Let listed ids that are not accounted for wait for a fetch."""
        async with fenced(self._engine, lease) as connection:
            return await corrections.recall(connection, lease.mailbox_id, refs)

    async def correct(
        self, lease: Lease, messages: Sequence[ParsedMessage], gone: Collection[str]
    ) -> Counts:
        """Replace what differs from Google's, remove what it no longer has."""
        async with fenced(self._engine, lease) as connection:
            return await corrections.correct(connection, lease.mailbox_id, messages, gone)

    async def user_labels(self, mailbox_id: int, prefix: str) -> frozenset[str]:
        """Labels with this beginning that stored mail has, or once had."""
        async with statement(self._engine) as connection:
            return await dead_labels.read_user_labels(connection, mailbox_id, prefix)

    async def count_labelled(self, mailbox_id: int, labels: Collection[str]) -> int:
        """Stored mails with any of these labels."""
        async with statement(self._engine) as connection:
            return await dead_labels.count_labelled(connection, mailbox_id, labels)

    async def drop_labels(self, lease: Lease, labels: Collection[str], most: int) -> Counts:
        """Take labels off the next mails that have them."""
        async with fenced(self._engine, lease) as connection:
            return await dead_labels.drop_labels(connection, lease.mailbox_id, labels, most)

    async def removal_room(self, mailbox_id: int) -> int:
        """How many mails may be removed now without a question."""
        async with statement(self._engine) as connection:
            return await removals.removal_room(connection, mailbox_id, self._limits)

    async def withheld_removals(self, mailbox_id: int) -> frozenset[str]:
        """Ids whose removal waits for a person."""
        async with statement(self._engine) as connection:
            return await removals.withheld_removals(connection, mailbox_id)

    async def accepted_removals(self, mailbox_id: int, most: int) -> Sequence[AcceptedRemoval]:
        """The next removals that were accepted."""
        async with statement(self._engine) as connection:
            return await removals.accepted_removals(connection, mailbox_id, most)

    async def admit_removals(
        self, lease: Lease, ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        """Which of these may be removed; the others are withheld."""
        async with fenced(self._engine, lease) as connection:
            return await removals.admit_removals(
                connection, lease.mailbox_id, ids, self._limits, unconfirmed
            )

    async def settle_removals(self, lease: Lease, ids: Collection[str]) -> None:
        """Withhold these no longer."""
        async with fenced(self._engine, lease) as connection:
            await removals.settle_removals(connection, lease.mailbox_id, ids)

    async def reconciled(self, lease: Lease) -> None:
        """Note that what is stored was compared with Google."""
        async with fenced(self._engine, lease) as connection:
            await connection.execute(_RECONCILED, (lease.mailbox_id,))
