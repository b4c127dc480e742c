"""Watches rows arrive: counts, push latencies, quota, runs, and whether anything still moves.

Holds: ``Observer``. Add here: something else to watch. Keep out: causing any of it (``scenario``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

from gmail_ingest.demo.audit import GoogleMessage
from gmail_ingest.demo.latency import PushWatch, percentile
from gmail_ingest.demo.plan import OWNERS
from gmail_ingest.demo.rows import Rows
from gmail_ingest.demo.sandbox_api import SandboxApi
from gmail_ingest.demo.snapshot import MailboxState, Snapshot
from gmail_ingest.runtime.dagster_api import DagsterApi

#: What push latencies are exact to.
_LOOK_SECONDS = 0.05
_SHOW_SECONDS = 0.5
_RUNS_SECONDS = 3.0
#: A mailbox that has used up its minute pauses for up to that minute, and a run takes seconds
#: to start on busy cores: only a longer standstill means that nothing more will come.
STALL_SECONDS = 150.0


class Observer:
    """One pair of eyes for one demonstration.

    Args:
        alive: raises if a process has died.
        show: is given a snapshot about twice a second.
    """

    def __init__(
        self,
        rows: Rows,
        sandbox: SandboxApi,
        dagster: DagsterApi,
        *,
        alive: Callable[[], None],
        show: Callable[[Snapshot], None],
    ) -> None:
        self._rows, self._sandbox, self._dagster = rows, sandbox, dagster
        self._alive, self._show = alive, show
        self._started = time.monotonic()
        self._shown_at = self._runs_at = 0.0
        self._runs: dict[str, int] = {}
        self._stored: dict[str, int] = {}
        self.phase = ""
        self.pushes = PushWatch()
        self.at_google: Counter[str] = Counter()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def expect(self, messages: Iterable[GoogleMessage]) -> None:
        """Count messages that shall come to be stored."""
        self.at_google.update(message.mailbox for message in messages if message.in_scope)

    def all_stored(self) -> bool:
        """Whether each mailbox has as many rows as Google has messages in scope."""
        return all(self._stored.get(box, 0) >= wanted for box, wanted in self.at_google.items())

    def until(self, done: Callable[[], bool], *, stall_seconds: float = STALL_SECONDS) -> bool:
        """Watch until ``done``; False if nothing has moved for ``stall_seconds``."""
        moved_at, before = time.monotonic(), self._progress()
        while True:
            self.look()
            if done():
                return True
            if (now := self._progress()) != before:
                moved_at, before = time.monotonic(), now
            if time.monotonic() - moved_at > stall_seconds:
                return False
            time.sleep(_LOOK_SECONDS)

    def pause(self, seconds: float) -> None:
        """Keep watching for so long."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end)

    def look(self) -> None:
        """Look once, and show what there is if the last showing is old enough."""
        self._alive()
        if self.pushes.waiting:
            self.pushes.seen(self._rows.seen(self.pushes.waiting), time.monotonic())
        if time.monotonic() - self._shown_at >= _SHOW_SECONDS:
            self._stored = self._rows.stored()
            self._show(self.snapshot())
            self._shown_at = time.monotonic()

    def snapshot(self) -> Snapshot:
        """What there is now."""
        if time.monotonic() - self._runs_at >= _RUNS_SECONDS:
            self._runs, self._runs_at = self._dagster.runs_by_state(), time.monotonic()
        seconds = self.pushes.seconds
        return Snapshot(
            phase=self.phase,
            mailboxes=tuple(
                MailboxState(tenant, box, self.at_google[box], self._stored.get(box, 0))
                for box, tenant in OWNERS.items()
            ),
            seconds=self.seconds,
            units=self._sandbox.units_spent(),
            pushed=len(seconds) + len(self.pushes.waiting),
            on_their_way=len(self.pushes.waiting),
            push_p50=percentile(seconds, 0.5),
            push_p95=percentile(seconds, 0.95),
            runs=self._runs,
        )

    def _progress(self) -> tuple[int, int]:
        return sum(self._stored.values()), len(self.pushes.seconds)
