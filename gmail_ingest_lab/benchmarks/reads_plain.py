"""The plain way to read mail: one SELECT with the filters, ORDER BY, LIMIT and OFFSET.

Holds: ``PlainReads``. Keep out: anything that makes it faster than the usual index does. It is
asked in SQL, without HTTP, and for the first columns only: both favour it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import psycopg
from psycopg import sql

from gmail_ingest.adapters.postgres.mail.search_terms import mark, month_query
from gmail_ingest.core.ledger.months import month_of, months_back
from gmail_ingest.core.mail.words.search_query import parse_query
from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.reads_cases import LISTS, SEARCHES, Cases
from gmail_ingest_lab.benchmarks.reads_data import MAIN, NEWEST, OLDEST

#: Milliseconds after which a statement is given up; it counts as so long.
_LONGEST_MS = 10_000
_INDEX = """
CREATE INDEX plain_tenant_date ON emails
    (tenant_id, internal_date DESC, mailbox_id DESC, gmail_id DESC)
"""
_WHERE = {
    "q": sql.SQL("e.search_vector @@ ANY(%(q)s::tsquery[])"),
    "mailbox": sql.SQL("m.address = %(mailbox)s"),
    "label": sql.SQL("e.label_ids @> ARRAY[%(label)s]::text[]"),
    "participant": sql.SQL(
        "EXISTS (SELECT FROM participants p WHERE p.tenant_id = e.tenant_id"
        " AND p.address = %(participant)s AND p.mailbox_id = e.mailbox_id"
        " AND p.gmail_id = e.gmail_id)"
    ),
    "direction": sql.SQL("e.direction = %(direction)s"),
    "from": sql.SQL("e.internal_date >= %(from)s::timestamptz"),
    "to": sql.SQL("e.internal_date < %(to)s::timestamptz"),
    "hasAttachment": sql.SQL("e.has_attachment = %(hasAttachment)s::boolean"),
}
_VISIBLE = sql.SQL("NOT e.label_ids && ARRAY['TRASH', 'SPAM']")
_PAGE = sql.SQL("""
SELECT e.gmail_id, m.address, e.thread_id, e.subject, e.internal_date, e.label_ids, e.snippet
FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id
WHERE e.tenant_id = %(tenant_id)s AND {where}
ORDER BY e.internal_date DESC, e.mailbox_id DESC, e.gmail_id DESC
LIMIT %(limit)s OFFSET %(offset)s
""")


class PlainReads:
    """Plain reads of the benchmark's mail; makes the index that they need.

    Args:
        database_url: as libpq reads it.
        mails: of the main tenant; the deep page is behind half of them.
        limit: rows of a page.
    """

    def __init__(self, database_url: str, mails: int, limit: int) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._connection.execute(_INDEX)
        self._connection.execute("VACUUM (ANALYZE) emails")
        self._connection.execute("SET jit = off; SET work_mem = '64MB'")
        self._connection.execute(f"SET statement_timeout = {_LONGEST_MS}")
        self._deep = mails // 2
        self._limit = limit

    def lists(self, progress: Progress) -> list[float]:
        """Milliseconds of each case of the lists, on both pages."""
        return self._measure(LISTS, progress, "plain lists")

    def searches(self, progress: Progress) -> list[float]:
        """Milliseconds of each case of the searches, on both pages."""
        return self._measure(SEARCHES, progress, "plain searches")

    def _measure(self, cases: Cases, progress: Progress, what: str) -> list[float]:
        found = []
        for done, parameters in enumerate(cases.values()):
            progress(what, done, len(cases))
            found += [self._timed(parameters, offset) for offset in (0, self._deep)]
        return found

    def _timed(self, parameters: Mapping[str, str], offset: int) -> float:
        conditions = [condition for name, condition in _WHERE.items() if name in parameters]
        if "includeSpamTrash" not in parameters:
            conditions.append(_VISIBLE)
        where = sql.SQL(" AND ").join(conditions or [sql.SQL("true")])
        arguments = {**parameters, "tenant_id": MAIN, "limit": self._limit, "offset": offset}
        if "q" in parameters:
            arguments["q"] = self._words(parameters["q"])
        began = time.perf_counter()
        try:
            self._connection.execute(_PAGE.format(where=where), arguments).fetchall()
        except psycopg.errors.QueryCanceled:
            return float(_LONGEST_MS)
        return 1000 * (time.perf_counter() - began)

    def _words(self, text: str) -> list[str]:
        """The search for all months at once: what an index without marks would find."""
        query = parse_query(text)
        months = months_back(month_of(NEWEST), month_of(OLDEST))
        return [month_query(query, mark(MAIN, month)) for month in months]
