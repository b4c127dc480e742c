"""Whether a push comes from our own Pub/Sub subscription.

Holds: ``TokenVerifier`` and the type of verified claims. Keep out: HTTP statuses (``routes.py``).
Source: docs/google.md#push-tokens, #certificates; edge cases 19, 20 and 75. A token may be used
again for an hour: there is no replay check.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, NewType

from google.auth import exceptions, jwt

from webhook_api.push.certificates import CertificateCache

#: Claims whose signature, time, issuer, audience and service account are right. Nothing else
#: makes this type, and nothing that acts on a push takes another.
VerifiedPush = NewType("VerifiedPush", Mapping[str, Any])

#: Google's clock and ours may differ by this many seconds (edge case 75 asks for ten).
CLOCK_SKEW = 30
ISSUERS = frozenset({"accounts.google.com", "https://accounts.google.com"})
#: Google's tokens have about 1,000 characters.
MAX_TOKEN = 8192


class InvalidTokenError(Exception):
    """No token, or one that Google did not sign for now. ``reason`` is a fixed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForeignTokenError(InvalidTokenError):
    """Google signed it, but for somebody else: another audience or service account."""


class TokenVerifier:
    """Verifies tokens for one audience and one service account."""

    def __init__(self, certificates: CertificateCache, audience: str, service_account: str) -> None:
        self._certificates = certificates
        self._audience = audience
        self._service_account = service_account.lower()

    async def verify(self, authorization: str) -> VerifiedPush:
        """Verify an Authorization header.

        Raises:
            InvalidTokenError: missing, malformed, wrongly signed, expired, or another issuer.
            ForeignTokenError: for another audience or service account.
            CertificatesUnavailableError: it cannot be judged now.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise InvalidTokenError("missing")
        if len(token) > MAX_TOKEN or not token.isascii():
            raise InvalidTokenError("malformed")
        certificates = await self._certificates.find(_key_id(token))
        claims = _decode(token, certificates)
        if claims.get("iss") not in ISSUERS:
            raise InvalidTokenError("issuer")
        if not _same(claims.get("aud"), self._audience):
            raise ForeignTokenError("audience")
        email = claims.get("email")
        address = email.lower() if isinstance(email, str) else None
        if not _same(address, self._service_account) or claims.get("email_verified") is not True:
            raise ForeignTokenError("service_account")
        return VerifiedPush(claims)


def _key_id(token: str) -> str:
    try:
        header = jwt.decode_header(token)
    except (exceptions.GoogleAuthError, ValueError):
        raise InvalidTokenError("malformed") from None
    key_id = header.get("kid")
    # RS256 only, and always a named key: what Google sends, and no algorithm is negotiated.
    if header.get("alg") != "RS256" or not isinstance(key_id, str) or not key_id:
        raise InvalidTokenError("malformed")
    return key_id


def _decode(token: str, certificates: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token, certs=certificates, clock_skew_in_seconds=CLOCK_SKEW
        )
    except (exceptions.GoogleAuthError, ValueError, TypeError):
        # The library's texts quote the token: none of them goes on.
        raise InvalidTokenError("not_valid") from None
    return claims


def _same(claim: object, expected: str) -> bool:
    return isinstance(claim, str) and hmac.compare_digest(
        claim.encode("utf-8", "surrogatepass"), expected.encode()
    )
