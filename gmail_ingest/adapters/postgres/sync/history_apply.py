"""Applies a page of history: fates in the ledger, labels and deletions of stored mail.

Holds: ``apply_changes``, ``write_labels``, ``delete_emails``. Add here: the effect of another kind
of change on rows. Keep out: the rules (``core/ledger/fates.py``), the checkpoint
(``mail_store.py``, same transaction).
Source: docs/google.md#history-records, #history-ids, #drafts; edge cases 8, 10, 14, 15, 16, 64.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.visibility import redecide
from gmail_ingest.adapters.postgres.mail import threads
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT, facet_ids, facet_of
from gmail_ingest.adapters.postgres.mail.ledger import read_entries, write_entries
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.adapters.postgres.sync.removals import admit_removals
from gmail_ingest.core.ledger.fates import Entry, after_change
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.removals import UNASKED, RemovalLimits
from gmail_ingest.sync.mailbox.records import Counts

_OLDER = """
SELECT e.gmail_id, e.direction, e.has_attachment, c.label_ids, c.history_id::text
FROM json_to_recordset(%s) AS c (gmail_id text, label_ids text[], history_id numeric)
JOIN emails e USING (gmail_id)
WHERE e.mailbox_id = %s AND e.history_id < c.history_id
"""
_LABELS = """
WITH c AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s) AS c
        (gmail_id text, label_ids text[], history_id numeric, facet_id bigint)
), keys AS (
    UPDATE email_keys k SET facet_id = c.facet_id FROM c
    WHERE k.mailbox_id = %(mailbox_id)s AND k.gmail_id = c.gmail_id AND k.facet_id <> c.facet_id
), people AS (
    UPDATE participants p SET facet_id = c.facet_id FROM c
    WHERE p.mailbox_id = %(mailbox_id)s AND p.gmail_id = c.gmail_id AND p.facet_id <> c.facet_id
)
UPDATE emails e SET label_ids = c.label_ids, history_id = c.history_id, facet_id = c.facet_id
FROM c WHERE e.mailbox_id = %(mailbox_id)s AND e.gmail_id = c.gmail_id
"""
_UNDER_WAY = """
SELECT FROM leases WHERE mailbox_id = %s AND origin = 'backfill' AND until > clock_timestamp()
"""
_DELETE = """
WITH keys AS (
    DELETE FROM email_keys WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
), people AS (
    DELETE FROM participants WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
)
DELETE FROM emails WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
RETURNING thread_id
"""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A stored mail with its new labels. ``hidden``: a rule hides it so far; that is decided again
    afterwards.
    """

    gmail_id: str
    direction: str
    has_attachment: bool
    label_ids: Sequence[str]
    history_id: str
    hidden: bool


async def apply_changes(
    connection: Connection,
    mailbox_id: int,
    changes: Sequence[MessageChange],
    limits: RemovalLimits = UNASKED,
) -> Counts:
    """Apply changes to the ledger and to stored mail; a replay changes and counts nothing.

    Mass deletions, by ``limits``, leave mail and fates unchanged (``removals.py``).

    A change of an unknown message counts as discovered, one that removes a stored email as deleted,
    any other deletion as gone.
    """
    before = await read_entries(connection, mailbox_id, [change.message_id for change in changes])
    after = dict(before)
    is_left = await _is_left(connection, mailbox_id, before.values())
    for change in changes:
        known = after.get(change.message_id)
        after[change.message_id] = after_change(known, change, is_left=is_left)
    stored = {key for key, entry in before.items() if entry.has_row}
    removed = {key for key in stored if after[key].fate == "gone"}
    admitted = await admit_removals(connection, mailbox_id, removed, limits)
    after.update({key: before[key] for key in removed - admitted})
    await write_entries(connection, mailbox_id, _changed(before, after))
    counts = _count(before, after)
    relabelled = await _update_labels(connection, mailbox_id, changes, before)
    counts.updated = len(relabelled)
    counts.hidden += (await redecide(connection, mailbox_id, relabelled)).hidden
    counts.deleted = await delete_emails(connection, mailbox_id, admitted)
    return counts


async def _is_left(connection: Connection, mailbox_id: int, entries: Iterable[Entry]) -> bool:
    """Whether entries wait for a backfill although none is running."""
    if not any(entry.origin == "backfill" and entry.fate == "pending" for entry in entries):
        return False
    return await (await connection.execute(_UNDER_WAY, (mailbox_id,))).fetchone() is None


def _changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> dict[str, Entry]:
    return {key: entry for key, entry in after.items() if entry is not before.get(key)}


def _count(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Counts:
    counts = Counts()
    for key, entry in after.items():
        known = before.get(key)
        if known is not None and known.fate == entry.fate:
            continue
        counts.discovered += known is None or entry.fate == "pending"
        counts.left_out += entry.fate == "left_out"
        counts.gone += entry.fate == "gone" and (known is None or not known.has_row)
    return counts


async def _update_labels(
    connection: Connection,
    mailbox_id: int,
    changes: Sequence[MessageChange],
    before: Mapping[str, Entry],
) -> list[str]:
    """Write labels that are newer than those stored; returns the ids of these mails."""
    rows: list[dict[str, object]] = [
        {
            "gmail_id": change.message_id,
            "label_ids": change.label_ids,
            "history_id": str(change.history_id),
        }
        for change in changes
        if change.label_ids is not None
        and not change.deleted
        and (known := before.get(change.message_id)) is not None
        and known.has_row
    ]
    if not rows:
        return []
    older = await (await connection.execute(_OLDER, (to_json(rows), mailbox_id))).fetchall()
    # Whether each is hidden is decided next, for all mails at once.
    labelled = [
        Labelled(gmail_id, direction, files, labels, history_id, before[gmail_id].fate == "hidden")
        for gmail_id, direction, files, labels, history_id in older
    ]
    await write_labels(connection, mailbox_id, labelled)
    return [mail.gmail_id for mail in labelled]


async def write_labels(connection: Connection, mailbox_id: int, mails: Sequence[Labelled]) -> None:
    """Write the labels of stored mails to all tables with labels; the caller holds the mailbox."""
    if not mails:
        return
    facets = {
        mail.gmail_id: facet_of(mail.direction, mail.has_attachment, mail.label_ids)
        for mail in mails
    }
    numbers = await facet_ids(connection, mailbox_id, set(facets.values()))
    rows: list[dict[str, object]] = [
        {
            "gmail_id": mail.gmail_id,
            "label_ids": mail.label_ids,
            "history_id": mail.history_id,
            "facet_id": numbers[facets[mail.gmail_id]] | (HIDDEN_BIT if mail.hidden else 0),
        }
        for mail in mails
    ]
    await connection.execute(_LABELS, {"rows": to_json(rows), "mailbox_id": mailbox_id})


async def delete_emails(connection: Connection, mailbox_id: int, gmail_ids: Collection[str]) -> int:
    """Delete emails and update their threads; returns the number of deleted emails."""
    if not gmail_ids:
        return 0
    ids = {"mailbox_id": mailbox_id, "ids": sorted(gmail_ids)}
    rows = await (await connection.execute(_DELETE, ids)).fetchall()
    touched = {row[0] for row in rows}
    await threads.recompute(connection, mailbox_id, touched)
    await threads.remove_empty(connection, mailbox_id, touched)
    return len(rows)
