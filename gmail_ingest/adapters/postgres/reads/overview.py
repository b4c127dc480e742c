"""All tenants at a glance, for the operator at a terminal.

Holds: ``PostgresOverview``. Keep out: one tenant in detail (``status_reads``), mail.

Counts use narrow tables and small indexes, each in a separate statement: a count over a million
mails took 13 s, during which no old row versions could be removed. Tables that are too large to
read in a moment are sampled, and the counts are marked as approximate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gmail_ingest.adapters.postgres.schema.mail_tables import email_keys
from gmail_ingest.adapters.postgres.schema.tables import (
    integrations,
    mailboxes,
    message_ledger,
    sync_queue,
    tenants,
    withheld_removals,
)
from gmail_ingest.core.ledger.fates import FATES, Fate, fate_of
from gmail_ingest.errors import remedy_of

#: Tables up to this size in bytes (about a million rows, 0.1 s) are counted completely.
READ_WHOLE = 256 * 2**20


def _has_index(fate: Fate) -> bool:
    match fate:
        case "pending" | "dead" | "hidden" | "left_out":
            return True
        case "stored" | "gone":
            return False
        case _:
            assert_never(fate)


#: Fates with a partial index: few ids, always counted exactly.
_INDEXED = tuple(fate for fate in FATES if _has_index(fate))


@dataclass(frozen=True, slots=True)
class MailboxOverview:
    """A mailbox; times are UTC. ``fates`` counts the ids of its ledger by fate. ``cause`` and
    ``last_error`` say why it has not been synced since ``failing_since``; ``remedy`` says what a
    person has to do, ``retry_at`` when it is tried again.

    ``approximate``: ``stored`` and the fates ``stored`` and ``gone`` are estimated from a sample.
    """

    tenant_id: str
    tenant_state: str
    address: str
    state: str
    auth_type: str
    stored: int
    fates: Mapping[Fate, int]
    last_synced_at: datetime | None
    watch_expires_at: datetime | None
    cause: str | None
    last_error: str | None
    failing_since: datetime | None
    retry_at: datetime | None
    remedy: str | None
    removals_withheld: int = 0
    approximate: bool = False


class PostgresOverview:
    """Reads the state of every mailbox.

    Args:
        engine: the database.
        read_whole: size in bytes up to which a table is counted, not sampled.
    """

    def __init__(self, engine: AsyncEngine, *, read_whole: int = READ_WHOLE) -> None:
        self._engine = engine
        self._read_whole = read_whole

    async def mailboxes(self) -> list[MailboxOverview]:
        """Every mailbox ever connected, by tenant and address."""
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            known = (await connection.execute(_mailboxes())).all()
            stored, sampled_mail = await self._stored(connection)
            fates, sampled_ids = await self._fates(connection)
        return [
            MailboxOverview(
                *(
                    *(*row[1:6], stored.get(row[0], 0), fates.get(row[0], {})),
                    *(*row[6:12], remedy_of(row[4], row.cause), row[12]),
                    sampled_mail or sampled_ids,
                )
            )
            for row in known
        ]

    async def waiting(self) -> int:
        """The number of unclaimed queue rows."""
        query = sa.select(sa.func.count()).where(sync_queue.c.claimed_by.is_(None))
        async with self._engine.connect() as connection:
            return int(await connection.scalar(query) or 0)

    async def _stored(self, connection: AsyncConnection) -> tuple[dict[int, int], bool]:
        rows, factor = await self._part(connection, email_keys)
        query = sa.select(rows.c.mailbox_id, sa.func.count()).group_by(rows.c.mailbox_id)
        found = {row[0]: row[1] for row in await connection.execute(query)}
        return {mailbox: round(count * factor) for mailbox, count in found.items()}, factor > 1

    async def _fates(self, connection: AsyncConnection) -> tuple[dict[int, dict[Fate, int]], bool]:
        rows, factor = await self._part(connection, message_ledger)
        counted = [
            _by_fate(rows).where(rows.c.fate.not_in(_INDEXED)),
            # Literals, because a partial index is not used for a parameter.
            *(
                _by_fate(message_ledger).where(
                    message_ledger.c.fate == sa.literal_column(f"'{fate}'")
                )
                for fate in _INDEXED
            ),
        ]
        fates: dict[int, dict[Fate, int]] = {}
        for query, scale in zip(counted, (factor, *(1 for _ in _INDEXED)), strict=True):
            for mailbox_id, fate, count in await connection.execute(query):
                fates.setdefault(mailbox_id, {})[fate_of(fate)] = round(count * scale)
        return fates, factor > 1

    async def _part(
        self, connection: AsyncConnection, table: sa.Table
    ) -> tuple[sa.FromClause, float]:
        """The table or a sample of it, and the factor for counts."""
        size = await connection.scalar(sa.select(sa.func.pg_relation_size(table.name)))
        factor = (size or 0) / self._read_whole
        if factor <= 1:
            return table, 1.0
        return sa.tablesample(table, sa.func.system(100 / factor)), factor


def _mailboxes() -> sa.Select[*tuple[Any, ...]]:
    joined = mailboxes.join(tenants, mailboxes.c.tenant_id == tenants.c.id).join(
        integrations, mailboxes.c.integration_id == integrations.c.id
    )
    withheld = (
        sa.select(sa.func.count())
        .where(withheld_removals.c.mailbox_id == mailboxes.c.id)
        .where(withheld_removals.c.accepted_at.is_(None))
        .correlate(mailboxes)
    )
    return (
        sa.select(
            mailboxes.c.id,
            tenants.c.id,
            tenants.c.state,
            mailboxes.c.address,
            mailboxes.c.state,
            integrations.c.auth_type,
            mailboxes.c.last_synced_at,
            mailboxes.c.watch_expires_at,
            mailboxes.c.cause,
            mailboxes.c.last_error,
            mailboxes.c.failing_since,
            mailboxes.c.retry_at,
            withheld.scalar_subquery(),
        )
        .select_from(joined)
        .order_by(tenants.c.id, mailboxes.c.address)
    )


def _by_fate(rows: sa.FromClause) -> sa.Select[int, str, int]:
    key = (rows.c.mailbox_id, rows.c.fate)
    return sa.select(*key, sa.func.count()).group_by(*key)
