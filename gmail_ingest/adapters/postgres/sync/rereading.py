"""Reads stored mail again by the rules of this release, in batches, while the service runs.

Holds: ``PostgresRereads``, ``is_left``. Add here: a column that is derived from others of the mail.
Keep out: how they are derived (``core/mail/reading.py``), pace (``sync/audit/reread.py``).

A mailbox's row has the reading of its mail, and how far it has come (``read_to``, a Gmail id). A
batch is one transaction that holds the mailbox's row, as every writer does, and skips mailboxes
that another worker holds. So a batch and its progress are committed together, no mail changes while
it is read, and a sync waits for one batch at most. Mail that this release stored is skipped.
Unchanged mail is not written: most of the mail in Latin letters.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.mail import threads
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT
from gmail_ingest.adapters.postgres.mail.search_terms import mark, search_vector
from gmail_ingest.adapters.postgres.sync.history_apply import Labelled, write_labels
from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.message import Attachment, Participant, Role
from gmail_ingest.core.mail.reading import READING, Reading, StoredMail, read_again
from gmail_ingest.core.mail.words.search_words import words_of
from gmail_ingest.sync.audit.reread import Batch, Left

_log = logging.getLogger(__name__)

#: Mails and bytes of text in a batch, for which the mailbox's syncs may wait: 20 ms for mail in
#: Latin letters, 100 ms if all words change. A batch of 100 Japanese mails took 500 ms.
BATCH = 50
BATCH_BYTES = 50_000
#: Classes of SQLSTATE caused by values: data, constraints, limits, triggers, internal errors.
_OF_VALUES = {"22", "23", "54", "P0", "XX"}

_TAKE = """
SELECT id, tenant_id, address, aliases, read_to FROM mailboxes
WHERE reading < %s ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
# octet_length does not read the text itself.
_READ = """
SELECT gmail_id, thread_id, history_id::text, internal_date, direction, has_attachment, label_ids,
       facet_id, subject, text,
       ARRAY(SELECT ARRAY[p.role, p.address, p.name] FROM participants p
             WHERE p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id ORDER BY p.position),
       ARRAY(SELECT ARRAY[a.part_id, a.filename] FROM attachments a
             WHERE a.mailbox_id = e.mailbox_id AND a.gmail_id = e.gmail_id)
FROM (
    SELECT *, sum(length) OVER (ORDER BY gmail_id) - length AS before FROM (
        SELECT mailbox_id, gmail_id, thread_id, history_id, internal_date, direction,
               has_attachment, label_ids, facet_id, subject,
               CASE WHEN reading < %(reading)s THEN text END AS text,
               CASE WHEN reading < %(reading)s THEN octet_length(text) ELSE 0 END AS length
        FROM emails WHERE mailbox_id = %(mailbox_id)s AND gmail_id > %(after)s
        ORDER BY gmail_id LIMIT %(most)s) AS next) AS e
WHERE before < %(bytes)s
ORDER BY gmail_id
"""
_WRITE = """
UPDATE emails e
SET direction = made.direction, reply_text = made.reply_text, signature = made.signature,
    search_vector = made.vector, reading = %(reading)s
FROM unnest(%(ids)s::text[], %(directions)s::text[], %(replies)s::text[], %(signatures)s::text[],
            %(vectors)b::tsvector[])
     AS made (gmail_id, direction, reply_text, signature, vector)
WHERE e.mailbox_id = %(mailbox_id)s AND e.gmail_id = made.gmail_id
  AND (e.direction, e.reply_text, e.signature, e.search_vector)
      IS DISTINCT FROM (made.direction, made.reply_text, made.signature, made.vector)
"""
_MOVE = "UPDATE mailboxes SET read_to = %s WHERE id = %s"
_DONE = "UPDATE mailboxes SET reading = %s, read_to = '' WHERE id = %s"
_AGAIN = "UPDATE mailboxes SET reading = 0, read_to = ''"
_IS_LEFT = "SELECT EXISTS (SELECT FROM mailboxes WHERE tenant_id = %s AND reading < %s)"
_IS_ANY_LEFT = "SELECT EXISTS (SELECT FROM mailboxes WHERE reading < %s)"
# Counts narrow rows, which hidden mail does not have.
_LEFT = """
SELECT count(*), coalesce(sum((
    SELECT count(*) FROM email_keys k WHERE k.mailbox_id = m.id AND k.gmail_id > m.read_to
)), 0)::bigint, (SELECT count(*) FROM email_keys)
FROM mailboxes m WHERE m.reading < %s
"""


class _Mailbox(NamedTuple):
    id: int
    tenant_id: str
    address: str
    aliases: list[str]
    read_to: str


class _Row(NamedTuple):
    gmail_id: str
    thread_id: str
    history_id: str
    internal_date: datetime
    direction: str
    has_attachment: bool
    label_ids: list[str]
    facet_id: int
    subject: str
    text: str | None
    people: list[tuple[Role, str, str]]
    files: list[tuple[str, str]]


