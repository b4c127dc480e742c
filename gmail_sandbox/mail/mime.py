"""The tree of parts of a raw mail, numbered as Gmail numbers them. Nothing here raises.

Holds: multiparts, nested messages, transfer encodings, file names; bodies stay spans of the raw
mail until somebody asks for them.
Add here: MIME structure that real mail has. Keep out: JSON, attachment ids, search.
Source: docs/google.md#parts (ids, message/rfc822 expanded); RFC 2045, RFC 2046.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gmail_sandbox.forms import HeaderBytes
from gmail_sandbox.mail.headers import decode_words, split_headers, split_parameters

# Deeper or larger trees exist only to break parsers; beyond these bounds a part is not divided.
_MAX_DEPTH: Final = 40
_MAX_PARTS: Final = 2000
_MIME_TYPE: Final = re.compile(r"[!-.0-~]+/[!-.0-~]+\Z")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")
_IDENTITY: Final = {"", "7bit", "8bit", "binary"}


@dataclass(frozen=True, slots=True)
class MimePart:
    """One part. `start` and `end` span its still encoded body in the raw mail."""

    part_id: str
    headers: tuple[tuple[str, str], ...]
    mime_type: str
    charset: str
    filename: str
    is_attachment: bool
    encoding: str
    start: int
    end: int
    parts: tuple["MimePart", ...]

    def header(self, name: str) -> str:
        """Return the first value of a header, decoded, or an empty string.

        Args:
            name: in lower case.
        """
        return next((value for key, value in self.headers if key.lower() == name), "")

    def body(self, raw: bytes) -> bytes:
        """Return the body with its transfer encoding removed.

        Args:
            raw: the mail that this part was read from.
        """
        data = raw[self.start : self.end]
        if self.encoding == "base64":
            return _from_base64(data)
        if self.encoding == "quoted-printable":
            return binascii.a2b_qp(data)
        return data

    def walk(self) -> Iterator["MimePart"]:
        """Yield this part and all below it, in document order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse_mail(raw: bytes, header_bytes: HeaderBytes = "utf8") -> MimePart:
    """Read a mail.

    Args:
        raw: any bytes.
        header_bytes: how 8-bit header fields are read.
    """
    return _Reader(raw, header_bytes).read(
        0, len(raw), part_id="", depth=0, default_type="text/plain"
    )


class _Reader:
    def __init__(self, raw: bytes, header_bytes: HeaderBytes) -> None:
        self._raw = raw
        self._header_bytes = header_bytes
        self._left = _MAX_PARTS

    def read(
        self, start: int, end: int, *, part_id: str, depth: int, default_type: str
    ) -> MimePart:
        self._left -= 1
        fields, body = split_headers(self._raw, start, end, self._header_bytes)
        found: dict[str, str] = {}
        for name, value in fields:
            found.setdefault(name.lower(), value)
        mime_type, parameters = split_parameters(found.get("content-type", default_type))
        if not _MIME_TYPE.match(mime_type):
            mime_type = "text/plain"
        disposition, options = split_parameters(found.get("content-disposition", ""))
        encoding = found.get("content-transfer-encoding", "").strip().lower()
        spans = (
            self._children(mime_type, encoding, parameters, body, end) if depth < _MAX_DEPTH else []
        )
        return MimePart(
            part_id=part_id,
            headers=tuple((name, decode_words(value)) for name, value in fields),
            mime_type=mime_type,
            charset=parameters.get("charset", ""),
            filename=options.get("filename") or parameters.get("name", ""),
            is_attachment=disposition == "attachment",
            encoding=encoding,
            start=body,
            end=end,
            parts=tuple(
                self.read(
                    *span,
                    part_id=f"{part_id}.{index}" if part_id else str(index),
                    depth=depth + 1,
                    default_type="message/rfc822"
                    if mime_type == "multipart/digest"
                    else "text/plain",
                )
                for index, span in enumerate(spans)
            ),
        )

    def _children(
        self, mime_type: str, encoding: str, parameters: dict[str, str], start: int, end: int
    ) -> list[tuple[int, int]]:
        if mime_type in {"message/rfc822", "message/global"} and encoding in _IDENTITY:
            return [(start, end)]
        boundary = parameters.get("boundary", "")
        if not (mime_type.startswith("multipart/") and boundary):
            return []
        spans = list(_split_multipart(self._raw, start, end, boundary.encode("utf-8", "replace")))
        return spans if len(spans) <= self._left else []


def _split_multipart(
    raw: bytes, start: int, end: int, boundary: bytes
) -> Iterator[tuple[int, int]]:
    delimiter = b"--" + boundary
    position = start
    opened = -1
    while (found := raw.find(delimiter, position, end)) >= 0:
        position = found + len(delimiter)
        if found > start and raw[found - 1 : found] != b"\n":
            continue
        newline = raw.find(b"\n", position, end)
        line_end = end if newline < 0 else newline
        tail = raw[position:line_end].strip()
        if tail not in {b"", b"--"}:
            continue  # another boundary that begins alike
        if opened >= 0:
            yield opened, max(opened, _before_newline(raw, found))
        if tail:
            return
        position = opened = min(line_end + 1, end)
    if opened >= 0:
        yield opened, end


def _before_newline(raw: bytes, position: int) -> int:
    if raw[position - 2 : position] == b"\r\n":
        return position - 2
    return position - 1


def _from_base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = _NOT_BASE64.sub(b"", data)
        clean = clean[: len(clean) - (len(clean) % 4 == 1)]
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
