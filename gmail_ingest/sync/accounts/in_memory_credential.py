"""A credential in memory, for a mailbox that is not connected yet, or no longer.

Holds: ``InMemoryCredential``, a CredentialStore of one credential. Keep out: anything durable: what
connect tries out is stored only if it works, and nothing is stored after a disconnect.
Source: docs/promises.md#promise-9.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gmail_ingest.sync.accounts.credentials import (
    Keys,
    LockedCredential,
    OAuthKeys,
    StoredCredential,
)


class InMemoryCredential:
    """Keys as they are now: a refresh replaces them here, and nowhere else."""

    def __init__(self, tenant_id: str, keys: Keys) -> None:
        self._credential = StoredCredential(0, tenant_id, 1, keys)
        self._lock = asyncio.Lock()

    @property
    def keys(self) -> Keys:
        """The newest keys."""
        return self._credential.keys

    async def load(self, integration_id: int) -> StoredCredential:
        """The credential, whatever integration is asked for."""
        return replace(self._credential, integration_id=integration_id)

    @asynccontextmanager
    async def locked(self, integration_id: int) -> AsyncIterator[LockedCredential]:
        """Hold it for a refresh: one at a time."""
        async with self._lock:
            yield _Locked(self, integration_id)

    def change(self, keys: Keys) -> None:
        """Replace the keys."""
        self._credential = replace(self._credential, keys=keys)


class _Locked:
    def __init__(self, owner: InMemoryCredential, integration_id: int) -> None:
        self._owner = owner
        self._integration_id = integration_id

    @property
    def credential(self) -> StoredCredential:
        return StoredCredential(self._integration_id, "", 1, self._owner.keys)

    async def save_tokens(self, keys: OAuthKeys) -> bool:
        self._owner.change(keys)
        return True

    async def clear_refresh_token(self) -> bool:
        if isinstance(self._owner.keys, OAuthKeys):
            self._owner.change(replace(self._owner.keys, refresh_token=None))
        return True
