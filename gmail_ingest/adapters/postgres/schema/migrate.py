"""Migrates a database to the schema of this release.

Holds: ``upgrade``. A change of the schema is a file in migrations/versions. Keep out: anything that
a running service needs.
Source: Alembic's cookbook (configuration in code); PostgreSQL's advisory locks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from gmail_ingest.adapters.postgres.engine import driver_url
from gmail_ingest.adapters.postgres.schema.database_state import (
    MIGRATION_LOCK,
    look_at,
    require_migratable,
)

_MIGRATIONS = "gmail_ingest.adapters.postgres.schema:migrations"


def upgrade(database_url: str) -> None:
    """Migrate the database to the newest revision; does nothing if it is already there.

    Several processes may start at once: all but one wait. The lock has a separate connection, so
    that a migration may commit in between (CREATE INDEX CONCURRENTLY needs that).

    Raises:
        ConfigurationError: it is not our database, or one of a newer release.
        DatabaseUnreachableError: no connection.
    """
    require_migratable(look_at(database_url))
    engine = sa.create_engine(driver_url(database_url), poolclass=sa.NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
        lock.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
        with engine.connect() as connection:
            command.upgrade(_config(connection), "head")


def current_revision(database_url: str) -> str | None:
    """The revision of the database; None if it was never migrated."""
    engine = sa.create_engine(driver_url(database_url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        return found.scalar_one_or_none()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = connection
    return config
