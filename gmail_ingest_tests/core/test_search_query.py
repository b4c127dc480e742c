import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.words.search_query import parse_query
from gmail_ingest_tests.core.growth import assert_linear


def shown(query):
    """A query as a line: terms with their words, alternatives with a bar between."""
    return " | ".join(
        " & ".join(f"{'-' * term.negated}{phrase(term.words)}" for term in terms) for terms in query
    )


def phrase(words):
    """Words as a line; a star behind those that are a beginning."""
    return " ".join(f"{word.text.decode()}{'*' * word.is_beginning}" for word in words)


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
        # What is said twice is asked for once; the words of a phrase are what they are.
        ("pen ink PEN", "pen & ink"),
        ("pen -pen pen*", "pen & -pen & pen*"),
        ("pen or ink or pen", "pen | ink"),
        ('"so so"', "so so"),
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


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("invo*", "invo*"),
        ("INVO*", "invo*"),
        ('"purchase ord*"', "purchase ord*"),
        ('"purchase ord"*', "purchase ord"),
        ("-dra*", "-dra*"),
        ('-"old dra*"', "-old dra*"),
        ("ann@cust*", "ann cust*"),
        ("paper or penc*", "paper | penc*"),
        ("caf\u00e9*", "café*"),
        ("invo\uff0a", "invo*"),
        ("(invo*)", "invo*"),
        ("invo**", "invo*"),
        ("سَل\u064e*", "سل*"),
        # A star that is behind no word, and one within.
        ("*", ""),
        ("-*", ""),
        ('"*"', ""),
        ("offer *", "offer"),
        ('"offer *"', "offer"),
        ("5 * 3", "5 & 3"),
        ("*voice", "voice"),
        ("in*ce", "in ce"),
        ("e:*", "e"),
        ("invo'*", "invo"),
    ],
)
def test_a_star_behind_a_word_asks_for_what_begins_so(text, query):
    """A star is an operator right behind a word only, the last of a phrase (edge case 198)."""
    assert shown(parse_query(text)) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("会議", "会議"),
        ("会議室", "会議 議室"),
        ("会", "会*"),
        ("会*", "会*"),
        ("会議*", "会議"),
        ("5月", "5 月*"),
        ("2024年5月", "2024 年* 5 月*"),
        ("購入iPhone", "購入 入* iphone"),
        ("購入iPho*", "購入 入* ipho*"),
        ('"会議 三時"', "会議 議* 三時"),
        ("会議 三時", "会議 & 三時"),
        ("-会議室", "-会議 議室"),
        ("견적서", "견적 적서"),
        ("돈", "돈*"),
    ],
)
def test_a_run_without_blanks_is_the_phrase_of_its_pairs(text, query):
    """What is asked for may go on in the text, and stands where the text has it (case 03, edge
    case 195).
    """
    assert shown(parse_query(text)) == query


@pytest.mark.parametrize(
    ("text", "former"),
    [
        ("offer", ""),
        ("invo*", ""),
        ("café", ""),
        ("会議", ""),
        ("会議室", "会議室"),
        ('"第3回 会議"', "第3回 会議"),
        ("السَّلَامُ", "السَّلَامُ"),
    ],
)
def test_words_of_a_former_release_are_asked_for_where_they_differ(text, former):
    """Each term knows what an index of a former release calls it (edge case 199)."""
    (terms,) = parse_query(text)
    assert phrase(terms[0].former) == former


@pytest.mark.parametrize("piece", ["会", "a* ", '"b ', "-c or ", "*", "a*b", "**a"])
def test_queries_take_linear_time(piece):
    """Ten times the query takes about ten times as long, whatever its operators (edge case 198)."""
    assert_linear(lambda size: parse_query(piece * (size // len(piece))), 1_000)
