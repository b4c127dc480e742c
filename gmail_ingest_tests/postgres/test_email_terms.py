from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres.mail.search_terms import (
    MAX_WORD_BYTES,
    mark,
    month_query,
    search_vector,
)
from gmail_ingest.core.ledger.months import month_before, month_of, months_back, next_month
from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.core.mail.words.search_query import parse_query
from gmail_ingest.core.mail.words.search_text import MAX_SEARCH_BYTES, MAX_SEARCH_CHARS
from gmail_ingest.core.mail.words.search_words import words_of
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.core.growth import assert_linear

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MARK = mark("acme", month_of(NOON))
TEXT = st.text(
    st.characters()
    | st.sampled_from(["'", " ", "\\", "&", "!", "a", "b", "-", "/", "@", ".", "\0", "\xad"]),
    max_size=60,
)
#: What websearch_to_tsquery reads as we do. It takes a hyphen for an operator with a blank or
#: another hyphen behind it too, finds "a-b" only where the text has that hyphen, and takes "a|b"
#: for two words that may stand anywhere. "or" before a quote that quotes nothing is a word to it.
OPERANDS = st.sampled_from(
    ["a", "B", "c", "or", "OR", "-a", "-or", '"a b"', '"a or b"', '-"b a"', '"c', '-"c', "&", "(a)"]
)
WORDS = st.lists(st.sampled_from(["a", "b", "c", "or", "A", "d"]), max_size=6).map(" ".join)
ON_ONE_DATABASE = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def sql(database_url):
    """A plain connection."""
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        yield connection


def found(sql, text, query, address=None, marked=MARK):
    """Whether a text's vector has a query, which asks for the terms of a mark."""
    asked = parse_query(query)
    if not asked:
        return False
    vector = search_vector(MARK, words_of(text), ["ann@shop.test"])
    arguments = [vector, month_query(asked, marked, address)]
    return sql.execute("SELECT %b::tsvector @@ %s::tsquery", arguments).fetchone()[0]


@ON_ONE_DATABASE
@given(text=WORDS, query=st.lists(OPERANDS, max_size=5).map(" ".join))
def test_queries_find_what_websearch_to_tsquery_finds(sql, text, query):
    """Quotes, or and - mean what they mean to PostgreSQL, in any order and number."""
    plain = "SELECT to_tsvector('simple', %s) @@ websearch_to_tsquery('simple', %s)"
    assert found(sql, text, query) == sql.execute(plain, [text, query]).fetchone()[0]


@ON_ONE_DATABASE
@given(before=TEXT, text=TEXT, behind=TEXT)
def test_any_text_is_found_as_a_phrase_of_it(sql, before, text, behind):
    """Postgres takes every vector and every query, whatever characters both have, and what was
    copied out of a mail finds the mail.
    """
    has_words = bool(words_of(text))
    assert found(sql, f"{before} {text} {behind}", '"' + text.replace('"', " ") + '"') is has_words


