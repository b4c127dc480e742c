"""``gmail-ingest doctor``: what is wrong with this deployment, and what to do about it.

Holds: the command, and the checks that ask the mail's database. Keep out: judging settings
(``checks``), asking Google and Dagster (``probes``).
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gmail_ingest.cli.checks import Check, check_names, check_settings
from gmail_ingest.cli.deployment import database_url_of, settings_of, stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.cli.probes import check_dagster, check_google
from gmail_ingest.errors import ConfigurationError, GmailIngestError
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.settings import Settings

if TYPE_CHECKING:
    from gmail_ingest.settings import Settings
    from gmail_ingest.wiring.stores import Stores


def doctor(*, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Check settings, databases, Google, Dagster and keys; exits 1 if something required is wrong.

    Of Google it asks only whether its addresses answer, without credentials.
    """
    settings = settings_of(data_dir)
    running = DataDirectory(data_dir).running()
    checks = [
        *check_names(),
        *check_settings(settings),
        *check_google(settings),
        *asyncio.run(_database_checks(data_dir, settings)),
        *check_dagster(running, ours=bool(settings.database_url)),
    ]
    healthy = all(check.passed or not check.required for check in checks)
    release = version("gmail-ingest")
    if as_json:
        found = [asdict(check) for check in checks]
        print_json({"healthy": healthy, "version": release, "checks": found})
    else:
        NOTES.print(f"gmail-ingest {release}", highlight=False)
        print_table(("", "CHECK", "DETAIL"), [(_mark(c), c.name, c.detail) for c in checks])
    raise typer.Exit(0 if healthy else 1)


def _mark(check: Check) -> str:
    if check.passed:
        return "ok"
    return "WRONG" if check.required else "note"


async def _database_checks(data_dir: Path, settings: Settings) -> list[Check]:
    from gmail_ingest.adapters.postgres.schema.database_state import (
        look_at,
        require_migratable,
        require_usable,
    )

    if not settings.database_url:
        detail = "DATABASE_URL is not set, and nothing runs in --data-dir; `up` starts one"
        return [Check("database", passed=False, detail=detail, required=False)]
    try:
        state = look_at(database_url_of(data_dir))
        if state.kind != "newer":
            require_migratable(state)
    except GmailIngestError as error:
        return [Check("database", passed=False, detail=str(error))]
    reachable = Check("database", passed=True, detail="answers")
    try:
        require_usable(state)
    except ConfigurationError as error:
        return [reachable, Check("migrations", passed=False, detail=str(error))]
    current = Check("migrations", passed=True, detail="at this release's schema")
    async with stores_of(data_dir) as stores:
        sealed = await _sealing_checks(stores)
        transactions = await transaction_check(stores)
        return [reachable, current, await _key_check(stores), *sealed, transactions]


async def _sealing_checks(stores: Stores) -> list[Check]:
    """Every stored credential opens with a key that is configured; nothing if there is none."""
    from gmail_ingest.adapters.postgres.accounts.credentials import key_versions

    used = await key_versions(stores.engine)
    try:
        ring = stores.key_ring
    except ConfigurationError:
        return []
    name = "sealed credentials"
    if lost := {version: count for version, count in used.items() if version not in ring.keys}:
        shown = ", ".join(f"{count} with version {version}" for version, count in lost.items())
        detail = f"{shown} of the encryption key, which is not configured: add it to ENCRYPTION_KEY"
        return [Check(name, passed=False, detail=detail)]
    if old := sum(count for version, count in used.items() if version != ring.current):
        detail = f"{old} with an older key: `gmail-ingest keys reseal` moves them to {ring.current}"
        return [Check(name, passed=False, detail=detail, required=False)]
    return [Check(name, passed=True, detail=f"{sum(used.values())} open")] if used else []


async def transaction_check(stores: Stores) -> Check:
    """No transaction has been open for so long that it slows everybody down."""
    from gmail_ingest.adapters.postgres.reads.old_transactions import remedy

    longest = timedelta(seconds=stores.settings.longest_transaction_seconds)
    transactions = stores.transactions
    warning = remedy(await transactions.older_than(longest))
    unseen = await transactions.unseen()
    detail = warning or f"none open for {stores.settings.longest_transaction_seconds} s"
    if unseen:
        detail += f"; {unseen} sessions of other roles are not seen: GRANT pg_monitor to this one"
    return Check("transactions", passed=not warning, detail=detail, required=False)


async def _key_check(stores: Stores) -> Check:
    valid = len(await stores.api_keys.active_hashes())
    detail = f"{valid} valid" if valid else "none: `gmail-ingest keys create NAME` makes one"
    return Check("API keys", passed=bool(valid), detail=detail, required=False)
