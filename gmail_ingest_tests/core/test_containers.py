"""Wrappers in Gmail's JSON are opened in every shape, and everything else stays as it is."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gmail_ingest.core.mail.containers.containers import opened
from gmail_ingest.core.mail.containers.wrappers import parts_to_fetch
from gmail_ingest.core.mail.kinds.content_kind import kind_of_content
from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.gmail_json import part
from gmail_ingest_tests.core.test_tnef import FILE, SIGNATURE, attribute

MAIL = b"Content-Type: text/plain\r\n\r\nHello"
ENCLOSED = b"Subject: pump\nContent-Type: text/plain\n\nbroken again"
SEALED = {"headers": {"Content-Type": "application/pkcs7-mime; smime-type=signed-data"}}
LOST = b"--b\nContent-Type: text/plain\n\none\n--b\nContent-Type: text/html\n\n<p>one</p>\n--b--\n"


def tree(resource: Any) -> tuple[Any, ...]:
    """Return id, type, name and children of a part."""
    below = tuple(tree(child) for child in resource.get("parts", ()))
    return resource["partId"], resource["mimeType"], resource["filename"], below


@pytest.mark.parametrize("mime_type", ["application/pkcs7-mime", "application/x-pkcs7-mime"])
def test_signed_data_has_the_parts_of_its_content(mime_type: str) -> None:
    """Inline data, whatever the type is called; the wrapper is no file any more (edge case 155)."""
    fields = {"Subject": "Offer", "Content-Type": mime_type, "Content-Disposition": "attachment"}
    payload = part(mime_type, sealed.signed_data(MAIL), headers=fields, filename="smime.p7m")
    result: Any = opened(payload, {})
    assert tree(result) == ("", "multipart/signed", "", (("0", "text/plain", "", ()),))
    assert [header["name"] for header in result["headers"]] == ["Subject", "Content-Type"]


def test_signed_data_is_opened_from_what_was_fetched() -> None:
    """Content that came by attachment id, within a list's multipart (edge case 155)."""
    inner = part("application/octet-stream", part_id="0", filename="smime.p7m", attachment_id="A")
    payload = part("multipart/mixed", parts=[inner, part(body="footer", part_id="1")])
    result = opened(payload, {"0": sealed.streamed_signed_data(MAIL[:20], MAIL[20:])})
    assert tree(result)[3][0] == ("0", "multipart/signed", "", (("0.0", "text/plain", "", ()),))


def test_data_in_several_layers_is_opened_to_its_text() -> None:
    """Signed in compressed in signed data; the fifth layer stays closed (edge case 155)."""
    content = MAIL
    head = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\n"
    for _ in range(5):
        content = head + sealed.signed_data(content)
    result: Any = opened(part("application/pkcs7-mime", content), {})
    types = []
    while True:
        types.append(result["mimeType"])
        if "parts" not in result:
            break
        result = result["parts"][0]
    assert types == ["multipart/signed"] * 4 + ["application/pkcs7-mime"]


@pytest.mark.parametrize(
    "payload",
    [
        part(
            "application/pkcs7-mime",
            sealed.signed_data(MAIL),
            filename="contract.pdf.p7m",
            part_id="1",
        ),
        part("application/pkcs7-mime", sealed.signed_data(b"%PDF"), filename="smime.p7m"),
        part("application/pkcs7-mime", sealed.enveloped_data(MAIL), filename="smime.p7m"),
        part("application/pkcs7-mime", sealed.signed_data(MAIL, detached=True)),
        part("application/pkcs7-mime", filename="smime.p7m", attachment_id="A"),
        part("application/octet-stream", sealed.signed_data(MAIL), filename="data.bin"),
        part("message/rfc822", attachment_id="A"),
        part("multipart/mixed", parts=[]),
        part("text/plain", "--b\none\n--b--"),
        None,
        [],
    ],
)
def test_what_is_no_wrapper_stays_the_same_object(payload: Any) -> None:
    """Signed documents are files, encrypted data is closed, and nothing is copied for nothing."""
    assert opened(payload, {}) is payload


@pytest.mark.parametrize("junk", [None, 7, "x", [], {}, [None, 7, [], {}], {"data": 7}, True])
@pytest.mark.parametrize("field", ["partId", "mimeType", "filename", "headers", "body", "parts"])
@pytest.mark.parametrize(
    "mime_type",
    ["application/pkcs7-mime", "application/ms-tnef", "message/rfc822", "multipart/mixed"],
)
def test_parts_of_another_shape_are_taken(mime_type: str, field: str, junk: Any) -> None:
    """Whatever a field holds instead of what is documented, nothing raises (edge case 155)."""
    inner = part(mime_type, sealed.signed_data(MAIL), headers=SEALED["headers"], part_id="0")
    payload = part("multipart/mixed", parts=[{**inner, field: junk}])
    for fetched in ({}, {"0": SIGNATURE + FILE, "": MAIL}):
        assert isinstance(opened(payload, fetched), dict)
    assert isinstance(parts_to_fetch(payload, has_text=False), tuple)
    types = frozenset({mime_type, "multipart/*"})
    assert kind_of_content(payload, types, "") in {"mail", "encrypted", "unreadable"}


