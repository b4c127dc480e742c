"""The keys with which the sandbox signs as Google, and their public certificates.

Holds: ``KeyRing``: signing, publishing and rotating. Add here: another published form. Keep out:
what is signed. A key costs a tenth of a second, so it is made when first needed.
Source: docs/google.md#certificates: a kid → PEM map at /oauth2/v1/certs, JWK at /oauth2/v3/certs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from gmail_sandbox.clock import Clock
from gmail_sandbox.oauth.signed_tokens import base64url, sign_token

#: Google publishes the key in use and the one before it.
_PUBLISHED = 2
_LIFE = timedelta(days=16)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, the id by which tokens name it, and its certificate."""

    id: str
    private_key: rsa.RSAPrivateKey
    certificate: str

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JSON web key."""
        numbers = self.private_key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.id,
            "n": _unsigned(numbers.n),
            "e": _unsigned(numbers.e),
        }


class KeyRing:
    """The keys of one Google, newest last.

    Args:
        clock: dates the certificates.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: list[SigningKey] = []

    @property
    def current(self) -> SigningKey:
        """The key that signs now, made if there is none yet."""
        if not self._keys:
            self._keys.append(new_signing_key(self._clock.now()))
        return self._keys[-1]

    def rotate(self, *, retire: bool = False) -> str:
        """Sign with a new key from now on, and return its id.

        Args:
            retire: whether the earlier keys are no longer published, so that tokens signed with
                them fail; otherwise the one before stays published.
        """
        kept = [] if retire else [self.current]
        self._keys = [*kept, new_signing_key(self._clock.now())][-_PUBLISHED:]
        return self.current.id

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token of these claims, signed with the current key."""
        return sign_token(claims, self.current.private_key, self.current.id)

    def certificates(self) -> dict[str, str]:
        """Return the published certificates: key id → PEM."""
        return {key.id: key.certificate for key in self._published()}

    def web_keys(self) -> dict[str, list[dict[str, str]]]:
        """Return the published keys as a JSON web key set."""
        return {"keys": [key.jwk() for key in self._published()]}

    def _published(self) -> list[SigningKey]:
        newest = self.current
        return [*self._keys[:-1], newest]


def new_signing_key(now: float) -> SigningKey:
    """Make a key with a self-signed certificate that is valid around ``now`` (epoch seconds)."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.sandbox")])
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFE)
        .sign(key, SHA256())
    )
    digest = Hash(SHA1())  # noqa: S303 - a name for the key, as Google's ids are; protects nothing
    digest.update(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return SigningKey(digest.finalize().hex(), key, pem)


def _unsigned(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
