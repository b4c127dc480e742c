"""Deleting the mail of a disconnected tenant.

Holds: ``delete_mail``. Add here: every new table that holds something of a mailbox.
Keep out: single messages that Google deleted (the mail store).
Source: design promise 9; edge case 66; google-facts section 8 (deletion requests are honoured).
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement, transaction

#: Children before parents; each has a ``mailbox_id``.
TABLES = (
    "participants",
    "attachments",
    "email_keys",
    "emails",
    "facet_labels",
    "facets",
    "threads",
    "message_ledger",
    "listings",
    "coverage",
    "removals",
    "withheld_removals",
    "exclusion_marks",
    "leases",
)

_DISCONNECTED = (
    "SELECT id FROM mailboxes WHERE tenant_id = %s AND state = 'disconnected' ORDER BY id"
)
_LOCK = "SELECT FROM mailboxes WHERE id = %s AND state = 'disconnected' FOR UPDATE"
# Where Google was not told yet, the row stays for the next attempt.
_MAILBOX = """
DELETE FROM mailboxes m USING integrations i
WHERE m.id = %s AND i.id = m.integration_id AND i.sealed_credential IS NULL
"""
_INTEGRATIONS = """
DELETE FROM integrations i
WHERE tenant_id = %s AND state = 'disconnected' AND sealed_credential IS NULL
  AND NOT EXISTS (SELECT FROM mailboxes m WHERE m.integration_id = i.id)
"""
# They name addresses.
_RULES = """
DELETE FROM exclusion_rules r USING tenants t
WHERE r.tenant_id = %s AND t.id = r.tenant_id AND t.state = 'disconnected'
"""


async def delete_mail(engine: AsyncEngine, tenant_id: str) -> Mapping[str, int]:
    """Delete all that is stored of a tenant's disconnected mailboxes.

    A transaction a mailbox, so that an interrupted deletion goes on where it stopped. Mailboxes
    and integrations go too, since an address is personal data, and exclusion rules, which name
    some; the tenant's id and its jobs' counts stay.

    Returns:
        Rows deleted, by table.
    """
    deleted = dict.fromkeys((*TABLES, "mailboxes", "integrations", "exclusion_rules"), 0)
    async with statement(engine) as connection:
        found = await connection.execute(_DISCONNECTED, (tenant_id,))
        mailboxes = [row[0] for row in await found.fetchall()]
    for mailbox_id in mailboxes:
        async with transaction(engine) as connection:
            # Connected again meanwhile: its new mail is not what was to be deleted.
            locked = await connection.execute(_LOCK, (mailbox_id,))
            if await locked.fetchone() is None:
                continue
            for table in TABLES:
                delete = sql.SQL("DELETE FROM {} WHERE mailbox_id = %s")
                gone = await connection.execute(delete.format(sql.Identifier(table)), (mailbox_id,))
                deleted[table] += gone.rowcount
            deleted["mailboxes"] += (await connection.execute(_MAILBOX, (mailbox_id,))).rowcount
    async with statement(engine) as connection:
        gone = await connection.execute(_INTEGRATIONS, (tenant_id,))
        deleted["integrations"] = gone.rowcount
        gone = await connection.execute(_RULES, (tenant_id,))
        deleted["exclusion_rules"] = gone.rowcount
    return deleted
