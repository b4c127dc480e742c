"""The content of a Cryptographic Message Syntax object (S/MIME, ``smime.p7m``).

Holds: ``open_cms``.
Add here: another content type of CMS that needs no key.
Keep out: checking signatures, keys, MIME (``mime_reader``).
Source: RFC 5652 (SignedData, EnvelopedData), RFC 3274 (CompressedData), X.690 (BER and DER).
docs/decisions/0006-what-lies-one-level-deeper.md says why no library reads it.
"""

import binascii
import contextlib
import re
import zlib
from dataclasses import dataclass
from typing import Literal

#: Gmail takes no mail above 50 MB; data that unpacks to more is hostile.
MAX_BYTES = 64 * 1024 * 1024
# Programs nest the pieces of a content once or twice.
_MAX_DEPTH = 16
_MAX_LENGTH_BYTES = 8

_INTEGER, _OCTETS, _OBJECT_ID = 0x02, 0x04, 0x06
_SEQUENCE, _PIECES, _EXPLICIT = 0x30, 0x24, 0xA0
# X.690, 8.1.3.6; above it is the number of the bytes of a length.
_INDEFINITE = 0x80

_KINDS: dict[bytes, Literal["signed", "compressed", "encrypted"]] = {
    bytes.fromhex("2a864886f70d010702"): "signed",
    bytes.fromhex("2a864886f70d0109100109"): "compressed",
    bytes.fromhex("2a864886f70d010703"): "encrypted",
    bytes.fromhex("2a864886f70d010706"): "encrypted",
    bytes.fromhex("2a864886f70d0109100117"): "encrypted",
}
_PEM_LINE = re.compile(rb"-----[^\n]{0,80}-----")


@dataclass(frozen=True, slots=True)
class OpenedCms:
    """A CMS object: its kind, and its content where that can be read without a key."""

    kind: Literal["signed", "compressed", "encrypted", "unknown"]
    content: bytes | None


class _MalformedError(Exception):
    """The bytes are no BER, or no CMS."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A BER value: where its content begins and ends (None: at an end-of-contents mark)."""

    tag: int
    start: int
    end: int | None


def open_cms(data: bytes) -> OpenedCms:
    """Return the content of a CMS object.

    Args:
        data: BER or DER, or either in base64, with or without PEM lines; anything else counts as
            unknown.

    Returns:
        Its kind, and the content of signed and compressed data; None for a detached signature and
        for encrypted data. A truncated object gives the content up to its end.
    """
    raw = _binary(data)
    try:
        outer = _expect(raw, 0, _SEQUENCE)
        name = _expect(raw, outer.start, _OBJECT_ID)
        kind = _KINDS.get(raw[name.start : name.end])
        if kind is None:
            return OpenedCms("unknown", None)
        if kind == "encrypted":
            return OpenedCms(kind, None)
        content = _encapsulated(raw, _after(raw, name))
    except _MalformedError:
        return OpenedCms("unknown", None)
    if kind == "compressed" and content is not None:
        content = _inflated(content)
    return OpenedCms(kind, content)


def _binary(data: bytes) -> bytes:
    if data[:1] == bytes([_SEQUENCE]):
        return data
    with contextlib.suppress(ValueError):
        return binascii.a2b_base64(_PEM_LINE.sub(b"", data))
    return data


def _encapsulated(raw: bytes, position: int) -> bytes | None:
    """Return the content of SignedData and CompressedData, which begin alike."""
    body = _expect(raw, _expect(raw, position, _EXPLICIT).start, _SEQUENCE)
    algorithms = _after(raw, _expect(raw, body.start, _INTEGER))
    info = _expect(raw, _after(raw, _value(raw, algorithms)), _SEQUENCE)
    content_type = _expect(raw, info.start, _OBJECT_ID)
    position = _after(raw, content_type)
    if info.end is not None and position >= info.end:
        return None
    explicit = _value(raw, position)
    return _octets(raw, explicit.start) if explicit.tag == _EXPLICIT else None


def _octets(raw: bytes, position: int) -> bytes:
    """Return the bytes of an OCTET STRING, which may come in nested pieces."""
    pieces: list[bytes] = []
    ends: list[int | None] = []
    while True:
        while ends and ends[-1] is not None and position >= ends[-1]:
            ends.pop()
        if position >= len(raw) or (pieces and not ends):
            return b"".join(pieces)
        value = _value(raw, position)
        if value.tag == _OCTETS and value.end is not None:
            pieces.append(raw[value.start : value.end])
            position = value.end
        elif value.tag == _PIECES and len(ends) < _MAX_DEPTH:
            ends.append(value.end)
            position = value.start
        elif value.tag == 0 and ends and ends[-1] is None:
            ends.pop()
            position = value.start
            if not ends:
                return b"".join(pieces)
        else:
            raise _MalformedError


def _expect(raw: bytes, position: int, tag: int) -> _Value:
    value = _value(raw, position)
    if value.tag != tag:
        raise _MalformedError
    return value


def _value(raw: bytes, position: int) -> _Value:
    """Read the tag and length at a position. No tag of CMS is longer than a byte."""
    header = raw[position : position + 2]
    if len(header) < len(b"tl"):
        raise _MalformedError
    tag, length = header
    start = position + len(header)
    if length == _INDEFINITE:
        return _Value(tag, start, None)
    if length > _INDEFINITE:
        count = length - _INDEFINITE
        if count > _MAX_LENGTH_BYTES:
            raise _MalformedError
        length = int.from_bytes(raw[start : start + count], "big")
        start += count
    return _Value(tag, start, start + length)


def _after(raw: bytes, value: _Value) -> int:
    """Return the position behind a value."""
    if value.end is not None:
        return value.end
    position, depth = value.start, 1
    while depth:
        inner = _value(raw, position)
        if inner.end is None:
            depth += 1
            position = inner.start
        else:
            position = inner.end
            depth -= inner.tag == 0
    return position


def _inflated(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, MAX_BYTES)
    except zlib.error:
        return None
