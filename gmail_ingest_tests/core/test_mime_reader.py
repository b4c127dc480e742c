"""Raw mail inside a part becomes the parts that Gmail would make of it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmail_ingest.core.mail.containers.mime_reader import part_of, parts_of_body
from gmail_ingest_tests.core.growth import assert_linear

NESTED = b"""Content-Type: multipart/mixed; boundary="----=_outer"
Subject: =?utf-8?q?caf=C3=A9?=
X-Folded: one
\ttwo

preamble
------=_outer
Content-Type: multipart/alternative;
 boundary="----=_outer_alt"

------=_outer_alt
Content-Type: text/plain; charset=iso-2022-jp

\x1b$B%F%9%H\x1b(B
------=_outer_alt
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

<p>caf=E9</p>
------=_outer_alt--
------=_outer
Content-Type: application/pdf
Content-Disposition: attachment; filename*0*=utf-8''pr%C3%A4; filename*1=se.pdf
Content-Transfer-Encoding: base64

JVBE
Rg==
------=_outer
Content-Type: message/rfc822

Subject: inner

inner text
------=_outer--
epilogue
"""


def shape(part: dict[str, Any]) -> tuple[Any, ...]:
    """Return id, type, name, content and children of a part."""
    data = base64.urlsafe_b64decode(part["body"].get("data", ""))
    children = tuple(shape(child) for child in part.get("parts", ()))
    return part["partId"], part["mimeType"], part["filename"], data.decode(), children


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_raw_mail_becomes_the_tree_that_gmail_gives(line_end: bytes) -> None:
    """Types, names, transfer encodings, charsets and part ids are as Gmail's (edge case 155)."""
    part = part_of(NESTED.replace(b"\n", line_end), "1.0")
    plain = ("1.0.0.0", "text/plain", "", "テスト", ())
    markup = ("1.0.0.1", "text/html", "", "<p>café</p>", ())
    inner = ("1.0.2.0", "text/plain", "", "inner text", ())
    assert shape(part) == (
        "1.0",
        "multipart/mixed",
        "",
        "",
        (
            ("1.0.0", "multipart/alternative", "", "", (plain, markup)),
            ("1.0.1", "application/pdf", "präse.pdf", "%PDF", ()),
            ("1.0.2", "message/rfc822", "", "", (inner,)),
        ),
    )
    assert part["headers"][1:3] == [
        {"name": "Subject", "value": "=?utf-8?q?caf=C3=A9?="},
        {"name": "X-Folded", "value": "one two"},
    ]


def test_parts_of_a_digest_are_mails() -> None:
    """A part of a digest that names no type is a mail (RFC 2046, 5.1.5) (edge case 157)."""
    raw = b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: one\n\nfirst\n--d--\n"
    assert shape(part_of(raw, ""))[4] == (
        ("0", "message/rfc822", "", "", (("0.0", "text/plain", "", "first", ()),)),
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"no header at all", "no header at all"),
        (b"Subject: x\nno empty line", "no empty line"),
        (b"\n\nbody", "\nbody"),
        (b"Content-Type: nonsense\n\nbody", "body"),
        (b"Content-Transfer-Encoding: base64\n\nSGVsbG8", "Hello"),
        (b"Content-Transfer-Encoding: base64\n\nSGVs!bG8=\n", "Hello"),
        (b"Content-Type: text/plain; charset=no-such\n\ncaf\xc3\xa9", "café"),
        ("Subject: café\n\nbody".encode("cp1252"), "body"),
        (b"", ""),
    ],
)
def test_broken_mail_is_a_text(raw: bytes, text: str) -> None:
    """What lacks fields, empty line, type or charset is still a text to read."""
    assert shape(part_of(raw, "0")) == ("0", "text/plain", "", text, ())


def test_a_multipart_without_a_boundary_is_divided_by_its_own_lines() -> None:
    """The first line of hyphens that comes again is the boundary (edge case 158)."""
    body = b"preamble\n--x y\nContent-Type: text/plain\n\none\n--x y\n\ntwo\n--x y--\n"
    parts = parts_of_body(body, "", "multipart/mixed")
    assert [shape(part)[:4] for part in parts] == [
        ("0", "text/plain", "", "one"),
        ("1", "text/plain", "", "two"),
    ]
    assert parts_of_body(b"-- \nAnn\n--\nonce", "", "multipart/mixed") == []


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_taken(raw: bytes) -> None:
    """No bytes raise, wherever they stand (edge case 155)."""
    for head in (b"", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", NESTED[:300]):
        assert part_of(head + raw, "0")["partId"] == "0"
        parts_of_body(head + raw, "0", "multipart/mixed")


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (b"Content-Type: multipart/mixed; boundary=a\n\n", b"--a\n"),
        (b"", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n"),
        (b"", b"Content-Type: message/rfc822\n\n"),
        (b"", b"A: b\n"),
        (b"A:", b"\n "),
        (b"Content-Type: multipart/mixed\n\n", b"-"),
        (b"Content-Type: multipart/mixed\n\n", b"--a\n"),
        (b"Content-Type: multipart/mixed\n\n", b"--\n---"),
        (b"Content-Type: multipart/mixed; ", b'a="'),
    ],
)
def test_hostile_mail_takes_linear_time(head: bytes, unit: bytes) -> None:
    """Ten times the mail takes no more than some ten times the time (edge case 155)."""
    assert_linear(lambda size: part_of(head + unit * (size // len(unit)), "0"), 20_000)
