import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers, charset_of, message_ids


def headers(*pairs):
    return Headers([{"name": name, "value": value} for name, value in pairs], TextCleaner())


def test_headers_are_found_in_any_case_and_duplicates_keep_their_order():
    """Repeated names and names of JavaScript's prototype are ordinary (edge case 55)."""
    found = headers(("Received", "a"), ("RECEIVED", "b"), ("__proto__", "c"), ("constructor", "d"))
    assert found.every("received") == ["a", "b"]
    assert found.first("__proto__") == "c"
    assert "constructor" in found
    assert "subject" not in found


@pytest.mark.parametrize("fields", [None, 1, "x", {}, [None], [{}], [{"name": 1, "value": "x"}]])
def test_headers_of_another_shape_count_as_none(fields):
    """JSON that is not as documented gives no header (edge case 47)."""
    assert Headers(fields, TextCleaner()).first("subject") == ""


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("J\u00c3\u00b6rg", "J\u00f6rg"),
        ("=?iso-8859-1?Q?Angebot_f=FCr_M\u00fcller?=", "Angebot f\u00fcr M\u00fcller"),
        ("a\r\n b", "a b"),
    ],
)
def test_a_subject_is_read_as_it_was_meant(value, read):
    """Raw letters and encoded words of a header field: mail 30 (edge cases 191 and 193)."""
    assert headers(("Subject", value)).decoded("subject") == read


def test_decoded_header_is_clean_and_on_one_line():
    """A word may hide a line break, a NUL or a surrogate (edge cases 41, 42, 50)."""
    cleaner = TextCleaner()
    field = {"name": "Subject", "value": "=?utf-8?Q?a=0D=0ABcc=3A_x=00y?="}
    assert Headers([field], cleaner).decoded("subject") == "a Bcc: x\ufffdy"
    assert cleaner.replaced


@given(st.text(st.characters(codec=None)) | st.from_regex(r"(=\?[a-z0-9-]*\?[BQ]\?[^?]*\?= ?)+"))
def test_decoded_header_is_storable_for_any_value(value):
    """No value makes the decoder raise or gives text that no database takes."""
    decoded = headers(("Subject", value)).decoded("subject")
    assert "\n" not in decoded
    assert b"\x00" not in decoded.encode()


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/plain; charset=utf-8", "utf-8"),
        ('text/plain; format=flowed; CHARSET = "ISO-8859-1"; x=y', "ISO-8859-1"),
        ("text/plain; charset='koi8-r'", "koi8-r"),
        ("text/plain; charset=", None),
        ("text/plain", None),
    ],
)
def test_charset_of_reads_the_parameter(content_type, charset):
    """Quotes, case and blanks do not matter."""
    assert charset_of(content_type) == charset


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@b> <c@d>\t<a@b>", ("<a@b>", "<c@d>")),
        ("<a@b><c@d>", ("<a@b>", "<c@d>")),
        ('Your message of "Tue, 20 Aug" <a@b>', ("<a@b>",)),
        ("<a@b@c>", ("<a@b@c>",)),
        ("<[a]@b> <<c@d>>", ("<[a]@b>", "<<c@d>>")),
        ("", ()),
    ],
)
def test_message_ids_keeps_malformed_ids(value, ids):
    """Ids with two @ or brackets are kept as sent (edge case 56)."""
    assert message_ids(value) == ids
