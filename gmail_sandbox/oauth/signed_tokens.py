"""RS256 JSON web tokens: signing those that Google signs, verifying those that clients sign.

Holds: ``sign_token``, ``verify_token``. Add here: nothing that knows a claim's meaning. Keep out:
keys and their life (``certificates``, ``service_accounts``).
Source: RFC 7515 and 7519; docs/google.md#push-tokens, #service-accounts.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NewType

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

#: Claims whose signature was checked.
VerifiedClaims = NewType("VerifiedClaims", dict[str, Any])


class MalformedTokenError(Exception):
    """The text is no token, or its signature is not of the key."""


def base64url(data: bytes) -> str:
    """Return unpadded URL-safe base64."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_token(claims: Mapping[str, Any], key: RSAPrivateKey, key_id: str) -> str:
    """Return a signed token of these claims, naming its key."""
    header = {"alg": "RS256", "kid": key_id, "typ": "JWT"}
    signed = f"{base64url(orjson.dumps(header))}.{base64url(orjson.dumps(dict(claims)))}"
    signature = key.sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{base64url(signature)}"


def unverified_claims(token: str) -> dict[str, Any]:
    """Return what a token claims, to learn whose key should verify it.

    Raises:
        MalformedTokenError: the text is no token.
    """
    segments = token.split(".")
    if len(segments) != 3:
        raise MalformedTokenError("a token has three segments")
    try:
        claims = orjson.loads(_decode(segments[1]))
    except (binascii.Error, orjson.JSONDecodeError) as exc:
        raise MalformedTokenError("the claims are not JSON") from exc
    if not isinstance(claims, dict):
        raise MalformedTokenError("the claims are not an object")
    return claims


def verify_token(token: str, key: RSAPublicKey) -> VerifiedClaims:
    """Return the claims of a token that this key signed.

    Raises:
        MalformedTokenError: the text is no token, or another key signed it.
    """
    claims = unverified_claims(token)
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(_decode(signature), signed.encode(), PKCS1v15(), SHA256())
    except (binascii.Error, InvalidSignature) as exc:
        raise MalformedTokenError("the signature does not match") from exc
    return VerifiedClaims(claims)


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
