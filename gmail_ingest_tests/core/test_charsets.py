import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.charsets.charset_labels import codec_of
from gmail_ingest.core.mail.charsets.charsets import (
    decode_base64url,
    decode_declared,
    decode_inline,
)
from gmail_ingest_tests.core.growth import assert_linear


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
        (b"Caf\xe9", "base64", "Caf\u00e9", False),
        (b"abc", "idna", "abc", False),
        (b"\x85\x8d", "shift_jis", "\ufffd", True),
    ],
)
def test_declared_charset_is_used_for_fetched_bytes(raw, charset, text, replaced):
    """Known labels decode, and what does not fit them is replaced; none raises (edge case 43)."""
    assert decode_declared(raw, charset)[1] is replaced
    assert decode_declared(raw, charset)[0].startswith(text)


#: Windows-1252 of a public mail that says us-ascii.
PRICE = b"The company\x92s price is 5 \x80 \x96 caf\xe9"


@pytest.mark.parametrize("charset", [None, "us-ascii", "utf-8", "x-user-defined", "default", ""])
def test_bytes_that_their_label_does_not_explain_are_windows_1252(charset):
    """No label, ASCII, UTF-8 and unknown ones leave bytes open that are no UTF-8 (mail 22, edge
    case 141).
    """
    assert decode_declared(PRICE, charset) == (
        "The company\u2019s price is 5 \u20ac \u2013 caf\u00e9",
        False,
    )
    assert decode_inline(PRICE, charset)[0].endswith("caf\u00e9")


def test_damaged_utf8_stays_utf8():
    """A text that was cut in a character, or lost one byte of many, is no windows-1252."""
    raw = "Gr\u00fc\u00dfe aus K\u00f6ln: f\u00fcnf \u00c4pfel".encode()
    assert decode_declared(raw[:-5], None) == (
        "Gr\u00fc\u00dfe aus K\u00f6ln: f\u00fcnf \ufffd",
        True,
    )


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1251", "koi8-r", "macintosh", "cp850"])
def test_utf8_beyond_ascii_wins_over_a_label_of_one_byte(charset):
    """No text in such a charset happens to be UTF-8 with letters beyond ASCII (edge case 141)."""
    assert decode_declared("Stra\u00dfe \u65e5\u672c".encode(), charset) == (
        "Stra\u00dfe \u65e5\u672c",
        False,
    )


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("\u044f\u044e\u0431\u0430", "windows-1251"),
        ("\u0e22\u0e01", "tis-620"),
        ("\u0e44\u0e17\u0e22", "windows-874"),
        ("\u6f22\u5b57 \u4e00", "gb18030"),
        ("\u65e5\u672c", "euc-jp"),
        ("\u65e5\u672c", "iso-2022-jp"),
        ("\ud55c\uad6d", "iso-2022-kr"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442", "koi8-u"),
    ],
)
def test_label_that_explains_the_bytes_is_believed(text, charset):
    """Charsets of several bytes, and Thai, whose words may look like UTF-8, stay what they say."""
    assert decode_declared(text.encode(charset.replace("windows-874", "cp874")), charset) == (
        text,
        False,
    )


@pytest.mark.parametrize("charset", ["gb2312", "euc-kr", "iso-2022-jp", "utf-7", "utf-16", "hz"])
def test_utf8_wins_where_the_label_cannot_be(charset):
    """Bytes that the label does not allow, and that are UTF-8, are that."""
    raw = "Stra\u00dfe \u65e5\u672c\u8a9e\u3067\u3059".encode()
    assert decode_declared(raw, charset) == ("Stra\u00dfe \u65e5\u672c\u8a9e\u3067\u3059", False)


@pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-1", "utf-16"])
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_mark_says_more_than_the_label(codec, charset):
    """A mark tells the charset, and is no part of the text (edge case 142)."""
    assert decode_declared("Gr\u00fc\u00dfe\n".encode(codec), charset) == (
        "Gr\u00fc\u00dfe\n",
        False,
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-be"])
def test_wide_text_without_a_mark_is_read(codec):
    """The place of its zeros tells the order of bytes (edge case 142)."""
    label = codec[:6]
    assert decode_declared("Gr\u00fc\u00dfe\n".encode(codec), label) == ("Gr\u00fc\u00dfe\n", False)


def test_wide_text_that_was_cut_loses_its_end_only():
    """A half character at the end is flagged."""
    assert decode_declared("Gr\u00fc\u00dfe".encode("utf-16")[:-1], None) == (
        "Gr\u00fc\u00df\ufffd",
        True,
    )


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf8", "utf-8"), ("unicode-1-1-utf-8", "utf-8"), ("cp65001", "utf-8"),
        ("cp-850", "cp850"), ("windows-874", "cp874"), ("x-cp1251", "cp1251"),
        ("win-1251", "cp1251"), ("Windows1252", "cp1252"), ("ibm-866", "cp866"),
        ("ansi", "cp1252"), ("ansi_x3.4-1968", "utf-8"),
        ("iso-8859-1-windows-3.1-latin-1", "cp1252"),
        ("x-mac-roman", "mac-roman"), ("x-mac-cyrillic", "mac-cyrillic"),
        ("x-mac-ce", "mac-latin2"),
        ("ks_c_5601-1987", "cp949"), ("windows-949", "cp949"), ("x-gbk", "gb18030"),
        ("gb_2312-80", "gb18030"), ("x-x-big5", "cp950"), ("windows-31j", "cp932"),
        ("x-sjis", "cp932"), ("x-euc-jp", "euc_jp"), ("_iso-2022-jp$ESC", "iso2022_jp_ext"),
        ("iso-8859-8-i", "iso8859-8"), ("unicode-1-1-utf-7", "utf-7"), ("koi8-ru", "koi8-u"),
        ("tis-620", "cp874"), ("ansi_x3.110-1983", None), ("x-user-defined", None),
        ("unknown-8bit", None), ("3D", None),
    ],
)  # fmt: skip
def test_labels_of_real_mail_are_known(label, codec):
    """Senders write labels that no registry has (edge case 142)."""
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    ("head", "codec", "label"),
    [
        ('<meta charset="koi8-r">', "koi8-r", None),
        (
            '<META http-equiv="Content-Type" content="text/html; charset=windows-1251">',
            "cp1251",
            "us-ascii",
        ),
        ('<?xml version="1.0" encoding="windows-1251"?>', "cp1251", "unknown-8bit"),
        ('<meta charset="windows-1251">', "koi8-r", "koi8-r"),
        ('<meta charset="windows-1251">', "utf-8", None),
        ("<meta charset=utf-16>", "utf-8", None),
    ],
)
def test_html_names_its_charset_where_the_header_does_not(head, codec, label):
    """A document's own label counts where the mail has none, and never against UTF-8 (edge case
    142).
    """
    document = f"<html><head>{head}</head>\u041f\u0440\u0438\u0432\u0435\u0442</html>"
    assert decode_declared(document.encode(codec), label, is_html=True) == (document, False)


