"""Opens the parts with a mail inside that Gmail does not parse.

Holds: ``opened``.
Add here: another wrapper whose content can be read without a key.
Keep out: how a wrapper is recognised and fetched (``wrappers``), formats (``cms``, ``tnef``,
``mime_reader``), what a part is (``parts``), what stays closed (``content_kind``).
Source: RFC 8551 (application/pkcs7-mime), RFC 2046 (message/rfc822, boundaries). It is not known in
which shapes Gmail delivers some of them: docs/sandbox.md has a table of all that are accepted.
"""

from collections.abc import Mapping

from gmail_ingest.core.mail.containers.cms import open_cms
from gmail_ingest.core.mail.containers.mime_reader import encode_base64url, part_of, parts_of_body
from gmail_ingest.core.mail.containers.tnef import Tnef, read_tnef
from gmail_ingest.core.mail.containers.wrappers import (
    OLD_PGP,
    Part,
    content_of,
    field,
    id_of,
    is_sealed,
    is_tnef,
    lower,
    type_of,
)
from gmail_ingest.core.mail.parts.part_types import ENCLOSED_MAILS

_MAX_DEPTH = 100
# Signed data in signed data in compressed data (RFC 2634 calls three layers triple wrapping).
_MAX_LAYERS = 4


def opened(payload: object, fetched: Mapping[str, bytes]) -> object:
    """Return a payload in which wrappers have their content as ``parts``.

    Args:
        payload: ``payload`` of a Message.
        fetched: Part id to raw bytes, for parts that came without their content.

    Returns:
        The same object where there is nothing to open. Otherwise a copy: signed and compressed data
        as ``multipart/signed`` without a file name, Outlook's format (only where it was fetched) as
        ``multipart/mixed``, enclosed mails and multiparts with ``parts``. A part that cannot be
        read stays as it is.
    """
    return _opened(payload, fetched, 0, 0) if isinstance(payload, dict) else payload


def _opened(part: Part, fetched: Mapping[str, bytes], depth: int, layers: int) -> Part:
    if depth >= _MAX_DEPTH:
        return part
    below = part.get("parts")
    if isinstance(below, list) and below:
        inside = [
            _opened(child, fetched, depth + 1, layers) if isinstance(child, dict) else child
            for child in below
        ]
        is_same = all(new is old for new, old in zip(inside, below, strict=True))
        return part if is_same else {**part, "parts": inside}
    if layers >= _MAX_LAYERS:
        return part
    wrapper = _unwrapped(part, fetched)
    return part if wrapper is part else _opened(wrapper, {}, depth, layers + 1)


def _unwrapped(part: Part, fetched: Mapping[str, bytes]) -> Part:
    if is_sealed(part):
        return _unsealed(part, content_of(part, fetched))
    if is_tnef(part):
        tnef = read_tnef(fetched.get(id_of(part), b""))
        return _with_tnef(part, tnef) if tnef and (tnef.plain or tnef.html) else part
    if type_of(part) == OLD_PGP:
        return _as_text(part, content_of(part, fetched))
    if type_of(part) in ENCLOSED_MAILS:
        raw = content_of(part, fetched)
        return {**part, "parts": [part_of(raw, _child_id(part))]} if raw.strip() else part
    said = field(part, "content-type").strip()
    content_type = said if said.lower().startswith("multipart/") else type_of(part)
    if content_type.lower().startswith("multipart/"):
        return _divided(part, content_type, content_of(part, fetched))
    return part


def _unsealed(part: Part, data: bytes) -> Part:
    content = data if _is_mime(data) else open_cms(data).content if data else None
    if content is None or not _is_mime(content):
        return part
    return _wrapper(part, "multipart/signed", [part_of(content, _child_id(part))])


def _as_text(part: Part, data: bytes) -> Part:
    if not data:
        return part
    content = {"size": len(data), "data": encode_base64url(data)}
    return {**part, "mimeType": "text/plain", "body": content}


def _with_tnef(part: Part, tnef: Tnef) -> Part:
    texts = [
        _text_part(f"{_child_id(part)}.{number}", mime_type, text)
        for number, (mime_type, text) in enumerate(
            (("text/plain", tnef.plain), ("text/html", tnef.html))
        )
        if text
    ]
    body = {"partId": _child_id(part), "mimeType": "multipart/alternative", "parts": texts}
    prefix = _child_id(part).removesuffix("0")
    files = [
        {
            "partId": f"{prefix}{number}",
            "mimeType": "application/octet-stream",
            "filename": file.name,
            "body": {"size": file.size},
        }
        for number, file in enumerate(tnef.files, 1)
        if file.name
    ]
    return _wrapper(part, "multipart/mixed", [body, *files])


def _text_part(part_id: str, mime_type: str, text: str) -> Part:
    data = text.encode("utf-8", "replace")
    content = {"size": len(data), "data": encode_base64url(data)}
    return {"partId": part_id, "mimeType": mime_type, "body": content}


def _wrapper(part: Part, mime_type: str, inside: list[Part]) -> Part:
    """Return a part as a container that is no file."""
    fields = part.get("headers")
    kept = [
        header
        for header in (fields if isinstance(fields, list) else ())
        if not (isinstance(header, dict) and lower(header.get("name")) == "content-disposition")
    ]
    return {
        **part,
        "mimeType": mime_type,
        "filename": "",
        "headers": kept,
        "body": {"size": 0},
        "parts": inside,
    }


def _divided(part: Part, content_type: str, body: bytes) -> Part:
    inside = parts_of_body(body, id_of(part), content_type) if body else []
    if inside:
        mime_type = content_type.partition(";")[0].strip().lower()
        return {**part, "mimeType": mime_type, "body": {"size": 0}, "parts": inside}
    # No boundary: a text, as RFC 2045 says for an unknown type.
    return {**part, "mimeType": "text/plain"} if body and type_of(part) != "text/plain" else part


def _is_mime(data: bytes) -> bool:
    """Tell whether bytes begin with a header field, as every MIME entity in S/MIME does."""
    start = data[:1_000].lstrip().lower()
    name, colon, _ = start.partition(b":")
    return bool(colon) and name.replace(b"-", b"").isalpha() and b"content-" in start


def _child_id(part: Part) -> str:
    own = id_of(part)
    return f"{own}.0" if own else "0"