class PostgresRereads:
    """Implements ``sync.audit.reread.Rereads``."""

    def __init__(
        self, engine: AsyncEngine, *, batch: int = BATCH, batch_bytes: int = BATCH_BYTES
    ) -> None:
        self._engine = engine
        self._batch = batch
        self._bytes = batch_bytes

    async def read_next(self) -> Batch | None:
        """Read the next mails again, of a mailbox that no other worker holds."""
        async with transaction(self._engine) as connection:
            taken = await (await connection.execute(_TAKE, (READING,))).fetchone()
            return await self._read(connection, _Mailbox(*taken)) if taken else None

    async def is_done(self) -> bool:
        """Whether nothing is left."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_IS_ANY_LEFT, (READING,))).fetchone()
            return row is not None and not row[0]

    async def left(self) -> Left:
        """Counts of what is left."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_LEFT, (READING,))).fetchone()
            return Left(*row) if row else Left(0, 0, 0)

    async def begin_again(self) -> None:
        """Start again for all mail that former releases stored."""
        async with statement(self._engine) as connection:
            await connection.execute(_AGAIN)

    async def _read(self, connection: Connection, mailbox: _Mailbox) -> Batch:
        wanted = {
            "mailbox_id": mailbox.id,
            "after": mailbox.read_to,
            "most": self._batch,
            "bytes": self._bytes,
            "reading": READING,
        }
        rows = [_Row(*row) for row in await (await connection.execute(_READ, wanted)).fetchall()]
        if not rows:
            await connection.execute(_DONE, (READING, mailbox.id))
            return Batch(0, 0, 0)
        former = [row for row in rows if row.text is not None]
        changed, failed = await _read_all(connection, mailbox, former)
        await connection.execute(_MOVE, (rows[-1].gmail_id, mailbox.id))
        return Batch(len(former), changed, failed)


async def is_left(connection: Connection, tenant_id: str) -> bool:
    """Whether a tenant may have mail that a former release indexed."""
    row = await (await connection.execute(_IS_LEFT, (tenant_id, READING))).fetchone()
    return row is not None and row[0]


async def _read_all(
    connection: Connection, mailbox: _Mailbox, rows: Sequence[_Row]
) -> tuple[int, int]:
    """Read mails together, or one by one if that fails. Returns the numbers of changed mails and of
    mails that could not be read.

    Raises:
        psycopg.Error: an error of the database, not of a mail; the batch is rolled back.
    """
    try:
        async with connection.transaction():
            return await _reread(connection, mailbox, rows), 0
    except Exception as error:
        if len(rows) == 1:
            if not _is_the_mails(error):
                raise
            # Only the error's class: its text may hold mail.
            _log.error(
                "a stored mail cannot be read again and stays as it is",
                extra={"mailbox_id": mailbox.id, "error": type(error).__name__},
            )
            return 0, 1
    counts = [await _read_all(connection, mailbox, [row]) for row in rows]
    return sum(changed for changed, _ in counts), sum(failed for _, failed in counts)


def _is_the_mails(error: Exception) -> bool:
    """Whether an error is caused by the content of a mail. Other database errors (disk full, a
    timeout, a missing right) would occur for all mails, so no mail may be skipped for them.
    """
    if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.DataError):
        return True
    return (error.sqlstate or "")[:2] in _OF_VALUES


async def _reread(connection: Connection, mailbox: _Mailbox, rows: Sequence[_Row]) -> int:
    owners = (mailbox.address, *mailbox.aliases)
    made = [_reading(row, owners) for row in rows]
    pairs = list(zip(rows, made, strict=True))
    values: dict[str, Any] = {
        "mailbox_id": mailbox.id,
        "reading": READING,
        "ids": [row.gmail_id for row in rows],
        "directions": [reading.direction for reading in made],
        "replies": [reading.reply_text for reading in made],
        "signatures": [reading.signature for reading in made],
        "vectors": [
            search_vector(
                mark(mailbox.tenant_id, month_of(row.internal_date)),
                words_of(reading.search_text),
                [address for _, address, _ in row.people],
            )
            for row, reading in pairs
        ],
    }
    changed = (await connection.execute(_WRITE, values)).rowcount
    turned = [(row, new.direction) for row, new in pairs if row.direction != new.direction]
    await write_labels(
        connection, mailbox.id, [_labelled(row, direction) for row, direction in turned]
    )
    await threads.recompute(connection, mailbox.id, {row.thread_id for row, _ in turned})
    return changed


def _reading(row: _Row, owners: Collection[str]) -> Reading:
    files = (Attachment(part, name, "", 0, None, inline=False) for part, name in row.files)
    mail = StoredMail(
        row.subject,
        row.text or "",
        tuple(row.label_ids),
        tuple(Participant(role, address, name) for role, address, name in row.people),
        tuple(files),
    )
    return read_again(mail, owners)


def _labelled(row: _Row, direction: str) -> Labelled:
    """The mail with its present labels and another direction, for a new facet."""
    return Labelled(
        row.gmail_id,
        direction,
        row.has_attachment,
        row.label_ids,
        row.history_id,
        hidden=row.facet_id >= HIDDEN_BIT,
    )
