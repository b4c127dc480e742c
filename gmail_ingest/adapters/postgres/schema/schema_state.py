"""Whether the database has the schema that this release needs.

Holds: ``SchemaState``. Keep out: migrating (``migrate``).
"""

from __future__ import annotations

from functools import cached_property

from alembic.script import ScriptDirectory
from psycopg.errors import UndefinedTable
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.schema import migrations


class SchemaState:
    """Compares the database's revision with the migrations of this release."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @cached_property
    def _outdated(self) -> frozenset[str]:
        script = ScriptDirectory(next(iter(migrations.__path__)))
        known = {revision.revision for revision in script.walk_revisions()}
        return frozenset(known - set(script.get_heads()))

    async def is_migrated(self) -> bool:
        """Whether the database is at this release's revision, or at an unknown one.

        An unknown revision is newer: while a release is rolled out, the old one still serves.
        """
        try:
            async with statement(self._engine) as connection:
                rows = await connection.execute("SELECT version_num FROM alembic_version")
                found = {row[0] for row in await rows.fetchall()}
        except UndefinedTable:
            return False
        return bool(found) and not found & self._outdated
