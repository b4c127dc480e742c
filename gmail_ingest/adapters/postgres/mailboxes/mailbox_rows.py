"""Mailboxes as rows.

Holds: the columns of ``Mailbox``, and which rows an address means. Keep out: queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gmail_ingest.sync.mailbox.records import Mailbox

#: The mailboxes ``m`` that an address means when mail is read: those that have it, including those
#: of replaced accounts; if none has it, the renamed mailbox that had it.
NAMED = """
(m.address = %(mailbox)s OR (%(mailbox)s = ANY(m.former_addresses) AND NOT EXISTS (
    SELECT FROM mailboxes o
    WHERE o.tenant_id = m.tenant_id AND o.address = %(mailbox)s AND o.state <> 'replaced')))
"""
#: Columns of the table ``mailboxes m``, in the order of ``to_mailbox``.
MAILBOX_COLUMNS = (
    "m.id, m.tenant_id, m.integration_id, m.address, m.aliases, m.checkpoint, m.state,"
    " m.last_synced_at, m.watch_expires_at,"
    " (SELECT i.generation FROM integrations i WHERE i.id = m.integration_id),"
    " m.reconcile_wanted_at IS NOT NULL, m.former_addresses"
)


def to_mailbox(row: Sequence[Any]) -> Mailbox:
    """Read the first columns of a row as a mailbox."""
    mailbox_id, tenant_id, integration_id, address, aliases, checkpoint, state, *rest = row[:12]
    synced_at, watch, generation, reconcile, former = rest
    return Mailbox(
        id=mailbox_id,
        tenant_id=tenant_id,
        integration_id=integration_id,
        address=address,
        aliases=tuple(aliases),
        checkpoint=int(checkpoint),
        state=state,
        last_synced_at=synced_at,
        watch_expires_at=watch,
        generation=generation,
        reconcile_wanted=reconcile,
        former_addresses=tuple(former),
    )