@ON_ONE_DATABASE
@given(text=TEXT, query=TEXT)
def test_what_a_query_leaves_out_is_what_it_finds(sql, text, query):
    """No text has both a phrase and not that phrase, and each has one of them."""
    phrase = '"' + query.replace('"', " ") + '"'
    if words_of(query):
        assert found(sql, text, phrase) is not found(sql, text, f"-{phrase}")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ('"old offer"', True),
        ('"offer old"', False),
        ('"the offer"', False),
        ("-paper", True),
        ("-offer", False),
        ("paper or offer", True),
        ("offer -old", False),
        ("acme", True),
        ("bob@acme.example", True),
        ("acme.example", True),
        ("example.acme", False),
        ("bob@other.example", False),
        ("OFFER \uff21\uff43\uff4d\uff45", True),
        ("off", False),
        ("off*", True),
        ("offer*", True),
        ("fer*", False),
        ('"old off*"', True),
        ('"the off*"', False),
        ("-off*", False),
        ("-pap*", True),
        ("bob@acm*", True),
        ("*", False),
    ],
)
def test_phrases_exclusions_and_parts_of_addresses_are_found(sql, query, is_found):
    """Phrases, alternatives, words to leave out and parts of addresses mean what they say."""
    assert found(sql, "the old offer of bob@acme.example", query) is is_found


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("明日の会議は三時からです。", "会議"),
        ("明日の会議は三時からです。", "三時から"),
        ("明日の会議は三時からです。", "す"),
        ("明日の会議は三時からです。", '"会議は三時" 明日'),
        ("请确认合同的付款条件", "合同"),
        ("견적서를 보내드립니다", "견적서"),
        ("กรุณาส่งใบเสนอราคาด่วน", "ใบเสนอราคา"),
        ("السَّلَامُ عَلَيْكُمْ", "السلام"),
        ("السلام عليكم", "السَّلَامُ"),
        ("iPhone14を購入", "iphone14"),
        ("iPhone14を購入", "14を -販売 or iPhone14を購"),
        ("iPhone14を購入", "iPh*"),
        ("会議 三時", '"会議 三時"'),
        ("会議三時", '"会議 三時"'),
        ("第3回会議", "第3回"),
    ],
)
def test_words_of_any_script_are_found(sql, text, query):
    """A word that is in the mail is found, wherever it stands (case 03, edge case 195)."""
    assert found(sql, text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("明日の会議は三時からです。", "議会"),
        ("明日の会議は三時からです。", "会三"),
        ("明日の会議は三時からです。", "明会議"),
        ("明日の会議は三時からです。", "-会議"),
        ("会議 議室", "会議室"),
        ("会議 三時", "会議三時"),
        ("견적서를", "적견"),
        ("iPhone14を購入", '"iphone を"'),
    ],
)
def test_characters_that_do_not_stand_so_are_not_found(sql, text, query):
    """Pairs side by side are no pairs anywhere (case 03, edge case 195)."""
    assert not found(sql, text, query)


def test_any_thousand_characters_can_be_asked_for(sql):
    """The longest query of each kind is one that PostgreSQL takes (edge case 198)."""
    run = "".join(chr(0x4E00 + number) for number in range(1000))
    assert found(sql, run, run)
    assert found(sql, "", "-" + "会 -" * 333)
    assert not found(sql, "a" * 300, "a* b* " * 160)


def test_participants_are_terms_of_their_own(sql):
    """A query can ask for a participant, and no word of a text passes for one."""
    assert found(sql, "an offer", "offer", "ann@shop.test")
    assert not found(sql, "an offer by bob@shop.test", "offer", "bob@shop.test")
    assert not found(sql, "an offer", "ann@s*")


def test_a_month_has_only_its_own_words(sql):
    """A query for another month or tenant finds nothing, not even by what it leaves out."""
    for other in (mark("acme", month_before(month_of(NOON))), mark("other", month_of(NOON))):
        assert not found(sql, "an offer", "offer", marked=other)
        assert not found(sql, "an offer", "-paper", marked=other)


def test_marks_tell_tenants_and_months_apart():
    """A month of a tenant has another mark than its neighbours, and it is of UTC."""
    month = month_of(NOON)
    assert len({mark("acme", month), mark("acme", month_before(month)), mark("other", month)}) == 3
    assert month_of(datetime.fromisoformat("2026-06-01T00:30+02:00")) == month


def test_months_lie_side_by_side():
    """Months back from one year to the last have no gap, and each ends where the next begins."""
    months = list(months_back(date(2026, 2, 1), date(2025, 11, 1)))
    assert months == [date(2026, 2, 1), date(2026, 1, 1), date(2025, 12, 1), date(2025, 11, 1)]
    assert all(next_month(older) == newer for newer, older in pairwise(months))
    assert month_of(midnight(next_month(months[0])) - timedelta(microseconds=1)) == months[0]


def test_a_vector_is_what_postgres_makes_of_the_same_words(sql):
    """Words and their places are those of to_tsvector, also of a word at more places than it keeps,
    up to the last place that it knows.
    """
    text = "often " * 300 + " ".join(f"w{number}" for number in range(16_083))
    vector = search_vector("", words_of(text), [])
    plain = "SELECT to_tsvector('simple', %s)::text, %b::tsvector::text"
    expected, made = sql.execute(plain, [text, vector]).fetchone()
    # The mark, empty here, is a term too.
    assert made == f"'' {expected}"


