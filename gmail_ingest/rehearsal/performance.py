"""The course of a rehearsal: disturb, mend, wait until quiet, judge.

Holds: ``Rehearsal``. Add here: another phase. Keep out: what each disturbance does (``faults``,
``crashes``, ``mailboxes``), starting processes (``run``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from random import Random

import psycopg

from gmail_ingest.demo.audit import Audit
from gmail_ingest.demo.plan import MAILBOXES
from gmail_ingest.rehearsal.crashes import Crashes
from gmail_ingest.rehearsal.faults import draw_faults
from gmail_ingest.rehearsal.google import TroubledSandbox
from gmail_ingest.rehearsal.judgement import Judge
from gmail_ingest.rehearsal.mailboxes import MailboxLife
from gmail_ingest.rehearsal.plan import RehearsalOptions
from gmail_ingest.rehearsal.report import Report
from gmail_ingest.rehearsal.stored import Stored, Undone

#: Means of exponential distributions: bursts and pauses, as in life.
_BETWEEN_CHANGES_SECONDS = 0.25
_BETWEEN_FAULTS_SECONDS = 3.0
_BETWEEN_CRASHES_SECONDS = 9.0
#: A dispatched run that died before it claimed anything is asked for again after three minutes.
_QUIET_SECONDS = 300.0
_LOOK_SECONDS = 0.25


class Rehearsal:
    """One performance.

    Args:
        revive: starts what has died anew; returns the names.
        on_step: is told what happens.
    """

    def __init__(
        self,
        options: RehearsalOptions,
        sandbox: TroubledSandbox,
        stored: Stored,
        life: MailboxLife,
        crashes: Crashes,
        dice: Random,
        *,
        revive: Callable[[], list[str]],
        on_step: Callable[[str], None],
    ) -> None:
        self._options, self._sandbox, self._stored = options, sandbox, stored
        self._life, self._crashes, self._dice = life, crashes, dice
        self._revive, self._on_step = revive, on_step
        self._judge = Judge(sandbox, stored)
        self._restarts = 0
        self._happened: Counter[str] = Counter()
        self._due: dict[str, float] = {}
        self._queue_of_crashes: list[str] = []

    def perform(self) -> Report:
        """Everything, from the first disturbance to the judgement."""
        began = time.monotonic()
        self._disturb(began + self._options.minutes * 60)
        self._sandbox.mend()
        self._on_step("mended; waiting until it is quiet")
        undone, found = self._settle()
        self._on_step("comparing every text")
        wrong = {
            "labels": found.wrong_labels,
            "threads": found.wrong_threads + self._stored.wrong_threads(),
            "texts": self._judge.wrong_texts(),
            "gone": found.unknown,
        }
        return Report(
            seed=self._options.seed,
            injected=self._sandbox.injected + self._happened,
            crashes=self._crashes.counted,
            restarts=self._restarts,
            messages=found.at_google,
            missing=found.missing,
            missing_by_fate=self._judge.missing_by_fate() if found.missing else {},
            stopped=self._stored.stopped(),
            doubled=found.doubled,
            wrong=wrong,
            dead=undone.dead,
            stuck_jobs=undone.jobs,
            stuck_leases=undone.leases,
            seconds=time.monotonic() - began,
        )

    def _disturb(self, until: float) -> None:
        while (now := time.monotonic()) < until:
            self._keep_alive()
            if self._is_due("change", now, _BETWEEN_CHANGES_SECONDS):
                self._life.go_on()
            if self._is_due("fault", now, _BETWEEN_FAULTS_SECONDS):
                self._trouble()
            if self._is_due("crash", now, _BETWEEN_CRASHES_SECONDS):
                self._crash()
            time.sleep(0.02)

    def _is_due(self, what: str, now: float, mean: float) -> bool:
        if now < self._due.setdefault(what, now + self._dice.expovariate(1 / mean)):
            return False
        self._due[what] = now + self._dice.expovariate(1 / mean)
        return True

    def _trouble(self) -> None:
        faults = draw_faults(self._dice)
        self._sandbox.arm(faults)
        self._on_step(f"faults: {', '.join(fault.kind for fault in faults)}")
        chance = self._dice.random()
        if chance < 0.15:
            self._sandbox.expire_history(self._dice.choice(MAILBOXES))
            self._happened["history_expired"] += 1
        elif chance < 0.35:
            self._sandbox.expire_tokens(self._dice.choice(MAILBOXES))
            self._happened["token_expired"] += 1
        elif chance < 0.45:
            self._sandbox.rotate_certificates(retire=self._dice.random() < 0.5)
            self._happened["certificates_rotated"] += 1

    def _crash(self) -> None:
        if not self._queue_of_crashes:
            # Each kind once in a random order, so that a short rehearsal has all of them.
            kinds = list(self._crashes.kinds)
            self._queue_of_crashes = self._dice.sample(kinds, len(kinds))
        kind = self._queue_of_crashes[-1]
        if self._crashes.crash(kind):
            self._queue_of_crashes.pop()
            self._on_step(f"crash: {kind}")

    def _keep_alive(self) -> None:
        revived = self._revive()
        self._restarts += len(revived)
        for name in revived:
            self._on_step(f"restarted {name}")

    def _settle(self) -> tuple[Undone, Audit]:
        """Wait until nothing is under way and both sides agree, or for the bound."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while True:
            self._keep_alive()
            undone = self._undone()
            if undone is not None:
                late = time.monotonic() > deadline
                if undone.quiet or late:
                    found = self._judge.audit()
                    if late or found.clean:
                        return undone, found
            time.sleep(_LOOK_SECONDS)

    def _undone(self) -> Undone | None:
        try:
            return self._stored.undone()
        except psycopg.OperationalError:
            return None  # the server is still recovering
