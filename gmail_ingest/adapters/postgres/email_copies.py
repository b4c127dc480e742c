"""One mail that several mailboxes of a tenant have, shown once.

Holds: ``find_copies``. Add here: another sign that two rows are one mail.
Keep out: which mails a list has (``email_lists.py``), rows (``email_rows.py``).
Source: edge case 57; RFC 5322 section 3.6.4 (a Message-ID names one mail).

Each mailbox keeps its own row: its labels, its direction, its fate. Some senders give all their
mail one Message-ID, so the sender must be the same too, and the mail of the same day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from gmail_ingest.adapters.postgres.email_cursor import Position
from gmail_ingest.adapters.postgres.email_lists import MailList, read_positions
from gmail_ingest.adapters.postgres.email_search import UNLIMITED, MailSearch
from gmail_ingest.adapters.postgres.email_views import EmailCopy, EmailFilter
from gmail_ingest.adapters.postgres.engine import Connection

_COPIES = sql.SQL("""
SELECT page.internal_date, page.mailbox_id, page.gmail_id,
       k.internal_date, k.mailbox_id, k.gmail_id, m.address
FROM (SELECT * FROM unnest(%(dates)s::timestamptz[], %(mailboxes)s::bigint[], %(ids)s::text[])
      AS page (internal_date, mailbox_id, gmail_id)) AS page
JOIN emails e ON e.mailbox_id = page.mailbox_id AND e.gmail_id = page.gmail_id
JOIN emails c ON md5(c.rfc_message_id) = md5(e.rfc_message_id)
     AND c.rfc_message_id = e.rfc_message_id AND c.tenant_id = e.tenant_id
     AND c.mailbox_id <> e.mailbox_id AND c.sender_address = e.sender_address
     AND c.internal_date BETWEEN e.internal_date - interval '1 day'
                             AND e.internal_date + interval '1 day'
CROSS JOIN LATERAL (
    SELECT * FROM email_keys
    WHERE mailbox_id = c.mailbox_id AND gmail_id = c.gmail_id AND {is_wanted}) AS k
JOIN mailboxes m ON m.id = k.mailbox_id
ORDER BY m.address, k.gmail_id
""")
_AMONG = sql.SQL("""
SELECT internal_date, mailbox_id, gmail_id
FROM (SELECT k.* FROM unnest(%(mailboxes)s::bigint[], %(ids)s::text[]) AS of (mailbox_id, gmail_id)
      JOIN email_keys k USING (mailbox_id, gmail_id)) AS listed
WHERE {is_wanted} AND {bounds} AND {is_participant}
""")
_IS_PARTICIPANT = sql.SQL("""EXISTS (
    SELECT FROM participants p
    WHERE p.mailbox_id = listed.mailbox_id AND p.gmail_id = listed.gmail_id
      AND p.address = %(participant)s)""")


@dataclass(frozen=True, slots=True)
class Copies:
    """Of the mails of a page: where else each is, and which the list has shown already."""

    of: Mapping[Position, tuple[EmailCopy, ...]]
    repeated: Collection[Position]


async def find_copies(
    connection: Connection, wanted: EmailFilter, page: Sequence[Position]
) -> Copies:
    """The copies of a page's mails in the tenant's other mailboxes.

    The copy that a list has first is the one it shows: a later one is repeated, if the list has
    both. A list of one mailbox, or of one thread, repeats nothing.
    """
    everything = EmailFilter(wanted.tenant_id, include_spam_trash=wanted.include_spam_trash)
    visible = MailList(everything)
    query = _COPIES.format(is_wanted=visible.is_wanted())
    arguments = visible.arguments() | _named(page)
    of: defaultdict[Position, list[EmailCopy]] = defaultdict(list)
    before: defaultdict[Position, set[Position]] = defaultdict(set)
    for *row, address in await (await connection.execute(query, arguments)).fetchall():
        mail, copy = Position(*row[:3]), Position(*row[3:])
        of[mail].append(EmailCopy(address, copy.gmail_id))
        if copy > mail:
            before[mail].add(copy)
    repeated: set[Position] = set()
    if before and wanted.mailbox is None and wanted.thread_id is None:
        listed = await _listed(connection, wanted, sorted(set().union(*before.values())))
        repeated = {mail for mail, copies in before.items() if copies & listed}
    return Copies({mail: tuple(copies) for mail, copies in of.items()}, repeated)


async def _listed(
    connection: Connection, wanted: EmailFilter, positions: Sequence[Position]
) -> set[Position]:
    """Those of some visible mails that the list of a filter has."""
    mails = MailList(wanted)
    query = _AMONG.format(
        is_wanted=mails.is_wanted(),
        bounds=mails.bounds(),
        is_participant=sql.SQL("true") if wanted.participant is None else _IS_PARTICIPANT,
    )
    found = await read_positions(connection, query, mails.arguments() | _named(positions))
    if wanted.q and found:
        search = MailSearch(connection, UNLIMITED)
        found = await search.among(mails, found)
    return set(found)


def _named(positions: Sequence[Position]) -> dict[str, Any]:
    return {
        "dates": [each.internal_date for each in positions],
        "mailboxes": [each.mailbox_id for each in positions],
        "ids": [each.gmail_id for each in positions],
    }
