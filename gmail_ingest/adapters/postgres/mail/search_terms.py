"""The terms of the full-text index: words, each marked with its tenant and month.

Holds: how a search vector is made, and how a query becomes the terms of a month. Add here: another
kind of term. Keep out: which text is searched (``core/mail/words/search_text.py``), what a word is
(``core/mail/words/search_words.py``), which month a time lies in (``core/ledger/months.py``),
running a search (``email_search.py``).
Source: tsvectorrecv of PostgreSQL (the binary form of a tsvector), its text form of a tsquery, and
its limits: a lexeme of 2,046 bytes at 256 places, all in 1,048,575 bytes (edge case 53).

A GIN index has one list of rows for each word, over all tenants and years, and reads the whole list
before it knows the newest mail. So each word has a mark as prefix: four characters from (tenant,
month). A search reads only the lists of its tenant, month by month, newest first, and stops when
the page is full. The mark alone is also a term, which each mail of the month has: "-word" needs a
list to start from. A mark, a blank and an address are a term for each participant. No word has a
blank.

Two tenants or months may have the same mark by chance, so a search also compares facet and date.

The vector is not made by to_tsvector: its parser, and marking its words, took a third of Postgres'
time for a mail (docs/decisions/0005-words-of-search.md).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import md5
from itertools import accumulate, takewhile

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.addresses.domains import spellings_of
from gmail_ingest.core.mail.words.search_query import Query, Term, Word

#: The longest word; a longer one is indexed by its beginning.
MAX_WORD_BYTES = 255
#: The largest vector, in bytes; beyond it, the last words of the text are not indexed.
_MOST_BYTES = 1_000_000
#: The most bytes that a word takes besides its own: mark, end, count, place, alignment.
_GROWTH = 10
#: The places of words, in the binary form of a tsvector.
_PLACES = [number.to_bytes(2) for number in range(1, 16_384)]
#: Words at the end of a part that are repeated at the beginning of the next one, so that phrases
#: across are found.
_OVERLAP = 32
#: Places of one word that a tsvector holds.
_MOST_PLACES = 255
#: The end of a word and the count of its places, by the length of all places in bytes.
_COUNTS = {2 * number: b"\0" + number.to_bytes(2) for number in range(_MOST_PLACES + 1)}


@dataclass(frozen=True, slots=True)
class SearchVector:
    """A tsvector, as Postgres receives it."""

    binary: bytes


class _VectorDumper(Dumper):
    format = Format.BINARY
    oid = psycopg.adapters.types["tsvector"].oid

    def dump(self, obj: SearchVector) -> Buffer:
        return obj.binary


psycopg.adapters.register_dumper(SearchVector, _VectorDumper)


def search_vector(mark: str, words: Sequence[bytes], addresses: Iterable[str]) -> SearchVector:
    """Make the search vector of a mail.

    Args:
        mark: of its tenant and month.
        words: of its text (``core/mail/words/search_words.py``), in order. The last ones are
            dropped if a vector cannot hold all.
        addresses: of its participants; dropped beyond half of a vector.
    """
    marked = mark.encode()
    people = {f"{mark} {address}".encode() + _COUNTS[0] for address in addresses}
    extra = [marked + _COUNTS[0], *_within(_MOST_BYTES // 2, people)]
    behind = b"".join(extra)
    room = _MOST_BYTES - len(behind)
    places = _places(words)
    lexemes = _lexemes(marked, places)
    if len(lexemes) > room:
        places = _places(_within(room, words))
        lexemes = _lexemes(marked, places)
    return SearchVector((len(places) + len(extra)).to_bytes(4) + lexemes + behind)


def _lexemes(marked: bytes, places: Mapping[bytes, bytes]) -> bytes:
    """All words with mark and places. Joined at once, a mail's two hundred words take a third less
    time than one by one.
    """
    if not places:
        return b""
    return marked + marked.join([word + _COUNTS[len(at)] + at for word, at in places.items()])


def _within(room: int, terms: Iterable[bytes]) -> list[bytes]:
    """The first terms, as many as fit in any case."""
    terms = list(terms)
    sizes = accumulate(len(term) + _GROWTH for term in terms)
    return terms[: sum(1 for _ in takewhile(room.__ge__, sizes))]


def _places(words: Sequence[bytes]) -> dict[bytes, bytes]:
    """The places of each word, in binary."""
    is_long = len(words) > len(_PLACES)
    places = _merged(_rounds(words)) if is_long else _placed(words)
    if places and max(map(len, places)) > MAX_WORD_BYTES:
        return _places([_cut(word) for word in words])
    return places


def _placed(words: Sequence[bytes]) -> dict[bytes, bytes]:
    places: dict[bytes, bytes] = {}
    known = places.setdefault
    # Half of the time for words. Each place is one object, so "is" shows whether it was just added.
    for word, place in zip(words, _PLACES, strict=False):
        before = known(word, place)
        if before is not place:
            places[word] = before + place
    most = 2 * _MOST_PLACES
    if len(words) > _MOST_PLACES and max(map(len, places.values())) > most:
        places = {word: at if len(at) <= most else at[:most] for word, at in places.items()}
    return places


def _rounds(words: Sequence[bytes]) -> Iterator[dict[bytes, bytes]]:
    """A long text in parts; the places of each part start at 1 again, so that phrases are found."""
    for start in range(0, len(words) - _OVERLAP, len(_PLACES) - _OVERLAP):
        yield _placed(words[start : start + len(_PLACES)])


def _merged(parts: Iterable[dict[bytes, bytes]]) -> dict[bytes, bytes]:
    """Ascending, distinct places of each word, up to the limit; those of the first parts come
    first.
    """
    merged: dict[bytes, set[bytes]] = {}
    for part in parts:
        for word, at in part.items():
            places = merged.setdefault(word, set())
            free = _MOST_PLACES - len(places)
            places.update([at[end - 2 : end] for end in range(2, len(at) + 1, 2)][:free])
    return {word: b"".join(sorted(places)) for word, places in merged.items()}


def _cut(word: bytes) -> bytes:
    return word[:MAX_WORD_BYTES].decode(errors="ignore").encode()


class Month:
    """The month of a time, for migration 0008 only; other code uses ``core/ledger/months.py``."""

    @staticmethod
    def of(moment: datetime) -> date:
        """The month of a time with a zone."""
        return month_of(moment)


def mark(tenant_id: str, month: date) -> str:
    """The mark of a tenant and a month (its first day)."""
    seed = f"{tenant_id}{month.year:04}{month.month:02}".encode()
    return b64encode(md5(seed, usedforsecurity=False).digest())[:4].decode()


def month_query(query: Query, mark: str, address: str | None = None) -> str:
    """Turn a query into one for the terms of a month.

    Args:
        query: not empty.
        mark: of the month.
        address: find only mail with this participant, in any spelling of its domain.

    Returns:
        The text of a tsquery.
    """
    alternatives = (" & ".join(_term(mark, term) for term in terms) for terms in query)
    conditions = [" | ".join(f"({alternative})" for alternative in alternatives)]
    if address is not None:
        people = (_quoted(f"{mark} {spelling}") for spelling in spellings_of(address))
        conditions.append(" | ".join(people))
    elif any(term.negated for terms in query for term in terms):
        # With negated terms only, the index would have nothing to start from.
        conditions.append(_quoted(mark))
    return " & ".join(f"({condition})" for condition in conditions)


def _term(mark: str, term: Term) -> str:
    forms = (form for form in (term.words, term.former) if form)
    conditions = " | ".join(f"({_phrase(mark, form)})" for form in forms)
    return f"{'!' if term.negated else ''}({conditions})"


def _phrase(mark: str, words: Iterable[Word]) -> str:
    return " <-> ".join(
        _quoted(mark + _cut(word.text).decode()) + (":*" if word.is_beginning else "")
        for word in words
    )


def _quoted(term: str) -> str:
    doubled = term.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
