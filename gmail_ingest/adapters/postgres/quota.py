"""The shared limiter: a row of ``quota_lines`` for each mailbox and one for the project.

Holds: ``PostgresLimiter``. Add here: a further scope. Keep out: waiting (``sync/limiter.py``).
Source: google-facts section 1: 6,000 units a minute for a mailbox, 1,200,000 for a project, in a
sliding minute, 80,000,000 a day; the generic cell rate algorithm (ITU-T I.371).

The clock is Postgres' own, so that the clocks of workers do not matter. A line ahead of now is
debt. History begins where its line ends. Live mail may be in debt by the reserve; on a mailbox
that was idle for a minute by nearly a minute's units, less what has passed since: so no sliding
minute ever holds more than the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.core.price import Pace
from gmail_ingest.errors import ThrottledError
from gmail_ingest.sync.records import Source

#: The scope of the project's own line; mailbox ids begin at 1.
PROJECT = 0
#: A longer wait is not slept through: the mailbox goes back to the queue (edge case 31).
LONGEST_WAIT = 60.0
#: Share of a minute's units that live mail may spend at once after an idle minute.
BURST = 0.95

_SCOPES = "unnest(%(scopes)s::bigint[], %(costs)s::interval[]) AS n (scope, cost)"
# Both lines in one statement, mailboxes before the project: a fixed order cannot deadlock.
_LIVE = f"""
INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at)
SELECT scope, now() + cost, now() + cost, now() FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    live_at = greatest(q.live_at, now()) + (excluded.live_at - now()),
    history_at = greatest(q.history_at, now()) + (excluded.live_at - now()),
    burst_at = CASE WHEN greatest(q.live_at, q.history_at) < now() - interval '1 minute'
                    THEN now() ELSE q.burst_at END
RETURNING scope, greatest(
    extract(epoch FROM q.paused_until - now()),
    extract(epoch FROM q.live_at - now())
        - greatest(%(reserve)s, %(burst)s - extract(epoch FROM now() - q.burst_at))) AS wait
"""  # noqa: S608 - a fragment of this file
_HISTORY = f"""
INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at)
SELECT scope, now(), now() + cost, now() - interval '1 minute' FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    history_at = greatest(q.history_at, q.paused_until, now()) + (excluded.history_at - now())
RETURNING scope, extract(epoch FROM q.history_at - now())
    - (SELECT extract(epoch FROM n.cost) FROM {_SCOPES} WHERE n.scope = q.scope) AS wait
"""  # noqa: S608 - a fragment of this file
# An upsert too, of rows that exist, for the order of its locks.
_GIVE_BACK = f"""
INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at)
SELECT scope, now(), now() + cost, now() FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    history_at = q.history_at - (excluded.history_at - now()),
    live_at = CASE WHEN %(live)s THEN q.live_at - (excluded.history_at - now())
                   ELSE q.live_at END
RETURNING scope, 0 AS wait
"""  # noqa: S608 - a fragment of this file
_REFUSED = """
INSERT INTO quota_lines AS q (scope, live_at, history_at, burst_at, paused_until)
VALUES (%(scope)s, now(), %(until)s, now() - interval '1 minute', %(until)s)
ON CONFLICT (scope) DO UPDATE SET
    paused_until = greatest(q.paused_until, %(until)s),
    history_at = greatest(q.history_at, %(until)s)
"""
_USED = """
INSERT INTO quota_usage AS u (scope, day, units)
SELECT scope, (now() AT TIME ZONE 'America/Los_Angeles')::date, %(units)s
FROM lines ORDER BY scope DESC
ON CONFLICT (scope, day) DO UPDATE SET units = u.units + excluded.units
RETURNING scope, units,
    (day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles' AS next_day
"""
_TODAY = """
SELECT coalesce((SELECT units FROM quota_usage WHERE scope = %(scope)s AND day = pacific.day), 0),
       extract(epoch FROM (day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles' - now())::float8
FROM (SELECT (now() AT TIME ZONE 'America/Los_Angeles')::date AS day) pacific
"""
# Lines and usage in one round trip, which does not wait for the disk: units of the last moment
# before a crash may be spent twice, and everybody else would wait for the project's line.
_BOTH = f"""
WITH lines AS ({{lines}}), used AS ({_USED})
SELECT scope, wait, units, next_day, set_config('synchronous_commit', 'off', true)
FROM lines JOIN used USING (scope)
"""  # noqa: S608 - fragments of this file
_RESERVE: Mapping[bool, str] = {
    True: _BOTH.format(lines=_LIVE),
    False: _BOTH.format(lines=_HISTORY),
}
_RETURN = _BOTH.format(lines=_GIVE_BACK)


@dataclass(frozen=True, slots=True)
class Limits:
    """Units that Google allows; ``reserve`` is the share kept free for live mail."""

    mailbox_minute: int = 6_000
    project_minute: int = 1_200_000
    project_day: int = 80_000_000
    reserve: float = 0.02


class PostgresLimiter:
    """The limiter of ``sync/limiter.py``; one object for a process."""

    def __init__(self, engine: AsyncEngine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        # A tenth is left for calls that reach Google a little early or late.
        self._reserve = 0.9 * limits.reserve * 60 / (1 - limits.reserve)
        self._burst = BURST * 60 / (1 - limits.reserve)

    def seconds(self, units: int) -> float:
        """How long a mailbox takes to earn these units."""
        return units / self._rate(self._limits.mailbox_minute)

    def _rate(self, minute: int) -> float:
        return minute * (1 - self._limits.reserve) / 60

    def _scopes(self, mailbox_id: int, units: int) -> dict[str, object]:
        project = units / self._rate(self._limits.project_minute)
        costs = [timedelta(seconds=self.seconds(units)), timedelta(seconds=project)]
        return {"scopes": [mailbox_id, PROJECT], "costs": costs}

    async def reserve(self, mailbox_id: int, units: int, source: Source) -> float:
        """As the port says."""
        live = source == "live"
        parameters = self._scopes(mailbox_id, units) | {
            "units": units,
            "reserve": self._reserve,
            "burst": self._burst,
        }
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_RESERVE[live], parameters)).fetchall()
        wait = max(float(row[1] or 0) for row in rows)
        if wait > LONGEST_WAIT:
            await self.give_back(mailbox_id, units, source)
            raise ThrottledError("mailbox", datetime.now(UTC) + timedelta(seconds=wait))
        for scope, _, spent, next_day, _ in rows:
            if scope == PROJECT and not live and spent > self._limits.project_day:
                await self.give_back(mailbox_id, units, source)
                raise ThrottledError("project", next_day)
        return max(wait, 0.0)

    async def give_back(self, mailbox_id: int, units: int, source: Source) -> None:
        """As the port says."""
        parameters = self._scopes(mailbox_id, units) | {"units": -units, "live": source == "live"}
        async with statement(self._engine) as connection:
            await connection.execute(_RETURN, parameters)

    async def pace(self) -> Pace | None:
        """As the port says."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_TODAY, {"scope": PROJECT})).fetchone()
        spent, next_day = row or (0, 0.0)
        limits = self._limits
        return Pace(
            mailbox=self._rate(limits.mailbox_minute),
            project=self._rate(limits.project_minute),
            day=limits.project_day,
            left_today=max(0, limits.project_day - spent),
            next_day=next_day,
        )

    async def refused(self, mailbox_id: int, scope: str, until: datetime) -> None:
        """As the port says."""
        line = PROJECT if scope == "project" else mailbox_id
        async with statement(self._engine) as connection:
            await connection.execute(_REFUSED, {"scope": line, "until": until})
