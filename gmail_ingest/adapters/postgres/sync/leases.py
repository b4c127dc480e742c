"""Leases: who may write about a mailbox, and the fence that stops all others.

Holds: taking, extending and releasing leases; ``fenced`` transactions. Keep out: when to take one
(``sync/live/mailbox_sync.py``), writing mail.
Source: docs/promises.md#promise-3, #promise-9; edge cases 68, 72, 74.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.errors import LeaseHeldError, LeaseLostError, MailboxDisconnectedError
from gmail_ingest.sync.mailbox.records import Lease

_ACQUIRE = """
INSERT INTO leases AS l (mailbox_id, origin, holder, token, until)
SELECT id, %(origin)s, %(holder)s, 1, clock_timestamp() + %(ttl)s
FROM mailboxes WHERE id = %(mailbox_id)s AND state NOT IN ('disconnected', 'replaced')
ON CONFLICT (mailbox_id, origin) DO UPDATE
SET holder = excluded.holder, token = l.token + 1, until = excluded.until
WHERE l.until <= clock_timestamp() OR %(force)s
RETURNING token, until
"""
_HELD = """
SELECT l.until FROM leases l JOIN mailboxes m ON m.id = l.mailbox_id
WHERE l.mailbox_id = %(mailbox_id)s AND l.origin = %(origin)s
  AND m.state NOT IN ('disconnected', 'replaced')
"""
_RENEW = """
UPDATE leases SET until = clock_timestamp() + %(ttl)s
WHERE mailbox_id = %(mailbox_id)s AND origin = %(origin)s AND token = %(token)s
"""
_RELEASE = """
UPDATE leases SET until = clock_timestamp()
WHERE mailbox_id = %(mailbox_id)s AND origin = %(origin)s AND token = %(token)s
"""
# The mailbox row is locked against other writers, not only against a disconnect: live and listed
# mail of one thread may be written at the same time, and each writer would count the thread without
# the other's mail. Foreign keys to the row (KEY SHARE) do not wait.
_FENCE = """
SELECT m.state IN ('disconnected', 'replaced'), l.token = %(token)s
FROM mailboxes m JOIN leases l ON l.mailbox_id = m.id AND l.origin = %(origin)s
WHERE m.id = %(mailbox_id)s
FOR NO KEY UPDATE OF m FOR SHARE OF l
"""
#: A condition on ``mailboxes m``, with ``key`` as parameters: the lease is held.
HELD: LiteralString = """
m.id = %(mailbox_id)s AND m.state NOT IN ('disconnected', 'replaced') AND EXISTS (
    SELECT FROM leases l
    WHERE l.mailbox_id = m.id AND l.origin = %(origin)s AND l.token = %(token)s)
"""


async def acquire(
    engine: AsyncEngine,
    mailbox_id: int,
    origin: Origin,
    holder: str,
    ttl: timedelta,
    *,
    force: bool,
) -> Lease:
    """Take a lease. Raises LeaseHeldError, MailboxDisconnectedError."""
    wanted = {"mailbox_id": mailbox_id, "origin": origin, "holder": holder, "ttl": ttl}
    async with statement(engine) as connection:
        taken = await connection.execute(_ACQUIRE, wanted | {"force": force})
        if row := await taken.fetchone():
            return Lease(mailbox_id, origin, holder, token=row[0], until=row[1])
        held = await (await connection.execute(_HELD, wanted)).fetchone()
    if held is None:
        raise MailboxDisconnectedError("the mailbox is disconnected")
    raise LeaseHeldError(held[0])


async def renew(engine: AsyncEngine, lease: Lease, ttl: timedelta) -> None:
    """Extend a lease. Raises LeaseLostError, MailboxDisconnectedError."""
    async with fenced(engine, lease) as connection:
        await connection.execute(_RENEW, key(lease) | {"ttl": ttl})


async def release(engine: AsyncEngine, lease: Lease) -> None:
    """Release a lease, unless another worker has it now."""
    async with statement(engine) as connection:
        await connection.execute(_RELEASE, key(lease))


@asynccontextmanager
async def fenced(engine: AsyncEngine, lease: Lease) -> AsyncIterator[Connection]:
    """A transaction that only the lease's holder gets, and only while the mailbox is connected.

    Until it ends, no disconnect, takeover or other write about the mailbox can happen.

    Raises:
        LeaseLostError, MailboxDisconnectedError: nothing was written.
    """
    async with transaction(engine) as connection:
        await hold(connection, lease)
        yield connection


async def hold(connection: Connection, lease: Lease) -> None:
    """Fence the current transaction, as ``fenced`` does.

    Raises:
        LeaseLostError, MailboxDisconnectedError: the transaction must write nothing.
    """
    row = await (await connection.execute(_FENCE, key(lease))).fetchone()
    if row is None or row[0]:
        raise MailboxDisconnectedError("the mailbox was disconnected")
    if not row[1]:
        raise LeaseLostError("another worker took this mailbox over")


def key(lease: Lease) -> dict[str, object]:
    """A lease as parameters of statements."""
    return {"mailbox_id": lease.mailbox_id, "origin": lease.origin, "token": lease.token}
