"""Writes of connect and disconnect to tenants, integrations and mailboxes.

Holds: ``PostgresRegistry`` (the Registry port). Add here: another row that connect writes.
Keep out: credentials in use (``credentials``), deleting mail (``deletion``), Google.
Source: docs/promises.md#promise-3, #promise-8, #promise-9; edge cases 39, 72, 73.

Locks: connect and disconnect first lock the tenant's row FOR UPDATE. So they exclude each other,
and a push comes before a disconnect or finds the tenant disconnected.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.accounts.account_identity import rename, retire, succeed
from gmail_ingest.adapters.postgres.accounts.deletion import delete_mail
from gmail_ingest.adapters.postgres.accounts.held_grants import read_grants
from gmail_ingest.adapters.postgres.accounts.mailbox_endings import end_mailbox, read_given_back
from gmail_ingest.adapters.postgres.accounts.sealed_keys import seal_keys
from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.adapters.postgres.queue.queue_sql import CHANNEL, UNLOCKED
from gmail_ingest.adapters.postgres.queue.sync_queue import enqueue
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest.sync.accounts.credentials import Sealer
from gmail_ingest.sync.accounts.registry import Disconnection, Registered, Registration, Unlocked
from gmail_ingest.sync.mailbox.records import Mailbox

#: Milliseconds after which a disconnect gives up waiting for a row that a refresh or a batch holds:
#: the caller gets 503 and asks again.
LOCK_TIMEOUT_MS = 15_000

_TENANT = """
INSERT INTO tenants (id) VALUES (%s)
ON CONFLICT (id) DO UPDATE SET state = 'connected', disconnected_at = NULL
"""
# A new consent has a new generation, so that a refresh of the old one can no longer be stored.
_INTEGRATION = """
INSERT INTO integrations AS i (tenant_id, auth_type, subject) VALUES (%s, %s, %s)
ON CONFLICT (tenant_id, auth_type, subject) DO UPDATE
SET generation = i.generation + 1, state = 'active', last_error = NULL, updated_at = now()
RETURNING id
"""
_SEALED = "UPDATE integrations SET sealed_credential = %s, key_version = %s WHERE id = %s"
# A known mailbox keeps its checkpoint, because its ledger holds what was seen up to there.
_MAILBOXES = f"""
INSERT INTO mailboxes AS m (tenant_id, integration_id, address, checkpoint, aliases)
SELECT %(tenant)s, %(integration)s, address, checkpoint, coalesce(aliases, '{{}}')
FROM json_to_recordset(%(mailboxes)s) AS new (address text, checkpoint numeric, aliases text[])
ORDER BY address
ON CONFLICT (tenant_id, address) WHERE state <> 'replaced' DO UPDATE
SET integration_id = excluded.integration_id, state = 'active', last_error = NULL,
    cause = NULL, failed_at = NULL, failing_since = NULL, retry_at = NULL,
    aliases = CASE WHEN m.address = ANY(%(with_aliases)s)
        THEN ARRAY(SELECT DISTINCT unnest(excluded.aliases || m.former_addresses) ORDER BY 1)
        ELSE m.aliases END,
    reconcile_wanted_at = CASE WHEN m.address = ANY(%(unsure)s) THEN now()
        ELSE m.reconcile_wanted_at END,
    present_address = CASE WHEN m.address = ANY(%(elsewhere)s) THEN m.present_address END
