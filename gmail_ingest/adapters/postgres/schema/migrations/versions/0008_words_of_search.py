"""Search by words of our own: parts of addresses and hosts, without regard to ways of writing.

Revision 0008, after 0007. Source: docs/decisions/0005-words-of-search.md. The search vectors of
stored mail are made anew: about half a minute for each 100,000 mails. They are derived from columns
that stay, so this calls the pure functions of the release that runs it: mail is found by the words
that this release searches with, whatever they were when this was written. That no change of theirs
breaks this is held by a test that runs the command on a database of each revision. What the driver
has to know is told to the migration's own connection: it was opened before this module, or any that
registers with the driver, was imported.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import psycopg
import sqlalchemy as sa
from alembic import op
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from gmail_ingest.adapters.postgres.mail.search_terms import (
    Month,
    SearchVector,
    mark,
    search_vector,
)
from gmail_ingest.core.mail.message import Attachment, Participant, Role
from gmail_ingest.core.mail.reading import in_their_order
from gmail_ingest.core.mail.words.search_text import MAX_SEARCH_CHARS, search_text_of
from gmail_ingest.core.mail.words.search_words import words_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

#: Mails in memory at once: 300 MB if each of them is as long as search reads, 3 MB as mail is.
_BATCH = 200
_READ = """
SELECT e.mailbox_id, e.gmail_id, e.tenant_id, e.internal_date, e.subject, left(e.text, %s),
       ARRAY(SELECT ARRAY[p.role, p.address, p.name] FROM participants p
             WHERE p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id ORDER BY p.position),
       ARRAY(SELECT ARRAY[a.part_id, a.filename] FROM attachments a
             WHERE a.mailbox_id = e.mailbox_id AND a.gmail_id = e.gmail_id)
FROM emails e WHERE (e.mailbox_id, e.gmail_id) > (%s, %s)
ORDER BY e.mailbox_id, e.gmail_id LIMIT %s
"""
_WRITE = """
UPDATE emails e SET search_vector = made.vector
FROM unnest(%s::bigint[], %s::text[], %b::tsvector[]) AS made (mailbox_id, gmail_id, vector)
WHERE e.mailbox_id = made.mailbox_id AND e.gmail_id = made.gmail_id
"""


class _Mail(NamedTuple):
    mailbox_id: int
    gmail_id: str
    tenant_id: str
    internal_date: datetime
    subject: str
    text: str
    people: list[tuple[Role, str, str]]
    files: list[tuple[str, str]]


class _VectorDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["tsvector"].oid

    def dump(self, obj: SearchVector) -> Buffer:
        return obj.binary


def upgrade() -> None:
    """Make the search vectors anew, and the index when all of them are there."""
    op.drop_index("ix_emails_search_vector", table_name="emails")
    connection = _psycopg(op.get_bind())
    for mails in _batches(connection):
        ids = ([mail.mailbox_id for mail in mails], [mail.gmail_id for mail in mails])
        connection.execute(_WRITE, (*ids, [_vector(mail) for mail in mails]))
    op.create_index(
        "ix_emails_search_vector",
        "emails",
        ["search_vector"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "1024"},
    )


def _psycopg(connection: sa.Connection) -> psycopg.Connection:
    """The driver's own connection, which sends vectors in binary."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"migrations run on psycopg, not on {type(driver).__module__}")
    driver.adapters.register_dumper(SearchVector, _VectorDumper)
    return driver


def _batches(connection: psycopg.Connection) -> Iterator[list[_Mail]]:
    last = (-1, "")
    while True:
        rows = connection.execute(_READ, (MAX_SEARCH_CHARS, *last, _BATCH)).fetchall()
        mails = [_Mail(*row) for row in rows]
        if not mails:
            return
        last = (mails[-1].mailbox_id, mails[-1].gmail_id)
        yield mails


def _vector(mail: _Mail) -> SearchVector:
    people = [Participant(role, address, name) for role, address, name in mail.people]
    files = (
        Attachment(part_id, filename, "", 0, None, inline=False) for part_id, filename in mail.files
    )
    text = search_text_of(mail.subject, people, in_their_order(files), mail.text)
    marked = mark(mail.tenant_id, Month.of(mail.internal_date))
    return search_vector(marked, words_of(text), [person.address for person in people])
