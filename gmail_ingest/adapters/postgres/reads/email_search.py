"""Full-text search, newest first.

Holds: ``MailSearch``. Add here: another way to find words. Keep out: terms (``search_terms.py``),
filters (``email_lists.py``).
Source: EXPLAIN on a million mails of one tenant; docs/benchmarks.md.

First, the newest mails that pass the filters are checked for the words: that finds frequent words,
and is enough for a short list. Then the index is asked month by month, newest first, until the page
is full. If all words are frequent but hardly ever occur together, the index reads much and finds
little: after ``budget_seconds`` the search stops at the end of a month with a short page, and its
cursor goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from psycopg import sql

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.mail.search_terms import mark, month_query
from gmail_ingest.adapters.postgres.reads.email_cursor import Position
from gmail_ingest.adapters.postgres.reads.email_lists import (
    MailList,
    read_positions,
)
from gmail_ingest.adapters.postgres.sync.rereading import is_left
from gmail_ingest.core.ledger.months import month_of, months_back, next_month
from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.core.mail.words.search_query import Query, parse_query, without_former

#: The most mails that are checked before the index is asked, if enough of them have the words.
_MOST_LOOKED_AT = 600
#: More mails than any thread has: threads are searched without the index.
_THREAD = 100_000
#: Months in the first query of the index, and the most by which the next one may grow.
_MONTHS = 1
_GROWTH = 6
#: The budget of a search without a limit.
UNLIMITED = float("inf")

_OLDEST = """
SELECT internal_date FROM email_keys WHERE tenant_id = %s ORDER BY internal_date LIMIT 1
"""
# LIMIT in the subquery: the mails are looked up one by one, in their order.
_MATCH = """
SELECT k.internal_date, k.mailbox_id, k.gmail_id
FROM unnest(%(dates)s::timestamptz[], %(mailboxes)s::bigint[], %(ids)s::text[],
            %(queries)s::tsquery[]) AS k (internal_date, mailbox_id, gmail_id, query)
CROSS JOIN LATERAL (
    SELECT FROM emails e
    WHERE e.mailbox_id = k.mailbox_id AND e.gmail_id = k.gmail_id AND e.search_vector @@ k.query
    LIMIT 1) AS found
