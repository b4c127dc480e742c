"""The shared limiter: a row of ``quota_lines`` for each mailbox and one for the project.

Holds: ``PostgresLimiter``. Add here: another scope. Keep out: waiting
(``sync/mailbox/limiter.py``).
Source: docs/google.md#limits: 6,000 units a minute for a mailbox, 1,200,000 for a project, in a
sliding minute, 80,000,000 a day; the generic cell rate algorithm (ITU-T I.371).

All times are by Postgres' clock, so that the clocks of workers do not matter. A line is the time
until which units are reserved; if it is ahead of now, that is debt. Background work (listings and
backfills) starts where its line ends. Live mail may be in debt by the reserve, and on a mailbox
that was idle for a minute by nearly a minute's units, less the time since: so no sliding minute
exceeds the limit.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.quota.estimates import Pace
from gmail_ingest.core.quota.portions import Permits, Portions
from gmail_ingest.errors import ThrottledError

#: The scope of the project's line; the others are mailbox ids, from 1.
PROJECT = 0
#: The longest wait, in seconds; for a longer one the mailbox goes back to the queue (edge case 31).
LONGEST_WAIT = 60.0
#: Share of a minute's units that live mail may spend at once after an idle minute.
BURST = 0.95
#: Most seconds after its time at which a unit of a portion expires.
LATEST_PORTION = 0.5
#: Writes of the project's line that reserve exactly what a call needs: at once, and a second.
WRITES_AT_ONCE = 16.0
WRITES_A_SECOND = 2.0
_NOTHING = timedelta()

_SCOPES = (
    "unnest(%(scopes)s::bigint[], %(costs)s::interval[], %(backs)s::interval[], "
    "%(units)s::bigint[], %(reserves)s::float8[]) AS n (scope, cost, back, units, reserve)"
)
#: Units given back to a line before any are taken.
_BACK = f"(SELECT n.back FROM {_SCOPES} WHERE n.scope = q.scope)"  # noqa: S608 - of this file
# Both lines in one statement, mailboxes before the project: a fixed order cannot deadlock.
_LIVE = f"""
INSERT INTO quota_lines AS q (scope, live_at, background_at, burst_at)
SELECT scope, now() + cost, now() + cost, now() FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    live_at = greatest(q.live_at - {_BACK}, now()) + (excluded.live_at - now()),
    background_at = greatest(q.background_at - {_BACK}, now()) + (excluded.live_at - now()),
    burst_at = CASE WHEN greatest(q.live_at, q.background_at) < now() - interval '1 minute'
                    THEN now() ELSE q.burst_at END
RETURNING scope, greatest(
    extract(epoch FROM q.paused_until - now()),
    extract(epoch FROM q.live_at - now())
        - greatest((SELECT n.reserve FROM {_SCOPES} WHERE n.scope = q.scope),
                   %(burst)s - extract(epoch FROM now() - q.burst_at))) AS wait
"""  # noqa: S608 - a fragment of this file
_BACKGROUND = f"""
INSERT INTO quota_lines AS q (scope, live_at, background_at, burst_at)
SELECT scope, now(), now() + cost, now() - interval '1 minute' FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    background_at = greatest(q.background_at - {_BACK}, q.paused_until, now())
        + (excluded.background_at - now())
RETURNING scope, extract(epoch FROM q.background_at - now())
    - (SELECT extract(epoch FROM n.cost) FROM {_SCOPES} WHERE n.scope = q.scope) AS wait
"""  # noqa: S608 - a fragment of this file
# Also an upsert, though the rows exist, for the order of its locks.
_GIVE_BACK = f"""
INSERT INTO quota_lines AS q (scope, live_at, background_at, burst_at)
SELECT scope, now(), now(), now() FROM {_SCOPES} ORDER BY scope DESC
ON CONFLICT (scope) DO UPDATE SET
    background_at = q.background_at - {_BACK},
    live_at = CASE WHEN %(live)s THEN q.live_at - {_BACK} ELSE q.live_at END
