"""The deployment that a command works on: the environment's, or what runs in --data-dir.

Holds: ``settings_of``, ``stores_of``, ``api_of``. Keep out: starting anything.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.databases import require_two_databases
from gmail_ingest.local.environment import DAGSTER_PG_URL
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest.settings import Settings, load_settings
from gmail_ingest.variables import value_of

if TYPE_CHECKING:
    from gmail_ingest.wiring.stores import Stores


def settings_of(data_dir: Path) -> Settings:
    """The settings of a command.

    Variables that a deployment running on the data directory chose (its database, for one) replace
    this command's own.
    """
    running = DataDirectory(data_dir).running()
    if running is not None:
        os.environ.update(running.environment)
    return load_settings()


def database_url_of(data_dir: Path) -> str:
    """The database's address.

    Raises:
        ConfigurationError: there is none, or Dagster has the same.
    """
    url = settings_of(data_dir).database_url
    if not url:
        raise ConfigurationError(
            f"no database: set DATABASE_URL, or run `gmail-ingest up` (nothing runs in {data_dir})"
        )
    require_two_databases(url, value_of(DAGSTER_PG_URL))
    return url


@asynccontextmanager
async def stores_of(data_dir: Path) -> AsyncIterator[Stores]:
    """The stores on the deployment's database, closed at the end.

    Raises:
        ConfigurationError: there is none, or this release cannot work with it.
        DatabaseUnreachableError: it does not answer.
    """
    from gmail_ingest.adapters.postgres.schema.database_state import look_at, require_usable
    from gmail_ingest.wiring.stores import open_stores

    require_usable(look_at(database_url_of(data_dir)))
    async with open_stores(settings_of(data_dir), pool_size=2) as stores:
        yield stores


def api_of(data_dir: Path, url: str, key: str) -> SidecarApi:
    """A client of the deployment's sidecar.

    Raises:
        ConfigurationError: its address or the key is not known.
    """
    running = DataDirectory(data_dir).running()
    if running is not None:
        url = url or running.addresses.api
        key = key or running.environment.get("GMAIL_INGEST_API_KEY", "")
    if not url:
        raise ConfigurationError(
            f"no sidecar: give --api-url, or start `gmail-ingest up` (nothing runs in {data_dir})"
        )
    if not key:
        raise ConfigurationError(
            "no API key: set GMAIL_INGEST_API_KEY (`gmail-ingest keys create NAME` makes a key)"
        )
    return SidecarApi(url, key)
