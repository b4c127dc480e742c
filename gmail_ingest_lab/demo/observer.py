"""Watches rows arrive: counts, push latencies, quota, runs, and whether anything still moves.

Holds: ``Observer``. Add here: something else to watch. Keep out: causing any of it (``scenario``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest_lab.demo.audit import GoogleMessage
from gmail_ingest_lab.demo.counting import Count, OlderMail, count
from gmail_ingest_lab.demo.latency import PushWatch, percentile
from gmail_ingest_lab.demo.plan import OWNERS
from gmail_ingest_lab.demo.rows import Rows
from gmail_ingest_lab.demo.sandbox_api import MailboxVersion, SandboxApi
from gmail_ingest_lab.demo.snapshot import MailboxState, Snapshot

#: Seconds between two looks: push latencies are exact to that.
_LOOK_SECONDS = 0.05
_SHOW_SECONDS = 0.5
#: Counting a large mailbox takes time: at most this share of all time is spent on it.
_COUNTING_SHARE = 0.1
_RUNS_SECONDS = 3.0
#: A mailbox that has used up its minute pauses for up to that minute, and a run takes seconds
#: to start on busy cores: only a longer standstill means that nothing more will come.
STALL_SECONDS = 150.0


class Observer:
    """Watches one demonstration.

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
        self._show_at = self._runs_at = 0.0
        self._runs: dict[str, int] = {}
        self._counts: dict[str, Count] = {}
        self._truth: dict[str, tuple[MailboxVersion, list[GoogleMessage]]] = {}
        self.phase = ""
        self.pushes = PushWatch()
        #: Where the initial sync's window begins (epoch milliseconds); None: at the beginning.
        self.since: int | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def all_stored(self) -> bool:
        """Whether each mailbox has rows of all messages that come without being asked for."""
        return bool(self._counts) and all(counts.whole for counts in self._counts.values())

    def older(self) -> OlderMail:
        """Messages from before the window, counted now."""
        counts = self._count().values()
        return OlderMail(
            sum(counted.older for counted in counts),
            sum(counted.older_stored for counted in counts),
        )

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

    def rest(self, seconds: float) -> None:
        """Wait for so long without showing anything; raises if a process has died meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._alive()
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
        if (began := time.monotonic()) >= self._show_at:
            self._counts = self._count()
            took = time.monotonic() - began
            self._show(self.snapshot())
            self._show_at = time.monotonic() + max(_SHOW_SECONDS, took / _COUNTING_SHARE)

    def snapshot(self) -> Snapshot:
        """What there is now."""
        if time.monotonic() - self._runs_at >= _RUNS_SECONDS:
            self._runs, self._runs_at = self._dagster.runs_by_state(), time.monotonic()
        seconds = self.pushes.seconds
        return Snapshot(
            phase=self.phase,
            mailboxes=tuple(
                MailboxState(tenant, box, self._counts.get(box, Count()))
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

    def _count(self) -> dict[str, Count]:
        # Rows first: what is stored between both readings is then Google's already.
        rows = self._rows.ids()
        states = self._sandbox.states()
        return {
            box: count(self._messages(box, states), rows.get(box, set()), self.since)
            for box in OWNERS
            if box in states
        }

    def _messages(self, box: str, states: Mapping[str, MailboxVersion]) -> list[GoogleMessage]:
        """All of a mailbox; read again only if it has changed."""
        known = self._truth.get(box)
        if known is None or known[0] != states[box]:
            # What changes while it is read has another state, and is read at the next look.
            known = self._truth[box] = (states[box], list(self._sandbox.messages(box)))
        return known[1]

    def _progress(self) -> tuple[int, int]:
        stored = sum(counts.stored + counts.older_stored for counts in self._counts.values())
        return stored, len(self.pushes.seconds)
