"""API keys of the sidecar: creates, lists and revokes them, and reads their hashes.

Holds: ``PostgresApiKeys``. Keep out: the check of a request (``webhook_api/base/auth.py``).
Source: docs/promises.md#promise-7. A key has 256 random bits, so a plain SHA-256 is enough: nothing
can be guessed from a stolen hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.schema.tables import api_keys
from gmail_ingest.errors import InvalidInputError, NotFoundError

#: The prefix of each key, by which secret scanners and people recognise one.
PREFIX = "gi_"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as operators see it. Times are UTC."""

    name: str
    created_at: datetime
    revoked_at: datetime | None


def hash_key(key: str) -> bytes:
    """The stored hash of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


class PostgresApiKeys:
    """The ``api_keys`` table."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(self, name: str) -> str:
        """Create a key and return it; it cannot be read again.

        Raises:
            InvalidInputError: the name is empty, or was used before.
        """
        if not name.strip():
            raise InvalidInputError("name", "must not be empty")
        key = PREFIX + secrets.token_urlsafe(32)
        row = insert(api_keys).values(name=name, sha256=hash_key(key))
        new = row.on_conflict_do_nothing(index_elements=[api_keys.c.name])
        async with self._engine.begin() as connection:
            made = await connection.scalar(new.returning(api_keys.c.id))
        if made is None:
            raise InvalidInputError("name", "another key has or had this name")
        return key

    async def names(self) -> list[ApiKey]:
        """All keys, including revoked ones, oldest first."""
        query = sa.select(api_keys.c.name, api_keys.c.created_at, api_keys.c.revoked_at)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(api_keys.c.id))
            return [ApiKey(*row) for row in rows]

    async def revoke(self, name: str) -> None:
        """End a key; sidecars stop accepting it within 30 s. No error if it is already revoked.

        Raises:
            NotFoundError: there is no key of this name.
        """
        end = (
            sa.update(api_keys)
            .where(api_keys.c.name == name)
            .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, sa.func.now()))
        )
        async with self._engine.begin() as connection:
            if not (await connection.execute(end)).rowcount:
                raise NotFoundError("no API key has this name")

    async def active_hashes(self) -> list[bytes]:
        """SHA-256 of each key that is valid now."""
        query = sa.select(api_keys.c.sha256).where(api_keys.c.revoked_at.is_(None))
        async with self._engine.connect() as connection:
            return [bytes(digest) for digest in await connection.scalars(query)]
