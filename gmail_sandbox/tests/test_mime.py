from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_sandbox.mail.mime import MimePart, parse_mail


def shape(part: MimePart) -> tuple[str, str, tuple]:
    return part.part_id, part.mime_type, tuple(shape(child) for child in part.parts)


NESTED = b"""Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="outer_alt"

--outer_alt
Content-Type: text/plain

plain
--outer_alt
Content-Type: text/html

<p>html</p>
--outer_alt--
--outer
Content-Type: message/rfc822; name="forwarded.eml"

Subject: inner

inner text
--outer--
epilogue
"""


def test_parse_mail_numbers_parts_as_gmail_does():
    """A nested mail has part ids 0, 0.0, 0.1, 1 and 1.0, though its boundaries begin alike."""
    assert shape(parse_mail(NESTED)) == (
        "",
        "multipart/mixed",
        (
            ("0", "multipart/alternative", (("0.0", "text/plain", ()), ("0.1", "text/html", ()))),
            ("1", "message/rfc822", (("1.0", "text/plain", ()),)),
        ),
    )


def test_parse_mail_reads_the_same_tree_with_crlf():
    """Line endings make no difference to the tree or the bodies' words."""
    raw = NESTED.replace(b"\n", b"\r\n")
    root = parse_mail(raw)
    assert shape(root) == shape(parse_mail(NESTED))
    assert root.parts[0].parts[0].body(raw) == b"plain"


def test_parse_mail_takes_an_unclosed_multipart_to_its_end():
    """A multipart whose last delimiter is missing keeps its last part."""
    raw = NESTED.partition(b"--outer--")[0]
    assert [part.part_id for part in parse_mail(raw).parts] == ["0", "1"]


def test_parse_mail_without_boundary_is_one_part():
    """A multipart that never says its boundary has no parts (edge case 47)."""
    root = parse_mail(b"Content-Type: multipart/mixed\n\ntext\n")
    assert (root.mime_type, root.parts) == ("multipart/mixed", ())


def test_parse_mail_falls_back_to_text_on_a_type_that_is_none():
    """A Content-Type that is no type means text/plain."""
    assert parse_mail(b"Content-Type: text\n\nx").mime_type == "text/plain"


def test_parse_mail_without_headers_is_all_body():
    """A mail that begins with an empty line has no headers: edge case 51."""
    raw = b"\r\nFrom: nobody\r\n"
    root = parse_mail(raw)
    assert root.headers == ()
    assert root.body(raw) == b"From: nobody\r\n"


def test_parse_mail_bounds_nesting():
    """Thousands of nested messages stay within the depth that a reader can follow."""
    raw = b"Content-Type: message/rfc822\n\n" * 5000
    assert len(parse_mail(raw).parts) == 1
    assert sum(1 for _ in parse_mail(raw).walk()) < 100


def test_parse_mail_bounds_parts():
    """A mail of a hundred thousand parts stays one part."""
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000
    assert sum(1 for _ in parse_mail(raw).walk()) == 1


def test_part_body_repairs_base64():
    """Base64 with foreign characters and a lost end gives the bytes that are still there."""
    raw = b"Content-Transfer-Encoding: base64\n\naGVs*bG8g\nd29ybGQ"
    assert parse_mail(raw).body(raw) == b"hello world"


def test_part_filename_is_read_from_rfc_2231_continuations():
    """A file name in two encoded pieces comes out whole."""
    raw = (
        b"Content-Disposition: attachment; filename*0*=utf-8''%C3%9Cber;\n"
        b' filename*1="sicht.pdf"\n\n'
    )
    part = parse_mail(raw)
    assert (part.filename, part.is_attachment) == ("Übersicht.pdf", True)


_PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/plain; charset=utf-7; name*0*=x'y'%\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Subject: =?utf-8?B?w7w=?= =?x?Q?=ZZ?=\n",
        b"--b\n",
        b"--b--\r\n",
        b"\n",
        b"\r\n",
        b": no name\n",
        b"=\x00\xff\xed\xa0\x80",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES | st.binary(max_size=40), max_size=30).map(b"".join))
def test_parse_mail_survives_any_bytes(raw):
    """No bytes make parsing or decoding raise: edge cases 47, 51 and 55."""
    for part in parse_mail(raw).walk():
        assert isinstance(part.body(raw), bytes)
        for _, value in part.headers:
            value.encode()
