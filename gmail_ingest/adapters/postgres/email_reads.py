"""Reading mail: lists newest first, with filters and full text, and threads.

Holds: ``PostgresEmailReads``. Add here: a filter, with its index.
Keep out: HTTP; rows of connecting and syncing (``reads``).
Source: edge case 49 (order by internal date); PostgreSQL's websearch_to_tsquery, which takes any
input without an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.email_rows import EMAIL_COLUMNS, to_email, to_thread
from gmail_ingest.adapters.postgres.email_views import (
    EmailFilter,
    EmailPage,
    EmailView,
    ThreadView,
)
from gmail_ingest.adapters.postgres.engine import Connection, transaction
from gmail_ingest.errors import NotFoundError

_TENANT = sql.SQL("e.tenant_id = %(tenant_id)s")
_VISIBLE = sql.SQL("NOT e.label_ids && ARRAY['TRASH', 'SPAM']")
#: Condition by the filter's field; each is used where the field says something.
_CONDITIONS = {
    "q": sql.SQL("e.search_vector @@ websearch_to_tsquery('simple', %(q)s)"),
    "mailbox": sql.SQL(
        "e.mailbox_id IN (SELECT id FROM mailboxes"
        " WHERE tenant_id = %(tenant_id)s AND address = %(mailbox)s)"
    ),
    "label": sql.SQL("e.label_ids @> ARRAY[%(label)s]::text[]"),
    "participant": sql.SQL(
        "EXISTS (SELECT FROM participants p"
        " WHERE p.tenant_id = %(tenant_id)s AND p.address = %(participant)s"
        " AND p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id)"
    ),
    "direction": sql.SQL("e.direction = %(direction)s"),
    "since": sql.SQL("e.internal_date >= %(since)s"),
    "until": sql.SQL("e.internal_date < %(until)s"),
    "has_attachment": sql.SQL("e.has_attachment = %(has_attachment)s"),
    "thread_id": sql.SQL("e.thread_id = %(thread_id)s"),
}
_NEWEST = sql.SQL("{0}.internal_date DESC, {0}.mailbox_id DESC, {0}.gmail_id DESC")
# The page is found by narrow rows alone: bodies are read for what is shown only.
_PAGE = sql.SQL("""
WITH page AS (
    SELECT e.mailbox_id, e.gmail_id, e.internal_date FROM emails e WHERE {where}
    ORDER BY {order_in} LIMIT %(limit)s OFFSET %(offset)s
)
SELECT {columns}
FROM page
JOIN emails e USING (mailbox_id, gmail_id)
JOIN mailboxes m ON m.id = page.mailbox_id
ORDER BY {order_out}
""")
_COUNT = sql.SQL("SELECT count(*) FROM emails e WHERE {where}")
_THREADS = sql.SQL("""
SELECT t.mailbox_id, t.thread_id, m.address, t.subject, t.participants, t.first_date, t.last_date,
       t.last_inbound_at, t.last_outbound_at, t.message_count
FROM threads t JOIN mailboxes m ON m.id = t.mailbox_id
WHERE t.tenant_id = %(tenant_id)s AND t.thread_id = %(thread_id)s
  AND (%(mailbox)s::text IS NULL OR m.address = %(mailbox)s)
ORDER BY t.mailbox_id LIMIT 1
""")
_THREAD_EMAILS = sql.SQL("""
SELECT {columns}
FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
WHERE e.mailbox_id = %(mailbox_id)s AND e.thread_id = %(thread_id)s AND {visible}
ORDER BY e.internal_date, e.gmail_id
""")


class PostgresEmailReads:
    """The read side of ``emails`` and ``threads``."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, wanted: EmailFilter, *, limit: int, offset: int) -> EmailPage:
        """A page of a tenant's mail, newest first.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        where, arguments = _where(wanted)
        arguments |= {"limit": limit, "offset": offset}
        query = _PAGE.format(
            where=where,
            columns=sql.SQL(EMAIL_COLUMNS),
            order_in=_NEWEST.format(sql.SQL("e")),
            order_out=_NEWEST.format(sql.SQL("page")),
        )
        async with transaction(self._engine) as connection:
            await _check_tenant(connection, wanted.tenant_id)
            emails = await _emails(connection, query, arguments)
            total = offset + len(emails)
            # A page that is not full is the last one, and tells the total by itself.
            if len(emails) == limit or (offset and not emails):
                counted = await connection.execute(_COUNT.format(where=where), arguments)
                row = await counted.fetchone()
                total = row[0] if row else 0
        return EmailPage(emails, limit, offset, total)

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
            mailbox: lower-cased address, should two mailboxes have a thread of this id.
            include_spam_trash: show messages in spam and trash too.

        Raises:
            NotFoundError: the tenant has no such thread, or nothing of it may be shown.
        """
        arguments = {"tenant_id": tenant_id, "thread_id": thread_id, "mailbox": mailbox}
        query = _THREAD_EMAILS.format(
            columns=sql.SQL(EMAIL_COLUMNS),
            visible=sql.SQL("true") if include_spam_trash else _VISIBLE,
        )
        async with transaction(self._engine) as connection:
            await _check_tenant(connection, tenant_id)
            row = await (await connection.execute(_THREADS, arguments)).fetchone()
            if row is None:
                raise NotFoundError("this tenant has no such thread")
            emails = await _emails(connection, query, {**arguments, "mailbox_id": row[0]})
        if not emails:
            raise NotFoundError("this tenant has no such thread")
        return ThreadView(to_thread(row[1:]), emails)


def _where(wanted: EmailFilter) -> tuple[sql.Composed, dict[str, Any]]:
    said = {name: getattr(wanted, name) for name in _CONDITIONS}
    said = {name: value for name, value in said.items() if value is not None and value != ""}
    conditions: list[sql.SQL] = [_TENANT, *(_CONDITIONS[name] for name in said)]
    if not wanted.include_spam_trash:
        conditions.append(_VISIBLE)
    return sql.SQL(" AND ").join(conditions), {"tenant_id": wanted.tenant_id, **said}


async def _check_tenant(connection: Connection, tenant_id: str) -> None:
    found = await connection.execute("SELECT FROM tenants WHERE id = %s", (tenant_id,))
    if await found.fetchone() is None:
        raise NotFoundError("this tenant is not known here")


async def _emails(
    connection: Connection, query: sql.Composed, arguments: dict[str, Any]
) -> tuple[EmailView, ...]:
    rows: Sequence[Sequence[Any]] = await (await connection.execute(query, arguments)).fetchall()
    return tuple(to_email(row) for row in rows)
