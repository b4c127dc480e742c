"""Service accounts with domain-wide delegation.

Holds: ``ServiceAccount`` and the registry that verifies their assertions. Add here: what a
service account may do. Keep out: access tokens (``issued_tokens``) and HTTP (``oauth_calls``).
Source: docs/google.md#token-errors, #service-accounts (the assertion, and its ``aud``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gmail_sandbox.clock import Clock
from gmail_sandbox.oauth.certificates import SigningKey, new_signing_key
from gmail_sandbox.oauth.signed_tokens import (
    MalformedTokenError,
    VerifiedClaims,
    unverified_claims,
    verify_token,
)
from gmail_sandbox.wire.google_errors import GoogleRefusalError

GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a secret
_LONGEST_LIFE = 3_600
_SKEW = 300
_SHORT_LIVED = (
    "Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
    "iat and exp values in the JWT claim."
)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account, its key, and the mailboxes and scopes that an administrator delegated to it.

    ``scopes`` empty means any scope.
    """

    email: str
    key: SigningKey
    domains: frozenset[str]
    subjects: frozenset[str]
    scopes: frozenset[str]

    @property
    def unique_id(self) -> str:
        """The numeric id of the account, 21 digits, always the same for the same address."""
        digest = hashlib.sha256(self.email.encode()).digest()
        return str(10**20 + int.from_bytes(digest[:8], "big"))

    def may_act_for(self, subject: str) -> bool:
        """Tell whether an administrator delegated this mailbox to the account."""
        return subject in self.subjects or subject.rpartition("@")[2] in self.domains

    def key_file(self, *, project_id: str, base_url: str) -> dict[str, str]:
        """Return the key as the JSON that Google's console downloads.

        Args:
            project_id: the project of the account.
            base_url: the sandbox, where ``token_uri`` shall point.
        """
        return {
            "type": "service_account",
            "project_id": project_id,
            "private_key_id": self.key.id,
            "private_key": _pem(self.key.private_key),
            "client_email": self.email,
            "client_id": self.unique_id,
            "auth_uri": f"{base_url}/o/oauth2/v2/auth",
            "token_uri": f"{base_url}/token",
            "auth_provider_x509_cert_url": f"{base_url}/oauth2/v1/certs",
            "client_x509_cert_url": f"{base_url}/robot/v1/metadata/x509/{self.email}",
            "universe_domain": "googleapis.com",
        }


class ServiceAccounts:
    """The registry of service accounts.

    Args:
        clock: judges the times of an assertion.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, ServiceAccount] = {}

    def register(
        self,
        email: str,
        *,
        domains: frozenset[str] = frozenset(),
        subjects: frozenset[str] = frozenset(),
        scopes: frozenset[str] = frozenset(),
    ) -> ServiceAccount:
        """Make an account with a new key, or change one and keep its key."""
        known = self._accounts.get(email)
        key = new_signing_key(self._clock.now()) if known is None else known.key
        account = ServiceAccount(email, key, domains, subjects, scopes)
        self._accounts[email] = account
        return account

    def verify(self, assertion: str, own_token_uri: str) -> tuple[ServiceAccount, VerifiedClaims]:
        """Return who signed an assertion, and what it says.

        Args:
            assertion: the JWT of a jwt-bearer grant.
            own_token_uri: accepted as audience beside Google's own.

        Raises:
            GoogleRefusalError: 400 invalid_grant, for an unknown account, another signature, a
                wrong audience or a wrong time.
        """
        try:
            issuer = str(unverified_claims(assertion).get("iss", ""))
            account = self._accounts.get(issuer)
            if account is None:
                raise _bad_jwt("account not found")
            claims = verify_token(assertion, account.key.private_key.public_key())
        except MalformedTokenError as exc:
            raise _bad_jwt("Failed JWT signature validation.") from exc
        if claims.get("aud") not in {GOOGLE_TOKEN_URI, own_token_uri}:
            raise _bad_jwt("The audience is not the token endpoint.")
        self._check_times(claims)
        return account, claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock.now()
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise _bad_jwt(_SHORT_LIVED)
        in_time = issued - _SKEW <= now <= expires + _SKEW
        if not in_time or expires - issued > _LONGEST_LIFE:
            raise _bad_jwt(_SHORT_LIVED)


def _bad_jwt(detail: str) -> GoogleRefusalError:
    return GoogleRefusalError("invalid_jwt", detail=detail)


def _pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
