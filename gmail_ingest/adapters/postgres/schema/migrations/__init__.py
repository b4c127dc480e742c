"""Alembic's migrations: one file a change in versions/, applied by ``migrate.upgrade``."""
