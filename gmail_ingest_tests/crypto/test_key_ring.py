import base64

import pytest

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.errors import ConfigurationError

ONE = bytes(range(32))
TWO = bytes(range(100, 132))


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize(
    "material",
    [ONE, text(ONE).encode(), f" {text(ONE)}\n".encode(), base64.urlsafe_b64encode(ONE)],
)
def test_key_ring_reads_a_single_key_in_every_form(material):
    """Raw bytes, base64 of both alphabets and a trailing newline give the same key, version 1."""
    ring = parse_key_ring(material)
    assert ring.current == "1"
    assert ring.keys == {"1": ONE}


def test_key_ring_takes_the_first_version_as_current():
    """Of several versions the first seals, and all open."""
    ring = parse_key_ring(f"2:{text(TWO)}, 1:{text(ONE)}".encode())
    assert ring.current == "2"
    assert ring.keys == {"2": TWO, "1": ONE}


@pytest.mark.parametrize(
    ("material", "reason"),
    [
        (b"", "0 bytes"),
        (base64.b64encode(b"short"), "5 bytes"),
        (base64.b64encode(bytes(33)), "33 bytes"),
        (b"only-a-password-of-32-characters", "24 bytes"),
        (b"not base64!", "not base64"),
        (bytes(range(224, 255)), "neither 32 raw bytes nor text"),
        (f"{text(ONE)},{text(TWO)}".encode(), "version each"),
        (f"1:{text(ONE)},1:{text(TWO)}".encode(), "twice"),
        (f"a b:{text(ONE)}".encode(), "version"),
        (f"1:{text(ONE)},".encode(), "version each"),
    ],
)
def test_key_ring_refuses_anything_else_with_the_remedy(material, reason):
    """What is not exactly 32 bytes a version is refused, naming settings and remedy, not keys."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        parse_key_ring(material)
    message = str(caught.value)
    assert "ENCRYPTION_KEY" in message
    assert "ENCRYPTION_KEY_SECRET" in message
    assert text(ONE) not in message


def test_key_ring_keeps_keys_out_of_its_repr():
    """A ring in a log or traceback shows no key."""
    assert repr(ONE) not in repr(parse_key_ring(ONE))
