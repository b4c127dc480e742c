"""Disconnects one mailbox of a tenant, while the others go on.

Holds: ``end_mailbox`` and ``read_given_back``. Add here: other rows that must end with a mailbox.
Keep out: the end of a whole tenant (``registry.py``), deleting mail (``deletion.py``), Google.
Source: edge cases 25, 72, 73 and 101. The caller holds the tenant's row, as for the disconnect of a
whole tenant.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gmail_ingest.adapters.postgres.accounts.held_grants import (
    CONSENT_IS_SHARED,
    WATCH_IS_SHARED,
    to_grant,
)
from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.adapters.postgres.mailboxes.mailbox_states import FOLLOW
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest.sync.accounts.credentials import Sealer
from gmail_ingest.sync.accounts.registry import Grant, GrantedMailbox

# Mailboxes that are not connected; that of a replaced account keeps its mail.
_ENDED = "('disconnected', 'replaced')"
# The mailboxes that have the address; if none has it, the renamed one that had it.
_NAMED = """
SELECT id, state, address FROM mailboxes m
WHERE tenant_id = %(tenant)s AND (address = %(address)s OR (
    %(address)s = ANY(former_addresses) AND state <> 'replaced' AND NOT EXISTS (
        SELECT FROM mailboxes o WHERE o.tenant_id = m.tenant_id AND o.address = %(address)s)))
ORDER BY id
"""
_END = f"""
UPDATE mailboxes
SET state = 'disconnected', last_error = NULL, cause = NULL, failed_at = NULL, failing_since = NULL,
    retry_at = NULL
WHERE id = ANY(%s) AND state NOT IN {_ENDED}
"""  # noqa: S608 - a constant
# A higher token fences the former holder out.
_LEASES_END = """
UPDATE leases SET token = token + 1, holder = '', until = now()
WHERE until > now() AND mailbox_id = ANY(%s)
"""
_QUEUE_NARROWS = """
UPDATE sync_queue
SET mailbox_ids = ARRAY(SELECT unnest(mailbox_ids) EXCEPT SELECT unnest(%(ids)s::bigint[]))
WHERE tenant_id = %(tenant)s AND mailbox_ids && %(ids)s::bigint[]
"""
_JOBS_END = """
WITH ended AS (
    DELETE FROM sync_queue WHERE tenant_id = %(tenant)s AND mailbox_ids = '{}' RETURNING job_id
)
UPDATE sync_jobs j
SET state = 'cancelled', finished_at = now(), error = 'its mailbox was disconnected'
FROM ended WHERE j.id = ended.job_id AND j.state IN ('queued', 'running')
"""
_INTEGRATIONS_END = f"""
UPDATE integrations i
SET state = 'disconnected', generation = generation + 1, last_error = NULL, updated_at = now()
WHERE id IN (SELECT integration_id FROM mailboxes WHERE id = ANY(%s)) AND state <> 'disconnected'
  AND NOT EXISTS (SELECT FROM mailboxes m
                  WHERE m.integration_id = i.id AND m.state NOT IN {_ENDED})
"""  # noqa: S608 - a constant
_CONNECTED = f"""
SELECT address FROM mailboxes WHERE tenant_id = %s AND state NOT IN {_ENDED} ORDER BY address
"""  # noqa: S608 - a constant
_CREDENTIALS = f"""
SELECT i.id, i.auth_type, i.sealed_credential, {CONSENT_IS_SHARED}, i.state <> 'disconnected'
FROM integrations i
WHERE i.sealed_credential IS NOT NULL
  AND i.id IN (SELECT integration_id FROM mailboxes WHERE id = ANY(%s))
ORDER BY i.id
"""  # noqa: S608 - a constant
# With a credential that ends, watches that were not yet stopped are given back as well.
_WATCHED = f"""
SELECT {MAILBOX_COLUMNS}, {WATCH_IS_SHARED}
FROM mailboxes m
WHERE m.integration_id = %(integration)s AND m.state = 'disconnected'
  AND (m.id = ANY(%(ended)s) OR m.watch_expires_at IS NOT NULL
       AND (NOT %(kept)s OR m.id = ANY(%(ids)s)))
ORDER BY m.id
"""  # noqa: S608 - the columns are a constant


@dataclass(frozen=True, slots=True)
class EndedMailbox:
    """What ended: the present address, all rows that have it (``ids``), those that were connected
    until now (``ended``), the number of cancelled jobs, and the addresses of the tenant's mailboxes
    that are still connected.
    """

    address: str
    ids: tuple[int, ...]
    ended: tuple[int, ...]
    jobs_cancelled: int
    still_connected: tuple[str, ...]


async def end_mailbox(connection: Connection, tenant_id: str, address: str) -> EndedMailbox:
    """Mark one mailbox disconnected, and end the work for it alone; may be repeated. A renamed
    mailbox is also found by a former address.

    Raises:
        NotFoundError: the tenant has no mailbox of this lower-cased address.
        InvalidInputError: several mailboxes had the address, and none has it now.
    """
    named = {"tenant": tenant_id, "address": address}
    rows = await (await connection.execute(_NAMED, named)).fetchall()
    if not rows:
        raise NotFoundError("this tenant has no mailbox of this address")
    present = {row[2] for row in rows}
    if len(present) > 1:
        reason = "is the former address of several mailboxes: name the one by its present address"
        raise InvalidInputError("address", reason)
    ids = [row[0] for row in rows]
    ended = [
        mailbox_id for mailbox_id, state, _ in rows if state not in {"disconnected", "replaced"}
    ]
    tenant = {"tenant": tenant_id, "ids": ids}
    await connection.execute(_END.encode(), (ids,))
    await connection.execute(_LEASES_END, (ids,))
    await connection.execute(_QUEUE_NARROWS, tenant)
    jobs = (await connection.execute(_JOBS_END, tenant)).rowcount
    await connection.execute(_INTEGRATIONS_END.encode(), (ids,))
    for mailbox_id in ended:
        # Its state no longer counts for the state of the credential.
        await connection.execute(FOLLOW, (mailbox_id,))
    left = await (await connection.execute(_CONNECTED.encode(), (tenant_id,))).fetchall()
    return EndedMailbox(
        present.pop(), tuple(ids), tuple(ended), jobs, tuple(row[0] for row in left)
    )


async def read_given_back(
    connection: Connection, sealer: Sealer, tenant_id: str, gone: EndedMailbox
) -> tuple[Grant, ...]:
    """What an ended mailbox still has at Google: watches, and unused credentials."""
    found = await (await connection.execute(_CREDENTIALS.encode(), (list(gone.ids),))).fetchall()
    grants = []
    for integration_id, auth_type, sealed, shared, kept in found:
        wanted: dict[str, int | bool | Collection[int]] = {
            "integration": integration_id,
            "kept": kept,
            "ids": list(gone.ids),
            "ended": list(gone.ended),
        }
        rows = await (await connection.execute(_WATCHED.encode(), wanted)).fetchall()
        mailboxes = tuple(GrantedMailbox(to_mailbox(row), row[-1]) for row in rows)
        if kept and not mailboxes:
            continue
        grants.append(
            to_grant(
                sealer,
                tenant_id,
                (integration_id, auth_type, sealed, shared),
                mailboxes,
                kept=kept,
            )
        )
    return tuple(grants)
