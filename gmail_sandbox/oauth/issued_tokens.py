"""Grants, and their tokens and consent codes.

Holds: ``Grants``: consent codes, refresh tokens, access tokens, and their end. Add here: another
way in which a token is made or ends. Keep out: HTTP (``oauth_calls``) and signatures.
Source: docs/google.md#dead-grants, #revocation (ends the whole grant).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gmail_sandbox.clock import Clock

#: Google keeps this many refresh tokens of a user and client; a further one ends the oldest.
MAX_REFRESH_TOKENS = 100
_CODE_SECONDS = 600
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


@dataclass(slots=True)
class Grant:
    """What a mailbox's owner allowed a client; a service account's grant has no refresh token."""

    mailbox: str | None
    client_id: str
    scopes: frozenset[str]
    refresh_tokens: deque[str] = field(default_factory=deque)
    access_tokens: set[str] = field(default_factory=set)
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token: its grant, the scopes it carries, and when it ends (epoch seconds)."""

    grant: Grant
    scopes: frozenset[str]
    expires_at: float


@dataclass(frozen=True, slots=True)
class ConsentCode:
    """An authorization code that waits to be exchanged."""

    mailbox: str
    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    challenge_method: str
    offline: bool
    expires_at: float


class Grants:
    """All grants of the sandbox.

    Args:
        clock: ends tokens and codes.
        access_token_seconds: life of an access token.
        seed: makes the tokens repeatable; they open nothing but this sandbox.
    """

    def __init__(self, clock: Clock, *, access_token_seconds: int, seed: int) -> None:
        self._clock = clock
        self._life = access_token_seconds
        self._random = random.Random(f"tokens:{seed}")
        self._grants: dict[tuple[str, str], Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, AccessToken] = {}
        self._codes: dict[str, ConsentCode] = {}

    @property
    def access_token_seconds(self) -> int:
        """Life of an access token in seconds."""
        return self._life

    def consent(self, mailbox: str, client_id: str, scopes: Iterable[str]) -> Grant:
        """Return the grant of a mailbox to a client, made or widened by these scopes."""
        grant = self._grants.get((mailbox, client_id))
        if grant is None or grant.revoked:
            grant = Grant(mailbox, client_id, frozenset())
            self._grants[mailbox, client_id] = grant
        grant.scopes |= frozenset(scopes)
        return grant

    def scopes(self, mailbox: str, client_id: str) -> frozenset[str]:
        """Return what a mailbox has allowed a client so far."""
        grant = self._grants.get((mailbox, client_id))
        return frozenset() if grant is None or grant.revoked else grant.scopes

    def new_refresh_token(self, grant: Grant) -> str:
        """Return a further refresh token of a grant; of too many, the oldest ends."""
        token = f"1//0{self._text(60)}"
        grant.refresh_tokens.append(token)
        self._refresh[token] = grant
        if len(grant.refresh_tokens) > MAX_REFRESH_TOKENS:
            self.end_refresh_token(grant.refresh_tokens[0])
        return token

    def end_refresh_token(self, token: str) -> None:
        """End one refresh token."""
        grant = self._refresh.pop(token, None)
        if grant is not None:
            grant.refresh_tokens.remove(token)

    def new_access_token(self, grant: Grant, scopes: frozenset[str] | None = None) -> str:
        """Return an access token of a grant, for all of its scopes or for these."""
        token = f"ya29.{self._text(80)}"
        carried = grant.scopes if scopes is None else scopes
        self._drop_expired(grant)
        self._access[token] = AccessToken(grant, carried, self._clock.now() + self._life)
        grant.access_tokens.add(token)
        return token

    def refresh_grant(self, token: str) -> Grant | None:
        """Return the grant of a living refresh token."""
        return self._refresh.get(token)

    def access(self, token: str) -> AccessToken | None:
        """Return what a living access token stands for."""
        found = self._access.get(token)
        return None if found is None or found.expires_at <= self._clock.now() else found

    def new_code(self, code: ConsentCode) -> str:
        """Return an authorization code; it ends ten minutes later or when it is exchanged."""
        name = f"4/0{self._text(60)}"
        self._codes[name] = code
        return name

    def code_deadline(self) -> float:
        """Return when a code made now ends (epoch seconds)."""
        return self._clock.now() + _CODE_SECONDS

    def take_code(self, name: str) -> ConsentCode | None:
        """Return what a living code stands for, and end it."""
        code = self._codes.pop(name, None)
        return None if code is None or code.expires_at <= self._clock.now() else code

    def revoke(self, token: str) -> bool:
        """End the whole grant of a refresh or access token; False if the token is dead."""
        grant = self._refresh.get(token)
        if grant is None:
            found = self.access(token)
            grant = None if found is None else found.grant
        if grant is None:
            return False
        self._end(grant)
        return True

    def revoke_mailbox(self, mailbox: str) -> int:
        """End all grants of a mailbox, as its owner does in the account settings."""
        living = [g for g in self._grants.values() if g.mailbox == mailbox and not g.revoked]
        for grant in living:
            self._end(grant)
        return len(living)

    def renamed(self, former: str, address: str) -> None:
        """Keep the grants of an account that has another primary address now: its tokens live."""
        for name, client_id in [key for key in self._grants if key[0] == former]:
            grant = self._grants.pop((name, client_id))
            grant.mailbox = address
            self._grants[address, client_id] = grant

    def expire_access_tokens(self, mailbox: str | None = None) -> int:
        """End the access tokens of a mailbox, or all; refresh tokens live on."""
        ended = [
            token
            for token, access in self._access.items()
            if mailbox is None or access.grant.mailbox == mailbox
        ]
        for token in ended:
            self._access.pop(token).grant.access_tokens.discard(token)
        return len(ended)

    def rescope(self, mailbox: str, scopes: Iterable[str]) -> int:
        """Reduce or widen a mailbox's living grants, and all of their tokens, to these scopes.

        As when its owner or administrator takes a permission away, or adds one.
        """
        wanted = frozenset(scopes)
        living = [g for g in self._grants.values() if g.mailbox == mailbox and not g.revoked]
        for grant in living:
            grant.scopes = wanted
            for token in grant.access_tokens:
                self._access[token] = replace(self._access[token], scopes=wanted)
        return len(living)

    def _end(self, grant: Grant) -> None:
        grant.revoked = True
        for token in list(grant.refresh_tokens):
            self.end_refresh_token(token)
        for token in grant.access_tokens:
            self._access.pop(token, None)
        grant.access_tokens.clear()

    def _drop_expired(self, grant: Grant) -> None:
        now = self._clock.now()
        for token in [name for name in grant.access_tokens if self._access[name].expires_at <= now]:
            grant.access_tokens.discard(token)
            del self._access[token]

    def _text(self, length: int) -> str:
        return "".join(self._random.choices(_ALPHABET, k=length))
