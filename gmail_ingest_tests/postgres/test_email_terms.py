from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres.search_terms import (
    Month,
    mark,
    mark_of,
    month_query,
    months_back,
    search_vector,
)
from gmail_ingest.core.search_text import MAX_SEARCH_BYTES, MAX_SEARCH_CHARS
from gmail_ingest_tests.conftest import plain_url

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MARK = mark("acme", Month.of(NOON))
TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
    | st.sampled_from(["'", " ", "\\", "&", "!", "a", "b", "-", "/", "@", "."]),
    max_size=60,
)
_VECTOR = f"""
SELECT {{}} FROM (
    SELECT 'acme'::text AS tenant_id, %s::timestamptz AS internal_date, ''::text AS subject,
           %s::text AS search_text, %s::text[] AS addresses) AS m, {search_vector("m")} AS terms
"""  # noqa: S608 - the adapter's own words


@pytest.fixture
def sql(database_url):
    """A plain connection."""
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        yield connection


def found(sql, text, query, address=None):
    """Whether a text's vector has a query of the words, both marked."""
    (words,) = sql.execute("SELECT websearch_to_tsquery('simple', %s)::text", [query]).fetchone()
    term = month_query(words, MARK, address) if words else ""
    what = _VECTOR.format("terms.vector @@ %s::tsquery")
    return sql.execute(what, [term, NOON, text, ["ann@shop.test"]]).fetchone()[0]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=TEXT, query=TEXT)
def test_marked_words_are_found_as_plain_ones(sql, text, query):
    """A marked query finds in a marked text what the plain query finds in the plain text, whatever
    characters both have.
    """
    plain = "SELECT to_tsvector('simple', %s) @@ websearch_to_tsquery('simple', %s)"
    assert found(sql, text, query) == sql.execute(plain, [text, query]).fetchone()[0]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ('"old offer"', True),
        ('"offer old"', False),
        ("-paper", True),
        ("-offer", False),
        ("paper or offer", True),
        ("offer -old", False),
    ],
)
def test_phrases_and_exclusions_are_found(sql, query, is_found):
    """Phrases, alternatives and words to leave out mean what they say."""
    assert found(sql, "the old offer", query) is is_found


def test_participants_are_terms_of_their_own(sql):
    """A query can ask for a participant, and no word of a text passes for one."""
    assert found(sql, "an offer", "offer", "ann@shop.test")
    assert not found(sql, "an offer by bob@shop.test", "offer", "bob@shop.test")


@given(st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_marks_are_the_same_in_python_and_in_postgres(sql, moment):
    """Writing and reading agree on the month, which is of UTC."""
    sql.execute("SET timezone = 'Pacific/Auckland'")
    row = "(SELECT 'acme' AS tenant_id, %s::timestamptz AS internal_date) AS m"
    query = f"SELECT {mark_of('m')} FROM {row}"  # noqa: S608 - the adapter's own words
    assert sql.execute(query, [moment]).fetchone()[0] == mark("acme", Month.of(moment))


def test_marks_tell_tenants_and_months_apart():
    """A month of a tenant has another mark than its neighbours."""
    month = Month.of(NOON)
    assert len({mark("acme", month), mark("acme", month.before()), mark("other", month)}) == 3


def test_months_lie_side_by_side():
    """Months back from one year to the last have no gap, and each ends where the next begins."""
    months = list(months_back(Month(2026, 2), Month(2025, 11)))
    assert months == [Month(2026, 2), Month(2026, 1), Month(2025, 12), Month(2025, 11)]
    assert all(older.end == newer.start for newer, older in pairwise(months))
    assert Month.of(months[0].end - timedelta(microseconds=1)) == months[0]


@pytest.mark.parametrize(
    "words",
    [
        " ".join(f"w{number}-\U0001d54f{number}" for number in range(60_000)),
        " ".join(f"{number:x}" for number in range(100_000)),
        " ".join(f"{number:x}-{number + 1:x}" for number in range(60_000)),
        " ".join(f"{chr(0x4E00 + n // 200)}{chr(0x4E00 + n % 200)}-a" for n in range(40_000)),
    ],
    ids=["four-byte pairs", "short words", "pairs", "three-byte pairs"],
)
def test_the_worst_texts_have_a_vector(sql, words):
    """A text of as many different words as it can hold is indexed, as far as a vector goes: edge
    case 53.
    """
    text = words[:MAX_SEARCH_CHARS].encode()[:MAX_SEARCH_BYTES].decode(errors="ignore")
    size = sql.execute(
        _VECTOR.format("pg_column_size(terms.vector), length(terms.vector)"), [NOON, text, []]
    ).fetchone()
    assert size[0] < 1_048_575
    assert size[1] > 10_000
