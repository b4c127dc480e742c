"""``gmail-ingest doctor``: what is wrong with this deployment, and what to do about it.

Holds: the command, and the checks that ask the database. Keep out: judging settings (``checks``).
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gmail_ingest.cli.checks import Check, check_settings
from gmail_ingest.cli.deployment import engine_of, settings_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import print_json, print_table
from gmail_ingest.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from gmail_ingest.settings import Settings


def doctor(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Check settings, database, migrations and API keys; exits 1 if something required is wrong."""
    settings = settings_of(data_dir)
    checks = [*check_settings(settings), *asyncio.run(_database_checks(data_dir))]
    healthy = all(check.passed or not check.required for check in checks)
    if as_json:
        print_json({"healthy": healthy, "checks": [asdict(check) for check in checks]})
    else:
        print_table(("", "CHECK", "DETAIL"), [(_mark(c), c.name, c.detail) for c in checks])
    raise typer.Exit(0 if healthy else 1)


def _mark(check: Check) -> str:
    if check.passed:
        return "ok"
    return "WRONG" if check.required else "note"


async def _database_checks(data_dir: Path) -> list[Check]:
    from sqlalchemy.exc import OperationalError

    from gmail_ingest.adapters.postgres.schema_state import SchemaState

    try:
        async with engine_of(data_dir) as engine:
            migrated = await SchemaState(engine).is_migrated()
            reachable = Check("database", passed=True, detail="answers")
            if not migrated:
                detail = "not at this release's schema: run `gmail-ingest db upgrade`"
                return [reachable, Check("migrations", passed=False, detail=detail)]
            current = Check("migrations", passed=True, detail="at this release's schema")
            return [
                reachable,
                current,
                await _key_check(engine),
                await transaction_check(engine, settings_of(data_dir)),
            ]
    except ConfigurationError:
        detail = "DATABASE_URL is not set, and nothing runs in --data-dir: `up` brings its own"
        return [Check("database", passed=False, detail=detail, required=False)]
    except OperationalError:
        detail = "DATABASE_URL: no connection (server down, or wrong host, user or password)"
        return [Check("database", passed=False, detail=detail)]


async def transaction_check(engine: AsyncEngine, settings: Settings) -> Check:
    """No transaction has been open for so long that it slows everybody down."""
    from gmail_ingest.adapters.postgres.old_transactions import PostgresTransactions, remedy

    longest = timedelta(seconds=settings.longest_transaction_seconds)
    transactions = PostgresTransactions(engine)
    told = remedy(await transactions.older_than(longest))
    hidden = await transactions.hidden()
    detail = told or f"none open for {settings.longest_transaction_seconds} s"
    if hidden:
        detail += f"; {hidden} sessions of other roles are not seen: GRANT pg_monitor to this one"
    return Check("transactions", passed=not told, detail=detail, required=False)


async def _key_check(engine: AsyncEngine) -> Check:
    from gmail_ingest.adapters.postgres.api_keys import PostgresApiKeys

    valid = len(await PostgresApiKeys(engine).active_hashes())
    detail = f"{valid} valid" if valid else "none: `gmail-ingest keys create NAME` makes one"
    return Check("API keys", passed=bool(valid), detail=detail, required=False)
