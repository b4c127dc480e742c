import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.clean_text import TextCleaner, single_line, unix_lines


@pytest.mark.parametrize(
    ("given_text", "stored", "replaced"),
    [
        ("plain", "plain", False),
        ("caf\u00e9 \U0001f600", "caf\u00e9 \U0001f600", False),
        ("a\x00b", "a\ufffdb", True),
        ("\u00e9\x00b", "\u00e9\ufffdb", True),
        ("a\ud83db", "a\ufffdb", True),
        ("\ud83d\ude00", "\U0001f600", True),
        (None, "", False),
        (17, "", False),
    ],
)
def test_cleaner_replaces_what_cannot_be_stored(given_text, stored, replaced):
    """NUL and lone surrogates are replaced and flagged, pairs are joined (edge cases 41, 42)."""
    cleaner = TextCleaner()
    assert cleaner.clean(given_text) == stored
    assert cleaner.replaced is replaced


@given(st.text(st.characters(codec=None)))
def test_cleaner_gives_valid_utf8_for_any_text(text):
    """Whatever comes in can be encoded, and cleaning it again changes nothing (edge case 42)."""
    cleaned = TextCleaner().clean(text)
    assert b"\x00" not in cleaned.encode("utf-8")
    assert TextCleaner().clean(cleaned) == cleaned


def test_single_line_cannot_start_another_header():
    """Line breaks of every kind become one blank (edge case 50)."""
    assert single_line(" a\r\nBcc: b\u2028c\x85d ") == "a Bcc: b c d"


def test_unix_lines_keeps_the_number_of_lines():
    """Each of CRLF, CR and LF ends one line."""
    assert unix_lines("a\r\nb\rc\nd") == "a\nb\nc\nd"


@pytest.mark.parametrize(
    ("value", "kept", "replaced"),
    [
        ("a" * 255, "a" * 255, False),
        ("a" * 256, "", True),
        ("a\x00", "a\ufffd", True),
        (7, "", False),
    ],
)
def test_identifier_is_whole_or_nothing(value, kept, replaced):
    """Part of an id would be another id, and a long one fits no index (edge case 52)."""
    cleaner = TextCleaner()
    assert (cleaner.identifier(value), cleaner.replaced) == (kept, replaced)