RETURNING {MAILBOX_COLUMNS}
"""  # noqa: S608 - the columns are a constant
_KNOWN = """
SELECT id FROM mailboxes WHERE tenant_id = %s AND address = ANY(%s) AND state <> 'replaced'
"""
# Google was asked before the transaction: check that the mailbox has not changed since.
_IS_STILL = """
SELECT FROM mailboxes WHERE id = %s AND tenant_id = %s AND address = %s AND state <> 'replaced'
FOR NO KEY UPDATE
"""
_NAME_OF = "SELECT address FROM mailboxes WHERE id = %s AND state <> 'replaced'"
_HOLDER = """
SELECT m.id, i.auth_type FROM mailboxes m JOIN integrations i ON i.id = m.integration_id
WHERE m.tenant_id = %s AND m.address = %s AND m.state <> 'replaced'
"""
_HELD = (
    "the address is that of another mailbox, whose own account must be renamed first: connect that "
    "one again"
)
# If a mailbox moved to another integration, its old credential may be unused.
_ORPHANS = """
UPDATE integrations i
SET state = 'disconnected', sealed_credential = NULL, generation = generation + 1,
    updated_at = now()
WHERE tenant_id = %s AND state <> 'disconnected'
  AND NOT EXISTS (
    SELECT FROM mailboxes m WHERE m.integration_id = i.id AND m.state <> 'replaced')
"""

_DISCONNECT = """
UPDATE tenants SET state = 'disconnected', disconnected_at = coalesce(disconnected_at, now())
WHERE id = %(tenant)s
"""
_MAILBOXES_END = """
UPDATE mailboxes
SET state = 'disconnected', last_error = NULL, cause = NULL, failed_at = NULL, failing_since = NULL,
    retry_at = NULL
