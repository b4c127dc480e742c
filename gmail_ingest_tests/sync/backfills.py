"""Backfills in tests: a mailbox with mail of two years, and the use cases over it.

Holds: ``Backfills``, what a test does and sees. Add here: another word for what tests do.
Keep out: Dagster, the sidecar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from gmail_ingest.adapters.postgres.backfill.backfill_dispatch import PostgresBackfillDispatch
from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.adapters.postgres.backfill.backfill_store import PostgresBackfillStore
from gmail_ingest.core.ledger.months import months_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.backfill.backfill_jobs import MonthDone, RequestedMonths
from gmail_ingest.sync.backfill.backfill_price import BackfillPrice, BackfillPricing
from gmail_ingest.sync.backfill.backfill_sync import BackfillSync, Failures
from gmail_ingest.sync.mailbox.limiter import Limiter, Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, Service, mail
from gmail_sandbox.mail.mbox import MboxMessage
from gmail_sandbox.seeded.messages import seeded_messages

#: Long over: nothing of it is of the last days.
YEAR = Window(datetime(2021, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
#: Retries of a backfill wait in the run itself.
QUICK_BACKFILL = replace(QUICK, linger=0.0, outage_retry=0.05)


def month(number: int, year: int = 2021) -> date:
    """A month of the year."""
    return date(year, number, 1)


class Backfills:
    """One deployment's backfills."""

    def __init__(self, service: Service, limiter: Limiter | None = None) -> None:
        self.service = service
        self.limiter = limiter or Unlimited()
        self.book = PostgresBackfillJobs(service.engine)
        self.dispatch = PostgresBackfillDispatch(service.engine)
        self.store = PostgresBackfillStore(service.engine)
        self.done: list[MonthDone] = []

    def load(self, count: int, window: Window = YEAR, address: str = OWNER, seed: int = 3) -> None:
        """Put seeded mail of a window into a mailbox at Google."""
        assert window.start is not None
        assert window.end is not None
        seeded = seeded_messages(
            count,
            address=address,
            seed=seed,
            newest=window.end.timestamp() - 2,
            span_seconds=(window.end - window.start).total_seconds() - 4,
        )
        self.service.box(lambda box: box.load(seeded), address)

    def put(self, at: datetime, subject: str = "old", address: str = OWNER) -> None:
        """Put one mail of this moment into a mailbox at Google."""
        old = MboxMessage(
            raw=mail(subject), label_ids=("INBOX",), internal_date=int(at.timestamp() * 1000)
        )
        self.service.box(lambda box: box.load([old]), address)

    async def ask(self, window: Window = YEAR) -> UUID:
        """Ask for a range, as the API does."""
        return await self.book.request(TENANT, window, months_of(window))

    def requested(
        self, job_id: UUID | None, months: Sequence[date], **more: Any
    ) -> RequestedMonths:
        """What a run of Dagster is about."""
        now = datetime.now(UTC)
        known: dict[str, Any] = {"run_id": str(uuid4()), "created_at": now, "until": now}
        known |= {"all_months": tuple(months)} | more
        return RequestedMonths(TENANT, tuple(months), job_id=job_id, **known)

    async def run(
        self,
        job_id: UUID | None,
        months: Sequence[date] = months_of(YEAR),
        *,
        policy: SyncPolicy = QUICK_BACKFILL,
        holder: str = "run:1",
        **more: Any,
    ) -> Failures:
        """Do what one run of Dagster does."""
        sync = self.sync(policy)
        job = await sync.begin(self.requested(job_id, months, **more))
        return await sync.run(job, months, holder, self.done.append)

    def sync(self, policy: SyncPolicy = QUICK_BACKFILL) -> BackfillSync:
        """The use case."""
        gmail = self.service.gmail.open_client
        return BackfillSync(self.book, self.store, gmail, policy, limiter=self.limiter)

    async def price(self, window: Window = YEAR) -> BackfillPrice:
        """The dry run."""
        gmail = self.service.gmail.open_client
        pricing = BackfillPricing(self.store, gmail, QUICK_BACKFILL, limiter=self.limiter)
        return await pricing.price(TENANT, window)

    async def job(self, job_id: UUID) -> tuple[str, dict[str, int], str | None]:
        """State, counts and error of a job."""
        query = "SELECT state, counts, error FROM sync_jobs WHERE id = %s"
        ((state, counts, error),) = await self.service.rows(query, job_id)
        return state, counts, error

    async def open_months(self, job_id: UUID) -> list[date]:
        """The months of a job that are not complete."""
        query = "SELECT month FROM job_months WHERE job_id = %s AND done_at IS NULL ORDER BY 1"
        return await self.service.rows(query, job_id)

    async def let_leases_end(self) -> None:
        """Let a dead worker's leases expire."""
        query = "UPDATE leases SET until = now() - interval '1 second' RETURNING 1"
        await self.service.rows(query)

    def units(self) -> int:
        """Quota units that Google counted for the owner's mailbox."""
        return self.service.sandbox.call(lambda state: state.counters.units[OWNER])

    def gets(self) -> int:
        """Calls that fetched messages or threads."""
        return self.service.calls("messages.get") + self.service.calls("threads.get")

    def lists(self) -> int:
        """Pages that were listed."""
        return self.service.calls("messages.list")


def moment(*parts: int, **more: int) -> datetime:
    """A time in UTC."""
    return datetime(*parts, tzinfo=UTC, **more)  # type: ignore[arg-type,misc]


SECOND = timedelta(seconds=1)
