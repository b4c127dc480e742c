"""Transactions that have been open for too long, which slows all others down.

Holds: ``PostgresTransactions``. Keep out: ending them (a person decides).
Source: PostgreSQL's "Routine Vacuuming" and pg_stat_activity: while a snapshot is kept, row
versions that became old after it are not removed, and access to rows that are written often becomes
slower.
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
        """The text for an operator, without the statement, which may hold mail."""
        who = f"role {self.role or 'unknown'}, application {self.application or 'unnamed'}"
        return f"pid {self.pid} ({who}, {self.state}) for {round(self.age.total_seconds())} s"


class PostgresTransactions:
    """Reads which transactions are open."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def older_than(self, age: timedelta) -> list[OldTransaction]:
        """The transactions of this database that are older than ``age``, the oldest first."""
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_OLD, (age,))).fetchall()
        return [OldTransaction(*row) for row in rows]

    async def unseen(self) -> int:
        """The number of sessions of other roles that this role may not see (``pg_monitor`` may)."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_UNSEEN)).fetchone()
        return row[0] if row else 0


def remedy(old: list[OldTransaction]) -> str:
    """One line on what is wrong and what to do; "" if nothing is wrong."""
    if not old:
        return ""
    return f"{len(old)} open too long: {'; '.join(map(str, old))}. {_REMEDY}"