WHERE tenant_id = %(tenant)s AND state NOT IN ('disconnected', 'replaced')
"""
_INTEGRATIONS_END = """
UPDATE integrations
SET state = 'disconnected', generation = generation + 1, last_error = NULL, updated_at = now()
WHERE tenant_id = %(tenant)s AND state <> 'disconnected'
"""
_QUEUE_END = "DELETE FROM sync_queue WHERE tenant_id = %(tenant)s"
_JOBS_END = """
UPDATE sync_jobs SET state = 'cancelled', finished_at = now(), error = 'the tenant was disconnected'
WHERE tenant_id = %(tenant)s AND state IN ('queued', 'running')
"""
# A higher token fences the former holder out.
_LEASES_END = """
UPDATE leases SET token = token + 1, holder = '', until = now()
WHERE until > now() AND mailbox_id IN (SELECT id FROM mailboxes WHERE tenant_id = %(tenant)s)
"""
_CLAIMS_END = f"""
UPDATE sync_queue
SET claimed_by = '{UNLOCKED}', claimed_until = now(), dispatch_id = NULL, not_before = now()
WHERE tenant_id = %(tenant)s AND claimed_by IS NOT NULL
"""  # noqa: S608 - a constant
_WIPE = """
WITH wiped AS (
    UPDATE integrations SET sealed_credential = NULL, key_version = NULL, updated_at = now()
    WHERE id = ANY(%s) AND state = 'disconnected' RETURNING id
)
UPDATE mailboxes SET watch_expires_at = NULL
WHERE state = 'disconnected' AND integration_id IN (SELECT id FROM wiped)
"""
_UNWATCHED = """
UPDATE mailboxes SET watch_expires_at = NULL WHERE id = ANY(%s) AND state = 'disconnected'
"""
_UNTOUCHED = """
SELECT address FROM mailboxes
WHERE tenant_id = %s AND id <> ALL(%s) AND state NOT IN ('disconnected', 'replaced')
ORDER BY address
"""


class PostgresRegistry:
    """Tenants, their integrations and mailboxes."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def register(self, registration: Registration) -> Registered:
        """Write a registration and queue its syncs, in one transaction (see the port)."""
        async with transaction(self._engine) as connection:
            await connection.execute(_TENANT, (registration.tenant_id,))
            replaced = await _recognise(connection, registration)
            registration, elsewhere = await _as_named(connection, registration)
            addresses = [mailbox.address for mailbox in registration.mailboxes]
            integration_id = await self._write_integration(connection, registration)
            rows = await connection.execute(_KNOWN, (registration.tenant_id, addresses))
            known = frozenset(row[0] for row in await rows.fetchall())
            mailboxes = await _write_mailboxes(connection, registration, integration_id, elsewhere)
            await connection.execute(_ORPHANS, (registration.tenant_id,))
            for mailbox in mailboxes:
                if mailbox.address in replaced:
                    await succeed(connection, replaced[mailbox.address], mailbox.id)
            ids = [mailbox.id for mailbox in mailboxes]
            tenant = registration.tenant_id
            incremental = None
            if known:
                incremental = await enqueue(connection, tenant, "incremental", mailbox_ids=known)
            initial = await enqueue(connection, tenant, "initial", mailbox_ids=ids)
            others = await (await connection.execute(_UNTOUCHED, (tenant, ids))).fetchall()
        untouched = tuple(row[0] for row in others)
        successors = frozenset(mailbox.id for mailbox in mailboxes if mailbox.address in replaced)
        return Registered(mailboxes, known, initial, incremental, untouched, successors)

    async def _write_integration(self, connection: Connection, new: Registration) -> int:
        row = await (
            await connection.execute(_INTEGRATION, (new.tenant_id, new.auth_type, new.subject))
        ).fetchone()
        assert row is not None  # noqa: S101 - an upsert returns its row
        integration_id = int(row[0])
        sealed = seal_keys(
            self._sealer, new.keys, tenant_id=new.tenant_id, integration_id=integration_id
        )
        await connection.execute(_SEALED, (sealed, self._sealer.current_version, integration_id))
        return integration_id

    async def disconnect(self, tenant_id: str) -> Disconnection:
        """End everything of a tenant, and return what is left to end at Google (see the port)."""
        async with transaction(self._engine) as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            await _lock_tenant(connection, tenant_id)
            mailboxes, jobs = await _end_tenant(connection, tenant_id)
        # Read after the commit: of two tenants that disconnect at once, the later one sees that its
        # grant is no longer shared.
        async with statement(self._engine) as connection:
            grants = await read_grants(connection, self._sealer, tenant_id)
        return Disconnection(mailboxes, jobs, grants)

    async def disconnect_mailbox(self, tenant_id: str, address: str) -> Disconnection:
        """End one mailbox, and with its last one the tenant (see the port)."""
        async with transaction(self._engine) as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            await _lock_tenant(connection, tenant_id)
            gone = await end_mailbox(connection, tenant_id, address)
            jobs = gone.jobs_cancelled
            if not gone.still_connected:
                jobs += (await _end_tenant(connection, tenant_id))[1]
        async with statement(self._engine) as connection:
            grants = await read_given_back(connection, self._sealer, tenant_id, gone)
        return Disconnection(len(gone.ended), jobs, grants, gone.still_connected, gone.address)

    async def wipe(self, integration_ids: Collection[int]) -> None:
        """Wipe credentials, except those that were connected again meanwhile."""
        async with statement(self._engine) as connection:
            await connection.execute(_WIPE, (list(integration_ids),))

    async def forget_watches(self, mailbox_ids: Collection[int]) -> None:
        """Record that mailboxes have no watch, except those that were connected again meanwhile."""
        async with statement(self._engine) as connection:
            await connection.execute(_UNWATCHED, (list(mailbox_ids),))

    async def delete_data(self, tenant_id: str, address: str | None = None) -> Mapping[str, int]:
        """Delete a disconnected tenant's or mailbox's mail (see the port)."""
        return await delete_mail(self._engine, tenant_id, address)

    async def unlock(self, tenant_id: str) -> Unlocked:
        """End a tenant's leases and claims now, so that their holders can write nothing more.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        tenant = {"tenant": tenant_id}
        async with transaction(self._engine) as connection:
            await _lock_tenant(connection, tenant_id)
            leases = (await connection.execute(_LEASES_END, tenant)).rowcount
            claims = (await connection.execute(_CLAIMS_END, tenant)).rowcount
            if claims:
                await connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))
        return Unlocked(leases, claims)


async def _end_tenant(connection: Connection, tenant_id: str) -> tuple[int, int]:
    """End everything of a tenant; returns the numbers of ended mailboxes and jobs."""
    tenant = {"tenant": tenant_id}
    await connection.execute(_DISCONNECT, tenant)
    mailboxes = (await connection.execute(_MAILBOXES_END, tenant)).rowcount
    await connection.execute(_INTEGRATIONS_END, tenant)
    await connection.execute(_LEASES_END, tenant)
    await connection.execute(_QUEUE_END, tenant)
    return mailboxes, (await connection.execute(_JOBS_END, tenant)).rowcount


async def _lock_tenant(connection: Connection, tenant_id: str) -> None:
    found = await connection.execute("SELECT FROM tenants WHERE id = %s FOR UPDATE", (tenant_id,))
    if await found.fetchone() is None:
        raise NotFoundError("this tenant is not known here")


async def _recognise(connection: Connection, new: Registration) -> dict[str, int]:
    """Rename and retire mailboxes that Google was asked about; returns retired ones by address."""
    replaced: dict[str, int] = {}
    # Twice, because two accounts that swapped addresses are both known only after the first round.
    for mailbox in (*new.mailboxes, *new.mailboxes):
        if mailbox.renames is not None:
            await rename(connection, mailbox.renames, mailbox.address)
    for mailbox in new.mailboxes:
        if mailbox.replaces is not None:
            still = await connection.execute(
                _IS_STILL, (mailbox.replaces, new.tenant_id, mailbox.address)
            )
            if await still.fetchone() is not None:
                await retire(connection, mailbox.replaces)
                replaced[mailbox.address] = mailbox.replaces
    return replaced


async def _as_named(
    connection: Connection, new: Registration
) -> tuple[Registration, frozenset[str]]:
    """Return the registration with the addresses that its mailboxes have here, and those of them
    that are former addresses: a mailbox keeps a former address while another mailbox, whose account
    was renamed as well, still has the present one. A service account cannot open an account by a
    former address, so there the other mailbox ends.
    """
    former: dict[str, str] = {}
    for mailbox in new.mailboxes:
        row = await (await connection.execute(_NAME_OF, (mailbox.renames,))).fetchone()
        if row is None or row[0] == mailbox.address or mailbox.renames is None:
            continue
        if new.auth_type == "oauth":
            former[mailbox.address] = row[0]
            continue
        holder = await connection.execute(_HOLDER, (new.tenant_id, mailbox.address))
        for mailbox_id, auth_type in await holder.fetchall():
            if auth_type == "oauth":
                raise InvalidInputError("keys.serviceAccountKey", _HELD, mailbox=mailbox.address)
            await retire(connection, mailbox_id)
            await succeed(connection, mailbox_id, mailbox.renames)
        await rename(connection, mailbox.renames, mailbox.address)
    mailboxes = tuple(
        replace(mailbox, address=former.get(mailbox.address, mailbox.address))
        for mailbox in new.mailboxes
    )
    subject = former.get(new.subject, new.subject)
    return replace(new, subject=subject, mailboxes=mailboxes), frozenset(former.values())


async def _write_mailboxes(
    connection: Connection, new: Registration, integration_id: int, elsewhere: frozenset[str]
) -> tuple[Mailbox, ...]:
    rows = await connection.execute(
        _MAILBOXES,
        {
            "tenant": new.tenant_id,
            "integration": integration_id,
            "mailboxes": to_json(
                [
                    {
                        "address": mailbox.address,
                        "checkpoint": str(mailbox.history_id),
                        "aliases": mailbox.aliases,
                    }
                    for mailbox in new.mailboxes
                ]
            ),
            "with_aliases": [
                mailbox.address for mailbox in new.mailboxes if mailbox.aliases is not None
            ],
            "unsure": [mailbox.address for mailbox in new.mailboxes if mailbox.unsure],
            "elsewhere": list(elsewhere),
        },
    )
    return tuple(to_mailbox(row) for row in await rows.fetchall())
