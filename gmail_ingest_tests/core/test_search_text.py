from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.message import Attachment, Participant
from gmail_ingest.core.mail.words.search_text import (
    MAX_SEARCH_BYTES,
    MAX_SEARCH_CHARS,
    search_text_of,
)


def test_search_text_finds_subject_people_files_and_text():
    """Whatever people look for is in it, each person once."""
    ann = Participant("from", "ann@x.example", "Ann Lee")
    invoice = Attachment("1", "invoice.pdf", "application/pdf", 1, None, inline=False)
    text = search_text_of("Offer", [ann, ann], [invoice], "body")
    assert text == "Offer\nAnn Lee ann@x.example\ninvoice.pdf\nbody"


def test_search_text_of_an_endless_subject_still_holds_the_text():
    """A header of 100 KB does not push the text out (edge case 52)."""
    assert search_text_of("x" * 100_000, [], [], "needle").endswith("needle")


@given(st.sampled_from(["a ", "\u00e9 ", "\u65e5\u672c ", "\U00020000 ", "ab\U0001f600"]))
def test_search_text_is_bounded_in_characters_and_bytes(piece):
    """No text makes a tsvector too long, and no character is split (edge cases 42, 53)."""
    text = search_text_of("", [], [], piece * 400_000)
    assert len(text) <= MAX_SEARCH_CHARS
    assert len(text.encode()) <= MAX_SEARCH_BYTES
    assert (piece * 400_000).startswith(text)
