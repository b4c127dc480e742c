"""The shared limiter: one row of ``quota_lines`` for each mailbox and one for the project.

Holds: ``PostgresLimiter``. Add here: a further scope. Keep out: waiting (``sync/limiter.py``).
Source: google-facts section 1: 6,000 units a minute for a mailbox, 1,200,000 for a project,
80,000,000 a day, in a sliding minute; the generic cell rate algorithm (ITU-T I.371).

The clock is Postgres' own, so that the clocks of the workers do not matter. A line that is ahead
of now is debt: history starts at its end, live mail may overdraw it by the reserve. In any minute
that is ``rate * 60 + reserve`` units at most, which is the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import Connection, statement
from gmail_ingest.errors import ThrottledError
from gmail_ingest.sync.limiter import LONGEST_WAIT
from gmail_ingest.sync.ports import Source

PROJECT = 0
#: Units of the project that a process reserves at once: its row is shared by all processes.
PROJECT_CHUNK = 2000

_LIVE = """
WITH line AS (
    INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at)
    VALUES (%(scope)s, clock_timestamp() + %(cost)s, clock_timestamp() + %(cost)s,
            clock_timestamp())
    ON CONFLICT (scope) DO UPDATE SET
        live_at = greatest(q.live_at, clock_timestamp()) + %(cost)s,
        history_at = greatest(q.history_at, clock_timestamp()) + %(cost)s,
        burst_at = CASE WHEN greatest(q.live_at, q.history_at)
                             < clock_timestamp() - interval '1 minute'
                        THEN clock_timestamp() ELSE q.burst_at END
    RETURNING live_at, history_at, burst_at, paused_until
)
SELECT greatest(
    extract(epoch FROM paused_until - clock_timestamp()),
    extract(epoch FROM live_at - clock_timestamp())
        - CASE WHEN burst_at > clock_timestamp() - interval '5 seconds'
               THEN %(burst)s ELSE %(reserve)s END)
FROM line
"""
_HISTORY = """
WITH line AS (
    INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at)
    VALUES (%(scope)s, clock_timestamp(), clock_timestamp() + %(cost)s,
            clock_timestamp() - interval '1 minute')
    ON CONFLICT (scope) DO UPDATE SET
        history_at = greatest(q.history_at, q.paused_until, clock_timestamp()) + %(cost)s
    RETURNING history_at
)
SELECT extract(epoch FROM history_at - %(cost)s - clock_timestamp()) FROM line
"""
_GIVE_BACK = """
UPDATE quota_lines
   SET history_at = history_at - %(cost)s, live_at = least(live_at, history_at - %(cost)s)
 WHERE scope = %(scope)s AND history_at > clock_timestamp()
"""
_REFUSED = """
INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at, paused_until)
VALUES (%(scope)s, clock_timestamp(), %(until)s, clock_timestamp(), %(until)s)
ON CONFLICT (scope) DO UPDATE SET
    paused_until = greatest(q.paused_until, %(until)s),
    history_at = greatest(q.history_at, %(until)s)
"""
_SPEND_DAY = """
INSERT INTO quota_usage AS q (day, units)
VALUES ((clock_timestamp() AT TIME ZONE 'America/Los_Angeles')::date, %(units)s)
ON CONFLICT (day) DO UPDATE SET units = q.units + excluded.units
RETURNING units
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Units that Google allows; ``reserve`` is the share kept free for live mail."""

    mailbox_minute: int = 6_000
    project_minute: int = 1_200_000
    project_day: int = 80_000_000
    reserve: float = 0.02
    #: Units that live mail may spend at once on a mailbox that was idle for a minute: they are
    #: borrowed from the minute that follows, so that no minute ever holds more than the limit.
    burst: int = 1_500


class PostgresLimiter:
    """The limiter of ``sync/limiter.py`` in Postgres; one object for a process."""

    def __init__(self, engine: AsyncEngine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self._project_units = {"live": 0, "listing": 0}

    def seconds(self, units: int) -> float:
        """How long a mailbox takes to earn these units."""
        return units / self._rate(self._limits.mailbox_minute)

    def _rate(self, minute: int) -> float:
        return minute * (1 - self._limits.reserve) / 60

    async def reserve(self, mailbox_id: int, units: int, source: Source) -> float:
        """As the port says; two statements, or one while the process still has project units."""
        async with statement(self._engine) as connection:
            project = await self._reserve_project(connection, units, source)
            wait = await self._line(
                connection, mailbox_id, units, self._limits.mailbox_minute, source
            )
        if max(wait, project) > LONGEST_WAIT:
            await self.give_back(mailbox_id, units)
            until = datetime.now(UTC) + timedelta(seconds=max(wait, project))
            raise ThrottledError("mailbox" if wait > project else "project", until)
        return max(wait, project, 0.0)

    async def _line(
        self, connection: Connection, scope: int, units: int, minute: int, source: Source
    ) -> float:
        rate = self._rate(minute)
        parameters = {
            "scope": scope,
            "cost": timedelta(seconds=units / rate),
            "reserve": self._limits.reserve * minute / rate,
            "burst": max(self._limits.burst, self._limits.reserve * minute) / rate,
        }
        cursor = await connection.execute(_LIVE if source == "live" else _HISTORY, parameters)
        row = await cursor.fetchone()
        return max(0.0, float(row[0])) if row else 0.0

    async def _reserve_project(
        self, connection: Connection, units: int, source: Source
    ) -> float:
        if self._project_units[source] >= units:
            self._project_units[source] -= units
            return 0.0
        chunk = max(units, PROJECT_CHUNK)
        self._project_units[source] += chunk - units
        cursor = await connection.execute(_SPEND_DAY, {"units": chunk})
        row = await cursor.fetchone()
        if row and source == "listing" and row[0] > self._limits.project_day:
            raise ThrottledError("project", _next_pacific_midnight())
        return await self._line(
            connection, PROJECT, chunk, self._limits.project_minute, source
        )

    async def give_back(self, mailbox_id: int, units: int) -> None:
        """As the port says; the project's share stays with this process for its next call."""
        cost = timedelta(seconds=self.seconds(units))
        async with statement(self._engine) as connection:
            await connection.execute(_GIVE_BACK, {"scope": mailbox_id, "cost": cost})

    async def refused(self, mailbox_id: int, scope: str, until: datetime) -> None:
        """As the port says."""
        line = PROJECT if scope == "project" else mailbox_id
        async with statement(self._engine) as connection:
            await connection.execute(_REFUSED, {"scope": line, "until": until})
