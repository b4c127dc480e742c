"""``gaps``: mail that comes so close after other mail that Google drops its notification.

Holds: the benchmark. Baseline: the same mail without second looks, from the same run.
Source: docs/google.md#notification-contents: at most one a second for each watched mailbox, what
goes beyond it is dropped. The sandbox drops it, too.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import BenchmarkError, plain_url
from gmail_ingest_lab.benchmarks.service import Service, open_service
from gmail_ingest_lab.demo.latency import percentile

GOAL_SECONDS = 3.0
_LATENCY_MS = 80
_MAILS = 1_000
_MAILBOXES = 10
#: Seconds between two mails of a mailbox, at random in between.
_GAPS = (0.0, 2.0)
#: Seconds after the last mail for which the rest is waited for.
_TIMEOUT = 15.0
_LOOK_SECONDS = 0.05
_ROWS = "SELECT m.address, e.gmail_id FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id"


@dataclass(frozen=True, slots=True)
class _Delivered:
    """Seconds until each mail was readable (``_TIMEOUT`` if it was not), and the CPU of all."""

    seconds: Sequence[float]
    unread: int
    units: int
    cpu_seconds: float
    runs: Mapping[str, int]

    @property
    def in_time(self) -> float:
        return sum(second <= GOAL_SECONDS for second in self.seconds) / len(self.seconds)


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Let mail come to some mailboxes at random gaps while a drain run lives."""
    mailboxes = max(2, round(_MAILBOXES * min(1.0, scale * 10)))
    mails = max(3, round(_MAILS * scale / mailboxes))
    plain = _deliver({"look_again_seconds": 0.0}, mailboxes, mails, progress)
    found = _deliver({}, mailboxes, mails, progress)
    count = mailboxes * mails
    longest = max(found.seconds)
    return Figure(
        name="gaps",
        figure=longest,
        unit=f"s until the last of {count} mails was readable, from its arrival",
        goal=f"all within {GOAL_SECONDS:.0f} s",
        reached=longest <= GOAL_SECONDS,
        baseline=max(plain.seconds),
        baseline_is=f"no second look; waited for {_TIMEOUT:.0f} s, then no longer",
        conditions={
            "mails": count,
            "mailboxes": mailboxes,
            "secondsBetweenMails": list(_GAPS),
            "p50": _p(found.seconds, 0.5),
            "p95": _p(found.seconds, 0.95),
            "inTime": round(found.in_time, 4),
            "unitsAMail": round(found.units / count, 2),
            "cpuSecondsAMail": round(found.cpu_seconds / count, 4),
            "runs": dict(found.runs),
            "baselineP50": _p(plain.seconds, 0.5),
            "baselineP95": _p(plain.seconds, 0.95),
            "baselineInTime": round(plain.in_time, 4),
            "baselineUnread": plain.unread,
            "baselineUnitsAMail": round(plain.units / count, 2),
            "baselineCpuSecondsAMail": round(plain.cpu_seconds / count, 4),
            "cpuIs": "sidecar, Dagster, its runs and Postgres while the mail comes, idle time too",
            "latencyMs": _LATENCY_MS,
            "durable": True,
        },
    )


def _deliver(
    changes: Mapping[str, object], mailboxes: int, mails: int, progress: Progress
) -> _Delivered:
    addresses = [f"gap{number}@bench.example" for number in range(mailboxes)]
    with open_service(changes, latency_ms=_LATENCY_MS) as service:
        service.connect(addresses, progress)
        # The first mails, of several mailboxes at once, start a drain run, which stays.
        for number, address in enumerate(addresses[:6]):
            service.harness.google.arrive(address, number)
        service.wait(lambda: service.emails() >= min(6, mailboxes), "the drain run")
        service.wait(lambda: service.harness.number(_DRAINS) > 0, "the drain run")
        time.sleep(2.0)
        service.harness.google.reset_counters()
        watcher = _Watcher(service)
        cpu = service.cpu_seconds()
        with ThreadPoolExecutor(mailboxes) as pool:
            for done in [
                pool.submit(_come, service, address, mails, watcher) for address in addresses
            ]:
                done.result()
            progress("waiting for the rest", 1, 1)
        seconds, unread = watcher.finish(mailboxes * mails)
        return _Delivered(
            seconds,
            unread,
            sum(service.harness.google.units_by_mailbox().values()),
            service.cpu_seconds() - cpu,
            service.dagster.runs_by_state(),
        )


_DRAINS = "SELECT count(*) FROM drains"


def _come(service: Service, address: str, mails: int, watcher: _Watcher) -> None:
    chance = random.Random(address)  # the same gaps for the baseline
    for number in range(mails):
        time.sleep(chance.uniform(*_GAPS))
        began = time.monotonic()
        watcher.came[address, service.harness.google.arrive(address, 1000 + number)] = began


class _Watcher:
    """Notes when each mail has its row."""

    def __init__(self, service: Service) -> None:
        self.came: dict[tuple[str, str], float] = {}
        self._seen: dict[tuple[str, str], float] = {}
        self._url = plain_url(service.harness.databases.mail)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def finish(self, expected: int) -> tuple[list[float], int]:
        """Wait for the rest; the seconds of each mail, and how many never came."""
        deadline = time.monotonic() + _TIMEOUT
        while time.monotonic() < deadline and any(mail not in self._seen for mail in self.came):
            time.sleep(_LOOK_SECONDS)
        self._stop.set()
        self._thread.join()
        if len(self.came) != expected:
            raise BenchmarkError("the sandbox gave two mails of one mailbox one id")
        waited = [
            self._seen[mail] - at if mail in self._seen else _TIMEOUT
            for mail, at in self.came.items()
        ]
        return waited, sum(mail not in self._seen for mail in self.came)

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stop.wait(_LOOK_SECONDS):
                rows = connection.execute(_ROWS).fetchall()
                now = time.monotonic()
                for address, message_id in rows:
                    self._seen.setdefault((address, message_id), now)


def _p(seconds: Sequence[float], share: float) -> float:
    return round(percentile(seconds, share) or 0.0, 3)
