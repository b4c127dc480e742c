"""Reads mail: pages of lists and searches, and threads.

Holds: ``PostgresEmailReads``. Add here: another way to ask for mail. Keep out: which mails a page
shows (``email_lists.py``, ``email_search.py``), HTTP, state of tenants (``status_reads``).
Source: edge case 49 (order by internal date).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement
from gmail_ingest.adapters.postgres.mail.email_rows import EMAIL_COLUMNS, to_email, to_thread
from gmail_ingest.adapters.postgres.mail.email_views import (
    EmailFilter,
    EmailPage,
    EmailView,
    ThreadView,
)
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import NAMED
from gmail_ingest.adapters.postgres.reads.email_copies import find_copies
from gmail_ingest.adapters.postgres.reads.email_cursor import Position, decode_cursor, encode_cursor
from gmail_ingest.adapters.postgres.reads.email_lists import USUAL, Effort, MailList, read_positions
from gmail_ingest.adapters.postgres.reads.email_search import UNLIMITED, MailSearch, SearchResult
from gmail_ingest.errors import NotFoundError

#: Lists are counted up to this number of mails: more would take longer than the page.
MAX_TOTAL = 10_000
#: Seconds after which a search by cursor stops at the end of a month.
SEARCH_SECONDS = 0.025

_NO_SPAM_TRASH = sql.SQL("NOT e.label_ids && ARRAY['TRASH', 'SPAM']")
# Mail that was hidden after its position was found is left out, so a page may be short.
_EMAILS = sql.SQL("""
SELECT page.place, {columns}
FROM unnest(%(mailboxes)s::bigint[], %(ids)s::text[]) WITH ORDINALITY
     AS page (mailbox_id, gmail_id, place)
JOIN emails e USING (mailbox_id, gmail_id)
JOIN mailboxes m ON m.id = page.mailbox_id
WHERE e.facet_id < %(hidden_bit)s
ORDER BY page.place
""").format(columns=sql.SQL(EMAIL_COLUMNS))
_THREADS = sql.SQL(f"""
SELECT t.mailbox_id, t.thread_id, m.address, t.subject, t.participants, t.first_date, t.last_date,
       t.last_inbound_at, t.last_outbound_at, t.message_count
FROM mailboxes m JOIN threads t ON t.mailbox_id = m.id AND t.thread_id = %(thread_id)s
WHERE m.tenant_id = %(tenant_id)s AND (%(mailbox)s::text IS NULL OR {NAMED})
ORDER BY t.mailbox_id LIMIT 1
""")  # noqa: S608 - a constant
_THREAD_EMAILS = sql.SQL("""
SELECT {columns}
FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
WHERE e.mailbox_id = %(mailbox_id)s AND e.thread_id = %(thread_id)s
  AND e.facet_id < %(hidden_bit)s AND {wanted}
