"""``fairness``: twelve tenants ask for three years each at once, and share the project's budget.

Holds: the benchmark, and ``TwelveTenants``. Baseline: one tenant after the other, of which one is
done when the first is. Source: Jain, Chiu and Hawe 1984: (sum x)^2 / (n * sum x^2), between
1/n and 1.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.benchmarks.backfill import months_back
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import BenchmarkError
from gmail_ingest_lab.benchmarks.service import Service, open_service

NAMES = (
    *("acme", "globex", "initech", "umbrella", "hooli", "vehement"),
    *("stark", "wonka", "cyberdyne", "tyrell", "soylent", "wayne"),
)
GOAL_JAIN = 0.9
GOAL_SPREAD = 0.5
_MONTHS = 36
_EACH = 3_000
#: Times Google's units a minute, for a mailbox.
_SCALE = 60
_MAILBOX_MINUTE = 6_000 * _SCALE
#: So low that all tenants together want three times the project's units.
_PROJECT_MINUTE = _MAILBOX_MINUTE * 2 // 3
_MINUTE = 60.0
_LOOK_SECONDS = 0.5
_LONGEST_SECONDS = 7_200.0
#: Shares of the whole work at which progress is reported.
_SHARES_REPORTED = (0.1, 0.25, 0.5, 0.75)


@dataclass(slots=True)
class TwelveTenants:
    """The tenants of the demonstration, their prices and jobs by name."""

    service: Service
    api: SidecarApi = field(init=False)
    prices: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    _units_before: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.api = SidecarApi(self.service.api, self.service.api_key)

    def connect(self, messages_each: int, months: int, progress: Progress) -> None:
        """Make and connect a mailbox of so many messages for every tenant."""
        days = (datetime.now(UTC) - midnight(months_back(months))).total_seconds() / 86_400
        for number, name in enumerate(NAMES):
            self.service.harness.google.create_mailbox(
                _address(name),
                messages=messages_each,
                seed=number,
                span_days=days,
                bursts=months // 3,
            )
            progress("making mailboxes", number + 1, len(NAMES))
        self.service.connect_full({_address(name): name for name in NAMES}, progress)

    def request(self, months: int, progress: Progress) -> None:
        """Price and then request the same months of every tenant."""
        window = midnight(months_back(months)), datetime.now(UTC).replace(microsecond=0)
        for name in NAMES:
            progress("dry runs", len(self.prices), len(NAMES))
            self.prices[name] = self.api.backfill(name, *window, dry_run=True)["units"]
        self._units_before = self.service.harness.google.units_by_mailbox()
        for name in NAMES:
            self.jobs[name] = self.api.backfill(name, *window)["jobId"]

    def shares(self) -> dict[str, float]:
        """What each tenant has got so far, as a share of its price."""
        units = self.service.harness.google.units_by_mailbox()
        return {
            name: (units.get(_address(name), 0) - self._units_before.get(_address(name), 0)) / price
            for name, price in self.prices.items()
        }

    def states(self) -> dict[str, Any]:
        """The jobs as the API shows them."""
        return {name: self.api.job(name, job) for name, job in self.jobs.items()}


@dataclass(slots=True)
class _Course:
    """How it went: shares when the first was done, and the fullest minute at the sandbox."""

    seconds: float = 0.0
    first_at: float = 0.0
    at_first: Sequence[float] = ()
    progress: list[str] = field(default_factory=list)
    fullest_minute: int = 0


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Let all ask at once, and look how far each is when the first is done."""
    messages_each = max(60, round(_EACH * scale))
    months = max(4, round(_MONTHS * min(1.0, 5 * scale)))
    with open_twelve(months) as service:
        tenants = TwelveTenants(service)
        tenants.connect(messages_each, months, progress)
        tenants.request(months, progress)
        rejected = service.harness.google.rejections()
        course = _follow(tenants, progress)
        rejected = service.harness.google.rejections() - rejected
        spent = tenants.shares()
    index, slowest = jain(course.at_first), min(course.at_first) / max(course.at_first)
    a_minute = rejected / max(course.seconds / _MINUTE, 1.0)
    budget = course.fullest_minute / _PROJECT_MINUTE
    return Figure(
        name="fairness",
        figure=index,
        unit="Jain's index of the tenants' shares when the first is done",
        goal=f">= {GOAL_JAIN}, the slowest has >= {GOAL_SPREAD} of the fastest's share, no minute "
        "over the project's budget, <= 1 rejection a minute",
        reached=index >= GOAL_JAIN and slowest >= GOAL_SPREAD and budget <= 1 and a_minute <= 1,
        baseline=1 / len(NAMES),
        baseline_is="one tenant after the other (computed)",
        conditions={
            "tenants": len(NAMES),
            "messagesEach": messages_each,
            "months": months,
            "slowestByFastest": round(slowest, 3),
            "sharesWhenTheFirstIsDone": [round(share, 2) for share in sorted(course.at_first)],
            "firstDoneSeconds": round(course.first_at),
            "allDoneSeconds": round(course.seconds),
            "slowestAndFastestShareAt": course.progress,
            "fullestMinuteOfBudget": round(budget, 3),
            "rejections": rejected,
            "spentByPrice": [
                round(share, 4) for share in (min(spent.values()), max(spent.values()))
            ],
            "limits": f"a mailbox {_MAILBOX_MINUTE}, the project {_PROJECT_MINUTE} units a minute, "
            "limiter and sandbox alike",
            "mail": "seeded mail",
            "durable": True,
        },
    )


