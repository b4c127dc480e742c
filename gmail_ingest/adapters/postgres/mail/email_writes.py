"""Messages as rows of ``emails``, ``email_keys``, ``participants`` and ``attachments``.

Mail that a tenant's rule hides has the bit ``facets.HIDDEN_BIT``, and no row in ``email_keys``.

Holds: ``write_emails``. Add here: a column of these tables, with where it comes from.
Keep out: fates and threads (``save_batch.py``), reading (``email_reads.py``).
Source: docs/architecture.md#tables; edge case 53 (``search_terms.py`` bounds the search vector).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT, Facet, facet_ids, facet_of
from gmail_ingest.adapters.postgres.mail.search_terms import SearchVector, mark, search_vector
from gmail_ingest.adapters.postgres.recordset import to_json
from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.reading import READING
from gmail_ingest.core.mail.words.search_words import words_of

#: Columns of ``emails`` that are written from a message, with their types.
_COLUMNS = {
    "gmail_id": "text",
    "thread_id": "text",
    "history_id": "numeric",
    "rfc_message_id": "text",
    "in_reply_to": "text",
    "references": "text[]",
    "subject": "text",
    "sender_address": "text",
    "sender_name": "text",
    "author": "jsonb",
    "recipients": "jsonb",
    "reply_to": "jsonb",
    "direction": "text",
    "internal_date": "timestamptz",
    "header_date": "text",
    "label_ids": "text[]",
    "snippet": "text",
    "text": "text",
    "html": "text",
    "reply_text": "text",
    "signature": "text",
    "size": "bigint",
    "is_auto_reply": "boolean",
    "is_bounce": "boolean",
    "is_list": "boolean",
    "content_kind": "text",
    "failed_recipients": "jsonb",
    "has_attachment": "boolean",
    "sanitized": "boolean",
    "facet_id": "bigint",
    "reading": "smallint",
}
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_TYPED = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
_REPLACED = ", ".join(
    f'"{name}" = excluded."{name}"' for name in (*_COLUMNS, "search_vector") if name != "gmail_id"
)
# xmax is 0 in an inserted row, and the transaction id in a replaced one. Hidden mail has no key
# (``facets.HIDDEN_BIT``).
_WRITE = f"""
WITH written AS (
    INSERT INTO emails AS e (mailbox_id, tenant_id, {_NAMES}, search_vector)
    SELECT b.id, b.tenant_id, m.*
    FROM mailboxes b,
         ROWS FROM (json_to_recordset(%(rows)s) AS ({_TYPED}), unnest(%(vectors)b::tsvector[])) AS m
    WHERE b.id = %(mailbox_id)s
    ORDER BY m.gmail_id
    ON CONFLICT (mailbox_id, gmail_id) DO UPDATE SET {_REPLACED}
    WHERE e.history_id < excluded.history_id
    RETURNING e.mailbox_id, gmail_id, e.tenant_id, facet_id, internal_date, xmax = 0 AS is_new
), keys AS (
    INSERT INTO email_keys (mailbox_id, gmail_id, tenant_id, facet_id, internal_date)
    SELECT mailbox_id, gmail_id, tenant_id, facet_id, internal_date FROM written
    WHERE facet_id < %(hidden_bit)s
    ON CONFLICT (mailbox_id, gmail_id) DO UPDATE
    SET facet_id = excluded.facet_id, internal_date = excluded.internal_date
)
SELECT gmail_id, is_new FROM written
"""  # noqa: S608 - the names above
_TENANT = "SELECT tenant_id FROM mailboxes WHERE id = %s"
#: Parameters: mailbox, Gmail ids.
WRITE_KEYS = """
INSERT INTO email_keys (mailbox_id, gmail_id, tenant_id, facet_id, internal_date)
SELECT e.mailbox_id, e.gmail_id, e.tenant_id, e.facet_id, e.internal_date
FROM emails e WHERE e.mailbox_id = %s AND e.gmail_id = ANY(%s)
ON CONFLICT (mailbox_id, gmail_id) DO UPDATE
SET facet_id = excluded.facet_id, internal_date = excluded.internal_date
"""
_FORGET = """
WITH people AS (
    DELETE FROM participants WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
), keys AS (
    DELETE FROM email_keys WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(hidden)s)
)
DELETE FROM attachments WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
"""
# ON CONFLICT, because a row of emails that is deleted by hand leaves its participants behind.
_PARTICIPANTS = """
INSERT INTO participants
    (mailbox_id, gmail_id, position, tenant_id, role, address, name, internal_date, facet_id)
SELECT b.id, p.gmail_id, p.position, b.tenant_id, p.role, p.address, p.name, p.internal_date,
       p.facet_id
FROM mailboxes b, json_to_recordset(%s) AS p
    (gmail_id text, position int, role text, address text, name text, internal_date timestamptz,
     facet_id bigint)
WHERE b.id = %s
ON CONFLICT (mailbox_id, gmail_id, position) DO UPDATE
SET role = excluded.role, address = excluded.address, name = excluded.name,
    internal_date = excluded.internal_date, facet_id = excluded.facet_id
"""
_ATTACHMENTS = """
INSERT INTO attachments
    (mailbox_id, gmail_id, part_id, filename, mime_type, size, content_id, inline)
SELECT %s, gmail_id, part_id, filename, mime_type, size, content_id, inline
FROM json_to_recordset(%s) AS a
    (gmail_id text, part_id text, filename text, mime_type text, size bigint, content_id text,
     inline boolean)