ORDER BY e.internal_date, e.gmail_id
""")


class PostgresEmailReads:
    """The read side of ``emails`` and ``threads``.

    Args:
        engine: of the database.
        search_seconds: after this time a search for words that seldom occur together ends with a
            short page.
        effort: how much each way of finding a page may read.
        most_counted: a list with more mails than this has no total.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        search_seconds: float = SEARCH_SECONDS,
        effort: Effort = USUAL,
        most_counted: int = MAX_TOTAL,
    ) -> None:
        self._engine = engine
        self._search_seconds = search_seconds
        self._effort = effort
        self._most_counted = most_counted

    async def page(self, wanted: EmailFilter, *, limit: int, cursor: str | None) -> EmailPage:
        """The page behind a cursor, or the first one; newest first.

        The ten-thousandth page is as fast as the first. A search for words that are frequent but
        seldom together, and a list of unique mail, may return a short page with a cursor.

        Raises:
            InvalidInputError: the cursor is not one of this list.
            NotFoundError: the tenant is unknown.
        """
        after = decode_cursor(cursor, wanted) if cursor is not None else None
        mails = MailList(wanted, after, self._effort)
        async with statement(self._engine) as connection:
            if wanted.q or wanted.unique:
                found = await self._find(connection, mails, limit + 1)
                emails = await _found_emails(connection, wanted, found.positions[:limit])
            else:
                found, emails = await _listed(connection, mails, limit)
        if len(found.positions) > limit:
            behind: Position | None = found.positions[limit - 1]
        else:
            behind = found.searched_to
        return EmailPage(
            emails,
            limit,
            offset=0,
            total=len(emails) if cursor is None and behind is None else None,
            next_cursor=encode_cursor(behind, wanted) if behind else None,
        )

    async def page_at(self, wanted: EmailFilter, *, limit: int, offset: int) -> EmailPage:
        """The page at an offset, newest first, with the total up to ``most_counted``.

        All mail before the page is read; ``page`` is the fast way.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        mails = MailList(wanted, effort=self._effort)
        async with statement(self._engine) as connection:
            if wanted.q:
                search = MailSearch(connection, UNLIMITED)
                rows = max(offset + limit, self._most_counted) + 1
                positions = (await search.find(mails, rows)).positions
                counted, shown = len(positions), positions[offset : offset + limit + 1]
                emails = await _emails(connection, wanted.tenant_id, shown[:limit])
            else:
                found, emails = await _listed(connection, mails, limit, offset)
                shown = found.positions
                counted = await _count(connection, mails, self._most_counted)
        return EmailPage(
            emails,
            limit,
            offset,
            total=counted if counted <= self._most_counted else None,
            next_cursor=encode_cursor(shown[limit - 1], wanted) if len(shown) > limit else None,
        )

    async def _find(self, connection: Connection, mails: MailList, rows: int) -> SearchResult:
        if mails.wanted.q:
            return await MailSearch(connection, self._search_seconds).find(mails, rows)
        page = mails.page(rows)
        return SearchResult(await read_positions(connection, page.statement, page.arguments))

    async def thread(
        self,
        tenant_id: str,
        thread_id: str,
        *,
        mailbox: str | None = None,
        include_spam_trash: bool = False,
    ) -> ThreadView:
        """A thread with its messages, oldest first.

        Args:
            tenant_id: the tenant.
            thread_id: Gmail's id.
            mailbox: lower-cased address, in case two mailboxes have a thread with this id.
            include_spam_trash: include messages in spam and trash.

        Raises:
            NotFoundError: the tenant has no such thread, or nothing of it may be shown.
        """
        arguments: dict[str, Any] = {
            "tenant_id": tenant_id,
            "thread_id": thread_id,
            "mailbox": mailbox,
            "hidden_bit": HIDDEN_BIT,
        }
        query = _THREAD_EMAILS.format(
            columns=sql.SQL(EMAIL_COLUMNS),
            wanted=sql.SQL("true") if include_spam_trash else _NO_SPAM_TRASH,
        )
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_THREADS, arguments)).fetchone()
            if row is None:
                await _check_tenant(connection, tenant_id)
                raise NotFoundError("this tenant has no such thread")
            arguments |= {"mailbox_id": row[0]}
            emails = await (await connection.execute(query, arguments)).fetchall()
        if not emails:
            raise NotFoundError("this tenant has no such thread")
        return ThreadView(to_thread(row[1:]), tuple(to_email(email) for email in emails))


async def _check_tenant(connection: Connection, tenant_id: str) -> None:
    found = await connection.execute("SELECT FROM tenants WHERE id = %s", (tenant_id,))
    if await found.fetchone() is None:
        raise NotFoundError("this tenant is not known here")


async def _count(connection: Connection, mails: MailList, most: int) -> int:
    """How many mails a list has; ``most`` + 1 if there are more."""
    count = mails.count(most + 1)
    row = await (await connection.execute(count.statement, count.arguments)).fetchone()
    return int(row[0]) if row else 0


async def _listed(
    connection: Connection, mails: MailList, limit: int, offset: int = 0
) -> tuple[SearchResult, tuple[EmailView, ...]]:
    """The positions of a page and of the next mail, and the page's mails."""
    page = mails.emails(limit + 1, offset)
    rows = await (await connection.execute(page.statement, page.arguments)).fetchall()
    if not rows:
        await _check_tenant(connection, mails.wanted.tenant_id)
    positions = tuple(Position(*row[:3]) for row in rows)
    return SearchResult(positions), tuple(to_email(row[3:]) for row in rows[:limit])


async def _found_emails(
    connection: Connection, wanted: EmailFilter, positions: Sequence[Position]
) -> tuple[EmailView, ...]:
    if not wanted.unique:
        return await _emails(connection, wanted.tenant_id, positions)
    copies = await find_copies(connection, wanted, positions)
    shown = [position for position in positions if position not in copies.repeated]
    emails = await _read(connection, wanted.tenant_id, shown)
    return tuple(
        email._replace(copies=copies.of.get(position, ())) for position, email in emails.items()
    )


async def _emails(
    connection: Connection, tenant_id: str, positions: Sequence[Position]
) -> tuple[EmailView, ...]:
    return tuple((await _read(connection, tenant_id, positions)).values())


async def _read(
    connection: Connection, tenant_id: str, positions: Sequence[Position]
) -> dict[Position, EmailView]:
    if not positions:
        # A tenant with mail exists: the check is needed only without mail.
        await _check_tenant(connection, tenant_id)
        return {}
    arguments = {
        "mailboxes": [position.mailbox_id for position in positions],
        "ids": [position.gmail_id for position in positions],
        "hidden_bit": HIDDEN_BIT,
    }
    rows = await (await connection.execute(_EMAILS, arguments)).fetchall()
    return {positions[place - 1]: to_email(row) for place, *row in rows}
