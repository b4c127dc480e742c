"""Sealing of credentials: AES-256-GCM, bound to their tenant and integration.

Holds: the sealed format. Add here: a new format under a new leading byte.
Keep out: what is sealed (the Postgres adapter encodes credentials).
Source: RFC 5116 (AEAD); NIST SP 800-38D (96-bit random nonces: fine below 2**32 seals of a key).

Format: 0x01, length of the version, version, 12 bytes of nonce, ciphertext with its tag.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.errors import OperatorActionError

_FORMAT = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16


class AesGcmSealer:
    """Seals and opens with a key ring. Safe to share between threads and tasks."""

    def __init__(self, ring: KeyRing) -> None:
        self._current = ring.current
        self._ciphers = {version: AESGCM(key) for version, key in ring.keys.items()}

    @property
    def current_version(self) -> str:
        """Name of the key that ``seal`` uses."""
        return self._current

    def seal(self, plaintext: bytes, *, tenant_id: str, integration_id: int) -> bytes:
        """Encrypt with the newest key; the result opens only for this tenant and integration."""
        header = bytes((_FORMAT, len(self._current))) + self._current.encode("ascii")
        nonce = os.urandom(_NONCE_BYTES)
        context = _context(header, tenant_id, integration_id)
        return header + nonce + self._ciphers[self._current].encrypt(nonce, plaintext, context)

    def open(self, sealed: bytes, *, tenant_id: str, integration_id: int) -> bytes:
        """Decrypt a result of ``seal`` for the same tenant and integration.

        Raises:
            OperatorActionError: the key is not in the ring, the bytes were changed, or they belong
                to another tenant or integration.
        """
        header, version = _read_header(sealed)
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise OperatorActionError(
                f"a credential was sealed with key version {version!r}, which is not configured: "
                f"add it to ENCRYPTION_KEY or the secret of ENCRYPTION_KEY_SECRET"
            )
        start = len(header) + _NONCE_BYTES
        try:
            return cipher.decrypt(
                sealed[len(header) : start],
                sealed[start:],
                _context(header, tenant_id, integration_id),
            )
        except InvalidTag:
            raise OperatorActionError(
                f"a credential does not open with key version {version!r}: another key has this "
                f"version now, or the row was changed; restore the key or connect again"
            ) from None

    def needs_reseal(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than the newest."""
        return _read_header(sealed)[1] != self._current


def _read_header(sealed: bytes) -> tuple[bytes, str]:
    end = 2 + sealed[1] if len(sealed) > 1 else 0
    if not end or sealed[0] != _FORMAT or len(sealed) < end + _NONCE_BYTES + _TAG_BYTES:
        raise OperatorActionError("a stored credential is not in a known format: connect it again")
    return sealed[:end], sealed[2:end].decode("ascii", "replace")


def _context(header: bytes, tenant_id: str, integration_id: int) -> bytes:
    """The additional data. Lengths stand before the fields, so that no two contexts are equal."""
    tenant = tenant_id.encode("utf-8", "surrogatepass")
    return b"".join(
        (header, len(tenant).to_bytes(4, "big"), tenant, integration_id.to_bytes(8, "big"))
    )
