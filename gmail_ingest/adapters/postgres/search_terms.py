"""The terms of the full-text index: words, each marked with its tenant and month.

Holds: how a search vector is made (SQL), and how a query is turned to a month's terms.
Add here: a further kind of term. Keep out: which text is searched (``core/search_text.py``),
running a search (``email_search.py``).
Source: PostgreSQL's text form of tsvector and tsquery; edge case 53: a tsvector holds 1,048,575
bytes.

A GIN index has one list of rows for each word, of all tenants and years, and reads it whole before
the newest is known. So each word carries a mark, four characters from (tenant, month): a search
reads the lists of its own tenant only, one month after the other, newest first, and stops with a
full page. A mark alone is a term too (each mail of the month has it: "-word" needs some list to
start from), and so is a mark with a blank and an address. No word has a blank: the parser splits
there.

Marks of two tenants or months may be equal by chance: a search also compares facet and date.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5

#: Bytes of a vector that must not be passed; beyond, fewer characters of the text are indexed.
_MOST_BYTES = 1_000_000
#: Characters that are safe whatever they are: at most 3 terms for 10 bytes, 4 bytes more each.
_SAFE_CHARS = 60_000
#: What each term grows by: the mark, and alignment.
_GROWTH = 5

#: The mark of (tenant, month), as ``mark`` has it.
_MARK = """left(encode(decode(md5({row}.tenant_id || to_char(
    {row}.internal_date AT TIME ZONE 'UTC', 'YYYYMM')), 'hex'), 'base64'), 4)"""
_WORDS = "to_tsvector('simple', {text})"
# In a vector's text a quote after a blank begins a word. OFFSET 0: made once, though used twice.
_VECTOR = """LATERAL (
    SELECT replace(' ' || CASE
               WHEN pg_column_size(words) + {growth} * length(words) < {most} THEN words
               ELSE {bounded} END::text, ' ''', ' ''' || mark)::tsvector
           || array_to_tsvector(ARRAY[mark] || ARRAY(
               SELECT mark || ' ' || address FROM unnest({row}.addresses) AS address)) AS vector
    FROM (SELECT {mark} AS mark, {words} AS words OFFSET 0) AS made
)"""

#: A word in the text of a tsquery; quotes in it are doubled.
_QUERY_WORD = re.compile(r"'((?:[^']|'')*)'")


def mark_of(row: str) -> str:
    """SQL for the mark of a row, given by its alias, with the columns tenant_id and internal_date.

    ``mark`` computes the same.
    """
    return _MARK.format(row=row)


def search_vector(row: str) -> str:
    """SQL for a table of one row, whose column ``vector`` is the search vector.

    Args:
        row: alias of what stands before it in FROM, with the columns tenant_id, internal_date,
            search_text and addresses.
    """
    return _VECTOR.format(
        row=row,
        growth=_GROWTH,
        most=_MOST_BYTES,
        mark=mark_of(row),
        words=_WORDS.format(text=f"{row}.search_text"),
        bounded=_WORDS.format(text=f"left({row}.search_text, {_SAFE_CHARS})"),
    )


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month of a time with a zone."""
        moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment behind it."""
        year, months = divmod(12 * self.year + self.month, 12)
        return datetime(year, months + 1, 1, tzinfo=UTC)

    def before(self) -> Month:
        """The month before."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)


def months_back(newest: Month, oldest: Month) -> Iterator[Month]:
    """The months from ``newest`` back to ``oldest``, both included."""
    while newest >= oldest:
        yield newest
        newest = newest.before()


def mark(tenant_id: str, month: Month) -> str:
    """The mark of a tenant's month."""
    said = f"{tenant_id}{month.year:04}{month.month:02}".encode()
    return b64encode(md5(said, usedforsecurity=False).digest())[:4].decode()


def month_query(query: str, mark: str, address: str | None = None) -> str:
    """A query for the terms of a month.

    Args:
        query: a tsquery as Postgres writes it; not empty.
        mark: of the month.
        address: find only mail of which this is a participant.

    Returns:
        The tsquery's text.
    """
    terms = [_QUERY_WORD.sub(lambda found: f"'{mark}{found[1]}'", query)]
    if address is not None:
        terms.append(_quoted(f"{mark} {address}"))
    elif "!" in _QUERY_WORD.sub("", query):
        # What a query only excludes gives the index nothing to start from.
        terms.append(_quoted(mark))
    return " & ".join(f"({each})" for each in terms)


def _quoted(term: str) -> str:
    doubled = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
