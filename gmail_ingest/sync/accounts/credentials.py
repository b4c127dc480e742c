"""What Google is shown: the keys of an integration, and the ports that keep them.

Holds: the frozen values of credentials, and Protocols for sealing and storing them.
Add here: a further kind of credential.
Keep out: encryption, tables and HTTP (adapters).
Source: docs/promises.md#promise-8; docs/google.md#dead-grants (compare the generation),
#access-tokens, #scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

#: The one scope that this service needs: it never changes a mailbox.
SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
#: Scopes that allow what it does, the narrowest first: a grant may have been given for more.
SCOPES = (SCOPE, "https://www.googleapis.com/auth/gmail.modify", "https://mail.google.com/")


@dataclass(frozen=True, slots=True)
class OAuthKeys:
    """The grant of one mailbox's owner. Secrets are kept out of ``repr``.

    ``expires_at`` is the access token's end in UTC, None if unknown; ``refresh_token`` is None
    once Google said that it is dead. ``scopes`` are those of the access token, empty if unknown.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime | None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceAccountKeys:
    """A service account with domain-wide delegation; ``info`` is its key file, decoded."""

    service_account_email: str
    info: Mapping[str, object] = field(repr=False)


Keys = OAuthKeys | ServiceAccountKeys


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """An integration's keys. ``generation`` grows with each consent, not with each refresh."""

    integration_id: int
    tenant_id: str
    generation: int
    keys: Keys


class Sealer(Protocol):
    """Encryption that binds a credential to its tenant and integration."""

    @property
    def current_version(self) -> str:
        """Name of the key that ``seal`` uses."""
        ...

    def seal(self, plaintext: bytes, *, tenant_id: str, integration_id: int) -> bytes:
        """Encrypt with the newest key."""
        ...

    def open(self, sealed: bytes, *, tenant_id: str, integration_id: int) -> bytes:
        """Decrypt with the key that sealed it; OperatorActionError if that is impossible."""
        ...

    def needs_reseal(self, sealed: bytes) -> bool:
        """Whether an older key sealed it."""
        ...


class LockedCredential(Protocol):
    """A credential that nobody else can change meanwhile, as it is now."""

    @property
    def credential(self) -> StoredCredential:
        """The credential, read after the lock was held."""
        ...

    async def save_tokens(self, keys: OAuthKeys) -> bool:
        """Keep refreshed tokens; False (and nothing written) if the generation is no longer ours.

        They are committed when the lock is left without an exception.
        """
        ...

    async def clear_refresh_token(self) -> bool:
        """Forget a dead refresh token; False if the generation is no longer ours."""
        ...


class CredentialStore(Protocol):
    """Where credentials are kept, sealed."""

    async def load(self, integration_id: int) -> StoredCredential:
        """Read a credential; MailboxDisconnectedError if it was wiped."""
        ...

    def locked(self, integration_id: int) -> AbstractAsyncContextManager[LockedCredential]:
        """Hold an integration's credential for a refresh: one holder in all processes."""
        ...
