"""Sealed credentials in the table ``integrations``.

Holds: ``PostgresCredentials`` (the CredentialStore port), ``key_versions``.
Add here: an operation on connected credentials.
Keep out: connecting and disconnecting (``registry``), Google (``adapters/gmail``).
Source: docs/google.md#dead-grants (compare the generation first); edge cases 36, 37, 72.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.accounts.sealed_keys import open_keys, seal_keys
from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.errors import MailboxDisconnectedError, OperatorActionError, TransientError
from gmail_ingest.sync.accounts.credentials import (
    Keys,
    LockedCredential,
    OAuthKeys,
    Sealer,
    StoredCredential,
)

#: Milliseconds that one refresh waits for another. More than google-auth takes at most: three tries
#: of a silent token endpoint at the default timeout.
LOCK_TIMEOUT_MS = 200_000

_ROW = "SELECT tenant_id, generation, sealed_credential FROM integrations WHERE id = %s"
_LIVE_ROW = _ROW + " AND state <> 'disconnected'"
_LOCK = " FOR UPDATE"
_WRITE = (
    "UPDATE integrations SET sealed_credential = %s, key_version = %s, updated_at = now()"
    " WHERE id = %s AND generation = %s AND sealed_credential IS NOT NULL"
)
_STALE = (
    "SELECT id FROM integrations WHERE sealed_credential IS NOT NULL"
    " AND key_version IS DISTINCT FROM %s ORDER BY id"
)
_VERSIONS = (
    "SELECT coalesce(key_version, 'unknown'), count(*) FROM integrations"
    " WHERE sealed_credential IS NOT NULL GROUP BY 1 ORDER BY 1"
)


class PostgresCredentials:
    """The credentials of all tenants."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer

    async def load(self, integration_id: int) -> StoredCredential:
        """Read a credential.

        Raises:
            MailboxDisconnectedError: it was disconnected, or does not exist.
            OperatorActionError: it cannot be opened with the configured keys.
        """
        async with statement(self._engine) as connection:
            return await self._read(connection, integration_id, _LIVE_ROW)

    @asynccontextmanager
    async def locked(self, integration_id: int) -> AsyncIterator[LockedCredential]:
        """Hold the row until the context ends; then commit, or roll back after an exception.

        Raises:
            MailboxDisconnectedError, OperatorActionError: as ``load``.
            TransientError: another worker holds it for too long.
        """
        async with transaction(self._engine) as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
            try:
                credential = await self._read(connection, integration_id, _LIVE_ROW + _LOCK)
            except psycopg.errors.LockNotAvailable as exc:
                raise TransientError("another worker holds this credential for too long") from exc
            yield _Locked(connection, self._sealer, credential)

    async def _read(
        self, connection: Connection, integration_id: int, query: str
    ) -> StoredCredential:
        row = await _fetch(connection, integration_id, query)
        if row is None or row[2] is None:
            raise MailboxDisconnectedError("the credential of this mailbox was wiped")
        return self._opened(integration_id, row)

    def _opened(self, integration_id: int, row: tuple[Any, ...]) -> StoredCredential:
        tenant_id, generation, sealed = row
        keys = open_keys(self._sealer, sealed, tenant_id=tenant_id, integration_id=integration_id)
        return StoredCredential(integration_id, tenant_id, generation, keys)

    async def reseal(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Seal again, with the newest key, all credentials that an older key sealed.

        Each row is locked and committed separately: refreshes go on meanwhile, and an interrupted
        run keeps what it has done.

        Args:
            progress: called after each credential with the number done and the total.

        Returns:
            How many credentials were sealed again. Afterwards older keys can be removed.

        Raises:
            OperatorActionError: some cannot be opened; all others are done.
        """
        async with statement(self._engine) as connection:
            stale = await connection.execute(_STALE, (self._sealer.current_version,))
            ids = [row[0] for row in await stale.fetchall()]
        resealed = 0
        refused: list[OperatorActionError] = []
        for looked_at, integration_id in enumerate(ids, 1):
            try:
                resealed += await self._reseal(integration_id)
            except OperatorActionError as error:
                refused.append(error)
            if progress is not None:
                progress(looked_at, len(ids))
        if refused:
            raise OperatorActionError(
                f"{len(refused)} of {len(ids)} credentials stay under an older key, the others are "
                f"done; the first of them: {refused[0]}"
            )
        return resealed

    async def _reseal(self, integration_id: int) -> bool:
        async with transaction(self._engine) as connection:
            # Disconnected integrations, too: their grants may still have to be revoked.
            row = await _fetch(connection, integration_id, _ROW + _LOCK)
            if row is None or row[2] is None or not self._sealer.needs_reseal(row[2]):
                return False
            credential = self._opened(integration_id, row)
            return await _write(connection, self._sealer, credential, credential.keys)


async def key_versions(engine: AsyncEngine) -> dict[str, int]:
    """The number of credentials sealed with each version of the encryption key."""
    async with statement(engine) as connection:
        rows = await (await connection.execute(_VERSIONS)).fetchall()
    return dict(rows)


async def _fetch(connection: Connection, integration_id: int, query: str) -> tuple[Any, ...] | None:
    return await (await connection.execute(query.encode(), (integration_id,))).fetchone()


class _Locked:
    """A row of this transaction, locked."""

    def __init__(
        self, connection: Connection, sealer: Sealer, credential: StoredCredential
    ) -> None:
        self._connection = connection
        self._sealer = sealer
        self.credential = credential

    async def save_tokens(self, keys: OAuthKeys) -> bool:
        return await _write(self._connection, self._sealer, self.credential, keys)

    async def clear_refresh_token(self) -> bool:
        keys = self.credential.keys
        if not isinstance(keys, OAuthKeys):
            return False
        return await self.save_tokens(replace(keys, refresh_token=None))


async def _write(
    connection: Connection, sealer: Sealer, credential: StoredCredential, keys: Keys
) -> bool:
    sealed = seal_keys(
        sealer,
        keys,
        tenant_id=credential.tenant_id,
        integration_id=credential.integration_id,
    )
    cursor = await connection.execute(
        _WRITE,
        (sealed, sealer.current_version, credential.integration_id, credential.generation),
    )
    return cursor.rowcount == 1
