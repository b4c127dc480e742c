import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.charsets.encoded_words import decode_words, repaired
from gmail_ingest_tests.core.growth import assert_linear


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("Hello", "Hello"),
        ("Zahlung f\u00fcr M\u00e4rz", "Zahlung f\u00fcr M\u00e4rz"),
        ("=?utf-8?Q?Caf=C3=A9_au?= lait", "Caf\u00e9 au lait"),
        ("=?UTF-8?B?5pel?= =?UTF-8?B?5pys?=", "\u65e5\u672c"),
        ("=?utf-8?q?a?= =?UTF-8?b?YQ==?=", "aa"),
        ("=?utf-8*en?Q?a?= b =?iso-8859-1?Q?=E9?=", "a b \u00e9"),
        ("=?utf-8?Q?a?=\r\n =?iso-8859-1*de-CH?Q?=E9?=", "a\u00e9"),
        ("a=?utf-8?Q?b?=c", "abc"),
        ('"=?utf-8?Q?J=C3=B6rg?="', '"J\u00f6rg"'),
        ("=?gb2312?B?xOO6ww==?=", "\u4f60\u597d"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\u65e5\u672c"),
        ("=?utf-8?Q??= =?utf-8?B??=x", "x"),
        ("=?utf-8?Q?no end", "=?utf-8?Q?no end"),
        ("=?utf-8?Q?no end =?utf-8?Q?b?=", "=?utf-8?Q?no end b"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("50 =? 51", "50 =? 51"),
    ],
)
def test_decode_words_decodes_what_gmail_left(value, decoded):
    """Leftover encoded words are decoded, all else stays as it is (edge case 50)."""
    assert decode_words(value) == decoded


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?iso-8859-1?Q?Angebot_f=FCr_M\u00fcller?=", "Angebot f\u00fcr M\u00fcller"),
        ("=?utf-8?Q?=C3=BC\u65e5=C3=BC?=", "\u00fc\u65e5\u00fc"),
        ("=?X-IAS-German?B?TfxsbGVy?=", "M\u00fcller"),
        ("=?unknown-8bit?Q?M=FCller?=", "M\u00fcller"),
        ("=?nonsense?Q?M=C3=BCller?=", "M\u00fcller"),
        ("a =?nonsense?Q?b?= c", "a b c"),
        ("=?us-ascii?Q?M=FCller?=", "M\u00fcller"),
        ("=?utf-8?Q?M=FCller?=", "M\u00fcller"),
        ("=?utf-8?Q?=C3=A9t=E9?=", "\u00e9t\ufffd"),
        ("=?utf-8?Q?a b?= c", "a b c"),
        ("=?utf-8?Q?Really??=", "Really?"),
        ("=?utf-8?Q?a?b?=", "a?b"),
    ],
)
def test_decode_words_reads_what_senders_get_wrong(value, decoded):
    """Raw letters, question marks and blanks inside, charsets unknown or wrong: mail 30 (edge
    case 191).
    """
    assert decode_words(value) == decoded


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "\u00e9"),
        ("=?utf-8?B?w6?= =?utf-8?B?k=?=", "\u00e9"),
        ("=?utf-8?B?4pyTIG?= =?utf-8?B?9r?=", "\u2713 ok"),
        ("=?utf-8?B?ww==?= =?utf-8?Q?=A9?=", "\u00e9"),
        ("=?utf-8?B?w6k?=", "\u00e9"),
        ("=?utf-8?B?w6k=\r\n?=", "\u00e9"),
        ("=?utf-8?B?SGVsbG8gV29ybGQhI?=", "Hello World!"),
        ("=?utf-8?B?0:?=", "=?utf-8?B?0:?="),
        ("=?utf-8?B?w?= =?utf-8?B?qQ==?=", "=?utf-8?B?w?= \ufffd"),
        ("=?utf-8?Q?=3D=3Futf-8=3FQ=3FM=3DC3=3DBCller=3F=3D?=", "M\u00fcller"),
        ("=?utf-8?Q?see_=3D=3Futf-8=3FQ=3Fa=3F=3D?=", "see =?utf-8?Q?a?="),
    ],
)
def test_decode_words_puts_together_what_was_split(value, decoded):
    """Characters split in two, base64 split anywhere or cut off, words encoded twice (edge case
    192).
    """
    assert decode_words(value) == decoded


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("M\u00c3\u00bcller", "M\u00fcller"),
        ("\u00d0\u009f\u00d1\u0080", "\u041f\u0440"),
        ("5 \u00e2\u0082\u00ac", "5 \u20ac"),
        ("25 \u00c2\u00b0C", "25 \u00b0C"),
        ("It\u00e2\u20ac\u2122s J\u00c3\u00b6rg", "It\u2019s J\u00f6rg"),
        ("Das ist hei\u00df\u2026", "Das ist hei\u00df\u2026"),
        ("CAF\u00c9\u2026", "CAF\u00c9\u2026"),
        ("CAF\u00c9\u00bb", "CAF\u00c9\u00bb"),
        ("caf\u00e9\u2026\u201d", "caf\u00e9\u2026\u201d"),
        ("M\u00fcller", "M\u00fcller"),
        ("S\u00c3O", "S\u00c3O"),
        ("IRM\u00c3\u00a0DULCE", "IRM\u00c3\u00a0DULCE"),
        ("M\u00c3\u00bcller und M\u00fcller", "M\u00c3\u00bcller und M\u00fcller"),
        ("M\u00c3\u00bcller \u20ac", "M\u00c3\u00bcller \u20ac"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_repaired_changes_only_what_is_certain(text, meant):
    """The whole must be UTF-8 read as Latin-1: any other letter, and it stays (edge case 193)."""
    assert repaired(text) == meant


@given(st.text(alphabet="=?utf-8QBqb_*CA39 \u00fc\n\x00") | st.text())
def test_decode_words_never_raises(value):
    """Any text gives text, and what has no encoded word is not touched."""
    assert isinstance(decode_words(value), str)
    assert decode_words(value.replace("=?", "")) == value.replace("=?", "")


@pytest.mark.parametrize(
    "piece",
    [
        "=?a?q?", "=?a?q?x?=", "=?=?=?", "=?utf-8?B?w", "=?utf-8?B?w?= ", "=?utf-8?Q?=C3?= ",
        "=?utf-8?Q?\u00e9", "=?a?q?\u00e9?= ", "=?a?b?w6?= ", "?=", "=?", "\u00c3\u00bc",
    ],
)  # fmt: skip
def test_decode_words_takes_linear_time(piece):
    """Ten times the worst subject costs some ten times as much (edge case 194)."""
    assert_linear(lambda size: repaired(decode_words(piece * (size // len(piece)))), 10_000)
