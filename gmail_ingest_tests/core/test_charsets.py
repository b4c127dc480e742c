import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.charsets import codec_of, decode_base64url, decode_declared, decode_inline


@given(st.binary(max_size=200), st.booleans())
def test_base64url_needs_no_padding(raw, padded):
    """Every length is decoded, with and without padding."""
    data = base64.urlsafe_b64encode(raw).decode()
    assert decode_base64url(data if padded else data.rstrip("=")) == raw


@given(
    st.binary(max_size=30).map(lambda raw: base64.b64encode(raw).decode())
    | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("="))
    | st.text(st.sampled_from("AB09abyz-_+/=\r\n *\u00e9\ud800\0"), max_size=20)
    | st.text(max_size=20)
)
def test_base64url_is_read_as_leniently_as_python_reads_base64(data):
    """The fast way gives what the slow one gives, whatever a server sends: either alphabet, line
    breaks, padding or none, something else.
    """
    try:
        expected = binascii.a2b_base64(data.replace("-", "+").replace("_", "/") + "==")
    except ValueError:
        expected = None
    assert decode_base64url(data) == expected


@pytest.mark.parametrize("data", ["a", "abcde", "\u00e9\u00e9"])
def test_base64url_of_something_else_is_none(data):
    """What is no base64 is told apart from an empty body."""
    assert decode_base64url(data) is None


@pytest.mark.parametrize("charset", ["iso-8859-1", "shift_jis", "windows-1252", "nonsense", None])
def test_inline_utf8_is_not_decoded_by_its_label(charset):
    """Gmail sends inline text as UTF-8 and leaves the old label standing (edge case 43)."""
    assert decode_inline("Caf\u00e9 \u65e5\u672c".encode(), charset) == (
        "Caf\u00e9 \u65e5\u672c",
        False,
    )


@pytest.mark.parametrize(
    ("raw", "charset", "text", "replaced"),
    [
        (b"Caf\xe9 \x93x\x94", "iso-8859-1", "Caf\u00e9 \u201cx\u201d", False),
        ("\u65e5\u672c".encode("iso2022_jp"), "ISO-2022-JP", "\u65e5\u672c", False),
        ("\u2460".encode("cp932"), "Shift_JIS", "\u2460", False),
        ("Caf\u00e9".encode(), "us-ascii", "Caf\u00e9", False),
        (b"Caf\xe9", "nonsense", "Caf\ufffd", True),
        (b"Caf\xe9", None, "Caf\ufffd", True),
        (b"Caf\xe9", "base64", "Caf\ufffd", True),
        (b"abc", "idna", "abc", False),
    ],
)
def test_declared_charset_is_used_for_fetched_bytes(raw, charset, text, replaced):
    """Known labels decode, unknown ones replace, none raises (edge case 43)."""
    assert decode_declared(raw, charset) == (text, replaced)


@given(
    st.binary(), st.text() | st.sampled_from(["utf-7", "utf-16", "hz", "big5", "unicode_escape"])
)
def test_decode_declared_never_raises(raw, charset):
    """Any bytes under any label give text."""
    assert isinstance(decode_declared(raw, charset)[0], str)


def test_codec_of_refuses_what_is_no_charset():
    """Labels are not passed on to Python's import of codecs unchecked."""
    assert [codec_of(x) for x in ("x" * 41, "a\x00b", "../os", "rot13", "punycode")] == [None] * 5
