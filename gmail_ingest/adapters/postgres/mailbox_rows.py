"""Mailboxes as rows.

Holds: the columns of records.Mailbox and their reading. Keep out: queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gmail_ingest.sync.records import Mailbox

#: Of the table ``mailboxes m``, in the order of ``to_mailbox``.
MAILBOX_COLUMNS = (
    "m.id, m.tenant_id, m.integration_id, m.address, m.aliases, m.checkpoint, m.state,"
    " m.last_synced_at, m.watch_expires_at,"
    " (SELECT i.generation FROM integrations i WHERE i.id = m.integration_id),"
    " m.reconcile_wanted_at IS NOT NULL"
)


def to_mailbox(row: Sequence[Any]) -> Mailbox:
    """Read the first columns of a row as a mailbox."""
    id_, tenant_id, integration_id, address, aliases, checkpoint, state, *rest = row[:11]
    synced_at, watch, generation, reconcile = rest
    return Mailbox(
        id=id_,
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
    )
