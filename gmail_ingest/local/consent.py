"""Google's consent by authorization code with PKCE, without a library and without a browser.

Holds: ``Consent`` (the question) and ``Grant`` (the answer). Add here: a parameter that Google's
consent page knows. Keep out: receiving the redirect, and storing what came of it.
``prompt=consent`` makes Google give a refresh token on a repeated consent, too.
Source: docs/google.md#consent; RFC 7636.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from gmail_ingest.errors import ReauthoriseError
from gmail_ingest.sync.accounts.credentials import SCOPE

GOOGLE_AUTHORIZE_URI = "https://accounts.google.com/o/oauth2/v2/auth"
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The application that asks, and where Google answers."""

    client_id: str
    client_secret: str = field(repr=False)
    authorize_uri: str = GOOGLE_AUTHORIZE_URI
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class Grant:
    """What the owner granted; ``expires_at`` (UTC) is the access token's."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


class Consent:
    """One question to one owner: its state and its code verifier are used once.

    Args:
        client: who asks.
        redirect_uri: where the owner's browser is sent with the answer.
    """

    def __init__(self, client: OAuthClient, redirect_uri: str) -> None:
        self._client = client
        self._redirect_uri = redirect_uri
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(64)

    def url(self, login_hint: str = "") -> str:
        """The page to send the owner to; ``login_hint`` is the address to propose there."""
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "client_id": self._client.client_id,
            "redirect_uri": self._redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "access_type": "offline",
            "prompt": "consent",
            "state": self._state,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if login_hint:
            query["login_hint"] = login_hint
        return f"{self._client.authorize_uri}?{urlencode(query)}"

    def redeem(self, redirected_to: str, session: requests.Session) -> Grant:
        """Exchange the code that the owner's browser was sent back with.

        Raises:
            ReauthoriseError: the owner refused, the answer belongs to another question, or Google
                granted no refresh token.
        """
        answer = {
            name: values[0] for name, values in parse_qs(urlsplit(redirected_to).query).items()
        }
        if not secrets.compare_digest(answer.get("state", ""), self._state):
            raise ReauthoriseError("the answer belongs to another consent: begin again")
        if "code" not in answer:
            raise ReauthoriseError(f"no consent was given: {answer.get('error', 'no reason')}")
        response = session.post(
            self._client.token_uri,
            data={
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": self._redirect_uri,
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret,
                "code_verifier": self._verifier,
            },
            timeout=_TIMEOUT_SECONDS,
        )
        return _grant(response)


def _grant(response: requests.Response) -> Grant:
    try:
        tokens = response.json()
    except requests.JSONDecodeError as exc:
        raise ReauthoriseError(
            f"Google's token endpoint answered {response.status_code} without JSON"
        ) from exc
    if not response.ok:
        raise ReauthoriseError(f"Google refused the code: {tokens.get('error', 'no reason')}")
    if "refresh_token" not in tokens:
        raise ReauthoriseError("Google gave no refresh token: ask with access_type=offline again")
    lifetime = timedelta(seconds=int(tokens["expires_in"]))
    return Grant(tokens["access_token"], tokens["refresh_token"], datetime.now(UTC) + lifetime)