ON CONFLICT (mailbox_id, gmail_id, part_id) DO NOTHING
"""


class WrittenEmails(NamedTuple):
    """Gmail ids of written mails: inserted ones, and those that replaced an older row."""

    inserted: set[str]
    replaced: set[str]

    @property
    def all(self) -> set[str]:
        """Both."""
        return self.inserted | self.replaced


async def write_emails(
    connection: Connection,
    mailbox_id: int,
    messages: Sequence[ParsedMessage],
    hidden: Collection[str],
) -> WrittenEmails:
    """Insert messages, or replace older rows.

    A message whose history id is not above that of its row changes nothing. ``hidden`` are the
    Gmail ids that a rule of the tenant hides.
    """
    if not messages:
        return WrittenEmails(set(), set())
    facets = {message.gmail_id: _facet(message) for message in messages}
    numbers = await facet_ids(connection, mailbox_id, set(facets.values()))
    facet_numbers = {
        gmail_id: numbers[facet] | (HIDDEN_BIT if gmail_id in hidden else 0)
        for gmail_id, facet in facets.items()
    }
    rows = to_json([_email(message, facet_numbers[message.gmail_id]) for message in messages])
    (tenant_id,) = await (await connection.execute(_TENANT, (mailbox_id,))).fetchone() or ("",)
    vectors = [_vector(tenant_id, message) for message in messages]
    values = {"rows": rows, "vectors": vectors, "mailbox_id": mailbox_id, "hidden_bit": HIDDEN_BIT}
    found = await (await connection.execute(_WRITE, values)).fetchall()
    inserted = {gmail_id for gmail_id, new in found if new}
    replaced = {gmail_id for gmail_id, new in found if not new}
    if replaced:
        ids = {"ids": sorted(replaced), "hidden": sorted(replaced.intersection(hidden))}
        await connection.execute(_FORGET, ids | {"mailbox_id": mailbox_id})
    written = [message for message in messages if message.gmail_id in inserted | replaced]
    people = [
        row
        for message in written
        for row in _participants(message, facet_numbers[message.gmail_id])
    ]
    if people:
        await connection.execute(_PARTICIPANTS, (to_json(people), mailbox_id))
    files = [row for message in written for row in _attachments(message)]
    if files:
        await connection.execute(_ATTACHMENTS, (mailbox_id, to_json(files)))
    return WrittenEmails(inserted, replaced)


def _facet(message: ParsedMessage) -> Facet:
    return facet_of(message.direction, _has_attachment(message), message.label_ids)


def _has_attachment(message: ParsedMessage) -> bool:
    return any(not attachment.inline for attachment in message.attachments)


def _email(message: ParsedMessage, facet_id: int) -> dict[str, object]:
    sender = message.sender
    return {
        "gmail_id": message.gmail_id,
        "thread_id": message.thread_id,
        "history_id": str(message.history_id),
        "rfc_message_id": message.rfc_message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "subject": message.subject,
        "sender_address": sender.address if sender else None,
        "sender_name": sender.name if sender else None,
        "author": _author(message),
        "recipients": [
            {"role": participant.role, "address": participant.address, "name": participant.name}
            for participant in message.participants
            if participant.role in {"to", "cc", "bcc"}
        ],
        "reply_to": [
            {"address": participant.address, "name": participant.name}
            for participant in message.participants
            if participant.role == "reply-to"
        ]
        or None,
        "direction": message.direction,
        "internal_date": message.internal_date,
        "header_date": message.header_date_raw,
        "label_ids": message.label_ids,
        "snippet": message.snippet,
        "text": message.text,
        "html": message.html,
        "reply_text": message.reply_text,
        "signature": message.signature,
        "size": message.size,
        "is_auto_reply": message.is_auto_reply,
        "is_bounce": message.is_bounce,
        "is_list": message.is_list,
        "content_kind": message.content_kind,
        "failed_recipients": [
            {
                "address": failed_recipient.address,
                "action": failed_recipient.action,
                "status": failed_recipient.status,
            }
            for failed_recipient in message.failed_recipients
        ]
        or None,
        "has_attachment": _has_attachment(message),
        "sanitized": message.sanitized,
        "facet_id": facet_id,
        "reading": READING,
    }


def _author(message: ParsedMessage) -> dict[str, str] | None:
    author, sender = message.author, message.sender
    if author is None or (sender is not None and author.address == sender.address):
        return None
    return {"address": author.address, "name": author.name}


def _vector(tenant_id: str, message: ParsedMessage) -> SearchVector:
    return search_vector(
        mark(tenant_id, month_of(message.internal_date)),
        words_of(message.search_text),
        (participant.address for participant in message.participants),
    )


def _participants(message: ParsedMessage, facet_id: int) -> list[dict[str, object]]:
    return [
        {
            "gmail_id": message.gmail_id,
            "position": position,
            "role": participant.role,
            "address": participant.address,
            "name": participant.name,
            "internal_date": message.internal_date,
            "facet_id": facet_id,
        }
        for position, participant in enumerate(message.participants)
    ]


def _attachments(message: ParsedMessage) -> list[dict[str, object]]:
    return [
        {
            "gmail_id": message.gmail_id,
            "part_id": attachment.part_id,
            "filename": attachment.filename,
            "mime_type": attachment.mime_type,
            "size": attachment.size,
            "content_id": attachment.content_id,
            "inline": attachment.inline,
        }
        for attachment in message.attachments
    ]
