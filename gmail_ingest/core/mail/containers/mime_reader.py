"""A raw mail as the tree of parts that Gmail would make of it.

Holds: ``part_of``, for mail inside a part that Gmail does not parse.
Add here: MIME structure that real mail has.
Keep out: what a part is (``parts``), which parts hold a mail (``containers``).
Source: RFC 2045, RFC 2046; docs/google.md#parts.
"""

import binascii
import email.message
import email.utils
import re
from collections.abc import Iterator
from typing import Any

import pybase64

from gmail_ingest.core.mail.charsets.charsets import decode_declared
from gmail_ingest.core.mail.headers import charset_of
from gmail_ingest.core.mail.parts.part_types import ENCLOSED_MAILS

# Deeper or larger trees are hostile; what is beyond stays one undivided part.
_MAX_DEPTH = 20
_MAX_PARTS = 1_000
_MAX_HEADER_BYTES = 256 * 1024
_MAX_PARAMETERS = 4_000
# Of a larger file only the size is needed.
_LARGEST_INLINE = 1_000_000

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]{0,20}:(.*(?:\n[ \t].*)*)\n?")
_TYPE = re.compile(r"[!-.0-~]{1,100}/[!-.0-~]{1,100}\Z")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})

Part = dict[str, Any]


def part_of(raw: bytes, part_id: str, content_type: str = "text/plain") -> Part:
    """Return a raw mail, or a MIME entity, as a MessagePart.

    Args:
        raw: Header fields, an empty line and a body; any bytes are taken.
        part_id: Of the part that it becomes.
        content_type: For an entity without a Content-Type of its own.

    Returns:
        The part with its content inline, except for large files; text in UTF-8, as Gmail has it.
    """
    return _Reader().entity(raw.replace(b"\r\n", b"\n"), part_id, content_type, 0)


def parts_of_body(body: bytes, part_id: str, content_type: str) -> list[Part]:
    """Return the parts of a multipart whose boundary is not known.

    Args:
        body: The body of the multipart, undivided.
        part_id: Of the multipart.
        content_type: Its Content-Type field.

    Returns:
        The parts between the boundary lines; none where there are no such lines.
    """
    text = body.replace(b"\r\n", b"\n")
    boundary = _divider(text)
    if not boundary:
        return []
    return _Reader().children(text, boundary, part_id, content_type, 0)


def encode_base64url(data: bytes) -> str:
    """Return bytes as ``body.data`` of a part.

    Args:
        data: Any bytes.
    """
    return pybase64.urlsafe_b64encode(data).decode("ascii")


class _Reader:
    """Reads the entities of one mail, up to ``_MAX_PARTS``."""

    def __init__(self) -> None:
        self._left = _MAX_PARTS

    def entity(self, raw: bytes, part_id: str, content_type: str, depth: int) -> Part:
        self._left -= 1
        fields, body = _split(raw)
        named = {name.lower(): value for name, value in reversed(fields)}
        content_type = named.get("content-type", "").strip() or content_type
        mime_type = content_type.partition(";")[0].strip().lower()
        if not _TYPE.match(mime_type):
            mime_type = "text/plain"
        encoding = named.get("content-transfer-encoding", "").strip().lower()
        part: Part = {
            "partId": part_id,
            "mimeType": mime_type,
            "filename": _filename(named),
            "headers": [{"name": name, "value": value} for name, value in fields],
            "body": {"size": 0},
        }
        boundary = _parameter(content_type, "boundary").encode("utf-8", "replace")
        if mime_type.startswith("multipart/") and not boundary:
            boundary = _divider(body)
        if (
            mime_type in ENCLOSED_MAILS
            and encoding in _IDENTITY
            and depth < _MAX_DEPTH
            and self._left > 0
        ):
            part["body"] = {"size": len(body)}
            part["parts"] = [self.entity(body, f"{part_id}.0", "text/plain", depth + 1)]
        elif mime_type.startswith("multipart/") and boundary and depth < _MAX_DEPTH:
            part["parts"] = self.children(body, boundary, part_id, content_type, depth)
        else:
            part["body"] = _content(_decoded(body, encoding), mime_type, content_type)
        return part

    def children(
        self, body: bytes, boundary: bytes, part_id: str, content_type: str, depth: int
    ) -> list[Part]:
        is_digest = content_type.strip().lower().startswith("multipart/digest")
        default = "message/rfc822" if is_digest else "text/plain"
        prefix = f"{part_id}." if part_id else ""
        return [
            self.entity(piece, f"{prefix}{number}", default, depth + 1)
            for number, piece in enumerate(_pieces(body, boundary))
            if self._left > 0
        ]


def _split(raw: bytes) -> tuple[list[tuple[str, str]], bytes]:
    fields: list[tuple[str, str]] = []
    position = 0
    while position < min(len(raw), _MAX_HEADER_BYTES) and raw[position : position + 1] != b"\n":
        found = _FIELD.match(raw, position)
        if found is None:
            # No field: the empty line before the body is missing.
            return fields, raw[position:]
        fields.append((_header_text(found[1]), " ".join(_header_text(found[2]).split())))
        position = found.end()
    return fields, raw[position + 1 :] if raw[position : position + 1] == b"\n" else raw[position:]


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _pieces(body: bytes, boundary: bytes) -> Iterator[bytes]:
    delimiter = b"--" + boundary
    opened = -1
    position = 0
    while (found := body.find(delimiter, position)) >= 0:
        position = found + len(delimiter)
        if found and body[found - 1 : found] != b"\n":
            continue
        line_end = body.find(b"\n", position)
        line_end = len(body) if line_end < 0 else line_end
        tail = body[position:line_end].strip()
        if tail not in {b"", b"--"}:
            continue  # another boundary that begins alike
        if opened >= 0:
            yield body[opened : max(opened, found - 1)]
        if tail:
            return
        position = opened = min(line_end + 1, len(body))
    if opened >= 0:
        yield body[opened:]


def _divider(body: bytes) -> bytes:
    """Return the boundary in the first line that begins with two hyphens, if it occurs again."""
    found = re.search(rb"^--(-{0,100}[^\s-][^\n]{0,198})$", body, re.MULTILINE)
    boundary = found[1].rstrip() if found else b""
    return boundary if found and body.find(b"\n--" + boundary, found.end()) >= 0 else b""


def _decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        clean = _NOT_BASE64.sub(b"", body)
        clean = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def _content(data: bytes, mime_type: str, content_type: str) -> Part:
    if mime_type.startswith("text/"):
        data = decode_declared(data, charset_of(content_type)).text.encode("utf-8", "replace")
    is_read = mime_type.startswith(("text/", "message/")) or "pkcs7" in mime_type
    if not data or not (is_read or len(data) <= _LARGEST_INLINE):
        return {"size": len(data)}
    return {"size": len(data), "data": encode_base64url(data)}


def _filename(named: dict[str, str]) -> str:
    disposition = named.get("content-disposition", "")
    name = _parameter(named.get("content-type", ""), "name")
    return _parameter(disposition, "filename") or name


def _parameter(value: str, name: str) -> str:
    """Return a parameter of a structured field, RFC 2231 resolved; ``""`` without it."""
    if name not in value.lower():
        return ""
    holder = email.message.Message()
    holder["Content-Type"] = "x/x;" + value[:_MAX_PARAMETERS].partition(";")[2]
    found = holder.get_param(name, "")
    if isinstance(found, tuple):
        found = email.utils.collapse_rfc2231_value(found)
    return str(found)
