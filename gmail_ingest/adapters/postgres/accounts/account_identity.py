"""The account behind a mailbox: recognised by its mail, renamed, or replaced by another.

Holds: ``PostgresAccounts`` (the MailStore's methods about accounts), ``retire``, ``rename``. Add
here: another effect of an account on its mailbox. Keep out: how accounts are told apart
(``sync/mailbox/identity.py``).
Source: edge cases 39, 90 to 93.

A mailbox whose account was deleted and created again is ``replaced``: its mail stays as it is,
nothing more is synced into it, and another mailbox has the address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.adapters.postgres.queue.sync_queue import enqueue
from gmail_ingest.adapters.postgres.sync import listings
from gmail_ingest.adapters.postgres.sync.leases import hold
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox.records import Lease, Mailbox, Renaming

_LIVING = f"""
SELECT {MAILBOX_COLUMNS} FROM mailboxes m
WHERE m.tenant_id = %s AND m.state <> 'replaced' ORDER BY m.id
"""  # noqa: S608 - the columns of mailbox_rows
_KNOWING = """
SELECT l.mailbox_id, count(*) FROM message_ledger l
JOIN mailboxes m ON m.id = l.mailbox_id AND m.state <> 'replaced'
WHERE m.tenant_id = %s AND l.gmail_id = ANY(%s) GROUP BY l.mailbox_id
"""
# Evenly spread over the dates of the mailbox, including the newest and the oldest mail.
_SAMPLE = """
WITH numbered AS (
    SELECT gmail_id, row_number() OVER (ORDER BY internal_date DESC, gmail_id DESC) - 1 AS place,
           count(*) OVER () AS mails
    FROM emails WHERE mailbox_id = %(mailbox_id)s
)
SELECT gmail_id FROM numbered
WHERE place IN (SELECT round(step * (mails - 1) / greatest(%(limit)s - 1, 1)::numeric)
                FROM generate_series(0, %(limit)s - 1) AS step)
ORDER BY place
"""
# The tenant's row first, as in connect and disconnect. FOR NO KEY UPDATE excludes changes of state,
# which lock mailboxes and integrations in another order.
_LOCK_TENANT = """
SELECT FROM tenants WHERE id = (SELECT tenant_id FROM mailboxes WHERE id = %s) FOR NO KEY UPDATE
"""
_LOCK = "SELECT tenant_id, address, state FROM mailboxes WHERE id = %s FOR NO KEY UPDATE"
_HOLDER = """
SELECT id, present_address FROM mailboxes
WHERE tenant_id = %s AND address = %s AND state <> 'replaced' AND id <> %s
"""
_AS_NAMED = """
UPDATE mailboxes SET present_address = NULL WHERE id = %s AND present_address IS NOT NULL
"""
_DIFFERS = """
UPDATE mailboxes
SET present_address = %(address)s,
    aliases = ARRAY(SELECT DISTINCT unnest(aliases || %(address)s::text) ORDER BY 1)
WHERE id = %(id)s
"""
_RENAME = """
UPDATE mailboxes
SET address = %(address)s, present_address = NULL, renamed_at = now(),
    former_addresses = array_append(
        array_remove(array_remove(former_addresses, %(address)s), %(former)s), %(former)s),
    aliases = array_append(
        array_remove(array_remove(aliases, %(address)s), %(former)s), %(former)s)
WHERE id = %(id)s
"""
# Two accounts may have swapped addresses: within the transaction one of them has a placeholder.
_NAME = """
WITH named AS (
    UPDATE mailboxes SET address = %(name)s WHERE id = %(id)s RETURNING integration_id
), rules AS (
    UPDATE exclusion_rules SET mailbox = %(name)s
    WHERE tenant_id = %(tenant)s AND mailbox = %(instead)s
)
UPDATE integrations i SET subject = %(name)s
FROM named WHERE i.id = named.integration_id AND i.auth_type = 'oauth' AND i.subject = %(instead)s
"""
# The subject of an OAuth grant is its mailbox's address. The credential is bound to tenant and
# integration, so it still opens after a change of subject.
_SUBJECT = """
UPDATE integrations i SET subject = %(address)s, updated_at = now()
FROM mailboxes m
WHERE m.id = %(id)s AND i.id = m.integration_id AND i.auth_type = 'oauth'
  AND i.subject = %(known_as)s AND NOT EXISTS (
    SELECT FROM integrations o
    WHERE (o.tenant_id, o.auth_type, o.subject) = (i.tenant_id, 'oauth', %(address)s))
"""
_RULES = """
UPDATE exclusion_rules SET mailbox = %(address)s
WHERE tenant_id = %(tenant)s AND mailbox = %(known_as)s
"""
_RETIRE = """
UPDATE mailboxes
SET state = 'replaced', replaced_at = now(), watch_expires_at = NULL, last_error = NULL,
    cause = NULL, failed_at = NULL, failing_since = NULL, retry_at = NULL,
    reconcile_wanted_at = NULL, present_address = NULL
