"""``history``: ten years of one mailbox, 100,000 messages, by a backfill that is killed twice.

Holds: the benchmark. Baseline: messages.get for each message, and the listing.
Source: docs/google.md#limits: at Google's 6,000 units a minute it would take five hours, so the
limiter and the sandbox both have 60 times as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.benchmarks.backfill_pushes import Pusher, spread
from gmail_ingest_lab.benchmarks.backfill_run import BackfillWatch, Watched
from gmail_ingest_lab.benchmarks.backfill_truth import called, live_units, planned_threads
from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import plain_url
from gmail_ingest_lab.benchmarks.memory import FLAT, few
from gmail_ingest_lab.benchmarks.proc import resident_bytes
from gmail_ingest_lab.benchmarks.service import Service, open_service
from gmail_ingest_lab.demo.audit import Audit, audit
from gmail_ingest_lab.demo.rows import Rows

_MESSAGES = 100_000
_MONTHS = 120
_BURSTS = 40
#: Times Google's 6,000 units a minute.
_SCALE = 60
_MAILBOX_MINUTE = 6_000 * _SCALE
_LATENCY_MS = 5
_PUSH_SECONDS = 4.0
_WARM_PUSHES = 3
#: Seconds by which a backfill may delay a push, in the median.
_SLOWER = 0.5
_RATIO = (0.99, 1.01)
#: Messages that a killed worker may have fetched and not yet written: a batch, and calls in flight.
_UNWRITTEN = 250
_MB = 1_000_000
_TENANT = "acme"
_ADDRESS = "sales@acme.example"


@dataclass(frozen=True, slots=True)
class _Found:
    """The result of the run; units are the backfill's, without those of live syncs."""

    price: Mapping[str, Any]
    watched: Watched
    units: int
    messages_again: int
    threads_again: int
    pages_again: int
    rejections: int
    audit: Audit
    sandbox_bytes: int
    beside: list[float]
    without_backfill: list[float]

    @property
    def ratio(self) -> float:
        return self.units / int(self.price["units"])

    @property
    def slower(self) -> float:
        return spread(self.beside)["p50"] - spread(self.without_backfill)["p50"]


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Backfill ten years while mail arrives and processes are killed; then compare."""
    messages, months = max(400, round(_MESSAGES * scale)), max(15, round(_MONTHS * scale))
    start = months_back(months)
    changes = {
        "backfill_start": start,
        "initial_sync_days": 1,
        "drain_flow": 1,
        "mailbox_units_per_minute": _MAILBOX_MINUTE,
    }
    limits = ("--user-units-per-minute", str(_MAILBOX_MINUTE))
    with open_service(changes, latency_ms=_LATENCY_MS, limits=limits) as service:
        progress("making the mailbox", 0, messages)
        service.harness.google.create_mailbox(
            _ADDRESS,
            messages=messages,
            span_days=(datetime.now(UTC) - midnight(start)).total_seconds() / 86_400,
            bursts=min(_BURSTS, months),
        )
        service.connect_full({_ADDRESS: _TENANT}, progress)
        found = _backfill(service, start, progress)
    return _figure(found, messages, months)


def months_back(count: int) -> date:
    """The first of the last ``count`` months, the present one among them."""
    now = datetime.now(UTC)
    number = now.year * 12 + now.month - count
    return date(number // 12, number % 12 + 1, 1)


def _backfill(service: Service, start: date, progress: Progress) -> _Found:
    google, api = service.harness.google, SidecarApi(service.api, service.api_key)
    rows = Rows(plain_url(service.harness.databases.mail))
    pushes = Pusher(service, _ADDRESS, _TENANT, first_seed=1_000_000)
    pushes.push(_WARM_PUSHES, progress)
    window = midnight(start), datetime.now(UTC).replace(microsecond=0)
    progress("the dry run", 0, 1)
    price = api.backfill(_TENANT, *window, dry_run=True)
    known = {row.message_id for row in rows.all()}
    planned = planned_threads(google.messages(_ADDRESS), google.months(_ADDRESS), known)
    google.reset_counters()
    accepted = api.backfill(_TENANT, *window)
    pushes.take()
    with pushes.every(_PUSH_SECONDS):
        watch = BackfillWatch(service, _TENANT, price["toFetch"], progress)
        watched = watch.follow(accepted["jobId"])
    beside = pushes.take()
    calls, repeats = google.calls_by_method(_ADDRESS), google.repeats(_ADDRESS)
    units = google.units_of(_ADDRESS) - live_units(calls, len(beside))
    rejections = google.rejections()
    pushes.push(len(beside), progress)
    compared = audit(google.messages(_ADDRESS), rows.all(), {_ADDRESS: _TENANT})
    rows.close()
    return _Found(
        price,
        watched,
        units,
        messages_again=called(repeats, "messages.get"),
        threads_again=called(calls, "threads.get") - planned,
        pages_again=called(repeats, "messages.list"),
        rejections=rejections,
        audit=compared,
        sandbox_bytes=resident_bytes(service.harness.sandbox),
        beside=beside,
        without_backfill=pushes.take(),
    )


def _figure(found: _Found, messages: int, months: int) -> Figure:
    price, watched = found.price, found.watched
    whole = found.audit.clean and found.messages_again <= _UNWRITTEN and found.pages_again <= 1
    naive = price["toFetch"] * Prices().messages_get + price["dryRunUnits"]
    stored = watched.job["progress"]["stored"]
    return Figure(
        name="history",
        figure=found.ratio,
        unit="of the dry run's price was spent",
        goal=f"{_RATIO[0]} to {_RATIO[1]}, nothing missing or doubled, at most {_UNWRITTEN} "
        "messages (what a killed worker had not written) and 1 page read twice, memory grows to at "
        f"most {FLAT}, a push at most {_SLOWER} s slower (median)",
        reached=_RATIO[0] <= found.ratio <= _RATIO[1]
        and whole
        and watched.growth <= FLAT
        and found.slower <= _SLOWER,
        baseline=naive / price["units"],
        baseline_is="messages.get for each message, and the listing",
        conditions={
            "messages": messages,
            "months": months,
            "price": price["units"],
            "dryRunUnits": price["dryRunUnits"],
            "spent": found.units,
            "missing": found.audit.missing,
            "doubled": found.audit.doubled,
            "otherDifferences": found.audit.unknown
            + found.audit.wrong_threads
            + found.audit.wrong_labels,
            "messagesFetchedAgain": found.messages_again,
            "threadsFetchedAgain": found.threads_again,
            "pagesListedAgain": found.pages_again,
            "killed": watched.killed,
            "rejections": found.rejections,
            "seconds": round(watched.seconds),
            "estimatedSeconds": price["estimatedSeconds"],
            "messagesASecond": round(stored / watched.seconds),
            "runs": len(watched.resident),
            "peakMB": round(max(watched.samples, default=0) / _MB),
            "memoryGrowth": round(watched.growth, 3),
            "residentMB": [round(value / _MB) for value in few(watched.samples, 20)],
            "sandboxMB": round(found.sandbox_bytes / _MB),
            "pushes": len(found.beside),
            "pushSeconds": spread(found.beside),
            "pushSecondsWithoutBackfill": spread(found.without_backfill),
            "limits": f"limiter and sandbox at {_SCALE} times Google's units a mailbox",
            "latencyMs": _LATENCY_MS,
            "mail": f"seeded mail, a fifth of it in {min(_BURSTS, months)} busy days",
            "durable": True,
        },
    )
