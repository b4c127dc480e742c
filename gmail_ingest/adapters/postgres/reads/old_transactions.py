"""Transactions that have been open for too long, and by that slow everybody down.

Holds: ``PostgresTransactions``. Keep out: ending them (a person decides).
Source: PostgreSQL's "Routine Vacuuming" and pg_stat_activity: while a snapshot is kept, no version
of a row that came after it is removed, and rows that are written often grow slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement

_OLD = """
SELECT pid, coalesce(usename, ''), coalesce(application_name, ''), coalesce(state, ''),
       now() - xact_start
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND xact_start < now() - %s AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL
                                   OR state LIKE 'idle in transaction%%')
ORDER BY xact_start
"""


_REMEDY = (
    "While one is open no old version of a row is removed: end it with pg_terminate_backend(pid), "
    "read dumps from a replica, or set idle_in_transaction_session_timeout"
)


_UNSEEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query = '<insufficient privilege>'
"""


@dataclass(frozen=True, slots=True)
class OldTransaction:
    """An open transaction: its backend, who opened it, and for how long it has been open."""

    pid: int
    role: str
    application: str
    state: str
    age: timedelta

    def __str__(self) -> str:
        """What to tell an operator; no statement's text, which may hold mail."""
        who = f"role {self.role or 'unknown'}, application {self.application or 'unnamed'}"
        return f"pid {self.pid} ({who}, {self.state}) for {round(self.age.total_seconds())} s"


class PostgresTransactions:
    """Reads which transactions are open."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def older_than(self, age: timedelta) -> list[OldTransaction]:
        """Those of this database that are older, the oldest first."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_OLD, (age,))).fetchall()
        return [OldTransaction(*row) for row in rows]

    async def unseen(self) -> int:
        """Sessions of other roles, into which this one may not look: ``pg_monitor`` may."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_UNSEEN)).fetchone()
        return row[0] if row else 0


def remedy(old: list[OldTransaction]) -> str:
    """What is wrong and what to do about it, in one line; empty if nothing is."""
    if not old:
        return ""
    return f"{len(old)} open too long: {'; '.join(map(str, old))}. {_REMEDY}"
