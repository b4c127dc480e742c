"""S/MIME objects are opened where no key is needed, and never fail."""

from __future__ import annotations

import base64
import random

import pytest

from gmail_ingest.core.mail.containers.cms import MAX_BYTES, OpenedCms, open_cms
from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.growth import assert_linear

MAIL = b"Content-Type: text/plain\r\n\r\nHello\r\n" * 20


def test_signed_data_has_its_content() -> None:
    """DER of a signing program, its PEM and its base64 hold the same content (edge case 155)."""
    der = sealed.signed_data(MAIL)
    expected = OpenedCms("signed", MAIL)
    assert open_cms(der) == expected
    assert open_cms(sealed.signed_data(MAIL, pem=True)) == expected
    assert open_cms(base64.encodebytes(der)) == expected


def test_signed_data_of_indefinite_length_has_its_content() -> None:
    """BER of a streaming program, with the content in pieces, is joined (edge case 155)."""
    assert open_cms(sealed.streamed_signed_data(b"Hel", b"", b"lo")).content == b"Hello"


def test_compressed_data_is_unpacked() -> None:
    """Compressed data needs no key (edge case 155)."""
    assert open_cms(sealed.compressed_data(MAIL)) == OpenedCms("compressed", MAIL)


def test_compressed_data_unpacks_to_no_more_than_a_mail() -> None:
    """A small object that unpacks to gigabytes gives a bounded start of them."""
    content = open_cms(sealed.compressed_data(b"a" * (MAX_BYTES + 1_000))).content
    assert content is not None
    assert len(content) == MAX_BYTES


def test_encrypted_data_is_told_and_not_opened() -> None:
    """Enveloped data is encrypted (edge case 156)."""
    assert open_cms(sealed.enveloped_data(MAIL)) == OpenedCms("encrypted", None)


def test_a_detached_signature_has_no_content() -> None:
    """A signature that stands beside its text holds none."""
    assert open_cms(sealed.signed_data(MAIL, detached=True)) == OpenedCms("signed", None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"0\x80",
        b"0\x89" + b"\xff" * 9,
        b"Hello",
        sealed.ber(0x30, sealed.DATA),
        sealed.ber(0x30, sealed.SIGNED_DATA),
        sealed.ber(0x30, b"\x31\x00"),
    ],
)
def test_what_is_no_cms_is_unknown(data: bytes) -> None:
    """Text, other objects and headless ones are unknown."""
    assert open_cms(data) == OpenedCms("unknown", None)


def test_a_truncated_object_gives_what_is_there() -> None:
    """The start of a text is better than none."""
    der = sealed.signed_data(MAIL)
    assert open_cms(der[: der.index(MAIL) + 9]).content == MAIL[:9]


def test_damaged_objects_never_raise() -> None:
    """Cut and altered at random, every object still has an answer."""
    choose = random.Random(7)
    sources = (
        sealed.signed_data(MAIL),
        sealed.streamed_signed_data(MAIL, MAIL),
        sealed.compressed_data(MAIL),
    )
    for _ in range(3_000):
        data = bytearray(choose.choice(sources))
        del data[choose.randrange(len(data)) + 1 :]
        for _ in range(choose.randrange(5)):
            data[choose.randrange(len(data))] = choose.randrange(256)
        assert isinstance(open_cms(bytes(data)), OpenedCms)


@pytest.mark.parametrize(
    ("head", "unit"),
    [
        (b"", b"0\x80"),
        (b"0\x80" + sealed.SIGNED_DATA + b"\xa0\x800\x80\x02\x01\x01", b"1\x80"),
        (sealed.streamed_signed_data()[:-10], b"\x04\x01a"),
    ],
)
def test_hostile_objects_take_linear_time(head: bytes, unit: bytes) -> None:
    """Ten times the nesting takes no more than some ten times the time (edge case 155)."""
    assert_linear(lambda count: open_cms(head + unit * count), 4_000)