WHERE id = %s
"""
# Mail of a deleted account that is not yet fetched never will be.
_SETTLE = """
UPDATE message_ledger
SET fate = 'gone', reason = NULL, error = NULL, missed = false, decided_at = now()
WHERE mailbox_id = %s AND fate IN ('pending', 'dead')
"""
_UNLIST = "DELETE FROM listings WHERE mailbox_id = %s AND done_at IS NULL"
# No question is left: its mail stays.
_KEEP = "DELETE FROM withheld_removals WHERE mailbox_id = %s"
_SUCCEED = """
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT tenant_id, integration_id, address, %s::numeric FROM mailboxes WHERE id = %s
RETURNING id, tenant_id
"""
_SUCCESSOR = "UPDATE mailboxes SET replaced_by = %s WHERE id = %s"


class PostgresAccounts:
    """Implements a part of ``sync.mailbox.ports.MailStore``, which says what each method does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def living(self, tenant_id: str) -> list[Mailbox]:
        """All mailboxes of a tenant that are not replaced."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_LIVING, (tenant_id,))
            return [to_mailbox(row) for row in await rows.fetchall()]

    async def sample_ids(self, mailbox_id: int, limit: int) -> list[str]:
        """Ids of stored mail, spread over its dates."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_SAMPLE, {"mailbox_id": mailbox_id, "limit": limit})
            return [row[0] for row in await rows.fetchall()]

    async def knowing(self, tenant_id: str, message_ids: Collection[str]) -> Mapping[int, int]:
        """How many of these ids each mailbox of a tenant that is not replaced knows."""
        async with statement(self._engine) as connection:
            rows = await connection.execute(_KNOWING, (tenant_id, list(message_ids)))
            return dict(await rows.fetchall())

    async def rename(self, mailbox_id: int, address: str) -> Renaming:
        """Give a mailbox the present address of its account."""
        async with transaction(self._engine) as connection:
            await connection.execute(_LOCK_TENANT, (mailbox_id,))
            return await rename(connection, mailbox_id, address)

    async def replace_account(self, lease: Lease, checkpoint: int, window: Window) -> int:
        """Retire a mailbox and create its successor (see the MailStore port)."""
        async with transaction(self._engine) as connection:
            await connection.execute(_LOCK_TENANT, (lease.mailbox_id,))
            await hold(connection, lease)
            await retire(connection, lease.mailbox_id)
            made = await connection.execute(_SUCCEED, (str(checkpoint), lease.mailbox_id))
            row = await made.fetchone()
            assert row is not None  # noqa: S101 - it is made of the row that was just changed
            successor, tenant_id = int(row[0]), str(row[1])
            await succeed(connection, lease.mailbox_id, successor)
            await listings.new_listing(connection, successor, window, "listing")
            for kind in ("initial", "incremental"):
                await enqueue(connection, tenant_id, kind, mailbox_ids=[successor])
        return successor


async def rename(connection: Connection, mailbox_id: int, address: str) -> Renaming:
    """Rename a mailbox within a transaction that holds its tenant's row (see the port)."""
    row = await (await connection.execute(_LOCK, (mailbox_id,))).fetchone()
    if row is None or row[2] == "replaced":
        return "same"
    if row[1] == address:
        await connection.execute(_AS_NAMED, (mailbox_id,))
        return "same"
    tenant_id, former, _ = row
    values: dict[str, str | int] = {
        "id": mailbox_id,
        "tenant": tenant_id,
        "address": address,
        "former": former,
        "known_as": former,
    }
    found = await connection.execute(_HOLDER, (tenant_id, address, mailbox_id))
    holder = await found.fetchone()
    if holder is not None and not await _gives_way(connection, values, *holder):
        await connection.execute(_DIFFERS, values)
        return "taken"
    for change in (_RENAME, _SUBJECT, _RULES):
        await connection.execute(change, values)
    return "renamed"


async def _gives_way(
    connection: Connection, values: dict[str, str | int], holder: int, present: str | None
) -> bool:
    """Rename the mailbox that has the wanted address to its account's present one, if that is
    known; it may be the address that is given up for the wanted one. Returns whether that worked.
    """
    if present is None or present == values["address"]:
        return False
    former, nameless = values["former"], f"mailbox {values['id']}"
    await connection.execute(_NAME, values | {"name": nameless, "instead": former})
    if await rename(connection, holder, present) == "renamed":
        values["known_as"] = nameless
        return True
    await connection.execute(_NAME, values | {"name": former, "instead": nameless})
    return False


async def retire(connection: Connection, mailbox_id: int) -> None:
    """End a mailbox whose account no longer exists: its mail stays, pending work is dropped."""
    for end in (_RETIRE, _SETTLE, _UNLIST, _KEEP):
        await connection.execute(end, (mailbox_id,))


async def succeed(connection: Connection, mailbox_id: int, successor: int) -> None:
    """Record which mailbox now has the address of a retired one."""
    await connection.execute(_SUCCESSOR, (successor, mailbox_id))
