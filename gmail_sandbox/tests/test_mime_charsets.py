import encodings.aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_sandbox.mail import charsets


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        (b"Caf\xe9", "iso-8859-1", "Café"),
        (b"\x93quoted\x94 \x80", "ISO-8859-1", "“quoted” €"),
        (b"\x1b$BF|K\\\x1b(B", "iso-2022-jp", "日本"),
        (b"\x93\xfa\x96{", "Shift_JIS", "日本"),
        ("ü".encode(), "us-ascii", "ü"),
        (b"\xfc", "us-ascii", "ü"),
        (b"\xfc", "no-such-charset", "ü"),
        (b"\xfc", "", "ü"),
        (b"\xff", "utf-8", "\ufffd"),
        (b"x", "a\x00b", "x"),
        (b"616263", "hex", "616263"),
        (b"\\u0041", "unicode-escape", "\\u0041"),
    ],
)
def test_decode_follows_the_label_and_survives_a_wrong_one(data, label, text):
    """Labels mean what web mail takes them for; nonsense falls back: edge case 43."""
    assert charsets.decode(data, label) == text


@given(
    st.binary(max_size=60),
    st.sampled_from(sorted(set(encodings.aliases.aliases.values()))) | st.text(max_size=12),
)
def test_to_utf8_survives_any_bytes_under_any_label(data, label):
    """Every codec of Python and every nonsense label gives valid UTF-8: edge case 42."""
    charsets.to_utf8(data, label).decode()
