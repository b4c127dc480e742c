from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gmail_ingest.adapters.postgres.schema import mail_tables, tables
from gmail_ingest.adapters.postgres.schema.migrate import current_revision, upgrade


def test_migrations_lead_to_the_tables_in_code(database_url):
    """A migrated database has exactly the tables, columns and indexes of the tables in code."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        options = {"compare_server_default": True, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert tables.metadata is mail_tables.metadata
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def checks(url: str) -> dict[str, str]:
    """The CHECK constraints of a database by name, as PostgreSQL prints them."""
    query = sa.text(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {row.conname: row.pg_get_constraintdef for row in connection.execute(query)}
    engine.dispose()
    return found


def test_migrations_lead_to_the_checks_in_code(database_url, empty_database_url):
    """A migrated database refuses the same values as the tables in code: Alembic does not compare
    CHECKs.
    """
    engine = sa.create_engine(empty_database_url)
    tables.metadata.create_all(engine)
    engine.dispose()
    assert len(checks(database_url)) >= 2
    assert checks(database_url) == checks(empty_database_url)


def test_upgrade_is_repeatable(database_url):
    """A database that is up to date stays as it is."""
    before = current_revision(database_url)
    upgrade(database_url)
    assert before is not None
    assert current_revision(database_url) == before


def test_upgrade_by_several_starters_at_once(empty_database_url):
    """Four processes that start together leave one migrated database, and none fails."""
    assert current_revision(empty_database_url) is None
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(upgrade, empty_database_url) for _ in range(4)]:
            future.result()
    assert current_revision(empty_database_url) is not None