def open_twelve(months: int) -> AbstractContextManager[Service]:
    """The service with a project budget that twelve tenants have to share."""
    changes = {
        "backfill_start": months_back(months),
        "initial_sync_days": 1,
        "mailbox_units_per_minute": _MAILBOX_MINUTE,
        "project_units_per_minute": _PROJECT_MINUTE,
    }
    limits = (
        *("--user-units-per-minute", str(_MAILBOX_MINUTE)),
        *("--project-units-per-minute", str(_PROJECT_MINUTE)),
    )
    return open_service(changes, latency_ms=5, limits=limits)


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index: 1 if all have the same, 1/n if one has everything."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


def _follow(tenants: TwelveTenants, progress: Progress) -> _Course:
    course, minute, began = _Course(), _Minute(), time.monotonic()
    to_report = list(_SHARES_REPORTED)
    while True:
        states, shares = tenants.states(), tenants.shares()
        course.seconds = time.monotonic() - began
        done = sum(min(share, 1.0) for share in shares.values()) / len(shares)
        progress("backfilling", round(100 * done), 100)
        course.fullest_minute = max(
            course.fullest_minute,
            minute.spent(course.seconds, tenants.service.harness.google.units_spent()),
        )
        if to_report and done >= to_report[0]:
            to_report.pop(0)
            lowest, highest = min(shares.values()), max(shares.values())
            course.progress.append(f"{100 * done:.0f} %: {lowest:.2f} to {highest:.2f}")
        ended = [state["state"] for state in states.values() if state["finishedAt"]]
        if set(ended) - {"succeeded"} or course.seconds > _LONGEST_SECONDS:
            raise BenchmarkError(f"not every job has succeeded: {ended}")
        if ended and not course.at_first:
            course.first_at, course.at_first = course.seconds, list(shares.values())
        if len(ended) == len(NAMES):
            return course
        tenants.service.check()
        time.sleep(_LOOK_SECONDS)


class _Minute:
    """Units of the minute that ends now."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def spent(self, now: float, units: int) -> int:
        """Note all units so far at a time in seconds; returns those of the minute before it."""
        self._seen.append((now, units))
        while self._seen[0][0] < now - _MINUTE:
            self._seen.popleft()
        return units - self._seen[0][1]


def _address(name: str) -> str:
    return f"sales@{name}.example"
