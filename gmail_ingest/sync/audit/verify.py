"""Is any mail missing? Each mailbox of a tenant compared with what Google lists.

Holds: ``Verify``, the one use case behind the command, the asset check and the nightly job.
Add here: which mailboxes and days. Keep out: the comparison (``compare.py``).
Source: docs/promises.md#promise-4, #promise-6. It spends as ``listing``, so that live mail keeps
its reserve, and needs no lease to read: a repair takes the listing lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import structlog

from gmail_ingest.core.ledger.completeness import estimate_units
from gmail_ingest.core.ledger.windows import days_between, midnight, window_of
from gmail_ingest.errors import GmailIngestError, NotFoundError, place_of, trace_of
from gmail_ingest.sync.audit.compare import Comparison, Progress
from gmail_ingest.sync.audit.completeness import (
    ComparableStore,
    MailboxPlan,
    MailboxVerification,
    Verdict,
)
from gmail_ingest.sync.audit.repair import Repair
from gmail_ingest.sync.mailbox.consequences import Note, stop_of, tell_mailbox
from gmail_ingest.sync.mailbox.limiter import Limiter
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.records import Mailbox
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest.sync.mailbox.side_by_side import side_by_side

log = structlog.get_logger(__name__)


class Verify:
    """Verifies tenants; ``open_client`` gives a mailbox's side at Google."""

    def __init__(
        self,
        store: ComparableStore,
        open_client: Callable[[Mailbox], MailboxClient],
        policy: SyncPolicy,
        *,
        limiter: Limiter,
        mailboxes_at_once: int = 20,
    ) -> None:
        self._store = store
        self._open_client = open_client
        self._policy = policy
        self._limiter = limiter
        self._at_once = mailboxes_at_once
        # Of all tenants together.
        self._slots = asyncio.Semaphore(mailboxes_at_once)

    async def plan(
        self,
        tenant_id: str,
        *,
        start: date | None = None,
        end: date | None = None,
        since: date | None = None,
    ) -> list[MailboxPlan]:
        """What a verification would look at and cost, from what is stored: Google is not asked.

        Args:
            tenant_id: its active mailboxes are verified.
            start: the first UTC day; the first whole day that was ever synced if None.
            since: if ``start`` is None: no day before this one, however long the sync reaches back.
            end: the UTC day before which it ends; tomorrow if None, so that today is in it.

        Raises:
            NotFoundError: the tenant has no mailbox that can be read.
        """
        mailboxes = await self._store.mailboxes(tenant_id, None)
        if not mailboxes:
            raise NotFoundError("this tenant has no mailbox that can be read in its present state")
        return [await self._plan(mailbox, start, end, since) for mailbox in mailboxes]

    async def _plan(
        self, mailbox: Mailbox, start: date | None, end: date | None, since: date | None
    ) -> MailboxPlan:
        stored = await self._store.stored_days(mailbox.id)
        if start is None:
            start = _first_whole_day(await self._store.synced_from(mailbox.id), stored)
            start = max(start, since) if start and since else start
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        days = days_between(start, end or tomorrow) if start is not None else ()
        if not days:
            return MailboxPlan(mailbox.id, mailbox.address, (), 0)
        labels = await self._store.stored_labels(mailbox.id, window_of(days))
        units = estimate_units(days, stored, labels, self._policy.prices)
        return MailboxPlan(mailbox.id, mailbox.address, days, units)

    async def run(
        self,
        tenant_id: str,
        plans: Sequence[MailboxPlan],
        *,
        holder: str,
        repair: bool = False,
        progress: Progress | None = None,
    ) -> list[MailboxVerification]:
        """Verify mailboxes as planned, side by side; days are recorded as they are done.

        Args:
            tenant_id: whose mailboxes they are.
            plans: which mailboxes and days.
            holder: names the worker in a lease.
            repair: whether to repair what is found.
            progress: hears how many days were done, again and again.

        What stops one mailbox is in its ``error``, and stops no other.
        """
        mailboxes = {
            mailbox.id: mailbox for mailbox in await self._store.mailboxes(tenant_id, None)
        }

        async def verify(plan: MailboxPlan) -> MailboxVerification:
            return await self._verify(mailboxes[plan.mailbox_id], plan, holder, repair, progress)

        known = [plan for plan in plans if plan.mailbox_id in mailboxes]
        return await side_by_side(self._at_once, known, verify)

    async def _verify(
        self,
        mailbox: Mailbox,
        plan: MailboxPlan,
        holder: str,
        repair: bool,  # noqa: FBT001 - private
        progress: Progress | None,
    ) -> MailboxVerification:
        found = MailboxVerification(
            mailbox.id, mailbox.address, estimated_units=plan.estimated_units
        )
        if not plan.days:
            found.error = "not synced yet: there is no day to compare"
        async with self._slots:
            try:
                await self._compare(mailbox, plan.days, holder, repair, progress, found)
            except GmailIngestError as error:
                found.error = str(error)
                if (stop := stop_of(error)) is not None:
                    # A sync may not notice it: history is answered even where no mail is given.
                    note = Note(stop.state, found.error, stop.cause)
                    await tell_mailbox(self._store, mailbox, note)
            except Exception as error:  # noqa: BLE001 - told, and no reason to leave others out
                found.error, found.crashed = place_of(error), True
                crash = {"error": place_of(error), "trace": trace_of(error)}
                log.error("verification_crashed", mailbox_id=mailbox.id, **crash)  # noqa: TRY400 - its text may be private
            await self._store.note_verdict(mailbox.id, _verdict(plan, found))
        log.info(
            "mailbox_verified",
            mailbox_id=mailbox.id,
            days=found.days,
            proven_days=found.proven_days,
            found=found.found,
            open=found.open,
            units=found.counts.units,
            error=found.error,
        )
        return found

    async def _compare(
        self,
        mailbox: Mailbox,
        days: Sequence[date],
        holder: str,
        repair: bool,  # noqa: FBT001 - private
        progress: Progress | None,
        found: MailboxVerification,
    ) -> None:
        client = self._open_client(mailbox)
        session = MailboxSession(self._store, client, mailbox, self._policy, self._limiter, holder)
        try:
            async with session.paced("listing") as paced, Repair(paced) as repairs:
                comparison = Comparison(paced, found, repairs if repair else None)
                try:
                    await comparison.run(days, progress)
                finally:
                    found.counts.add(repairs.counts)
        finally:
            found.counts.units += client.units_spent


def _verdict(plan: MailboxPlan, found: MailboxVerification) -> Verdict:
    return Verdict(
        checked_at=datetime.now(UTC),
        passed=found.passed,
        first_day=plan.days[0] if plan.days else None,
        days=found.days,
        proven_days=found.proven_days,
        found=found.found,
        open=found.open,
        error=found.error,
    )


def _first_whole_day(synced_from: datetime | None, stored: Collection[date]) -> date | None:
    """The first UTC day all of which was asked for; what lies before it was never promised."""
    if synced_from is None:
        return min(stored, default=None)
    day = synced_from.astimezone(UTC).date()
    return day if synced_from == midnight(day) else day + timedelta(days=1)
