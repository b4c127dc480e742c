"""The course of a rehearsal: disturb, end the faults, wait until it settles, compare.

Holds: ``Rehearsal``. Add here: another phase. Keep out: what each disturbance does (``faults``,
``crashes``, ``mailboxes``), starting processes (``run``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import psycopg

from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest_lab.demo.audit import Audit
from gmail_ingest_lab.demo.plan import MAILBOXES, TENANTS
from gmail_ingest_lab.rehearsal.comparison import Comparison
from gmail_ingest_lab.rehearsal.crashes import Crashes
from gmail_ingest_lab.rehearsal.faults import draw_faults
from gmail_ingest_lab.rehearsal.google import FaultySandbox
from gmail_ingest_lab.rehearsal.mailboxes import MailboxChanges
from gmail_ingest_lab.rehearsal.permissions import Permissions
from gmail_ingest_lab.rehearsal.plan import RehearsalOptions
from gmail_ingest_lab.rehearsal.report import Report
from gmail_ingest_lab.rehearsal.stored import Stored, Undone

#: Mean seconds between two of a kind, exponentially distributed: bursts and pauses, as in
#: production.
_MEANS = {"change": 0.25, "fault": 3.0, "crash": 6.0}
#: Their addresses may go to another account: a service account needs no new consent. The others are
#: renamed instead; a renamed mailbox is counted under its first name.
SERVED = [box for tenant in TENANTS if tenant.auth == "service_account" for box in tenant.mailboxes]
CONSENTED = [box for box in MAILBOXES if box not in SERVED]
#: The work of a run that died before it began is asked for again after three minutes.
_QUIET_SECONDS = 300.0
_LOOK_SECONDS = 0.25


class Rehearsal:
    """One rehearsal.

    Args:
        revive: starts what has died anew; returns the names.
        on_step: is told what happens.
    """

    def __init__(
        self,
        options: RehearsalOptions,
        sandbox: FaultySandbox,
        stored: Stored,
        changes: MailboxChanges,
        crashes: Crashes,
        dagster: DagsterApi,
        permissions: Permissions,
        *,
        revive: Callable[[], list[str]],
        on_step: Callable[[str], None],
    ) -> None:
        self._options, self._sandbox, self._stored = options, sandbox, stored
        self._changes, self._crashes, self._dagster = changes, crashes, dagster
        self._permissions = permissions
        self._revive, self._on_step = revive, on_step
        self._comparison = Comparison(sandbox, stored)
        self._restarts = 0
        self._happened: Counter[str] = Counter()
        self._went_back: set[str] = set()
        self._dice = {what: options.dice(what) for what in _MEANS}
        self._due: dict[str, float] = {}
        self._queue_of_crashes: list[str] = []

    def run(self) -> Report:
        """Everything, from the first disturbance to the comparison."""
        began = time.monotonic()
        self._wait_for_syncs()
        self._disturb(time.monotonic() + self._options.minutes * 60)
        self._sandbox.clear_faults()
        self._happened["push_suppressed"] = self._sandbox.suppressed()
        self._on_step("the faults have ended; waiting until nothing is under way")
        self._give_back()
        undone, stuck_runs, found = self._settle()
        self._on_step("comparing every text")
        wrong = {
            "labels": found.wrong_labels,
            "threads": found.wrong_threads + self._stored.wrong_threads(),
            "texts": self._comparison.wrong_texts(),
            "lists": self._stored.wrong_lists(),
            "gone": found.unknown,
            "former": self._comparison.lost_of_former(),
        }
        return Report(
            seed=self._options.seed,
            injected=self._sandbox.injected + self._happened,
            crashes=self._crashes.counted,
            restarts=self._restarts,
            messages=found.at_google,
            missing=found.missing,
            missing_by_fate=self._comparison.missing_by_fate() if found.missing else {},
            stopped=self._stored.stopped(),
            doubled=found.doubled,
            wrong=wrong,
            dead=undone.dead,
            stuck_jobs=undone.jobs,
            stuck_leases=undone.leases,
            stuck_runs=stuck_runs,
            seconds=time.monotonic() - began,
        )

    def _wait_for_syncs(self) -> None:
        """Wait until a sync runs, which the first disturbance can hit."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while not self._stored.undone().leases and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def _disturb(self, until: float) -> None:
        while (now := time.monotonic()) < until:
            self._keep_alive()
            if self._is_due("change", now):
                self._changes.change_one()
            if self._is_due("fault", now):
                self._inject_faults()
            if self._is_due("crash", now):
                self._crash()
            time.sleep(0.02)

    def _is_due(self, what: str, now: float) -> bool:
        due = self._due.get(what)
        if due is None or now >= due:
            self._due[what] = now + self._dice[what].expovariate(1 / _MEANS[what])
        return due is not None and now >= due

    def _inject_faults(self) -> None:
        dice = self._dice["fault"]
        faults = draw_faults(dice)
        self._sandbox.arm(faults)
        self._on_step(f"faults: {', '.join(fault.kind for fault in faults)}")
        self._permissions.give_back()
        chance = dice.random()
        if chance < 0.15:
            self._sandbox.expire_history(dice.choice(MAILBOXES))
            self._happened["history_expired"] += 1
        elif chance < 0.35:
            self._sandbox.expire_tokens(dice.choice(MAILBOXES))
            self._happened["token_expired"] += 1
        elif chance < 0.45:
            self._sandbox.rotate_certificates(retire=dice.random() < 0.5)
            self._happened["certificates_rotated"] += 1
        elif chance < 0.55:
            self._happened["permission_lost"] += self._permissions.take_away()
        elif chance < 0.63:
            status = dice.choice((200, 404, 400))
            address = dice.choice(MAILBOXES)
            self._sandbox.restart_history(address, start_above=status)
            self._went_back.add(address)
            self._happened["history_went_back"] += 1
        elif chance < 0.68:
            self._changes.rename(dice.choice(CONSENTED))
            self._happened["account_renamed"] += 1
        elif chance < 0.73:
            address = dice.choice(SERVED)
            # After its history went back, a successor's ids might not be lower: then a person is
            # asked.
            if address not in self._went_back:
                self._recreate(address)

    def _recreate(self, address: str) -> None:
        """Give the address to another account, which the service account's key opens, too."""
        try:
            self._comparison.keep(address)
        except psycopg.OperationalError:
            return  # the server is still recovering: what must stay is not known
        self._sandbox.recreate(address)
        self._changes.forget(address)
        self._happened["account_made_anew"] += 1

    def _give_back(self) -> None:
        """Let the owner whose permission was taken away consent again, once the sidecar runs."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while not self._permissions.give_back() and time.monotonic() < deadline:
            self._keep_alive()
            time.sleep(_LOOK_SECONDS)

    def _crash(self) -> None:
        if not self._queue_of_crashes:
            # Each kind once in a random order, so that a short rehearsal has all of them.
            kinds = list(self._crashes.kinds)
            self._queue_of_crashes = self._dice["crash"].sample(kinds, len(kinds))
        kind = next(filter(self._crashes.crash, self._queue_of_crashes), None)
        if kind is not None:
            self._queue_of_crashes.remove(kind)
            self._on_step(f"crash: {kind}")

    def _keep_alive(self) -> None:
        revived = self._revive()
        self._restarts += len(revived)
        for name in revived:
            self._on_step(f"restarted {name}")

    def _settle(self) -> tuple[Undone, int, Audit]:
        """Wait until nothing is under way and both sides agree, or for the bound.

        Returns what is still undone, how many runs are stuck, and the comparison.
        """
        deadline = time.monotonic() + _QUIET_SECONDS
        while True:
            self._keep_alive()
            undone, running = self._undone(), self._dagster.running()
            if undone is not None and running is not None:
                late = time.monotonic() > deadline
                stuck_runs = max(0, running - len(self._crashes.workers()))
                if late or (undone.quiet and not stuck_runs):
                    found = self._comparison.audit()
                    if late or found.clean:
                        return undone, stuck_runs, found
            time.sleep(_LOOK_SECONDS)

    def _undone(self) -> Undone | None:
        try:
            return self._stored.undone()
        except psycopg.OperationalError:
            return None  # the server is still recovering
