"""``partitions``: Dagster's pages and daemon at 1,000 tenants by 120 months.

Holds: the benchmark. Baseline: the same page with twelve tenants, from the same service.
Source: docs/dagster.md#number-of-partitions (at most 100,000 for an asset are advised), #webserver
(15 seconds for a query). Materializations are real ones of one tenant's year, copied for all others
by SQL: to materialize 120,000 partitions one by one would take half an hour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import median

import psycopg

from gmail_ingest.core.ledger.months import next_month
from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.benchmarks.dagster_ui import DagsterUi
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import Harness, plain_url
from gmail_ingest_lab.benchmarks.proc import tree_cpu_seconds
from gmail_ingest_lab.benchmarks.service import Service, open_service

GOAL_PAGE = 10.0
GOAL_TICK = 2.0
GOAL_ITERATION = 10.0
_TENANTS = 1_000
_MONTHS = 120
_YEAR = 12
_FEW = 12
_TENANT = "acme@bench.example"
_LOOKS = 3
_ITERATION = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000)\S* - dagster.daemon.BackfillDaemon - .*?"
    r"(Evaluating asset backfill|completed iteration)"
)
_TENANTS_WITHOUT_MAIL = """
INSERT INTO tenants (id) SELECT 'tenant-' || lpad(n::text, 4, '0')
FROM generate_series(1, %(count)s) n ON CONFLICT DO NOTHING
"""
_COPY = """
INSERT INTO event_logs
    (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
SELECT e.run_id, replace(e.event, e.partition, to_char(m, 'YYYY-MM-DD') || '|' || t.partition),
       e.dagster_event_type, e.timestamp, e.step_key, e.asset_key,
       to_char(m, 'YYYY-MM-DD') || '|' || t.partition
FROM generate_series(%(first)s::date, %(last)s::date, interval '1 month') m
CROSS JOIN dynamic_partitions t
CROSS JOIN (SELECT * FROM event_logs WHERE partition = %(template)s
            AND dagster_event_type = 'ASSET_MATERIALIZATION' ORDER BY id DESC LIMIT 1) e
WHERE t.partitions_def_name = 'tenants' AND t.partition <> %(tenant)s
  AND m >= %(first)s::date + (t.id %% %(spread)s) * interval '1 month'
  AND NOT EXISTS (SELECT FROM event_logs x WHERE x.dagster_event_type = e.dagster_event_type
      AND x.asset_key = e.asset_key
      AND x.partition = to_char(m, 'YYYY-MM-DD') || '|' || t.partition)
"""


@dataclass(frozen=True, slots=True)
class _Pages:
    """Seconds that pages take: the partition map after an event and again (and the webserver's CPU
    seconds for the first), the counts after an event and again, the list of backfills.
    """

    partitions: int
    materialized: int
    map_first: float
    map_later: float
    map_cpu: float
    map_bytes: int
    counts_first: float
    counts_later: float
    backfills: float

    def shown(self) -> dict[str, object]:
        return {
            "partitions": self.partitions,
            "materialized": self.materialized,
            "mapAfterAnEvent": round(self.map_first, 2),
            "mapAgain": round(self.map_later, 2),
            "mapAfterAnEventCpu": round(self.map_cpu, 2),
            "mapKB": self.map_bytes // 1000,
            "countsAfterAnEvent": round(self.counts_first, 2),
            "countsAgain": round(self.counts_later, 2),
            "backfills": round(self.backfills, 2),
        }


@dataclass(frozen=True, slots=True)
class _Daemon:
    """Seconds of the daemon's work for a backfill of a year, and its CPU seconds meanwhile."""

    ticks: Sequence[float]
    iterations: Sequence[float]
    page: float
    done: float
    cpu: float


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Fill Dagster with materialized months, look at its pages, and start one more backfill."""
    tenants = max(_FEW + 1, round(_TENANTS * scale))
    months = _months(max(2 * _YEAR, round(_MONTHS * scale)))
    with open_service({"backfill_start": months[0]}, latency_ms=0) as service:
        service.connect([_TENANT], progress)
        world = _World(service, months, progress)
        progress("the first year", 0, 1)
        world.backfill(months[-_YEAR:])
        few = world.fill(_FEW, spread=1)
        half = world.fill(tenants, spread=len(months))
        full = world.fill(tenants, spread=1)
        progress("one more year", 0, 1)
        daemon = world.backfill(months[:_YEAR])
    return Figure(
        name="partitions",
        figure=full.map_first,
        unit="s for the partition map after an event, at the webserver",
        goal=f"<= {GOAL_PAGE:.0f} s; a history_sensor tick <= {GOAL_TICK:.0f} s, an iteration of "
        f"the backfill daemon <= {GOAL_ITERATION:.0f} s",
        reached=full.map_first <= GOAL_PAGE
        and max(daemon.ticks) <= GOAL_TICK
        and max(daemon.iterations) <= GOAL_ITERATION,
        baseline=few.map_first,
        baseline_is=f"the same with {_FEW} tenants",
        conditions={
            "tenants": tenants,
            "months": len(months),
            "fewTenants": few.shown(),
            "halfMaterialized": half.shown(),
            "allMaterialized": full.shown(),
            "sensorTicks": [round(tick, 2) for tick in daemon.ticks],
            "backfillIterations": [round(iteration) for iteration in daemon.iterations],
            "iterationsAre": "whole seconds, from the daemon's log: a backfill of twelve months of "
            "one tenant, all materialized",
            "backfillPage": round(daemon.page, 2),
            "backfillSeconds": round(daemon.done, 1),
            "daemonCpuSeconds": round(daemon.cpu, 1),
            "measured": "server side, no browser",
        },
    )


class _World:
    """Dagster with more and more partitions."""

    def __init__(self, service: Service, months: Sequence[date], progress: Progress) -> None:
        self._service = service
        self._months = months
        self._progress = progress
        self._api = SidecarApi(service.api, service.api_key)
        self._ui = DagsterUi(service.dagster_url)

    def fill(self, tenants: int, *, spread: int) -> _Pages:
        """Have so many tenants, each with all months, or up to ``spread`` fewer; and look."""
        harness, wanted = self._service.harness, tenants * len(self._months)
        harness.execute(_TENANTS_WITHOUT_MAIL, {"count": tenants - 1})

        def known() -> bool:
            self._progress("partitions", self._ui.partitions(), wanted)
            return self._ui.partitions() == wanted

        self._service.wait(known, "the tenants' partitions")
        self._progress("copying materializations", 0, 1)
        _copy(harness, self._months, spread)
        return self._look()

    def backfill(self, months: Sequence[date]) -> _Daemon:
        """Have a year of the one tenant that has a mailbox backfilled."""
        service, ui = self._service, self._ui
        daemon = service.harness.stack.supervisor.child("daemon")
        logged, cpu, began = len(daemon.log.read_text()), tree_cpu_seconds(daemon.group), _now()
        end = min(midnight(next_month(months[-1])), began)
        accepted = self._api.backfill(_TENANT, midnight(months[0]), end)
        backfills: list[str] = []

        def done() -> bool:
            job = self._api.job(_TENANT, accepted["jobId"])
            backfills.append(job["dagsterBackfillId"] or "")
            return job["state"] == "succeeded" and ui.ended(backfills[-1])

        service.wait(done, "the backfill", 0.5)
        seconds = (_now() - began).total_seconds()
        return _Daemon(
            ticks=ui.tick_seconds("history_sensor", max(2, round(seconds / 5))),
            iterations=iterations(daemon.log.read_text()[logged:]),
            page=ui.backfill(backfills[-1]).seconds,
            done=seconds,
            cpu=tree_cpu_seconds(daemon.group) - cpu,
        )

    def _look(self) -> _Pages:
        ui, newest = self._ui, f"{self._months[-1]}|{_TENANT}"
        ui.report([newest])
        webserver = self._service.harness.stack.supervisor.child("webserver").group
        cpu = tree_cpu_seconds(webserver)
        first = ui.health()
        cpu = tree_cpu_seconds(webserver) - cpu
        later = [ui.health().seconds for _ in range(_LOOKS)]
        ui.report([newest])
        counts = [ui.counts().seconds for _ in range(1 + _LOOKS)]
        return _Pages(
            partitions=ui.partitions(),
            materialized=ui.materialized(),
            map_first=first.seconds,
            map_later=median(later),
            map_cpu=cpu,
            map_bytes=first.size,
            counts_first=counts[0],
            counts_later=median(counts[1:]),
            backfills=median(ui.backfills().seconds for _ in range(_LOOKS)),
        )


def iterations(log: str) -> list[float]:
    """Seconds that each iteration of the backfill daemon took, by its log."""
    found: list[float] = []
    began: datetime | None = None
    for text, what in _ITERATION.findall(log):
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
        if what.startswith("Evaluating"):
            began = at
        elif began is not None:
            found.append((at - began).total_seconds())
            began = None
    return found


def _months(count: int) -> list[date]:
    """So many months, oldest first, the last the present one."""
    newest = _now().date().replace(day=1)
    first = newest.year * 12 + newest.month - count
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + count)]


def _now() -> datetime:
    return datetime.now(UTC)


def _copy(harness: Harness, months: Sequence[date], spread: int) -> None:
    values = {
        "first": months[0],
        "last": months[-1],
        "spread": spread,
        "tenant": _TENANT,
        "template": f"{months[-1]}|{_TENANT}",
    }
    with psycopg.connect(plain_url(harness.databases.dagster), autocommit=True) as connection:
        connection.execute(_COPY, values)
        connection.execute("ANALYZE event_logs")
