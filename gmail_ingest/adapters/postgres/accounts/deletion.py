"""Deletes the mail of a disconnected tenant, or of one disconnected mailbox.

Holds: ``delete_mail``. Add here: every new table with rows of a mailbox.
Keep out: single messages that Google deleted (the mail store).
Source: docs/promises.md#promise-9; docs/google.md#policy; edge case 66.
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
    "verdicts",
    "removals",
    "withheld_removals",
    "exclusion_marks",
    "leases",
)

# Including replaced accounts: their mail is deleted with that of the mailbox that has the address
# now, or with the tenant.
_IS_OVER = """
(m.state = 'disconnected' OR (m.state = 'replaced' AND NOT EXISTS (
    SELECT FROM mailboxes living
    WHERE living.tenant_id = m.tenant_id AND living.address = m.address
      AND living.state NOT IN ('disconnected', 'replaced'))))
"""
_DISCONNECTED = f"""
SELECT m.id FROM mailboxes m
WHERE m.tenant_id = %(tenant)s AND {_IS_OVER}
  AND (%(address)s::text IS NULL OR m.address = %(address)s)
ORDER BY m.id
"""  # noqa: S608 - a constant
_LOCK = f"SELECT FROM mailboxes m WHERE m.id = %s AND {_IS_OVER} FOR UPDATE"
# The row stays for the next attempt while a grant or watch is still to be ended at Google. A
# credential that other mailboxes use stays; there only the watch had to end.
_MAILBOX = """
DELETE FROM mailboxes m USING integrations i
WHERE m.id = %s AND i.id = m.integration_id
  AND (i.sealed_credential IS NULL
       OR i.state <> 'disconnected' AND m.watch_expires_at IS NULL)
"""
_INTEGRATIONS = """
DELETE FROM integrations i
WHERE tenant_id = %s AND state = 'disconnected' AND sealed_credential IS NULL
  AND NOT EXISTS (SELECT FROM mailboxes m WHERE m.integration_id = i.id)
"""
# Rules contain addresses, which are personal data.
_RULES = """
DELETE FROM exclusion_rules r USING tenants t
WHERE r.tenant_id = %(tenant)s AND t.id = r.tenant_id AND t.state = 'disconnected'
"""
_RULES_OF_ONE = """
DELETE FROM exclusion_rules r
WHERE r.tenant_id = %(tenant)s AND r.mailbox = %(address)s AND NOT EXISTS (
    SELECT FROM mailboxes m WHERE m.tenant_id = r.tenant_id AND m.address = r.mailbox
    AND m.state NOT IN ('disconnected', 'replaced'))
"""


async def delete_mail(
    engine: AsyncEngine, tenant_id: str, address: str | None = None
) -> Mapping[str, int]:
    """Delete all data of a tenant's disconnected mailboxes, or of those with one address.

    One transaction a mailbox, so that an interrupted deletion can go on. Mailboxes, integrations
    and exclusion rules are deleted as well, because they contain addresses: all of a tenant's
    rules, or those that are limited to the address. The tenant's id and the counts of its jobs
    stay.

    Returns:
        Rows deleted, by table.
    """
    deleted = dict.fromkeys((*TABLES, "mailboxes", "integrations", "exclusion_rules"), 0)
    wanted = {"tenant": tenant_id, "address": address}
    async with statement(engine) as connection:
        found = await connection.execute(_DISCONNECTED, wanted)
        mailboxes = [row[0] for row in await found.fetchall()]
    for mailbox_id in mailboxes:
        async with transaction(engine) as connection:
            # If it was connected again meanwhile, its new mail must stay.
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
        rules = _RULES if address is None else _RULES_OF_ONE
        gone = await connection.execute(rules, wanted)
        deleted["exclusion_rules"] = gone.rowcount
    return deleted
