import pytest

from gmail_sandbox.mail.headers import decode_words, split_headers, split_parameters


def test_split_headers_keeps_case_order_and_duplicates():
    """Names stay as written, and repeated headers all stay: edge case 55."""
    raw = b"RECEIVED: a\nReceived: b\n__proto__: c\n\nbody"
    fields, body = split_headers(raw, 0, len(raw))
    assert fields == [("RECEIVED", "a"), ("Received", "b"), ("__proto__", "c")]
    assert raw[body:] == b"body"


def test_split_headers_unfolds_by_removing_only_the_line_break():
    """A folded value keeps the space that began its second line."""
    raw = b"References: <a@x>\r\n\t<b@x>\r\n\r\n"
    assert split_headers(raw, 0, len(raw))[0] == [("References", "<a@x>\t<b@x>")]


def test_split_headers_reads_8_bit_values_as_utf8_then_latin1():
    """Unencoded umlauts are read whichever of the two charsets they are in."""
    raw = "A: ü".encode() + b"\n" + "B: ü".encode("latin-1") + b"\n\n"
    assert split_headers(raw, 0, len(raw))[0] == [("A", "ü"), ("B", "ü")]


def test_split_headers_stops_before_a_line_that_is_none():
    """What is no header begins the body: edge case 51."""
    raw = b"A: 1\nnot a header\nB: 2\n"
    fields, body = split_headers(raw, 0, len(raw))
    assert fields == [("A", "1")]
    assert raw[body:].startswith(b"not a header")


def test_split_headers_takes_a_subject_of_100_kb_and_thousands_of_references():
    """Length is no reason to refuse a header: edge case 52."""
    references = b"\r\n ".join(b"<%d@x>" % number for number in range(5000))
    raw = b"Subject: " + b"x" * 100_000 + b"\r\nReferences: " + references + b"\r\n\r\n"
    fields = dict(split_headers(raw, 0, len(raw))[0])
    assert len(fields["Subject"]) == 100_000
    assert fields["References"].endswith("<4999@x>")


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= to =?iso-8859-1?Q?Zo=E9?=", "Grüße to Zoé"),
        ("=?utf-8?B?w7w=?= =?utf-8?B?w7w=?=", "üü"),
        ("=?utf-8?B?w7w?= =?utf-8?B?w?=", "ü =?utf-8?B?w?="),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
        ('"=?utf-8?Q?Moore=2C_Keith?=" <a@b>', '"Moore, Keith" <a@b>'),
        ("=?no-such?Q?a?= and =?utf-8?B?%%%?=", "=?no-such?Q?a?= and =?utf-8?B?%%%?="),
        ("=?utf-8?Q?with space?=", "=?utf-8?Q?with space?="),
        ("a =?utf-8?Q?b?= c", "a b c"),
        ("=?utf-8?Q?a?= =?broken =?utf-8?Q?b?=", "a =?broken b"),
    ],
)
def test_decode_words_decodes_the_sound_and_keeps_the_malformed(value, decoded):
    """Sound words become text, also those in quotes; malformed ones stay raw: edge case 50."""
    assert decode_words(value) == decoded


def test_decode_words_never_makes_a_lone_surrogate():
    """UTF-7 can spell half a surrogate pair, which no JSON may carry: edge case 42."""
    decode_words("=?utf-7?Q?+2AA-x?=").encode()


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ('Text/HTML; Charset="utf-8"', ("text/html", {"charset": "utf-8"})),
        ('a/b; name="x \\"y\\"; z"', ("a/b", {"name": 'x "y"; z'})),
        ("a/b; filename*=iso-8859-1'de'Gr%FC%DFe", ("a/b", {"filename": "Grüße"})),
        ('a/b; name="=?utf-8?Q?=C3=BC.pdf?="', ("a/b", {"name": "ü.pdf"})),
        ('a/b; name="unterminated', ("a/b", {"name": '"unterminated'})),
        ("", ("", {})),
    ],
)
def test_split_parameters_reads_what_mailers_write(value, parsed):
    """Quotes, RFC 2231 and RFC 2047 in parameters are understood, and nonsense is survived."""
    assert split_parameters(value) == parsed
