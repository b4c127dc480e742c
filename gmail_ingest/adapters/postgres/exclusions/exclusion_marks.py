"""Applies rules that changed to stored mail, batch by batch.

Holds: ``decide_next``. Keep out: rules (``stored_rules.py``), hiding (``visibility.py``).
Source: docs/promises.md#promise-2, #promise-9; edge cases 17, 64, 68. A batch is one transaction,
which also records the progress. All mail of a mailbox is decided again, whatever rule changed: one
way for all, at 25 microseconds of CPU a mail.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, transaction
from gmail_ingest.adapters.postgres.exclusions.mail_facts import read_next
from gmail_ingest.adapters.postgres.exclusions.stored_rules import read_rulebook
from gmail_ingest.adapters.postgres.exclusions.visibility import decide
from gmail_ingest.sync.mailbox.records import AppliedRules, Counts

#: Mails in a batch. The mailbox's syncs wait for one: 15 ms, or 80 ms if all of it changes.
BATCH = 500

# The tenant's row first, like all who lock both: a disconnect comes before or after the batch.
_TENANT = "SELECT FROM tenants WHERE id = %s AND state = 'connected' FOR KEY SHARE"
_MARKED = """
SELECT k.mailbox_id FROM exclusion_marks k JOIN mailboxes m ON m.id = k.mailbox_id
WHERE m.tenant_id = %s ORDER BY k.mailbox_id LIMIT 1
"""
_MAILBOX = "SELECT FROM mailboxes WHERE id = %s FOR NO KEY UPDATE"
_MARK = "SELECT decided_to FROM exclusion_marks WHERE mailbox_id = %s FOR UPDATE"
_MOVE = "UPDATE exclusion_marks SET decided_to = %s WHERE mailbox_id = %s"
_DONE = "DELETE FROM exclusion_marks WHERE mailbox_id = %s"


async def decide_next(
    engine: AsyncEngine, tenant_id: str, *, batch: int = BATCH
) -> AppliedRules | None:
    """Decide about the next ``batch`` mails of a tenant; None if there are none left, or the tenant
    is disconnected.
    """
    async with transaction(engine) as connection:
        if not await _finds(connection, _TENANT, tenant_id):
            return None
        marked = await (await connection.execute(_MARKED, (tenant_id,))).fetchone()
        return await _decide_batch(connection, marked[0], batch) if marked else None


async def _decide_batch(connection: Connection, mailbox_id: int, batch: int) -> AppliedRules:
    await connection.execute(_MAILBOX, (mailbox_id,))
    mark = await (await connection.execute(_MARK, (mailbox_id,))).fetchone()
    if mark is None:
        # Another worker finished the mailbox meanwhile.
        return AppliedRules(mailbox_id, Counts())
    # Read after the lock on the mark, which a change of rules resets.
    rulebook = await read_rulebook(connection, mailbox_id)
    mails = await read_next(connection, mailbox_id, mark[0], batch)
    done = await decide(connection, mailbox_id, rulebook, mails)
    if len(mails) < batch:
        await connection.execute(_DONE, (mailbox_id,))
    else:
        await connection.execute(_MOVE, (mails[-1].gmail_id, mailbox_id))
    return AppliedRules(mailbox_id, Counts(hidden=done.hidden, updated=done.shown))


async def _finds(connection: Connection, query: str, key: str) -> bool:
    return await (await connection.execute(query.encode(), (key,))).fetchone() is not None
