import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.search_words import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("An offer: 20 pencils, no. 7b!", "an offer 20 pencils no 7b"),
        (
            "\u00c9T\u00c9 Stra\u00dfe STRASSE \u0391\u03a3 \u03b1\u03c2",
            "\u00e9t\u00e9 strasse strasse \u03b1\u03c3 \u03b1\u03c3",
        ),
        ("\uff21\uff42\uff43 \ufb01le \uff76\uff9e", "abc file \u30ac"),
        ("nai\u0308ve na\u00efve", "na\u00efve na\u00efve"),
        ("sch\xadlank ze\u200bro jo\u200din \ufeffbom", "schlank zero join bom"),
        (
            "2019\u20132021 non\u2011breaking a\xa0b caf\u00e9\u2026",
            "2019 2021 non breaking a b caf\u00e9",
        ),
        (
            "\u6771\u4eac\u3002\u5927\u962a\u3001\u65e5\u672c",
            "\u6771\u4eac \u5927\u962a \u65e5\u672c",
        ),
        ("hello\U0001f600world\u2764\ufe0fend", "hello world end"),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e17\u0e35\u0e48",
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e17\u0e35\u0e48",
        ),
        ("Bob.Lee+crm@mail.Acme.example", "bob lee crm mail acme example"),
        ("https://shop.example/a_b?x=1&y=%20", "https shop example a b x 1 y 20"),
        ("e-mail it's 3.14", "e mail it s 3 14"),
        ("a\x00b \ud800 c\udfffd", "a b c d"),
        ("\U00020000\U00020001", "\U00020000\U00020001"),
        (" \t\n-- !?", ""),
        ("", ""),
    ],
    ids=[
        *("ascii", "case", "width", "composition", "invisible", "punctuation", "ideographs"),
        *("pictures", "vowel signs", "address", "link", "compound", "no text", "second plane"),
        *("no word", "nothing"),
    ],
)
def test_words_of_a_text(text, words):
    """Letters, marks and digits make words; case, width and what nobody sees make no difference."""
    assert [word.decode() for word in words_of(text)] == words.split()


ANY_TEXT = st.text(
    st.characters()
    | st.sampled_from(
        ["\0", "\ud800", "\xad", "\u200d", "\ufe0f", "\u0301", "\ufdfa", "\xa0", "\u2028"]
    )
)


@given(ANY_TEXT)
def test_words_of_anything_are_words(text):
    """Nothing raises, and no word is empty, has a blank or is other than UTF-8 (edge case 42)."""
    for word in words_of(text):
        assert word.decode().split() == [word.decode()]


@given(ANY_TEXT, ANY_TEXT)
def test_words_do_not_depend_on_their_neighbours(text, other):
    """Two texts side by side have the words of both."""
    assert words_of(f"{text} {other}") == words_of(text) + words_of(other)


@given(st.text(st.characters(exclude_categories=["Mn", "Mc", "Me", "Cf"])))
def test_words_are_words_of_themselves(text):
    """Words looked for as they were found are found again. Not with every mark: folding splits
    letters, and a mark behind what it made of them may join one of them anew.
    """
    words = words_of(text)
    assert words_of(b" ".join(words).decode()) == words


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_the_same_beside_other_text(text):
    """The short way for plain ASCII ends where the long one does."""
    assert words_of(f"{text} \u00e9")[:-1] == words_of(text)


def test_words_known_and_words_too_long_to_remember_are_the_same():
    """A long word is folded as a short one is."""
    assert words_of("\u00c9" * 100) == [b"".join(words_of("\u00c9") * 100)]


@pytest.mark.parametrize(
    ("text", "word"),
    [("\u845b\U000e0100\u57ce", "\u845b\u57ce"), ("caf" + "e\u200d\u0301", "caf\u00e9")],
    ids=["variation selector", "joiner before an accent"],
)
def test_what_nobody_sees_parts_nothing(text, word):
    """A character without a shape of its own neither splits a word nor keeps its parts apart."""
    assert words_of(text) == [word.encode()]


def test_marks_without_end_are_one_word():
    """As many accents as a text can hold are normalised piece by piece, and make one word."""
    assert len(words_of("a" + "\u0301\u0316" * 80_000)) == 1
