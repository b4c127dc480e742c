"""Grants that a disconnected tenant still has, and who else uses them.

Holds: ``read_grants``, ``to_grant``, and when a consent or a watch is shared.
Keep out: what is done with them (``sync/accounts/disconnect.py``).
Source: docs/google.md#watches (one for a user and project), #revocation (ends the whole grant of a
user and client); edge case 73.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gmail_ingest.adapters.postgres.accounts.sealed_keys import open_keys
from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.errors import OperatorActionError
from gmail_ingest.sync.accounts.credentials import Keys, Sealer
from gmail_ingest.sync.accounts.registry import Grant, GrantedMailbox

#: Whether mailboxes ``m`` and ``o`` belong to one account, even if only one of them has its present
#: address. A former address may belong to another account now: then they have no message in common.
SAME_ACCOUNT = """
(o.address = m.address OR (
    (o.address = m.present_address OR m.address = o.present_address
     OR o.address = ANY(m.former_addresses) OR m.address = ANY(o.former_addresses))
    AND EXISTS (SELECT FROM message_ledger a JOIN message_ledger b USING (gmail_id)
                WHERE a.mailbox_id = m.id AND b.mailbox_id = o.id)))
"""
#: Whether another integration uses the consent of an integration ``i``, under any address: a
#: revocation would end it for both.
CONSENT_IS_SHARED = f"""
(i.auth_type = 'oauth' AND (EXISTS (
    SELECT FROM integrations o WHERE o.subject = i.subject AND o.auth_type = 'oauth'
    AND o.id <> i.id AND o.state <> 'disconnected') OR EXISTS (
    SELECT FROM mailboxes m JOIN mailboxes o ON {SAME_ACCOUNT}
    JOIN integrations i2 ON i2.id = o.integration_id AND i2.auth_type = 'oauth'
    WHERE m.integration_id = i.id AND i2.id <> i.id AND i2.state <> 'disconnected'
      AND m.state <> 'replaced' AND o.state <> 'replaced')))
"""  # noqa: S608 - a constant
#: Whether a mailbox ``m`` shares its watch with another one: Google has one watch an account.
WATCH_IS_SHARED = f"""
EXISTS (
    SELECT FROM mailboxes o
    WHERE {SAME_ACCOUNT} AND o.id <> m.id AND o.state NOT IN ('disconnected', 'replaced'))
"""
_INTEGRATIONS = f"""
SELECT i.id, i.auth_type, i.sealed_credential, {CONSENT_IS_SHARED}
FROM integrations i
WHERE i.tenant_id = %s AND i.state = 'disconnected' AND i.sealed_credential IS NOT NULL
ORDER BY i.id
"""  # noqa: S608 - a constant
_MAILBOXES = f"""
SELECT {MAILBOX_COLUMNS}, {WATCH_IS_SHARED}
FROM mailboxes m WHERE m.integration_id = %s AND m.state <> 'replaced' ORDER BY m.id
"""  # noqa: S608 - the columns are a constant


async def read_grants(connection: Connection, sealer: Sealer, tenant_id: str) -> tuple[Grant, ...]:
    """The credentials of a disconnected tenant that are not yet wiped."""
    integrations = await (await connection.execute(_INTEGRATIONS, (tenant_id,))).fetchall()
    grants = []
    for integration in integrations:
        rows = await (await connection.execute(_MAILBOXES, (integration[0],))).fetchall()
        mailboxes = tuple(GrantedMailbox(to_mailbox(row), row[-1]) for row in rows)
        grants.append(to_grant(sealer, tenant_id, integration, mailboxes))
    return tuple(grants)


def to_grant(
    sealer: Sealer,
    tenant_id: str,
    integration: Sequence[Any],
    mailboxes: tuple[GrantedMailbox, ...],
    *,
    kept: bool = False,
) -> Grant:
    """A grant with its keys opened; ``integration`` is id, type, sealed credential and whether
    another tenant uses it.
    """
    integration_id, auth_type, sealed, shared = integration
    keys: Keys | None = None
    try:
        keys = open_keys(sealer, sealed, tenant_id=tenant_id, integration_id=integration_id)
    except OperatorActionError:
        # Without the encryption key the grant cannot be revoked, only forgotten.
        keys = None
    return Grant(integration_id, auth_type, keys, mailboxes, shared, kept)