def test_words_beyond_all_places_are_found(sql):
    """Neither the 300th of one word nor the 17,000th word is lost, and phrases are found anywhere
    in a long text, also across the place where places begin anew (edge case 196).
    """
    text = "often " * 300 + " ".join(f"w{number}" for number in range(50_000))
    assert found(sql, text, '"often often" "w0 w1" w16999')
    for number in (16_081, 16_082, 16_083, 17_000, 32_700, 49_997):
        assert found(sql, text, f'"w{number} w{number + 1} w{number + 2}"')
    assert not found(sql, text, '"w17000 w17002"')


def test_a_word_at_the_end_of_a_long_chinese_mail_is_found(sql):
    """Of a text without blanks each character takes a place (case 03, edge case 196)."""
    text = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(60_000))
    for at in (0, 16_380, 16_382, 30_000, 59_990):
        assert found(sql, text, text[at : at + 6])


def test_vectors_of_long_texts_take_linear_time():
    """Ten times the words take about ten times as long (edge case 196)."""
    words = [b"often", b"word"] * 100_000
    assert_linear(lambda size: search_vector(MARK, words[:size], []), 20_000)


@pytest.mark.parametrize("letter", ["x", "\u00f6", "\u0434", "\U00010400"])
def test_long_words_are_found_by_their_beginning(sql, letter):
    """A word that is too long for the index is found by itself, its last character whole."""
    word = letter * (2 * MAX_WORD_BYTES)
    assert found(sql, f"a {word} b", f'"a {word} b"')
    assert found(sql, word, f"{word}{letter}")
    assert not found(sql, word, f"y{word}")
    assert not found(sql, word, letter)


@pytest.mark.parametrize(
    "words",
    [
        " ".join(f"w{number}-\U0001d54f{number}" for number in range(60_000)),
        " ".join(f"{number:x}" for number in range(100_000)),
        " ".join(f"{number:x}-{number + 1:x}" for number in range(60_000)),
        " ".join(f"{chr(0x4E00 + n // 200)}{chr(0x4E00 + n % 200)}-a" for n in range(40_000)),
        " ".join(f"{chr(0x20000 + number)}" for number in range(60_000)),
        # Three bytes that are four words and 33 bytes without regard to ways of writing.
        " ".join(f"{number:x}\ufdfa{number:x}" for number in range(40_000)),
        "\ufdfa" * 120_000,
        "x" * 250_000,
        "\u3300" * 120_000,
    ],
    ids=[
        *("four-byte pairs", "short words", "pairs", "three-byte pairs", "four-byte words"),
        *("different ligatures", "ligatures", "one word", "one word that grows"),
    ],
)
def test_the_worst_texts_have_a_vector(sql, words):
    """A text of as many different words as it can hold is indexed, as far as a vector goes: edge
    case 53.
    """
    text = words[:MAX_SEARCH_CHARS].encode()[:MAX_SEARCH_BYTES].decode(errors="ignore")
    found = words_of(text)
    vector = search_vector(MARK, found, ["ann@shop.test"])
    measure = "SELECT pg_column_size(made), length(made) FROM CAST(%b AS tsvector) AS made"
    size, terms = sql.execute(measure, [vector]).fetchone()
    assert size < 1_048_575
    assert terms > min(len(set(found)), 25_000)


@pytest.mark.parametrize(("people", "local"), [(5_000, 60), (10_000, 160)])
def test_the_most_participants_leave_room_for_words(sql, people, local):
    """A mail of more participants than a vector holds is found by its words, and by some of them:
    edge case 53.
    """
    words = [f"w{number}".encode() for number in range(70_000)]
    addresses = [f"{'x' * local}{number}@y.example" for number in range(people)]
    vector = search_vector(MARK, words, addresses)
    measure = "SELECT pg_column_size(made), length(made) FROM CAST(%b AS tsvector) AS made"
    size, terms = sql.execute(measure, [vector]).fetchone()
    # Beside its bytes, which are what is limited, a vector has four for each term.
    assert size - 4 * terms < 1_048_575
    assert terms > 20_000


def test_participants_of_a_mail_of_too_many_words_are_terms(sql):
    """Words that are left out take no participant with them, however these are handed over."""
    words = [f"w{number}".encode() for number in range(90_000)]
    vector = search_vector(MARK, words, (name for name in ["ann@shop.test"]))
    query = month_query(parse_query("w7"), MARK, "ann@shop.test")
    assert sql.execute("SELECT %b::tsvector @@ %s::tsquery", [vector, query]).fetchone()[0]
    assert len(vector.binary) < 1_000_100
