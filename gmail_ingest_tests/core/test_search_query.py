import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.search_query import parse_query


def shown(query):
    """A query as a line: terms with their words, alternatives with a bar between."""
    return " | ".join(
        " & ".join(f"{'-' * term.excluded}{b' '.join(term.words).decode()}" for term in terms)
        for terms in query
    )


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Old offer", "old & offer"),
        ('"Old offer"', "old offer"),
        ('"old offer', "old offer"),
        ('pen"old offer"ink', "pen & old offer & ink"),
        ("paper or pencil", "paper | pencil"),
        ("paper OR old pencil", "paper | old & pencil"),
        ("a or b or -c", "a | b | -c"),
        ("-draft", "-draft"),
        ('offer -"old draft"', "offer & -old draft"),
        ('-"draft', "-draft"),
        # An operator only where it has something on both sides.
        ("or", "or"),
        ("or paper", "or & paper"),
        ("paper or", "paper & or"),
        ("a or or b", "a | or & b"),
        ('"or"', "or"),
        ('"paper or pencil"', "paper or pencil"),
        ("-or", "-or"),
        ("a or &", "a"),
        # A dash, an option of a program, a range.
        ("offer - march", "offer & march"),
        ("git --amend", "git & amend"),
        ("2019-2021", "2019 2021"),
        ("-2019-2021", "-2019 2021"),
        ("-", ""),
        ("a -", "a"),
        # Several words without a blank stand one after the other.
        ("Bob@shop.example", "bob shop example"),
        ("it's", "it s"),
        ("a|b !c (d) e:* <-> f", "a b & c & d & e & f"),
        ('& "" -"" \'', ""),
        ("caf\u00e9\xa0cr\u00e8me", "caf\u00e9 & cr\u00e8me"),
        ("a\0b", "a b"),
        ("", ""),
    ],
)
def test_query_is_read_as_people_mean_it(text, query):
    """Words, phrases, alternatives and what is left out; anything else is no operator."""
    assert shown(parse_query(text)) == query


@given(st.text() | st.text(st.sampled_from('ab -"&or\0\ud800\u00e9')))
def test_any_text_is_a_query(text):
    """Nothing raises, and no alternative and no term is empty."""
    for terms in parse_query(text):
        assert terms
        assert all(term.words and all(term.words) for term in terms)