LIMIT %(rows)s
"""
_MONTHS_BACK = sql.SQL("""
SELECT found.internal_date, found.mailbox_id, found.gmail_id
FROM unnest(%(queries)s::tsquery[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
     AS month (query, start, until)
CROSS JOIN LATERAL (
    SELECT internal_date, mailbox_id, gmail_id FROM emails
    WHERE search_vector @@ month.query
      AND internal_date >= month.start AND internal_date < month.until
      AND tenant_id = %(tenant_id)s AND {bounds} AND {is_wanted}
    ORDER BY internal_date DESC, mailbox_id DESC, gmail_id DESC
    LIMIT %(rows)s) AS found
LIMIT %(rows)s
""")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Mails found, newest first; ``searched_to`` is set if there may be more behind it."""

    positions: tuple[Position, ...]
    searched_to: Position | None = None


@dataclass(frozen=True, slots=True)
class MailSearch:
    """Searches on a connection."""

    connection: Connection
    budget_seconds: float

    async def find(self, mails: MailList, rows: int) -> SearchResult:
        """The next mails of a list that have its words: at most ``rows``.

        If there are fewer than ``rows`` and no ``searched_to``, these are all.
        """
        words = await self._words(mails.wanted)
        if not words:
            return SearchResult(())
        deadline = time.monotonic() + self.budget_seconds
        found: tuple[Position, ...] = ()
        behind, most = mails, _thread_or(mails.wanted, mails.effort.looked_at)
        while most:
            looked_at = await read_positions(self.connection, *behind.page(most))
            fitting = await self._match(mails, words, looked_at, rows - len(found))
            found += fitting
            if len(found) == rows or len(looked_at) < most:
                return SearchResult(found)
            behind = replace(mails, after=looked_at[-1])
            most = _worth_looking_at(most, len(fitting), rows - len(found))
        newest = looked_at[-1].internal_date
        older = await self._months(behind, newest, words, rows - len(found), deadline)
        return replace(older, positions=(*found, *older.positions))

    async def among(self, mails: MailList, positions: Sequence[Position]) -> tuple[Position, ...]:
        """The mails, of these in the list, that have its words."""
        words = await self._words(mails.wanted)
        return await self._match(mails, words, positions, len(positions)) if words else ()

    async def _words(self, wanted: EmailFilter) -> Query:
        """The parsed query, with the words of a former release while mail indexed by it is left."""
        words = parse_query(wanted.q)
        has_former = any(term.former for terms in words for term in terms)
        if has_former and not await is_left(self.connection, wanted.tenant_id):
            return without_former(words)
        return words

    async def _match(
        self, mails: MailList, words: Query, positions: Sequence[Position], rows: int
    ) -> tuple[Position, ...]:
        tenant, queries = mails.wanted.tenant_id, {}
        for month in {month_of(position.internal_date) for position in positions}:
            queries[month] = month_query(words, mark(tenant, month))
        arguments = {
            "dates": [position.internal_date for position in positions],
            "mailboxes": [position.mailbox_id for position in positions],
            "ids": [position.gmail_id for position in positions],
            "queries": [queries[month_of(position.internal_date)] for position in positions],
            "rows": rows,
        }
        return await read_positions(self.connection, _MATCH, arguments)

    async def _months(
        self, mails: MailList, newest: datetime, words: Query, rows: int, deadline: float
    ) -> SearchResult:
        months = await self._span(mails, newest)
        found: tuple[Position, ...] = ()
        at_once = _MONTHS
        while months:
            batch, months = months[:at_once], months[at_once:]
            began = time.monotonic()
            found += await self._search_months(mails, words, batch, rows - len(found))
            now = time.monotonic()
            if len(found) == rows:
                break
            if now >= deadline and months:
                return SearchResult(found, Position(midnight(batch[-1]), 0, ""))
            at_once = _next_months(len(batch), now - began, deadline - now)
        return SearchResult(found)

    async def _span(self, mails: MailList, newest: datetime) -> list[date]:
        """The months that may have mail, newest first."""
        row = await (await self.connection.execute(_OLDEST, (mails.wanted.tenant_id,))).fetchone()
        if row is None:
            return []
        (oldest,) = row
        if mails.wanted.since is not None:
            oldest = max(oldest, mails.wanted.since)
        return list(months_back(month_of(newest), month_of(oldest)))

    async def _search_months(
        self, mails: MailList, words: Query, months: Sequence[date], rows: int
    ) -> tuple[Position, ...]:
        tenant, address = mails.wanted.tenant_id, mails.wanted.participant
        arguments = mails.arguments() | {
            "queries": [month_query(words, mark(tenant, month), address) for month in months],
            "starts": [midnight(month) for month in months],
            "ends": [midnight(next_month(month)) for month in months],
            "rows": rows,
        }
        query = _MONTHS_BACK.format(bounds=mails.bounds(), is_wanted=mails.is_wanted())
        # Not prepared, because the plan depends on how frequent the words are.
        return await read_positions(self.connection, query, arguments, prepare=False)


def _thread_or(wanted: EmailFilter, most: int) -> int:
    return most if wanted.thread_id is None else _THREAD


def _worth_looking_at(looked_at: int, found: int, rows: int) -> int:
    """How many more mails to check for ``rows`` more; 0 if the index is faster."""
    needed = rows * looked_at // found if found else _MOST_LOOKED_AT
    return needed + needed // 4 + 1 if needed < _MOST_LOOKED_AT else 0


def _next_months(done: int, seconds: float, left: float) -> int:
    """How many months to query next, if ``done`` months took ``seconds`` and ``left`` seconds are
    left.
    """
    affordable = left / max(seconds / done, 1e-6)
    return max(1, int(min(affordable, _GROWTH * done)))