@pytest.mark.parametrize("mime_type", ["message/rfc822", "message/global"])
@pytest.mark.parametrize("is_inline", [True, False])
def test_an_enclosed_mail_has_parts(mime_type: str, is_inline: bool) -> None:
    """From inline data and from fetched bytes alike (edge case 157)."""
    content = {"body": ENCLOSED} if is_inline else {"attachment_id": "A"}
    inner = part(mime_type, part_id="1", **content)
    payload = part("multipart/mixed", parts=[part(body="See", part_id="0"), inner])
    result: Any = opened(payload, {} if is_inline else {"1": ENCLOSED})
    assert tree(result)[3][1] == ("1", mime_type, "", (("1.0", "text/plain", "", ()),))
    assert result["parts"][1]["parts"][0]["headers"][0] == {"name": "Subject", "value": "pump"}


@pytest.mark.parametrize(
    ("mime_type", "fields"),
    [
        ("text/plain", {"Content-Type": "multipart/alternative"}),
        ("multipart/alternative", {"Content-Type": "Multipart/Alternative; charset=utf-8"}),
        ("multipart/alternative", {}),
    ],
)
def test_a_multipart_without_its_boundary_has_parts(mime_type: str, fields: dict[str, str]) -> None:
    """Whether Gmail calls it a text or a container without parts (edge case 158)."""
    parts = (("0", "text/plain", "", ()), ("1", "text/html", "", ()))
    expected = ("", "multipart/alternative", "", parts)
    assert tree(opened(part(mime_type, LOST, headers=fields), {})) == expected


def test_a_multipart_that_nothing_divides_is_a_text() -> None:
    """Words in a multipart without any part are read (edge case 158)."""
    fields = {"Content-Type": "multipart/mixed; boundary=gone"}
    result = opened(part("multipart/mixed", "Hello", headers=fields), {})
    assert tree(result) == ("", "text/plain", "", ())


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("signed-data", {"attachment_id": "A"}, True),
        ("compressed-data", {"attachment_id": "A"}, True),
        ("", {"attachment_id": "A"}, True),
        ("enveloped-data", {"attachment_id": "A"}, False),
        ("authEnveloped-data", {"attachment_id": "A"}, False),
        ("certs-only", {"attachment_id": "A"}, False),
        ("signed-data", {"body": b"x"}, False),
        ("signed-data", {}, False),
    ],
)
def test_sealed_data_is_fetched_where_it_may_be_readable(
    kind: str, content: dict[str, Any], expected: bool
) -> None:
    """One call for what may be signed, none for what says that it is encrypted (edge case 155)."""
    fields = {"Content-Type": f"application/pkcs7-mime; smime-type={kind}; name=smime.p7m"}
    payload = part("application/pkcs7-mime", headers=fields, filename="smime.p7m", **content)
    assert parts_to_fetch(payload, has_text=True) == ((payload,) if expected else ())


def test_what_is_fetched_is_bounded() -> None:
    """Nothing of a size that no mail has is asked for, and no more than five parts."""
    large = part("application/pkcs7-mime", attachment_id="A")
    large["body"]["size"] = 31 * 1024 * 1024
    small = [part("application/pkcs7-mime", attachment_id="A") for _ in range(9)]
    payload = part("multipart/mixed", parts=[large, *small])
    assert parts_to_fetch(payload, has_text=False) == tuple(small[:5])


def test_sealed_data_of_an_enclosed_mail_is_fetched_for_its_words() -> None:
    """What was signed in a forwarded mail is found; a signed document there is left (edge case
    214).
    """
    inner = part("application/pkcs7-mime", attachment_id="A", part_id="0.0")
    document = {**inner, "filename": "contract.pdf.p7m"}
    payload = part("message/rfc822", parts=[inner, document])
    assert parts_to_fetch(payload, has_text=True) == (inner,)


@pytest.mark.parametrize(
    ("mime_type", "name"),
    [
        ("application/ms-tnef", "winmail.dat"),
        ("application/vnd.ms-tnef", ""),
        ("application/octet-stream", "WINMAIL.DAT"),
    ],
)
def test_outlooks_own_format_is_opened_where_nothing_else_is_there(
    mime_type: str, name: str
) -> None:
    """It is fetched only then, and its files are listed with their names (edge case 160)."""
    payload = part(mime_type, filename=name, attachment_id="A", part_id="1")
    assert parts_to_fetch(payload, has_text=True) == ()
    assert parts_to_fetch(payload, has_text=False) == (payload,)
    content = attribute(0x0002800C, b"Hello\0") + FILE
    result: Any = opened(payload, {"1": SIGNATURE + content})
    text, file = result["parts"]
    assert (result["mimeType"], result["filename"]) == ("multipart/mixed", "")
    assert base64.urlsafe_b64decode(text["parts"][0]["body"]["data"] + "==") == b"Hello"
    assert (file["partId"], file["filename"], file["body"]) == ("1.1", "šbersi~1.pdf", {"size": 4})


def test_outlooks_own_format_without_a_text_stays_closed() -> None:
    """Rich text is not read; the file is there to be opened by a person (edge case 160)."""
    payload = part("application/ms-tnef", attachment_id="A", part_id="1")
    assert opened(payload, {"1": SIGNATURE + FILE}) is payload
