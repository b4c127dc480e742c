"""Outlook's own format of mail, ``winmail.dat``: its text and its files.

Holds: ``read_tnef``.
Add here: another property that holds text.
Keep out: rich text (RTF), a format of its own: a mail with nothing else is unreadable; when to open
a file (``containers``).
Source: MS-OXTNEF (attributes) and MS-OXCDATA 2.11.1 (types of properties). The decision record
docs/decisions/0006-what-lies-one-level-deeper.md says why no library reads it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gmail_ingest.core.mail.charsets.charsets import decode_declared

_SIGNATURE = struct.pack("<I", 0x223E9F78)
_ATTRIBUTE = struct.Struct("<BII")
_HEAD, _CHECKSUM = 6, 2
_MAX_FILES = 200
_MAX_VALUES = 10_000

_BODY, _TITLE, _DATA, _NEW_FILE = 0x0002800C, 0x00018010, 0x0006800F, 0x00069002
_MESSAGE_PROPERTIES, _FILE_PROPERTIES, _CODE_PAGE = 0x00069003, 0x00069005, 0x00069007

_PLAIN, _HTML, _LONG_NAME = 0x1000, 0x1013, 0x3707
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MANY = 0x1000
_FIRST_NAMED = 0x8000
_GUID = 16
# Bytes of a value of fixed size, padding included (MS-OXTNEF 2.1.3.5).
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}


@dataclass(slots=True)
class TnefFile:
    """A file in it: its name and its size in bytes."""

    name: str = ""
    size: int = 0


@dataclass(slots=True)
class Tnef:
    """What could be read: plain text, HTML (``""`` where it has none) and files."""

    plain: str
    html: str
    files: list[TnefFile]


class _MalformedError(Exception):
    """The bytes end within a value, or a type is not known."""


def read_tnef(data: bytes) -> Tnef | None:
    """Return the content of a winmail.dat.

    Args:
        data: Any bytes.

    Returns:
        Its text and files as far as they can be read, or None where it is no TNEF.
    """
    if not data.startswith(_SIGNATURE):
        return None
    found = Tnef("", "", [])
    code_page = "cp1252"
    for tag, value in _attributes(data):
        if tag == _CODE_PAGE:
            code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif tag == _BODY:
            found.plain = found.plain or _text(value, code_page)
        elif tag == _MESSAGE_PROPERTIES:
            _take_text(found, value, code_page)
        elif tag == _NEW_FILE and len(found.files) < _MAX_FILES:
            found.files.append(TnefFile())
        elif found.files:
            _take_file(found.files[-1], tag, value, code_page)
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = _HEAD
    while position + _ATTRIBUTE.size <= len(data):
        _, tag, size = _ATTRIBUTE.unpack_from(data, position)
        position += _ATTRIBUTE.size
        yield tag, data[position : position + size]
        position += size + _CHECKSUM


def _take_text(found: Tnef, value: bytes, code_page: str) -> None:
    try:
        for kind, name, content in _properties(value):
            if name == _PLAIN and kind in {_STRING, _UNICODE}:
                found.plain = _text(content, "utf-16-le" if kind == _UNICODE else code_page)
            elif name == _HTML:
                found.html = _text(content, "utf-8" if kind == _BINARY else code_page)
    except _MalformedError:
        return


def _take_file(file: TnefFile, tag: int, value: bytes, code_page: str) -> None:
    if tag == _TITLE:
        file.name = file.name or _text(value, code_page)
    elif tag == _DATA:
        file.size = len(value)
    elif tag == _FILE_PROPERTIES:
        try:
            for kind, name, content in _properties(value):
                if name == _LONG_NAME and kind in {_STRING, _UNICODE}:
                    file.name = _text(content, "utf-16-le" if kind == _UNICODE else code_page)
        except _MalformedError:
            return


def _properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield type, id and first value of each property."""
    reader = _Reader(value)
    for _ in range(min(reader.number(), _MAX_VALUES)):
        head = reader.number()
        kind, name = head & 0xFFFF, head >> 16
        if name >= _FIRST_NAMED:
            reader.take(_GUID)
            is_text = reader.number()
            if is_text:
                reader.take(reader.number())
            else:
                reader.number()
        is_variable = kind & ~_MANY in {_STRING, _UNICODE, _OBJECT, _BINARY}
        count = reader.number() if is_variable or kind & _MANY else 1
        content = b""
        for number in range(min(count, _MAX_VALUES)):
            size = reader.number() if is_variable else _SIZES.get(kind & ~_MANY)
            if size is None:
                raise _MalformedError
            one = reader.take(size)
            content = one if number == 0 else content
        yield kind & ~_MANY, name, content


class _Reader:
    def __init__(self, value: bytes) -> None:
        self._value = value
        self._position = 0

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def take(self, size: int) -> bytes:
        """Return the next bytes, and skip their padding to a multiple of four."""
        start = self._position
        if start + size > len(self._value):
            raise _MalformedError
        self._position = start + size + -size % 4
        return self._value[start : start + size]


def _text(value: bytes, charset: str) -> str:
    return decode_declared(value, charset).text.partition("\x00")[0]
