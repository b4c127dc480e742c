"""``reads``: lists and searches of a tenant with a million mails, on the first page and far back.

Holds: the benchmark. Baseline: LIMIT and OFFSET (``reads_plain``). Keep out: what is asked for
(``reads_cases``), the mail (``reads_data``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gmail_ingest_lab.benchmarks.figure import Figure, Progress, to_tenths
from gmail_ingest_lab.benchmarks.harness import open_harness, plain_url
from gmail_ingest_lab.benchmarks.reads_cases import LISTS, SEARCHES, Cases
from gmail_ingest_lab.benchmarks.reads_client import LIMIT, Client
from gmail_ingest_lab.benchmarks.reads_data import load
from gmail_ingest_lab.benchmarks.reads_plain import PlainReads
from gmail_ingest_lab.demo.latency import percentile

GOAL_LIST_MS = 10
GOAL_SEARCH_MS = 50
_MAILS = 1_000_000
#: Each case is asked for so often; the first answer only warms caches.
_REPEATS = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each request, by case, and of CPU a request, sidecar and Postgres."""

    first: Mapping[str, Sequence[float]]
    deep: Mapping[str, Sequence[float]]
    cpu_ms: float

    def p95(self) -> float:
        """Over all requests of all cases, both pages."""
        both = (*self.first.values(), *self.deep.values())
        return percentile([milliseconds for case in both for milliseconds in case], 0.95) or 0.0

    def slow(self, goal: float) -> dict[str, list[float]]:
        """Cases whose own p95 is above the goal: their p95 (ms) of first and deep page."""
        found = {name: [_p95(self.first[name]), _p95(self.deep[name])] for name in self.first}
        return {
            name: milliseconds for name, milliseconds in found.items() if max(milliseconds) > goal
        }


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Make the mail, ask the sidecar for each case over HTTP, then do it the plain way."""
    mails = max(2_000, round(_MAILS * scale))
    with open_harness(durable=False) as harness:
        database = plain_url(harness.databases.mail)
        began = time.monotonic()
        load(
            database, mails, lambda what, share: progress(f"making {what}", round(100 * share), 100)
        )
        loaded = time.monotonic() - began
        client = Client(harness, mails)
        lists = _measure(client, LISTS, progress, "lists")
        searches = _measure(client, SEARCHES, progress, "searches")
        plain = PlainReads(database, mails, LIMIT)
        plain_lists = plain.lists(progress)
        plain_searches = plain.searches(progress)
    reached = lists.p95() <= GOAL_LIST_MS and searches.p95() <= GOAL_SEARCH_MS
    return Figure(
        name="reads",
        figure=lists.p95(),
        unit="ms p95 of a list, over HTTP",
        goal=f"<= {GOAL_LIST_MS}; searches <= {GOAL_SEARCH_MS}; first page and deep page",
        reached=reached,
        baseline=percentile(plain_lists, 0.95),
        baseline_is="LIMIT and OFFSET on the same rows with an index on (tenant, date), in SQL",
        conditions={
            "mails": mails,
            "deepPage": mails // 2 // LIMIT,
            "limit": LIMIT,
            "requestsACase": 2 * _REPEATS,
            "loadSeconds": round(loaded),
            **_groups("list", lists),
            **_groups("search", searches),
            "cpuMsAList": to_tenths(lists.cpu_ms),
            "cpuMsASearch": to_tenths(searches.cpu_ms),
            "listsAboveGoal": lists.slow(GOAL_LIST_MS),
            "searchesAboveGoal": searches.slow(GOAL_SEARCH_MS),
            "plainListP50Ms": to_tenths(percentile(plain_lists, 0.5)),
            "plainSearchP50Ms": to_tenths(percentile(plain_searches, 0.5)),
            "plainSearchP95Ms": to_tenths(percentile(plain_searches, 0.95)),
        },
    )


def _groups(name: str, measured: Measured) -> dict[str, object]:
    pages = {"First": measured.first, "Deep": measured.deep}
    found: dict[str, object] = {}
    for page, cases in pages.items():
        every = [milliseconds for case in cases.values() for milliseconds in case]
        found[f"{name}{page}P50Ms"] = to_tenths(percentile(every, 0.5))
        found[f"{name}{page}P95Ms"] = _p95(every)
    return found


def _p95(values: Sequence[float]) -> float:
    return to_tenths(percentile(values, 0.95)) or 0.0


def _measure(client: Client, cases: Cases, progress: Progress, what: str) -> Measured:
    first: dict[str, list[float]] = {}
    deep: dict[str, list[float]] = {}
    cpu = client.cpu_seconds()
    for done, (name, parameters) in enumerate(cases.items()):
        progress(what, done, len(cases))
        first[name] = _repeat(client, parameters)
        deep[name] = _repeat(client, client.deep(parameters))
    cpu = client.cpu_seconds() - cpu
    # The requests that warm up count too.
    return Measured(first, deep, 1000 * cpu / (len(cases) * 2 * (_REPEATS + 1)))


def _repeat(client: Client, parameters: Mapping[str, str]) -> list[float]:
    client.ask(parameters)
    return [client.timed(parameters) for _ in range(_REPEATS)]
