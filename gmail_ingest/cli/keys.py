"""``gmail-ingest keys``: API keys of the sidecar, and the encryption key of credentials.

Holds: the group's commands. Keep out: how keys are stored
(``adapters/postgres/accounts/api_keys``), how credentials are sealed (``adapters/crypto``).
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from gmail_ingest.cli.deployment import stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json, print_table

if TYPE_CHECKING:
    from gmail_ingest.adapters.postgres.accounts.api_keys import ApiKey


@dataclass(frozen=True, slots=True)
class _Ring:
    """Names of the configured key versions."""

    current: str
    configured: tuple[str, ...]


app = typer.Typer(
    no_args_is_help=True, help="API keys of the sidecar, and encryption keys. Needs DATABASE_URL."
)

KeyName = Annotated[str, typer.Argument(help="Who uses the key, e.g. crm-production.")]


@app.command()
def create(name: KeyName, *, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Make an API key and print it, once: only its hash is kept."""

    async def make() -> str:
        async with stores_of(data_dir) as stores:
            return await stores.api_keys.create(name)

    key = asyncio.run(make())
    if as_json:
        print_json({"name": name, "key": key})
    else:
        NOTES.print("This key is shown once and stored nowhere:")
        typer.echo(key)


@app.command("list")
def list_keys(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """List API keys by name; the keys themselves are not stored."""
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
        async with stores_of(data_dir) as stores:
            await stores.api_keys.revoke(name)

    asyncio.run(end())
    NOTES.print(f"{name} is revoked")


@app.command("generate-encryption")
def generate_encryption() -> None:
    """Print a fresh value for ENCRYPTION_KEY: 32 random bytes in base64."""
    typer.echo(b64encode(secrets.token_bytes(32)).decode())


@app.command()
def reseal(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Encrypt all stored credentials with the newest key of ENCRYPTION_KEY.

    Needs DATABASE_URL and the encryption keys, old and new. Syncs may go on meanwhile; it may be
    stopped and run again. At the end it lists the key versions in use: any other may be removed
    from ENCRYPTION_KEY.
    """
    before, resealed, in_use = asyncio.run(_reseal(data_dir))
    current = before.current
    unused = [version for version in before.configured if version not in {*in_use, current}]
    if as_json:
        print_json(
            {
                "resealed": resealed,
                "current": current,
                "inUse": in_use,
                "removable": unused,
            }
        )
        return
    print_table(("KEY VERSION", "CREDENTIALS"), sorted(({current: 0} | in_use).items()))
    NOTES.print(f"{resealed} credentials were sealed again, with version {current}")
    if unused:
        NOTES.print(f"no longer in use, may be removed: version {', '.join(unused)}")


async def _keys(data_dir: Path) -> list[ApiKey]:
    async with stores_of(data_dir) as stores:
        return await stores.api_keys.names()


async def _reseal(data_dir: Path) -> tuple[_Ring, int, dict[str, int]]:
    from gmail_ingest.adapters.postgres.accounts.credentials import key_versions

    async with stores_of(data_dir) as stores:
        ring = stores.key_ring
        with Progress(console=NOTES, disable=not NOTES.is_terminal, transient=True) as bar:
            task = bar.add_task("credentials", total=None)
            resealed = await stores.credentials.reseal(
                lambda done, of: bar.update(task, completed=done, total=of)
            )
        return _Ring(ring.current, tuple(ring.keys)), resealed, await key_versions(stores.engine)
