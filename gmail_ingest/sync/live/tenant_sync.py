"""Syncs asked for through the queue: claim, sync the mailboxes side by side, acknowledge.

Holds: ``TenantSync``, the one use case behind a run of a tenant's partition, a drain run and the
command line. Add here: how mailboxes' ends become the job's. Keep out: the steps of one mailbox
(``mailbox_sync.py``), what an error means (``mailbox/consequences.py``), Dagster.
Source: docs/architecture.md#the-way-of-a-push; edge cases 31 to 38, 70, 72, 74.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from gmail_ingest.errors import GmailIngestError, place_of
from gmail_ingest.sync.audit.completeness import ComparableStore
from gmail_ingest.sync.live.mailbox_sync import sync_mailbox
from gmail_ingest.sync.live.sync_queue import Claim, SecondLook, SyncQueue
from gmail_ingest.sync.mailbox.consequences import (
    Consequence,
    Note,
    consequence_of,
    tell_mailbox,
)
from gmail_ingest.sync.mailbox.heartbeat import heartbeat
from gmail_ingest.sync.mailbox.limiter import Limiter, Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.records import Counts, Mailbox, SyncKind
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest.sync.mailbox.side_by_side import all_ended

T = TypeVar("T")

log = structlog.get_logger(__name__)

#: This part (1 / so many) of the places for mailboxes is for live mail only, however many polls and
#: listings wait.
LIVE_SHARE = 8
#: Claims of one tenant: one waiting row of each kind, and expired ones.
CLAIMS = 8


@dataclass(frozen=True, slots=True)
class MailboxReport:
    """How the sync of one mailbox ended; ``stopped`` is what follows if an error ended it."""

    mailbox_id: int
    counts: Counts
    stopped: Consequence | None = None


@dataclass(slots=True)
class TenantReport:
    """What a run did for a tenant; ``errors`` are texts without anything private.

    ``put_back`` says why kinds of sync were given back to the queue. It leaves out those that
    another worker holds, and waits for Google's quota of a minute at the most, unless they repeat.
    """

    counts: Counts = field(default_factory=Counts)
    jobs: int = 0
    mailboxes: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    put_back: dict[SyncKind, str] = field(default_factory=dict)
    #: When (``time.monotonic``) the second look is due that this work asked for.
    second_look_at: float | None = None

    @property
    def has_changes(self) -> bool:
        """Whether a row was stored, changed or removed."""
        return self.counts.has_changes


class TenantSync:
    """Works claims off; ``open_client`` gives the mailbox's side at Google."""

    def __init__(
        self,
        queue: SyncQueue,
        store: ComparableStore,
        open_client: Callable[[Mailbox], MailboxClient],
        policy: SyncPolicy,
        *,
        limiter: Limiter | None = None,
        mailboxes_at_once: int = 200,
    ) -> None:
        self._queue = queue
        self._store = store
        self._open_client = open_client
        self._policy = policy
        self._limiter = limiter or Unlimited()
        self._slots = asyncio.Semaphore(mailboxes_at_once)
        self._background_slots = asyncio.Semaphore(
            mailboxes_at_once - mailboxes_at_once // LIVE_SHARE
        )

    async def run_tenant(
        self,
        tenant_id: str,
        holder: str,
        *,
        ask: SyncKind = "incremental",
        run_id: str | None = None,
    ) -> TenantReport:
        """Work off all that waits for a tenant; if nothing waits, ask for a sync first.

        Ends when nothing is left to claim; rows that others hold are left to them. Waits for the
        second look that its own work asked for, and does it even while a long listing goes on.
        """
        report, running = TenantReport(), set[asyncio.Task[None]]()
        claims = await self._claim(tenant_id, holder, run_id)
        if not claims:
            await self._queue.enqueue(tenant_id, ask)
            claims = await self._claim(tenant_id, holder, run_id)
        try:
            while claims or running or report.second_look_at is not None:
                running |= {asyncio.create_task(self.work_off(claim, report)) for claim in claims}
                running = await _some(running, report)
                claims = await self._claim(tenant_id, holder, run_id)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return report

    async def _claim(self, tenant_id: str, holder: str, run_id: str | None) -> list[Claim]:
        return await self._queue.claim(
            holder,
            limit=CLAIMS,
            ttl=self._policy.lease,
            tenant_id=tenant_id,
            dagster_run_id=run_id,
        )

    async def work_off(self, claim: Claim, report: TenantReport) -> None:
        """Sync the claim's mailboxes and acknowledge it, or give it back with a time."""
        with structlog.contextvars.bound_contextvars(
            tenant=claim.tenant_id, job_id=claim.job_id and str(claim.job_id), kind=claim.kind
        ):
            if claim.crashes >= self._policy.max_crashes:
                await self._fail_poison_job(claim, report)
                return
            try:
                done = await self._work(claim)
            except asyncio.CancelledError:
                # Stopped from outside: release it, so that the next worker need not wait for the
                # expiry.
                await self._queue.release(claim, datetime.now(UTC), Counts(), None)
                raise
            except Exception as error:
                await self._give_up(claim, error)
                raise
            await self._settle(claim, done, report)

    async def _work(self, claim: Claim) -> list[MailboxReport]:
        ttl = self._policy.lease
        async with heartbeat(lambda: self._queue.extend([claim], ttl), ttl):
            if claim.kind == "exclusions":
                return await self._apply_rules(claim)
            mailboxes = await self._store.mailboxes(claim.tenant_id, claim.mailbox_ids)
            return await all_ended(self._sync(claim, mailbox) for mailbox in mailboxes)

    async def _apply_rules(self, claim: Claim) -> list[MailboxReport]:
        counts: dict[int, Counts] = {}
        while (applied := await self._store.decide_next(claim.tenant_id)) is not None:
            counts.setdefault(applied.mailbox_id, Counts()).add(applied.counts)
        return [MailboxReport(mailbox_id, total) for mailbox_id, total in counts.items()]

    async def _fail_poison_job(self, claim: Claim, report: TenantReport) -> None:
        """Fail a job that crashes its workers; what it did not do is found by the next."""
        error = f"its worker died {claim.crashes} times in a row: see the failed runs' logs"
        await self._queue.acknowledge(claim, "failed", Counts(), error)
        await self._note(claim, error, None)
        log.error("poison_job_failed", crashes=claim.crashes)
        report.jobs += 1
        report.errors.append(error)

    async def _give_up(self, claim: Claim, error: Exception) -> None:
        """Give a claim back after an unforeseen error (a bug, a lost database): tried again later,
        not for ever.
        """
        text = place_of(error)
        delay = timedelta(seconds=self._policy.retry_delay(claim.attempts))
        retry_at = datetime.now(UTC) + delay
        last = claim.attempts >= self._policy.max_attempts
        # If this fails too (no database), the claim expires by itself.
        with contextlib.suppress(Exception):
            if last:
                await self._queue.acknowledge(claim, "failed", Counts(), text)
            else:
                await self._queue.release(claim, retry_at, Counts(), text)
            await self._note(claim, text, None if last else retry_at)

    async def _note(self, claim: Claim, error: str, retry_at: datetime | None) -> None:
        """Write into the claim's mailboxes what keeps them from being synced."""
        for mailbox in await self._store.mailboxes(claim.tenant_id, claim.mailbox_ids):
            await tell_mailbox(self._store, mailbox, Note("active", error, "unexpected"), retry_at)

    async def _settle(self, claim: Claim, done: list[MailboxReport], report: TenantReport) -> None:
        total = Counts()
        for mailbox in done:
            total.add(mailbox.counts)
        # One that was disconnected meanwhile says nothing of the others.
        done = [
            mailbox for mailbox in done if not (mailbox.stopped and mailbox.stopped.gone)
        ] or done
        stops = [mailbox.stopped for mailbox in done if mailbox.stopped]
        errors = sorted({stop.said for stop in stops if stop.said})
        error = "; ".join(errors) or None
        retries = [stop.retry_at for stop in stops if stop.retry_at]
        report.put_back.pop(claim.kind, None)
        if retries:
            if failures := sorted({stop.said for stop in stops if stop.said and not stop.quiet}):
                report.put_back[claim.kind] = "; ".join(failures)
            await self._queue.release(claim, min(retries), total, error)
            state = "released"
        else:
            superseded = any(stop.superseded for stop in stops)
            # For changed rules, another job may have left nothing to do.
            if not done and claim.kind != "exclusions":
                superseded = True
                error = "no mailbox of this tenant can be synced in its present state"
            state = "cancelled" if superseded else "failed" if errors else "succeeded"
            second_look = self._second_look(claim, done)
            await self._queue.acknowledge(claim, state, total, error, second_look)
            if second_look is not None:
                report.second_look_at = time.monotonic() + second_look.after
        log.info("sync_ended", state=state, mailboxes=len(done), **total.totals())
        report.counts.add(total)
        report.jobs += 1
        report.mailboxes.update(mailbox.mailbox_id for mailbox in done)
        if state == "failed":  # what was given back is tried again: no failure yet
            report.errors.extend(errors)

    def _second_look(self, claim: Claim, done: list[MailboxReport]) -> SecondLook | None:
        """Which mailboxes to look at again: Google drops a notification that follows another
        closely. The first may be for what was found here, or for what is not stored (a draft).
        """
        if claim.kind != "incremental" or not self._policy.look_again:
            return None
        wanted = [mailbox for mailbox in done if mailbox.stopped is None]
        notified = claim.again or claim.is_pushed
        ids = tuple(mailbox.mailbox_id for mailbox in wanted if notified or mailbox.counts.found)
        return SecondLook(ids, self._policy.look_again) if ids else None

    @contextlib.asynccontextmanager
    async def _slot(self, claim: Claim) -> AsyncIterator[None]:
        background = contextlib.nullcontext() if claim.is_live else self._background_slots
        async with background, self._slots:
            yield

    async def _sync(self, claim: Claim, mailbox: Mailbox) -> MailboxReport:
        counts = Counts()
        async with self._slot(claim):
            with structlog.contextvars.bound_contextvars(mailbox_id=mailbox.id):
                session = MailboxSession(
                    self._store,
                    self._open_client(mailbox),
                    mailbox,
                    self._policy,
                    self._limiter,
                    claim.holder,
                )
                try:
                    await sync_mailbox(session, claim.kind, counts, force=claim.force)
                except GmailIngestError as error:
                    return await self._stop(claim, mailbox, counts, error)
        return MailboxReport(mailbox.id, counts)

    async def _stop(
        self, claim: Claim, mailbox: Mailbox, counts: Counts, error: GmailIngestError
    ) -> MailboxReport:
        log.warning("mailbox_stopped", error=type(error).__name__)
        stopped = consequence_of(
            error,
            "live",
            self._policy,
            datetime.now(UTC),
            attempts=claim.attempts,
            found=counts.found,
        )
        await tell_mailbox(self._store, mailbox, stopped.note, stopped.retry_at)
        return MailboxReport(mailbox.id, counts, stopped)


async def _some(running: set[asyncio.Task[None]], report: TenantReport) -> set[asyncio.Task[None]]:
    """Wait until some work has ended, or the second look is due; returns what goes on.

    An error is raised when all the rest has ended too.
    """
    left = (
        None
        if report.second_look_at is None
        else max(0.0, report.second_look_at - time.monotonic())
    )
    if not running:
        await asyncio.sleep(left or 0.0)
    else:
        done, _ = await asyncio.wait(running, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if any(task.cancelled() or task.exception() for task in done):
            await all_ended(running)
        running = running - done
    if report.second_look_at is not None and time.monotonic() >= report.second_look_at:
        report.second_look_at = None
    return running
