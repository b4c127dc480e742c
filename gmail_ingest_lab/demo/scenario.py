"""What happens in the demonstration, in order.

Holds: ``Scenario``: mailboxes, connecting, the initial sync, the past, mail by push, changes, the
audit.
Add here: a step. Keep out: starting processes (``run``), showing (``cli``), judging (``audit``).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from random import Random

import requests

from gmail_ingest.local.consent import Consent, Grant, OAuthClient
from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.readiness import loopback_session
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest_lab.demo.audit import Audit, GoogleMessage, audit
from gmail_ingest_lab.demo.observer import Observer
from gmail_ingest_lab.demo.plan import (
    INITIAL_SYNC_DAYS,
    MAILBOXES,
    OWNERS,
    PAST_DAYS,
    PROJECT,
    RECENT_DAYS,
    TENANTS,
    DemoOptions,
    bursts,
    range_of_the_past,
    split,
)
from gmail_ingest_lab.demo.report import Report
from gmail_ingest_lab.demo.rows import Rows
from gmail_ingest_lab.demo.sandbox_api import Past, SandboxApi, Share
from gmail_ingest_lab.demo.search_check import unfindable

_BURST = 5
_BETWEEN_BURSTS_SECONDS = 1.5
_BETWEEN_ARRIVALS_SECONDS = 8.0
#: Gmail drops a notification that comes within a second of the one before: a change that nobody
#: is told of is found by polling, minutes later.
_BETWEEN_CHANGES_SECONDS = 1.2
_SAMPLED_SUBJECTS = 60
#: Nothing listens there: the code is taken from the redirect itself.
_REDIRECT_URI = "http://127.0.0.1/consent"
_SERVICE_ACCOUNT = f"sync@{PROJECT}.iam.gserviceaccount.com"
#: A drain run stays STARTED for the next push; these states pass by themselves.
_PASSING = {"QUEUED", "NOT_STARTED", "STARTING", "CANCELING"}


class Scenario:
    """One demonstration."""

    def __init__(
        self,
        options: DemoOptions,
        sandbox: SandboxApi,
        api: SidecarApi,
        dagster: DagsterApi,
        rows: Rows,
        observer: Observer,
        client: OAuthClient,
    ) -> None:
        self._options, self._client = options, client
        self._sandbox, self._api, self._dagster = sandbox, api, dagster
        self._rows, self._observer = rows, observer
        self._arrivals = 0

    def prepare(self) -> None:
        """Make the mailboxes at the sandbox and fill them."""
        self._observer.phase = "filling mailboxes"
        past = split(self._options.past, len(MAILBOXES))
        recent = split(self._options.messages - self._options.past, len(MAILBOXES))
        held_back = split(self._options.pushed, len(MAILBOXES))
        for index, address in enumerate(MAILBOXES):
            if self._options.mbox is None:
                seed = self._options.seed * 100 + index
                self._sandbox.create_mailbox(
                    address,
                    messages=recent[index],
                    seed=seed,
                    span_days=RECENT_DAYS,
                    past=Past(past[index], *PAST_DAYS),
                )
            else:
                self._sandbox.create_mailbox(address)
                share = Share(index, len(MAILBOXES))
                self._sandbox.load_share(
                    address, self._options.mbox, share, hold_back=held_back[index]
                )
        if self._options.mbox is None:
            window = datetime.now(UTC) - timedelta(days=INITIAL_SYNC_DAYS)
            self._observer.since = round(window.timestamp() * 1000)

    def connect(self) -> None:
        """Connect every tenant through the sidecar, as the CRM does, at a moment of its own.

        Random, since sensors look every few seconds: a sync must begin in time at any point between
        two looks.
        """
        self._observer.phase = "connecting tenants"
        dice = Random(f"{self._options.seed} connecting")
        for tenant in TENANTS:
            self._observer.rest(dice.uniform(0, self._options.connect_within_seconds))
            if tenant.auth == "oauth":
                (mailbox,) = tenant.mailboxes
                self._api.connect_oauth(tenant.name, self._consent(mailbox))
            else:
                key_file = self._sandbox.create_service_account(_SERVICE_ACCOUNT, tenant.mailboxes)
                self._api.connect_service_account(tenant.name, key_file, tenant.mailboxes)

    def reconnect(self, tenant: str, mailbox: str) -> None:
        """Let a mailbox's owner consent again, as when its grant has lost something.

        Raises:
            SidecarError, GmailIngestError, requests.RequestException: the mailbox was not
            connected.
        """
        self._api.connect_oauth(tenant, self._consent(mailbox))

    def initial_sync(self) -> bool:
        """Wait for the mail that was there before; False if it stops coming."""
        self._observer.phase = "initial sync"
        return self._observer.until(self._observer.all_stored)

    def push(self) -> bool:
        """Let new mail arrive in bursts; False if some of it never gets a row."""
        self._observer.phase = "new mail by push"
        for burst in bursts(self._options.pushed, _BURST):
            self._arrive(MAILBOXES[burst.mailbox], burst.messages)
            self._observer.pause(_BETWEEN_BURSTS_SECONDS)
        return self._observer.until(lambda: not self._observer.pushes.waiting)

    def change(self) -> None:
        """Star, trash and delete some mail; an mbox's mail is only starred, so all of it stays."""
        self._observer.phase = "changes"
        ids = {
            address: [message.message_id for message in self._newest(address)]
            for address in MAILBOXES
        }
        for address in MAILBOXES:
            self._sandbox.add_labels(address, ids[address][:2], "STARRED")
        if self._options.mbox is None:
            self._observer.pause(_BETWEEN_CHANGES_SECONDS)
            for address in MAILBOXES:
                self._sandbox.add_labels(address, ids[address][2:3], "TRASH")
            self._observer.pause(_BETWEEN_CHANGES_SECONDS)
            for address in MAILBOXES:
                self._sandbox.delete(address, ids[address][3:4])

    def ask_for_the_past(self) -> None:
        """Ask for the older mail of every tenant; Dagster takes half a minute to begin."""
        if self._options.backfill and self._options.past:
            past = range_of_the_past(datetime.now(UTC).date())
            for tenant in TENANTS:
                self._api.backfill(tenant.name, _midnight(past.start), _midnight(past.end))

    def bring_the_past(self) -> bool:
        """Wait for the older mail, if it was asked for; False if it stops coming."""
        if not self._options.backfill:
            return True
        self._observer.phase = "backfill"
        done = self._observer.until(lambda: not self._rows.past_under_way())
        # From now on the older mail is expected, too.
        self._observer.since = None
        return done

    def settle(self) -> Audit:
        """Wait until both sides agree or nothing moves any more, and return the audit."""
        self._observer.phase = "settling"
        found = self._audit()

        def clean() -> bool:
            nonlocal found
            found = self._audit()
            return found.clean

        self._observer.until(clean, stall_seconds=60)
        return found

    def report(self) -> Report:
        """Everything from the beginning to the end, without a person."""
        self.initial_sync()
        self.ask_for_the_past()
        self.push()
        self.change()
        self.bring_the_past()
        audited = self.settle()
        units = self._sandbox.units_spent()
        self._observer.phase = "looking mail up"
        missed = self._unfindable()
        self._observer.until(self._runs_settled, stall_seconds=20)
        proof = self._prove()
        return Report(
            tenants=len(TENANTS),
            mailboxes=len(MAILBOXES),
            audit=audited,
            unfindable=missed,
            unseen=len(self._observer.pushes.waiting),
            older=self._observer.older(),
            initial_sync_began=self._began(),
            begin_within=self._options.begin_within,
            push_seconds=tuple(self._observer.pushes.seconds),
            runs=self._dagster.runs_by_state(),
            proof=proof,
            units=units,
            seconds=self._observer.seconds,
        )

    def go_on(self) -> None:
        """Let mail arrive until somebody stops it; never returns."""
        self._observer.phase = "new mail by push; Ctrl-C ends"
        while True:
            self._arrive(MAILBOXES[self._arrivals % len(MAILBOXES)], 3)
            self._observer.pause(_BETWEEN_ARRIVALS_SECONDS)

    def _arrive(self, address: str, count: int) -> None:
        self._arrivals += 1
        before = time.monotonic()
        arrived = self._from_mbox(address, count) if self._options.mbox else []
        if not arrived:
            seed = self._options.seed * 10_000 + self._arrivals
            arrived = self._sandbox.deliver(address, count=count, seed=seed)
        wanted = [message.message_id for message in arrived if message.in_scope]
        self._observer.pushes.delivered(address, wanted, before)

    def _from_mbox(self, address: str, count: int) -> list[GoogleMessage]:
        return self._sandbox.deliver_held_back(address, count)

    def _consent(self, mailbox: str) -> Grant:
        session = loopback_session()
        consent = Consent(self._client, _REDIRECT_URI)
        page = session.get(consent.url(login_hint=mailbox), allow_redirects=False, timeout=30)
        if page.status_code != requests.codes.found:
            page.raise_for_status()
        return consent.redeem(page.headers["Location"], session)

    def _audit(self) -> Audit:
        return audit(self._truth(), self._rows.all(), OWNERS, self._observer.since)

    def _truth(self) -> list[GoogleMessage]:
        return [message for box in MAILBOXES for message in self._sandbox.messages(box)]

    def _unfindable(self) -> int:
        # The units were read before, as the audit's own are not the service's.
        self._sandbox.lift_quota()
        since = self._observer.since
        stored = [message for message in self._truth() if message.expected(since)]
        return unfindable(
            self._sandbox,
            self._api,
            stored,
            OWNERS,
            sample=_SAMPLED_SUBJECTS,
            seed=self._options.seed,
        )

    def _newest(self, address: str) -> list[GoogleMessage]:
        """A mailbox's messages in scope, newest first: those that are stored by now."""
        found = [message for message in self._sandbox.messages(address) if message.in_scope]
        return sorted(found, key=lambda message: message.internal_date, reverse=True)

    def _began(self) -> dict[str, float | None]:
        found = self._rows.initial_sync_began()
        return {tenant.name: found.get(tenant.name) for tenant in TENANTS}

    def _prove(self) -> dict[str, int]:
        """Let Dagster compare every tenant with Google, as it does each night."""
        self._observer.phase = "proving that no mail is missing"
        run_id = self._dagster.launch("completeness_job")
        ended = {"SUCCESS", "FAILURE", "CANCELED"}
        self._observer.until(lambda: self._dagster.state_of(run_id) in ended, stall_seconds=60)
        found = [self._api.coverage(tenant.name) for tenant in TENANTS]
        return {
            "compared": sum(tenant["checkedAt"] is not None for tenant in found),
            "passed": sum(tenant["passed"] is True for tenant in found),
            "provenDays": sum(
                box["verdict"]["provenDays"]
                for tenant in found
                for box in tenant["mailboxes"]
                if box["verdict"]
            ),
        }

    def _runs_settled(self) -> bool:
        return _PASSING.isdisjoint(self._dagster.runs_by_state())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
