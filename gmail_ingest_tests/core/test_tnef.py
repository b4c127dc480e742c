"""winmail.dat gives its text and the names of its files."""

from __future__ import annotations

import random
import struct

import pytest

from gmail_ingest.core.mail.containers.tnef import Tnef, TnefFile, read_tnef
from gmail_ingest_tests.core.growth import assert_linear

SIGNATURE = struct.pack("<IH", 0x223E9F78, 1)


def attribute(tag: int, value: bytes) -> bytes:
    """Return an attribute with its checksum."""
    return struct.pack("<BII", 1, tag, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def padded(value: bytes) -> bytes:
    """Return a value of variable size with length and padding."""
    return struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*items: bytes) -> bytes:
    """Return a list of properties."""
    return struct.pack("<I", len(items)) + b"".join(items)


def variable(kind: int, name: int, value: bytes) -> bytes:
    """Return a property with one value of variable size."""
    return struct.pack("<HHI", kind, name, 1) + padded(value)


NAMED_BY_NUMBER = struct.pack("<HH16sIIH2x", 2, 0x8001, b"g" * 16, 0, 7, 1)
NAMED_BY_TEXT = struct.pack("<HH16sI", 3, 0x8002, b"g" * 16, 1) + padded(b"k\0\0\0") + b"\1\0\0\0"
MANY = struct.pack("<HHI", 0x101F, 0x0E0F, 2) + padded(b"a\0") + padded(b"b\0")
PLAIN = variable(0x1F, 0x1000, "Grüße, Ann\0".encode("utf-16-le"))
HTML = variable(0x102, 0x1013, "<p>Grüße</p>".encode())
FILE = (
    attribute(0x00069002, b"\0" * 14)
    + attribute(0x00018010, "Übersi~1.pdf\0".encode("cp850"))
    + attribute(0x0006800F, b"%PDF")
)
LONG_NAME = attribute(
    0x00069005, properties(variable(0x1F, 0x3707, "提案.pdf\0".encode("utf-16-le")))
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            attribute(0x00069007, struct.pack("<II", 850, 0))
            + attribute(0x0002800C, "Grüße\0".encode("cp850"))
            + FILE,
            Tnef("Grüße", "", [TnefFile("Übersi~1.pdf", 4)]),
        ),
        (
            attribute(0x00069003, properties(NAMED_BY_NUMBER, NAMED_BY_TEXT, MANY, PLAIN, HTML)),
            Tnef("Grüße, Ann", "<p>Grüße</p>", []),
        ),
        (FILE + LONG_NAME, Tnef("", "", [TnefFile("提案.pdf", 4)])),
        (attribute(0x00069003, properties(PLAIN, b"\xff" * 4)), Tnef("Grüße, Ann", "", [])),
        (b"", Tnef("", "", [])),
    ],
)
def test_text_and_files_are_read(content: bytes, expected: Tnef) -> None:
    """From attributes and properties, in either charset, with others between (edge case 160)."""
    assert read_tnef(SIGNATURE + content) == expected


@pytest.mark.parametrize("data", [b"", b"Hello", SIGNATURE[:3]])
def test_what_is_no_tnef_is_told(data: bytes) -> None:
    """Other bytes are none."""
    assert read_tnef(data) is None


def test_damaged_objects_never_raise() -> None:
    """Cut and altered at random, every object still has an answer (edge case 160)."""
    choose = random.Random(7)
    source = SIGNATURE + attribute(0x00069003, properties(MANY, PLAIN, HTML)) + FILE + LONG_NAME
    for _ in range(3_000):
        data = bytearray(source[: choose.randrange(6, len(source))])
        for _ in range(choose.randrange(5)):
            data[choose.randrange(4, len(data))] = choose.randrange(256)
        assert isinstance(read_tnef(bytes(data)), Tnef)


@pytest.mark.parametrize(
    "unit",
    [
        attribute(0x00069002, b""),
        attribute(0x00069003, b"\xff" * 8),
        attribute(0x00069003, struct.pack("<IHHI", 9_999, 0x101F, 1, 9_999) + b"\0" * 4_000),
        b"\0" * 9,
    ],
)
def test_hostile_objects_take_linear_time(unit: bytes) -> None:
    """Ten times the object takes no more than some ten times the time (edge case 160)."""
    assert_linear(lambda size: read_tnef(SIGNATURE + unit * (size // len(unit))), 20_000)
