"""OpenPGP in plain text: what was signed is read, what is encrypted is told."""

from __future__ import annotations

import pytest

from gmail_ingest.core.mail.text.pgp_text import is_encrypted, without_armour
from gmail_ingest_tests.core.growth import assert_linear

SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\nVersion: X\n\niQEz\n=ab\n-----END PGP SIGNATURE-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{SIGNED}\nHash: SHA256\n\nHello\n- -- \nAnn\n- --- old\n{SIGNATURE}\n",
            "Hello\n-- \nAnn\n--- old\n",
        ),
        (
            f"before\n-----BEGIN PGP SIGNED MESSAGE----- \n\nHello\n\n{SIGNATURE}\nfooter",
            "before\nHello\n\nfooter",
        ),
        ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\nHello", "Hello"),
        ("-----BEGIN PGP SIGNED MESSAGE-----\n\nNote: hello\n", "Note: hello\n"),
        (f"-----BEGIN PGP SIGNED MESSAGE-----\n\nHello\n{SIGNATURE[:40]}\niQEz", "Hello"),
        (
            "> -----BEGIN PGP SIGNED MESSAGE-----\n> Hello\n- item",
            "> -----BEGIN PGP SIGNED MESSAGE-----\n> Hello\n- item",
        ),
        (
            f"{SIGNED}\n\nHi\n{SIGNATURE[:52]}\niQEz\nwords of a list\nend",
            "Hi\nwords of a list\nend",
        ),
        (f"Hello\n{SIGNATURE}", f"Hello\n{SIGNATURE}"),
        ("- item", "- item"),
    ],
)
def test_what_was_signed_is_read_as_it_was_written(text: str, expected: str) -> None:
    """Marks, armour headers, signature and the dashes before dashes go (edge case 155)."""
    assert without_armour(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n", True),
        ("Hello,\n\nsee:\n-----BEGIN PGP MESSAGE-----\nhQEM", True),
        ("-----BEGIN PGP MESSAGE, PART 1/2-----\nhQEM", True),
        ("> -----BEGIN PGP MESSAGE-----\n> hQEM", False),
        ("Write -----BEGIN PGP MESSAGE----- first.", False),
        ("line\n" * 11 + "-----BEGIN PGP MESSAGE-----\nhQEM", False),
        ("-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQEN", False),
        ("", False),
    ],
)
def test_an_encrypted_text_is_told(text: str, expected: bool) -> None:
    """A block near the start is encrypted; what is quoted, and a key, is not (edge case 156)."""
    assert is_encrypted(text) is expected


@pytest.mark.parametrize("unit", ["-----BEGIN PGP SIGNED MESSAGE-----\n", "- ", "A: \n", "\n"])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    """Ten times the text takes no more than some ten times the time (edge case 155)."""

    def read(size: int) -> None:
        text = "-----BEGIN PGP SIGNED MESSAGE-----\n" + unit * (size // len(unit))
        without_armour(text)
        is_encrypted(text)

    assert_linear(read, 40_000)