RETURNING scope, 0 AS wait
"""  # noqa: S608 - a fragment of this file
_REFUSED = """
INSERT INTO quota_lines AS q (scope, live_at, background_at, burst_at, paused_until)
VALUES (%(scope)s, now(), %(until)s, now() - interval '1 minute', %(until)s)
ON CONFLICT (scope) DO UPDATE SET
    paused_until = greatest(q.paused_until, %(until)s),
    background_at = greatest(q.background_at, %(until)s)
"""
_USED = f"""
INSERT INTO quota_usage AS u (scope, day, units)
SELECT scope, (now() AT TIME ZONE 'America/Los_Angeles')::date, n.units
FROM lines JOIN {_SCOPES} USING (scope) ORDER BY scope DESC
ON CONFLICT (scope, day) DO UPDATE SET units = u.units + excluded.units
RETURNING scope, units,
    (day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles' AS next_day
"""  # noqa: S608 - a fragment of this file
_TODAY = """
SELECT coalesce((SELECT units FROM quota_usage WHERE scope = %(scope)s AND day = pacific.day), 0),
       extract(epoch FROM (day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles' - now())::float8
FROM (SELECT (now() AT TIME ZONE 'America/Los_Angeles')::date AS day) pacific
"""
# Lines and usage in one round trip, with asynchronous commit: else all would wait for the project's
# line. After a crash, units of the last moment may be spent twice.
_BOTH = f"""
WITH lines AS ({{lines}}), used AS ({_USED})
SELECT scope, wait, units, next_day, set_config('synchronous_commit', 'off', true)
FROM lines JOIN used USING (scope)
"""  # noqa: S608 - fragments of this file
_RESERVE: Mapping[bool, str] = {
    True: _BOTH.format(lines=_LIVE),
    False: _BOTH.format(lines=_BACKGROUND),
}
_RETURN = _BOTH.format(lines=_GIVE_BACK)


@dataclass(frozen=True, slots=True)
class Limits:
    """Units that Google allows; ``reserve`` is the share kept free for live mail."""

    mailbox_minute: int = 6_000
    project_minute: int = 1_200_000
    project_day: int = 80_000_000
    reserve: float = 0.02


class _Line(NamedTuple):
    """A change of a line: seconds to take and to give back, and units used."""

    scope: int
    cost: timedelta
    back: timedelta
    units: int
    reserve: float


_COLUMNS = ("scopes", "costs", "backs", "units", "reserves")


class _Row(NamedTuple):
    """A line after the statement: the seconds to wait, and all units used today."""

    scope: int
    wait: float
    units: int
    next_day: datetime


class PostgresLimiter:
    """The limiter of ``sync/mailbox/limiter.py``; one object for a process.

    Args:
        engine: of the database that all processes share.
        limits: of Google.
        permits: writes of the project's line that reserve no more than a call needs.

    A process writes the project's line at most a few times a second (``core/quota/portions.py``).
    It writes a mailbox's line with each reservation; these are chunks of five seconds where much is
    fetched (``sync/mailbox/limiter.py``).
    """

    def __init__(self, engine: AsyncEngine, limits: Limits, permits: Permits | None = None) -> None:
        self._engine = engine
        self._limits = limits
        # A tenth is kept for calls that reach Google a little early or late.
        self._reserve = 0.9 * limits.reserve * 60 / (1 - limits.reserve)
        self._burst = BURST * 60 / (1 - limits.reserve)
        # Portions may be spent late, so live mail may be that much less in debt to the project.
        self._late = min(LATEST_PORTION, self._reserve / 4)
        rate = self._rate(limits.project_minute)
        self._portions = {
            live: Portions(rate, self._late, paced=not live) for live in (True, False)
        }
        self._permits = permits or Permits(WRITES_AT_ONCE, WRITES_A_SECOND)
        #: Units to give back to the project's line with its next write.
        self._returned = {True: 0, False: 0}
        self._refill = asyncio.Lock()

    def seconds(self, units: int) -> float:
        """Seconds in which a mailbox earns these units."""
        return units / self._rate(self._limits.mailbox_minute)

    def _rate(self, minute: int) -> float:
        return minute * (1 - self._limits.reserve) / 60

    async def reserve(self, mailbox_id: int, units: int, origin: Origin) -> float:
        """As the port says."""
        live = origin == "push"
        portions = self._portions[live]
        portions.demand(units, time.monotonic())
        mailbox = _Line(mailbox_id, self._taking(units), _NOTHING, units, self._reserve)
        at, wait = portions.take(units, time.monotonic()), None
        if at is None:
            async with self._refill:
                at, wait = await self._refilled(mailbox, units, live=live)
        if wait is None:
            wait = (await self._write(_RESERVE[live], [mailbox]))[mailbox_id].wait
        wait = max(wait, at - time.monotonic(), 0.0)
        if wait > LONGEST_WAIT:
            await self.give_back(mailbox_id, units, origin)
            raise ThrottledError("mailbox", datetime.now(UTC) + timedelta(seconds=wait))
        return wait

    async def _refilled(
        self, mailbox: _Line, units: int, *, live: bool
    ) -> tuple[float, float | None]:
        """Take units of the project after adding a portion; for one caller at a time.

        Returns:
            Their time on the monotonic clock, and the seconds to wait for the mailbox if its line
            was written in the same round trip, else None.
        """
        portions = self._portions[live]
        # The caller before may have added enough.
        at, wait = portions.take(units, time.monotonic()), None
        while at is None:
            rows = await self._add_portion([mailbox] if wait is None else [], units, live=live)
            if wait is None:
                wait = rows[mailbox.scope].wait
            # No clock (-inf): units that were just reserved are not late. None if others meanwhile
            # took the units that were left.
            at = portions.take(units, -math.inf)
        return at, wait

    async def _add_portion(
        self, lines: Sequence[_Line], units: int, *, live: bool
    ) -> Mapping[int, _Row]:
        """Reserve a portion for a call of ``units``, and write the mailboxes' lines with it."""
        now = time.monotonic()
        added = self._portions[live].size(units, now, exact=self._permits.use(now))
        rows = await self._write(_RESERVE[live], [*lines, self._project(added, live=live)])
        project = rows[PROJECT]
        if not live and project.units > self._limits.project_day:
            self._returned[live] += added
            for line in lines:
                await self._give_back(line.scope, units, live=live, project=True)
            raise ThrottledError("project", project.next_day)
        self._portions[live].add(added, time.monotonic() + max(project.wait, 0.0))
        return rows

    async def give_back(self, mailbox_id: int, units: int, origin: Origin) -> None:
        """As the port says."""
        live = origin == "push"
        self._returned[live] += units
        await self._give_back(
            mailbox_id, units, live=live, project=self._permits.use(time.monotonic())
        )

    async def _give_back(self, mailbox_id: int, units: int, *, live: bool, project: bool) -> None:
        lines = [_Line(mailbox_id, _NOTHING, self._taking(units), -units, self._reserve)]
        if project:
            lines.append(self._project(0, live=live))
        await self._write(_RETURN, lines, live=live)

    def _taking(self, units: int) -> timedelta:
        return timedelta(seconds=self.seconds(units))

    def _project(self, added: int, *, live: bool) -> _Line:
        """The project's part of a statement: units added, and units given back."""
        rate = self._rate(self._limits.project_minute)
        returned, self._returned[live] = self._returned[live], 0
        lost = 0
        for portions in self._portions.values():
            lost += portions.lost
            portions.lost = 0
        return _Line(
            PROJECT,
            timedelta(seconds=added / rate),
            timedelta(seconds=returned / rate),
            # Expired units keep their place on the line, but were never spent.
            added - returned - lost,
            self._reserve - self._late,
        )

    async def _write(
        self, sql: str, lines: Sequence[_Line], *, live: bool = False
    ) -> Mapping[int, _Row]:
        columns = zip(*lines, strict=True)
        parameters = dict(zip(_COLUMNS, map(list, columns), strict=True))
        async with statement(self._engine) as connection:
            answer = await connection.execute(
                sql, {**parameters, "burst": self._burst, "live": live}
            )
            rows = await answer.fetchall()
        return {row[0]: _Row(row[0], float(row[1] or 0), row[2], row[3]) for row in rows}

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
        if scope == "project":
            for portions in self._portions.values():
                portions.lose_all()
        line = PROJECT if scope == "project" else mailbox_id
        async with statement(self._engine) as connection:
            await connection.execute(_REFUSED, {"scope": line, "until": until})
