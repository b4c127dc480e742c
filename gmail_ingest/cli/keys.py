"""``gmail-ingest keys``: API keys of the sidecar, and a fresh encryption key.

Holds: the group's commands. Keep out: how keys are stored (``adapters/postgres/api_keys``).
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gmail_ingest.cli.deployment import engine_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json, print_table

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.api_keys import ApiKey

app = typer.Typer(no_args_is_help=True, help="API keys of the sidecar, and encryption keys.")

KeyName = Annotated[str, typer.Argument(help="Who uses the key, e.g. crm-production.")]


@app.command()
def create(name: KeyName, *, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Make an API key and print it, once: only its hash is kept."""

    async def make() -> str:
        from gmail_ingest.adapters.postgres.api_keys import PostgresApiKeys

        async with engine_of(data_dir) as engine:
            return await PostgresApiKeys(engine).create(name)

    key = asyncio.run(make())
    if as_json:
        print_json({"name": name, "key": key})
    else:
        NOTES.print("This key is shown once and stored nowhere:")
        typer.echo(key)


@app.command("list")
def list_keys(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """List API keys by name; the keys themselves are not known."""
    keys = asyncio.run(_keys(data_dir))
    if as_json:
        rows = [
            {"name": k.name, "createdAt": k.created_at, "revokedAt": k.revoked_at} for k in keys
        ]
        print_json({"keys": rows})
    else:
        print_table(
            ("NAME", "CREATED", "REVOKED"), [(k.name, k.created_at, k.revoked_at) for k in keys]
        )


@app.command()
def revoke(name: KeyName, *, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """End an API key: sidecars stop accepting it within 30 seconds."""

    async def end() -> None:
        from gmail_ingest.adapters.postgres.api_keys import PostgresApiKeys

        async with engine_of(data_dir) as engine:
            await PostgresApiKeys(engine).revoke(name)

    asyncio.run(end())
    NOTES.print(f"{name} is revoked")


@app.command("generate-encryption")
def generate_encryption() -> None:
    """Print a fresh value for ENCRYPTION_KEY: 32 random bytes in base64."""
    typer.echo(b64encode(secrets.token_bytes(32)).decode())


async def _keys(data_dir: Path) -> list[ApiKey]:
    from gmail_ingest.adapters.postgres.api_keys import PostgresApiKeys

    async with engine_of(data_dir) as engine:
        return await PostgresApiKeys(engine).names()