def test_japanese_without_a_label_is_read():
    """The escapes of ISO-2022-JP are ASCII, and mean nothing else."""
    assert decode_declared("\u65e5\u672c\u8a9e".encode("iso2022_jp"), None) == (
        "\u65e5\u672c\u8a9e",
        False,
    )


@pytest.mark.parametrize(
    "pattern", [b"\xff\xfe", b"\x1b$B", b"\xc3", b"<meta charset", b"<meta " + b"a" * 300, b"\xe9 "]
)
def test_hostile_bytes_take_linear_time(pattern):
    """Ten times the bytes take about ten times as long, whatever they are (edge case 151)."""
    assert_linear(lambda times: decode_declared(pattern * times, None, is_html=True), 3_000)


@given(
    st.binary(), st.text() | st.sampled_from(["utf-7", "utf-16", "hz", "big5", "unicode_escape"])
)
def test_decode_declared_never_raises(raw, charset):
    """Any bytes under any label give text."""
    assert isinstance(decode_declared(raw, charset)[0], str)


def test_codec_of_refuses_what_is_no_charset():
    """Labels are not passed on to Python's import of codecs unchecked."""
    assert [codec_of(x) for x in ("x" * 41, "a\x00b", "../os", "rot13", "punycode")] == [None] * 5


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b$B-!\x1b(B ok", "\u2460 ok"),
        (b"\x1b$B|b66\x1b(B", "\u9ad9\u6a4b"),
        (b"\x1b$@-j\n%=I=\x1b(J\n", "\u3231\n\u30bd\u8868\n"),
        (b"\x1b$B-!\x1b(I1\n\x1b(B", "\u2460\uff71\n"),
    ],
)
@pytest.mark.parametrize("charset", ["iso-2022-jp", "us-ascii", None])
def test_windows_japanese_is_read_under_the_label_of_the_standard(raw, text, charset):
    """Numbers in circles and names that only Windows has (edge case 215)."""
    assert decode_declared(raw, charset) == (text, False)


@pytest.mark.parametrize("end", [b"\x1b$B-", b"\x1b$B-\n", b"\x1b$B-!\xff", b"\x1b$B~~"])
def test_japanese_that_is_cut_or_broken_keeps_what_is_whole(end):
    """What no set has is replaced, and the words before it stay (edge case 215)."""
    text, replaced = decode_declared(b"\x1b$B$3\x1b(B " + end, "iso-2022-jp")
    assert (text[:2], replaced) == ("\u3053 ", True)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("charset", ["utf-8", None])
def test_text_of_every_second_zero_is_utf_16(codec, charset):
    """No label and no mark tell it; a text with some zeros is none (edge case 215)."""
    raw = "Hello Ann".encode(codec)
    assert decode_declared(raw, charset) == decode_inline(raw, charset) == ("Hello Ann", False)
    assert decode_inline(b"Hello\0 Ann", charset) == ("Hello\0 Ann", False)


def test_utf8_that_was_read_as_latin1_is_repaired_under_that_label_only():
    """Whoever writes of such letters under another label means them (edge case 215)."""
    broken = "Caf\u00c3\u00a9"
    assert decode_inline(broken.encode(), "iso-8859-1") == ("Caf\u00e9", False)
    assert decode_inline(broken.encode(), "utf-8") == (broken, False)


@pytest.mark.parametrize("piece", [b"\x1b$B-!", b"\x1b(I1", b"\x1b$B-!\x1b(B", b"H\0", b"\x1b$B"])
def test_japanese_and_zeros_take_linear_time(piece):
    """Ten times the bytes take about ten times as long (edge case 215)."""
    assert_linear(lambda times: decode_declared(piece * times, "iso-2022-jp"), 5_000)
    assert_linear(lambda times: decode_declared(piece * times, None), 5_000)
