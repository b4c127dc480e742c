"""The encryption keys of this deployment, newest first.

Holds: parsing of key text. Add here: another notation for keys.
Keep out: where the text comes from (``adapters/secrets``), and encryption (``sealing``).
Source: docs/google.md#secret-manager (a payload is bytes: a key may be stored raw or as base64).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gmail_ingest.errors import ConfigurationError

KEY_BYTES = 32
#: The version of a key without one, so that a second key can be added before it later.
FIRST_VERSION = "1"

_VERSION = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_REMEDY = (
    "give ENCRYPTION_KEY, or the version that ENCRYPTION_KEY_SECRET names, as 32 bytes in base64 "
    "(`gmail-ingest keys generate-encryption` makes one), or as '2:base64,1:base64', newest first"
)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by version; ``current`` is the version that seals."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)


def parse_key_ring(material: bytes) -> KeyRing:
    """Read a key ring from a setting's or secret's bytes.

    Args:
        material: 32 raw bytes, or text: ``base64``, or ``version:base64`` several times,
            separated by commas, newest first. White space around each part is ignored, because
            secrets made by ``echo`` end with a newline.

    Raises:
        ConfigurationError: names the settings and the remedy, and never the key.
    """
    # 32 printable bytes are no raw key: they are a typed password, not random bytes.
    if len(material) == KEY_BYTES and not (material.isascii() and material.decode().isprintable()):
        return KeyRing(FIRST_VERSION, MappingProxyType({FIRST_VERSION: material}))
    try:
        text = material.decode("ascii")
    except UnicodeDecodeError:
        raise _error("it is neither 32 raw bytes nor text") from None
    keys: dict[str, bytes] = {}
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        version, colon, encoded = part.rpartition(":")
        if not colon:
            if len(parts) > 1:
                raise _error("several keys need a version each")
            version = FIRST_VERSION
        if not _VERSION.fullmatch(version):
            raise _error("a version has other characters than A-Z a-z 0-9 _ . - or is too long")
        if version in keys:
            raise _error(f"version {version} is there twice")
        keys[version] = _decode(encoded)
    return KeyRing(next(iter(keys)), MappingProxyType(keys))


def _decode(encoded: str) -> bytes:
    try:
        # Key generators use one of two base64 alphabets: both are accepted.
        key = b64decode(encoded.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError):
        raise _error("a key is not base64") from None
    if len(key) != KEY_BYTES:
        raise _error(f"a key has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def _error(reason: str) -> ConfigurationError:
    return ConfigurationError(f"the encryption key cannot be used: {reason}; {_REMEDY}")
