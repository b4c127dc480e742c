"""Rows of integrations for tests of stored credentials."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.accounts.sealed_keys import seal_keys
from gmail_ingest.adapters.postgres.engine import transaction
from gmail_ingest.sync.accounts.credentials import Keys, Sealer


async def insert_integration(
    engine: AsyncEngine, sealer: Sealer, tenant_id: str, keys: Keys
) -> int:
    """Insert a tenant and an integration with sealed keys; the integration's id."""
    async with transaction(engine) as connection:
        await connection.execute(
            "INSERT INTO tenants (id) VALUES (%s) ON CONFLICT DO NOTHING", (tenant_id,)
        )
        cursor = await connection.execute(
            "INSERT INTO integrations (tenant_id, auth_type, subject)"
            " VALUES (%s, 'oauth', gen_random_uuid()::text) RETURNING id",
            (tenant_id,),
        )
        row = await cursor.fetchone()
        assert row is not None
        sealed = seal_keys(sealer, keys, tenant_id=tenant_id, integration_id=row[0])
        await connection.execute(
            "UPDATE integrations SET sealed_credential = %s, key_version = %s WHERE id = %s",
            (sealed, sealer.current_version, row[0]),
        )
    integration_id: int = row[0]
    return integration_id


async def change(engine: AsyncEngine, integration_id: int, assignment: str) -> None:
    """Change a row behind the adapter's back, as another process does."""
    async with transaction(engine) as connection:
        query = f"UPDATE integrations SET {assignment} WHERE id = %s"  # noqa: S608 - of this test
        await connection.execute(query.encode(), (integration_id,))
