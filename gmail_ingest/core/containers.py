"""Parts that hold a mail which Gmail did not look into.

Holds: ``opened`` and ``sealed_parts``.
Add here: another wrapper whose content can be read without a key.
Keep out: formats (``cms``, ``mime_reader``), what a part is (``parts``), encrypted content
(``content_kind``).
Source: RFC 8551 (application/pkcs7-mime), RFC 2046 (message/rfc822, boundaries). Which shapes Gmail
gives to some of these is not known: docs/sandbox.md has a table of all that are taken.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gmail_ingest.core.charsets import decode_base64url
from gmail_ingest.core.cms import open_cms
from gmail_ingest.core.mime_reader import part_of, parts_of_body

Part = Mapping[str, Any]

SEALED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
#: Types of parts that may hold a mail. Files of any name have the last.
WRAPPERS = SEALED_TYPES | {
    "message/rfc822",
    "message/global",
    "multipart/*",
    "application/octet-stream",
}

_MAILS = frozenset({"message/rfc822", "message/global"})
# A document that is signed (contract.pdf.p7m) is a file; the mail itself has this name or none.
_SEALED_NAMES = frozenset({"", "smime.p7m", "smime.p7z"})
_NEVER_OPEN = ("enveloped-data", "certs-only")
_MAX_DEPTH = 100
_MAX_PARTS = 10_000
# Signed data in signed data in compressed data (RFC 2634 calls three layers triple wrapping).
_MAX_LAYERS = 4
_LARGEST_SEALED = 30 * 1024 * 1024


def opened(payload: object, fetched: Mapping[str, bytes]) -> object:
    """Return a payload in which wrappers have the parts that lie in them.

    Args:
        payload: ``payload`` of a Message.
        fetched: Part id to raw bytes, for parts whose content did not come along.

    Returns:
        The same object where there is nothing to open. Otherwise a copy: signed and compressed data
        as ``multipart/signed`` without a file name, enclosed mails and multiparts with ``parts``.
        What cannot be read stays as it is.
    """
    return _opened(payload, fetched, 0, 0) if isinstance(payload, dict) else payload


def sealed_parts(payload: object) -> Iterator[Part]:
    """Yield the parts of S/MIME that stand for a mail, outside enclosed mails.

    Args:
        payload: ``payload`` of a Message.
    """
    stack = [payload]
    seen = 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        if not isinstance(part, dict):
            continue
        below = part.get("parts")
        if isinstance(below, list) and _type(part) not in _MAILS:
            stack.extend(reversed(below))
        if is_sealed(part):
            yield part


def is_sealed(part: Part) -> bool:
    """Tell whether a part is a mail that S/MIME has packed.

    Args:
        part: A MessagePart.
    """
    name = part.get("filename")
    name = name.strip().lower() if isinstance(name, str) else ""
    if _type(part) in SEALED_TYPES:
        return name in _SEALED_NAMES
    return _type(part) == "application/octet-stream" and name == "smime.p7m"


def must_be_fetched(part: Part) -> bool:
    """Tell whether a sealed part is worth a call: readable by what it says, and not here yet.

    Args:
        part: One of ``sealed_parts``.
    """
    content = part.get("body")
    if not isinstance(content, dict) or content.get("data") or not content.get("attachmentId"):
        return False
    size = content.get("size")
    if isinstance(size, int) and size > _LARGEST_SEALED:
        return False
    return not any(word in field(part, "content-type").lower() for word in _NEVER_OPEN)


def field(part: Part, name: str) -> str:
    """Return the first value of a header field of a part, ``""`` without one.

    Args:
        part: A MessagePart.
        name: In lower case.
    """
    fields = part.get("headers")
    for each in fields if isinstance(fields, list) else ():
        if isinstance(each, dict) and _lower(each.get("name")) == name:
            value = each.get("value")
            return value if isinstance(value, str) else ""
    return ""


def content_of(part: Part, fetched: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a part, ``b""`` where they did not come.

    Args:
        part: A MessagePart.
        fetched: Part id to raw bytes.
    """
    content = part.get("body")
    data = content.get("data") if isinstance(content, dict) else None
    if isinstance(data, str) and data:
        return decode_base64url(data) or b""
    part_id = part.get("partId")
    return fetched.get(part_id, b"") if isinstance(part_id, str) else b""


def _opened(part: Part, fetched: Mapping[str, bytes], depth: int, layers: int) -> Part:
    if depth >= _MAX_DEPTH:
        return part
    below = part.get("parts")
    if isinstance(below, list) and below:
        inside = [
            _opened(each, fetched, depth + 1, layers) if isinstance(each, dict) else each
            for each in below
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
    if _type(part) in _MAILS:
        raw = content_of(part, fetched)
        return {**part, "parts": [part_of(raw, _child_id(part))]} if raw.strip() else part
    content_type = field(part, "content-type").strip()
    if content_type.lower().startswith("multipart/") or _type(part).startswith("multipart/"):
        return _divided(part, content_type, content_of(part, fetched))
    return part


def _unsealed(part: Part, data: bytes) -> Part:
    content = data if _is_mime(data) else open_cms(data).content if data else None
    if content is None or not _is_mime(content):
        return part
    fields = part.get("headers")
    kept = [
        each
        for each in (fields if isinstance(fields, list) else ())
        if not (isinstance(each, dict) and _lower(each.get("name")) == "content-disposition")
    ]
    return {
        **part,
        "mimeType": "multipart/signed",
        "filename": "",
        "headers": kept,
        "body": {"size": 0},
        "parts": [part_of(content, _child_id(part))],
    }


def _divided(part: Part, content_type: str, body: bytes) -> Part:
    inside = parts_of_body(body, _id(part), content_type) if body else []
    if inside:
        mime_type = content_type.partition(";")[0].strip().lower()
        return {**part, "mimeType": mime_type, "body": {"size": 0}, "parts": inside}
    # Nothing divides it: a text, as RFC 2045 has it for what cannot be told.
    return {**part, "mimeType": "text/plain"} if body and _type(part) != "text/plain" else part


def _is_mime(data: bytes) -> bool:
    """Tell whether bytes begin with a header field, as every MIME entity in S/MIME does."""
    start = data[:1_000].lstrip().lower()
    name, colon, _ = start.partition(b":")
    return bool(colon) and name.replace(b"-", b"").isalpha() and b"content-" in start


def _child_id(part: Part) -> str:
    own = _id(part)
    return f"{own}.0" if own else "0"


def _id(part: Part) -> str:
    part_id = part.get("partId")
    return part_id if isinstance(part_id, str) else ""


def _type(part: Part) -> str:
    return _lower(part.get("mimeType"))


def _lower(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
