"""Finds copies of a mail in several mailboxes of a tenant, so that it is shown once.

Holds: ``find_copies``. Add here: another column that the comparison of rows needs.
Keep out: which rows are one mail (``core/mail/copies.py``), which mails a list has
(``email_lists.py``), rows (``email_rows.py``). Source: edge cases 57 and 102.

Each mailbox has its own row, with its labels, direction and fate. Only rows with the same
Message-ID, sender and Date header are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.email_views import EmailCopy, EmailFilter
from gmail_ingest.adapters.postgres.reads.email_cursor import Position
from gmail_ingest.adapters.postgres.reads.email_lists import MailList, read_positions
from gmail_ingest.adapters.postgres.reads.email_search import UNLIMITED, MailSearch
from gmail_ingest.core.mail.copies import Letter, gather

#: With more rows of the same Message-ID, sender and Date, these prove nothing.
_MOST = 50
#: How many characters of a text are compared.
_COMPARED = 20_000

_ALIKE = sql.SQL("""
SELECT page.internal_date, page.mailbox_id, page.gmail_id,
       k.internal_date, k.mailbox_id, k.gmail_id, k.subject, m.address
FROM (SELECT * FROM unnest(%(dates)s::timestamptz[], %(mailboxes)s::bigint[], %(ids)s::text[])
      AS page (internal_date, mailbox_id, gmail_id)) AS page
JOIN emails e ON e.mailbox_id = page.mailbox_id AND e.gmail_id = page.gmail_id
CROSS JOIN LATERAL (
    SELECT visible.*, c.subject
    FROM emails c CROSS JOIN LATERAL (
        SELECT * FROM email_keys
        WHERE mailbox_id = c.mailbox_id AND gmail_id = c.gmail_id AND {is_wanted}) AS visible
    WHERE md5(c.rfc_message_id) = md5(e.rfc_message_id)
      AND c.rfc_message_id = e.rfc_message_id AND c.tenant_id = e.tenant_id
      AND c.sender_address = e.sender_address
      AND c.header_date IS NOT DISTINCT FROM e.header_date
    LIMIT {most} + 1) AS k
JOIN mailboxes m ON m.id = k.mailbox_id
""")
_TEXTS = """
SELECT mailbox_id, gmail_id, left(coalesce(nullif(text, ''), html), %s)
FROM emails JOIN unnest(%s::bigint[], %s::text[]) AS of (mailbox_id, gmail_id)
     USING (mailbox_id, gmail_id)
"""
_AMONG = sql.SQL("""
SELECT internal_date, mailbox_id, gmail_id
FROM (SELECT k.* FROM unnest(%(mailboxes)s::bigint[], %(ids)s::text[]) AS of (mailbox_id, gmail_id)
      JOIN email_keys k USING (mailbox_id, gmail_id)) AS listed
WHERE {is_wanted} AND {bounds} AND {is_participant}
""")


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of each mail of a page, and the mails that the list has already shown."""

    of: Mapping[Position, tuple[EmailCopy, ...]]
    repeated: Collection[Position]


async def find_copies(
    connection: Connection, wanted: EmailFilter, page: Sequence[Position]
) -> Copies:
    """The copies of a page's mails in the tenant's other mailboxes.

    A list shows the first copy that it has; a later one is ``repeated``. A list of one mailbox or
    of one thread has no repeated mails.
    """
    groups = await _groups(connection, wanted, page)
    of: dict[Position, tuple[EmailCopy, ...]] = {}
    before: dict[Position, set[Position]] = {}
    for mail, others in groups.items():
        of[mail] = tuple(
            EmailCopy(address, gmail_id)
            for address, gmail_id in sorted((other[0], other[1].gmail_id) for other in others)
        )
        if newer := {copy for _, copy in others if copy > mail}:
            before[mail] = newer
    repeated: set[Position] = set()
    if before and wanted.mailbox is None and wanted.thread_id is None:
        listed = await _listed(connection, wanted, sorted(set().union(*before.values())))
        repeated = {mail for mail, copies in before.items() if copies & listed}
    return Copies(of, repeated)


async def _groups(
    connection: Connection, wanted: EmailFilter, page: Sequence[Position]
) -> Mapping[Position, Collection[tuple[str, Position]]]:
    """The mails of a page that have copies, each with the copies and the addresses of their
    mailboxes.
    """
    everything = EmailFilter(wanted.tenant_id, include_spam_trash=wanted.include_spam_trash)
    visible = MailList(everything)
    query = _ALIKE.format(is_wanted=visible.is_wanted(), most=sql.Literal(_MOST))
    found = await connection.execute(query, visible.arguments() | _named(page))
    alike: defaultdict[Position, dict[Position, tuple[str, str]]] = defaultdict(dict)
    for *row, subject, address in await found.fetchall():
        alike[Position(*row[:3])][Position(*row[3:])] = (subject, address)
    some = {
        mail: rows
        for mail, rows in alike.items()
        if len(rows) <= _MOST and len({row.mailbox_id for row in rows}) > 1
    }
    texts = await _texts(connection, set().union(*some.values()))
    groups: dict[Position, list[tuple[str, Position]]] = {}
    for mail, rows in some.items():
        for group in gather(_letter(row, rows[row][0], texts) for row in rows):
            places = [
                Position(letter.internal_date, letter.mailbox_id, letter.gmail_id)
                for letter in group
            ]
            if mail in places and len(places) > 1:
                groups[mail] = [(rows[place][1], place) for place in places if place != mail]
    return groups


def _letter(place: Position, subject: str, texts: Mapping[tuple[int, str], str]) -> Letter:
    text = texts.get((place.mailbox_id, place.gmail_id), "")
    return Letter(place.internal_date, place.mailbox_id, place.gmail_id, subject, text)


async def _texts(
    connection: Connection, positions: Collection[Position]
) -> dict[tuple[int, str], str]:
    if not positions:
        return {}
    named = _named(list(positions))
    arguments = (_COMPARED, named["mailboxes"], named["ids"])
    rows = await (await connection.execute(_TEXTS, arguments)).fetchall()
    return {(mailbox_id, gmail_id): text for mailbox_id, gmail_id, text in rows}


async def _listed(
    connection: Connection, wanted: EmailFilter, positions: Sequence[Position]
) -> set[Position]:
    """The visible mails, of those given, that are in the list of a filter."""
    mails = MailList(wanted)
    query = _AMONG.format(
        is_wanted=mails.is_wanted(),
        bounds=mails.bounds(),
        is_participant=mails.has_participant("listed"),
    )
    found = await read_positions(connection, query, mails.arguments() | _named(positions))
    if wanted.q and found:
        search = MailSearch(connection, UNLIMITED)
        found = await search.among(mails, found)
    return set(found)


def _named(positions: Sequence[Position]) -> dict[str, Any]:
    return {
        "dates": [position.internal_date for position in positions],
        "mailboxes": [position.mailbox_id for position in positions],
        "ids": [position.gmail_id for position in positions],
    }
