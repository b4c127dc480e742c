"""A backfill's months of one run, over all mailboxes of their tenant.

Holds: ``BackfillSync``, the one use case behind every partition of ``emails_by_month``.
Add here: how mailboxes' ends become the job's. Keep out: the steps of one mailbox
(``backfill_mailbox.py``), what an error means (``mailbox/consequences.py``), Dagster, how a job
becomes runs (``backfill_plan.py``).
Source: docs/promises.md#promise-4, #promise-5, #promise-6; edge cases 31, 32, 34, 35, 36, 61 and
72.

A month is complete when, for every connected mailbox, all ids that Google listed have their final
fate. Mailboxes go their own pace, so that a large one does not hold up the others; a month ends
with its last mailbox.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import structlog

from gmail_ingest.errors import GmailIngestError, JobEndedError
from gmail_ingest.sync.backfill.backfill_jobs import (
    BackfillBook,
    BackfillJob,
    BackfillStore,
    MailboxMonthDone,
    MonthDone,
    RequestedMonths,
)
from gmail_ingest.sync.backfill.backfill_mailbox import BackfillMailbox
from gmail_ingest.sync.mailbox.consequences import Consequence, consequence_of, tell_mailbox
from gmail_ingest.sync.mailbox.limiter import Limiter
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.records import Mailbox
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest.sync.mailbox.side_by_side import to_its_end

log = structlog.get_logger(__name__)

#: Seconds between looks at the job, which obey a cancellation and write progress.
REPORT_EVERY = 1.0
#: The error of a job whose tenant has no mailbox that can be synced.
NO_MAILBOX = "no mailbox of this tenant is connected: connect one, and ask again"

Done = Callable[[MonthDone], None]


@dataclass(slots=True)
class Failures:
    """What kept months from completion: texts without anything private.

    ``blocked`` needs a person; ``waiting`` goes on by itself at ``not_before`` (UTC).
    """

    blocked: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    not_before: datetime | None = None

    def block(self, text: str) -> None:
        """Somebody must act."""
        self.blocked.append(text)

    def add(self, stopped: Consequence) -> None:
        """A mailbox stopped: until a time, or until somebody acts."""
        until = stopped.retry_at
        if until is None:
            self.block(stopped.said)
            return
        self.waiting.append(stopped.said)
        self.not_before = until if self.not_before is None else min(until, self.not_before)

    @property
    def text(self) -> str:
        """All of it, each once."""
        return "; ".join(sorted({*self.blocked, *self.waiting}))


class BackfillSync:
    """Works on backfill jobs; ``open_client`` gives a mailbox's side at Google."""

    def __init__(
        self,
        book: BackfillBook,
        store: BackfillStore,
        open_client: Callable[[Mailbox], MailboxClient],
        policy: SyncPolicy,
        *,
        limiter: Limiter,
        mailboxes_at_once: int = 200,
    ) -> None:
        self._book = book
        self._store = store
        self._open_client = open_client
        self._policy = policy
        self._limiter = limiter
        self._slots = asyncio.Semaphore(mailboxes_at_once)

    async def begin(self, requested: RequestedMonths) -> BackfillJob:
        """The job that a run is about; JobEndedError if it was cancelled meanwhile."""
        return await self._book.begin(requested)

    async def run(
        self, job: BackfillJob, months: Sequence[date], holder: str, done: Done
    ) -> Failures:
        """Complete months of a job, newest first; ``done`` hears of each.

        What keeps a month from completion is in the answer, and in the job.

        Raises:
            JobEndedError: the job was cancelled; what is stored stays.
        """
        for month in sorted(set(months) & set(job.done), reverse=True):
            done(MonthDone(month, job.done[month], done_before=job.created_at))
        left = sorted(set(months) - set(job.done), reverse=True)
        with structlog.contextvars.bound_contextvars(tenant=job.tenant_id, job_id=str(job.id)):
            failures = await self._complete(job, left, holder, done) if left else Failures()
            if failures.text:
                await self._book.pause(job.id, failures.text, failures.not_before)
            log.info("backfill_ended", months=len(left), failures=failures.text or None)
        return failures

    async def _complete(
        self, job: BackfillJob, months: Sequence[date], holder: str, done: Done
    ) -> Failures:
        failures = Failures()
        for stopped in await self._store.stopped(job.tenant_id):
            failures.block(stopped)
        mailboxes = await self._store.mailboxes(job.tenant_id, None)
        if not mailboxes and not failures.blocked:
            failures.block(NO_MAILBOX)
        workers = [
            BackfillMailbox(
                MailboxSession(
                    self._store,
                    self._open_client(mailbox),
                    mailbox,
                    self._policy,
                    self._limiter,
                    holder,
                ),
                job,
            )
            for mailbox in mailboxes
        ]
        tally = _Tally(len(mailboxes), complete=not failures.blocked)
        tasks = [
            asyncio.create_task(self._work(worker, mailbox, months, tally, failures))
            for worker, mailbox in zip(workers, mailboxes, strict=True)
        ]
        try:
            while tasks and (await asyncio.wait(tasks, timeout=REPORT_EVERY))[1]:
                # A cancellation waits for it: counts that it took from the workers would be lost.
                await to_its_end(self._report(job, workers, tally, done))
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            # However it ends, the counts so far are written.
            with contextlib.suppress(JobEndedError):
                await self._report(job, workers, tally, done)
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return failures

    async def _report(
        self, job: BackfillJob, workers: Sequence[BackfillMailbox], tally: _Tally, done: Done
    ) -> None:
        """Add what was done to the job, and end the months that are complete.

        Raises:
            JobEndedError: the job was cancelled, or has ended otherwise.
        """
        # Without interruption and in this order: a month's counts are written before its end.
        completed = tally.completed()
        counts = {
            listing_id: added for worker in workers for listing_id, added in worker.take().items()
        }
        goes_on = await self._book.advance(job.id, counts)
        for month, listings in completed:
            found = await self._book.finish_month(job.id, month, listings)
            if found is not None:
                done(MonthDone(month, found))
        if not goes_on:
            raise JobEndedError("the job was cancelled: what is stored stays")

    async def _work(
        self,
        worker: BackfillMailbox,
        mailbox: Mailbox,
        months: Sequence[date],
        tally: _Tally,
        failures: Failures,
    ) -> None:
        async with self._slots:
            with structlog.contextvars.bound_contextvars(mailbox_id=mailbox.id):
                try:
                    await worker.run(months, tally.month_done)
                except GmailIngestError as error:
                    log.warning("mailbox_stopped", error=type(error).__name__)
                    stopped = consequence_of(error, "backfill", self._policy, datetime.now(UTC))
                    await tell_mailbox(self._store, mailbox, stopped.note)
                    failures.add(stopped)


class _Tally:
    """Which months wait for which mailboxes; none completes if some mailbox cannot be synced."""

    def __init__(self, mailboxes: int, *, complete: bool) -> None:
        self._mailboxes = mailboxes
        self._complete = complete
        self._listings: dict[date, list[int]] = {}

    def month_done(self, found: MailboxMonthDone) -> None:
        """A mailbox has nothing of the month left to do."""
        self._listings.setdefault(found.month, []).append(found.listing.id)

    def completed(self) -> list[tuple[date, list[int]]]:
        """The months that all mailboxes have done since the last time, with their listings."""
        if not self._complete:
            return []
        whole = [m for m, listings in self._listings.items() if len(listings) == self._mailboxes]
        return [(month, self._listings.pop(month)) for month in whole]
