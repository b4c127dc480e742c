"""What happens in the demonstration, in order.

Holds: ``Scenario``: mailboxes, connecting, the initial sync, mail by push, changes, the audit.
Add here: a scene. Keep out: starting processes (``run``), showing (``cli``), judging (``audit``).
"""

from __future__ import annotations

import time

import requests

from gmail_ingest.demo.audit import Audit, GoogleMessage, audit
from gmail_ingest.demo.observer import Observer
from gmail_ingest.demo.plan import MAILBOXES, OWNERS, TENANTS, DemoOptions, bursts, split
from gmail_ingest.demo.report import Report
from gmail_ingest.demo.rows import Rows
from gmail_ingest.demo.sandbox_api import SandboxApi
from gmail_ingest.demo.search_check import unfindable
from gmail_ingest.runtime.consent import Consent, Grant, OAuthClient
from gmail_ingest.runtime.dagster_api import DagsterApi
from gmail_ingest.runtime.readiness import loopback_session
from gmail_ingest.runtime.sidecar_api import SidecarApi

_BURST = 5
_BETWEEN_BURSTS_SECONDS = 1.5
_BETWEEN_ARRIVALS_SECONDS = 8.0
_SAMPLED_SUBJECTS = 60
#: Nothing listens there: the code is taken from the redirect itself.
_REDIRECT_URI = "http://127.0.0.1/consent"
_SERVICE_ACCOUNT = "sync@sandbox-project.iam.gserviceaccount.com"
#: A drain run stays STARTED for the next push; these states pass by themselves.
_PASSING = {"QUEUED", "NOT_STARTED", "STARTING", "CANCELING"}


class Scenario:
    """One performance."""

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
        each = split(self._options.messages, len(MAILBOXES))
        held_back = split(self._options.pushed, len(MAILBOXES))
        for index, address in enumerate(MAILBOXES):
            if self._options.mbox is None:
                seed = self._options.seed * 100 + index
                self._sandbox.create_mailbox(address, messages=each[index], seed=seed)
            else:
                self._sandbox.create_mailbox(address)
                share = (index, len(MAILBOXES))
                self._sandbox.load_share(
                    address, self._options.mbox, share, hold_back=held_back[index]
                )
            self._observer.expect(self._sandbox.messages(address))

    def connect(self) -> None:
        """Connect every tenant through the sidecar, as the CRM does."""
        self._observer.phase = "connecting tenants"
        for tenant in TENANTS:
            if tenant.auth == "oauth":
                (mailbox,) = tenant.mailboxes
                self._api.connect_oauth(tenant.name, self._consent(mailbox))
            else:
                key_file = self._sandbox.create_service_account(_SERVICE_ACCOUNT, tenant.mailboxes)
                self._api.connect_service_account(tenant.name, key_file, tenant.mailboxes)

    def reconnect(self, tenant: str, mailbox: str) -> None:
        """Let a mailbox's owner consent again, as when its grant has lost something.

        Raises:
            SidecarError, GmailIngestError, requests.RequestException: it did not come to that.
        """
        self._api.connect_oauth(tenant, self._consent(mailbox))

    def initial_sync(self) -> bool:
        """Wait for the mail that was there before; False if it stops coming."""
        self._observer.phase = "initial sync"
        return self._observer.until(self._observer.all_stored)

    def push(self) -> bool:
        """Let new mail arrive in bursts; False if some of it never gets a row."""
        self._observer.phase = "new mail by push"
        for index, count in bursts(self._options.pushed, _BURST):
            self._arrive(MAILBOXES[index], count)
            self._observer.pause(_BETWEEN_BURSTS_SECONDS)
        return self._observer.until(lambda: not self._observer.pushes.waiting)

    def change(self) -> None:
        """Star, trash and delete some mail; an mbox's mail is only starred, so all of it stays."""
        self._observer.phase = "changes"
        for address in MAILBOXES:
            ids = [each.message_id for each in self._sandbox.messages(address) if each.in_scope]
            self._sandbox.add_labels(address, ids[:2], "STARRED")
            if self._options.mbox is None:
                self._sandbox.add_labels(address, ids[2:3], "TRASH")
                self._sandbox.delete(address, ids[3:4])
                self._observer.at_google[address] -= len(ids[2:4])

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
        self.push()
        self.change()
        audited = self.settle()
        units = self._sandbox.units_spent()
        self._observer.phase = "looking mail up"
        missed = self._unfindable()
        self._observer.until(self._runs_settled, stall_seconds=20)
        return Report(
            tenants=len(TENANTS),
            mailboxes=len(MAILBOXES),
            audit=audited,
            unfindable=missed,
            unseen=len(self._observer.pushes.waiting),
            push_seconds=tuple(self._observer.pushes.seconds),
            runs=self._dagster.runs_by_state(),
            units=units,
            seconds=self._observer.seconds,
        )

    def go_on(self) -> None:
        """Let mail arrive until somebody stops it; returns never."""
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
        self._observer.expect(arrived)
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
        return audit(self._truth(), self._rows.all(), OWNERS)

    def _truth(self) -> list[GoogleMessage]:
        return [message for box in MAILBOXES for message in self._sandbox.messages(box)]

    def _unfindable(self) -> int:
        # The units were read before: what the audit itself spends is not the service's.
        self._sandbox.lift_quota()
        stored = [message for message in self._truth() if message.in_scope]
        return unfindable(
            self._sandbox,
            self._api,
            stored,
            OWNERS,
            sample=_SAMPLED_SUBJECTS,
            seed=self._options.seed,
        )

    def _runs_settled(self) -> bool:
        return _PASSING.isdisjoint(self._dagster.runs_by_state())
