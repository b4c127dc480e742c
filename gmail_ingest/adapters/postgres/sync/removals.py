"""Mass removals of stored mail: withheld, until a person accepts them.

Holds: ``admit_removals`` and other questions of the store; ``PostgresRemovals``, for the person's
acceptance. Keep out: what is a mass (``core/ledger/removals.py``), removing itself
(``history_apply.delete_emails``).

A withheld mail keeps its row and its fate. Its id is recorded in the transaction that would have
removed it and that moves the checkpoint, so history goes on and no removal is forgotten. An
acceptance covers only the ids that are withheld at that time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, transaction
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import NAMED
from gmail_ingest.adapters.postgres.queue.sync_queue import enqueue
from gmail_ingest.core.ledger.removals import REMOVALS_OF, RemovalLimits
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.audit.completeness import AcceptedRemoval

_WAITS = """
SELECT FROM withheld_removals WHERE mailbox_id = %s AND accepted_at IS NULL LIMIT 1
"""
_REMOVED = """
SELECT coalesce(sum(mails), 0)::bigint FROM removals WHERE mailbox_id = %s AND hour > now() - %s
"""
_STORED = "SELECT count(*) FROM emails WHERE mailbox_id = %s"
_NOTE = """
INSERT INTO removals AS r (mailbox_id, hour, mails) VALUES (%s, date_trunc('hour', now()), %s)
ON CONFLICT (mailbox_id, hour) DO UPDATE SET mails = r.mails + excluded.mails
"""
_FORGET = "DELETE FROM removals WHERE mailbox_id = %s AND hour <= now() - %s"
_WITHHOLD = """
INSERT INTO withheld_removals AS w (mailbox_id, gmail_id, confirmed)
SELECT %(mailbox_id)s, id, NOT id = ANY(%(unconfirmed)s) FROM unnest(%(ids)s::text[]) AS id
ORDER BY id
ON CONFLICT (mailbox_id, gmail_id) DO UPDATE SET confirmed = w.confirmed OR excluded.confirmed
"""
_WITHHELD = "SELECT gmail_id FROM withheld_removals WHERE mailbox_id = %s AND accepted_at IS NULL"
_ACCEPTED = """
SELECT gmail_id, confirmed FROM withheld_removals
WHERE mailbox_id = %s AND accepted_at IS NOT NULL ORDER BY gmail_id LIMIT %s
"""
_SETTLE = "DELETE FROM withheld_removals WHERE mailbox_id = %s AND gmail_id = ANY(%s)"
# Locked like every writer of a mailbox does, so that no removal is withheld meanwhile.
_LOCK = f"""
SELECT m.id FROM mailboxes m
WHERE m.tenant_id = %(tenant)s AND m.state NOT IN ('disconnected', 'replaced')
  AND (%(mailbox)s::text IS NULL OR {NAMED})
ORDER BY m.id FOR NO KEY UPDATE
"""  # noqa: S608 - a constant
_ACCEPT = """
UPDATE withheld_removals SET accepted_at = now()
WHERE mailbox_id = ANY(%s) AND accepted_at IS NULL RETURNING mailbox_id
"""
# Removals that a person accepted do not count for the next question.
_ABSOLVE = "DELETE FROM removals WHERE mailbox_id = ANY(%s)"
_RECONCILE = "UPDATE mailboxes SET reconcile_wanted_at = now() WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Accepted:
    """How many removals a person accepted, and the job that does them; None if there were none."""

    count: int
    job_id: UUID | None


async def admit_removals(
    connection: Connection,
    mailbox_id: int,
    ids: Collection[str],
    limits: RemovalLimits,
    unconfirmed: Collection[str] = (),
) -> frozenset[str]:
    """Return which of these stored mails, gone at Gmail, may be removed: all of them or none.

    None if they are a mass, or if a person has already been asked: then their ids are withheld. The
    caller holds the mailbox. ``unconfirmed`` are ids for which Gmail was not asked directly.
    """
    if not ids:
        return frozenset()
    waits = await (await connection.execute(_WAITS, (mailbox_id,))).fetchone()
    if waits is None:
        removed = await _number(connection, _REMOVED, mailbox_id, REMOVALS_OF)
        # Counting a large mailbox takes milliseconds, so it is done only if it matters.
        small = removed + len(ids) <= limits.floor
        if small or len(ids) <= limits.room(
            await _number(connection, _STORED, mailbox_id), removed
        ):
            await connection.execute(_NOTE, (mailbox_id, len(ids)))
            await connection.execute(_FORGET, (mailbox_id, REMOVALS_OF))
            return frozenset(ids)
    wanted = {"mailbox_id": mailbox_id, "ids": sorted(ids), "unconfirmed": list(unconfirmed)}
    await connection.execute(_WITHHOLD, wanted)
    return frozenset()


async def removal_room(connection: Connection, mailbox_id: int, limits: RemovalLimits) -> int:
    """How many mails may be removed now without a question."""
    if await (await connection.execute(_WAITS, (mailbox_id,))).fetchone() is not None:
        return 0
    removed = await _number(connection, _REMOVED, mailbox_id, REMOVALS_OF)
    return limits.room(await _number(connection, _STORED, mailbox_id), removed)


async def withheld_removals(connection: Connection, mailbox_id: int) -> frozenset[str]:
    """Ids whose removal waits for a person."""
    rows = await connection.execute(_WITHHELD, (mailbox_id,))
    return frozenset(row[0] for row in await rows.fetchall())


async def accepted_removals(
    connection: Connection, mailbox_id: int, most: int
) -> Sequence[AcceptedRemoval]:
    """The next accepted removals, in the order of their ids."""
    rows = await connection.execute(_ACCEPTED, (mailbox_id, most))
    return [AcceptedRemoval(*row) for row in await rows.fetchall()]


async def settle_removals(connection: Connection, mailbox_id: int, ids: Collection[str]) -> None:
    """Forget withheld ids: they were removed, or Gmail has them after all."""
    await connection.execute(_SETTLE, (mailbox_id, list(ids)))


async def _number(connection: Connection, query: str, *parameters: object) -> int:
    row = await (await connection.execute(query.encode(), parameters)).fetchone()
    return int(row[0]) if row else 0


class PostgresRemovals:
    """A person's acceptance of withheld removals."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def accept(self, tenant_id: str, mailbox: str | None = None) -> Accepted:
        """Accept the removals that are withheld now, of one mailbox (lower-cased address) or all.
        It queues a sync, which removes the mail and compares all stored mail with Gmail.

        Raises:
            NotFoundError: the tenant has no such mailbox connected.
        """
        async with transaction(self._engine) as connection:
            locked = await connection.execute(
                _LOCK.encode(), {"tenant": tenant_id, "mailbox": mailbox}
            )
            mailboxes = [row[0] for row in await locked.fetchall()]
            if not mailboxes:
                raise NotFoundError("this tenant has no such mailbox connected")
            rows = await (await connection.execute(_ACCEPT, (mailboxes,))).fetchall()
            touched = sorted({row[0] for row in rows})
            if not touched:
                return Accepted(0, None)
            await connection.execute(_ABSOLVE, (touched,))
            await connection.execute(_RECONCILE, (touched,))
            job = await enqueue(connection, tenant_id, "incremental", mailbox_ids=set(touched))
        return Accepted(len(rows), job)
