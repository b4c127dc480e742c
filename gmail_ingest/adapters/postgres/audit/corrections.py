"""Corrections of the ledger and of stored mail after a comparison with Google.

Holds: ``recall``, ``correct``. Add here: another kind of repair. Keep out: what counts as a
difference (``core/ledger/completeness.py``), reads (``comparisons.py``).
Source: docs/promises.md#promise-2, #promise-6; edge cases 3, 15, 67. Writers hold the mailbox's row
(``leases.fenced``), so that what they read here is still true when they write.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.stored_rules import hidden_by_rule
from gmail_ingest.adapters.postgres.mail import threads
from gmail_ingest.adapters.postgres.mail.email_writes import write_emails
from gmail_ingest.adapters.postgres.mail.ledger import read_entries, write_entries
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.adapters.postgres.sync.history_apply import delete_emails
from gmail_ingest.core.ledger.fates import after_absence, after_recall, after_ruling
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.mailbox.records import Counts, MessageRef

_ROWS = "SELECT gmail_id FROM emails WHERE mailbox_id = %s AND gmail_id = ANY(%s)"
# Marks rows with different labels as older than the mail just read, so that it replaces them. A row
# with a newer change of history stays as it is.
_UNSETTLE = """
UPDATE emails e SET history_id = -1
FROM json_to_recordset(%s) AS m (gmail_id text, history_id numeric, label_ids text[])
WHERE e.mailbox_id = %s AND e.gmail_id = m.gmail_id AND e.history_id <= m.history_id
  AND NOT (e.label_ids @> m.label_ids AND e.label_ids <@ m.label_ids)
RETURNING e.gmail_id
"""


async def recall(connection: Connection, mailbox_id: int, refs: Sequence[MessageRef]) -> int:
    """Make listed ids that are not accounted for pending; returns how many."""
    named = {ref.message_id: ref.thread_id for ref in refs}
    before = await read_entries(connection, mailbox_id, named)
    rows = await connection.execute(_ROWS, (mailbox_id, list(named)))
    stored = {row[0] for row in await rows.fetchall()}
    after = {
        key: after_recall(before.get(key), thread_id, has_row=key in stored)
        for key, thread_id in named.items()
    }
    recalled = {key: entry for key, entry in after.items() if entry is not before.get(key)}
    await write_entries(connection, mailbox_id, recalled)
    return len(recalled)


async def correct(
    connection: Connection,
    mailbox_id: int,
    messages: Sequence[ParsedMessage],
    gone: Collection[str],
) -> Counts:
    """Replace stored mails whose labels differ from these, and remove those that are gone."""
    updated = await _replace(connection, mailbox_id, messages) if messages else 0
    before = await read_entries(connection, mailbox_id, gone)
    after = {key: after_absence(entry) for key, entry in before.items()}
    left = {key: entry for key, entry in after.items() if entry is not before[key]}
    await write_entries(connection, mailbox_id, left)
    return Counts(updated=updated, deleted=await delete_emails(connection, mailbox_id, gone))


async def _replace(
    connection: Connection, mailbox_id: int, messages: Sequence[ParsedMessage]
) -> int:
    read: list[dict[str, object]] = [
        {
            "gmail_id": message.gmail_id,
            "history_id": str(message.history_id),
            "label_ids": message.label_ids,
        }
        for message in messages
    ]
    rows = await connection.execute(_UNSETTLE, (to_json(read), mailbox_id))
    unsettled = {row[0] for row in await rows.fetchall()}
    differing = [message for message in messages if message.gmail_id in unsettled]
    hidden = await hidden_by_rule(connection, mailbox_id, differing)
    await write_emails(connection, mailbox_id, differing, hidden)
    before = await read_entries(connection, mailbox_id, unsettled)
    after = {key: after_ruling(entry, hidden.get(key)) for key, entry in before.items()}
    changed = {key: entry for key, entry in after.items() if entry is not before[key]}
    await write_entries(connection, mailbox_id, changed)
    touched = {message.thread_id for message in differing}
    await threads.recompute(connection, mailbox_id, touched)
    if hidden:
        await threads.remove_empty(connection, mailbox_id, touched)
    return len(differing)
