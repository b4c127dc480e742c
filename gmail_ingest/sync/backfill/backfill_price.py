"""What a backfill would fetch and cost, told before it starts; nothing is written.

Holds: ``BackfillPricing``. Add here: a figure that a caller decides by.
Keep out: prices and time (``core/quota/estimates.py``).
Source: docs/promises.md#promise-4; edge case 60 (no estimate of Google's is read: ids are counted).
It lists the same windows that the backfill would list, 500 ids for 5 units, and asks the ledger
which ids are known.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gmail_ingest.core.ledger.fates import is_wanted
from gmail_ingest.core.ledger.months import months_of, part_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.quota.estimates import fetch_units, seconds_needed
from gmail_ingest.core.quota.planner import PendingMessage
from gmail_ingest.errors import MailboxStateError, NotFoundError
from gmail_ingest.sync.backfill.backfill_jobs import BackfillStore
from gmail_ingest.sync.mailbox.limiter import Limiter
from gmail_ingest.sync.mailbox.paging import read_pages
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailboxClient
from gmail_ingest.sync.mailbox.records import ListPage, Mailbox
from gmail_ingest.sync.mailbox.session import MailboxSession
from gmail_ingest.sync.mailbox.side_by_side import side_by_side
from gmail_ingest.sync.mailbox.throttle import Throttle


@dataclass(frozen=True, slots=True)
class MonthPrice:
    """One month over all mailboxes: messages that Google lists, those that would be fetched, and
    quota units of listing and fetching them.
    """

    month: date
    listed: int
    wanted: int
    units: int


@dataclass(frozen=True, slots=True)
class BackfillPrice:
    """The price of a range; ``spent``: quota units that finding it out took.

    ``seconds`` are at the budgets of the mailboxes and the project with the daily allowance, if
    nobody else spends; None where nothing is limited. ``left_out`` says which mailboxes are not in
    it, and why.
    """

    months: tuple[MonthPrice, ...]
    seconds: float | None
    spent: int
    left_out: tuple[str, ...]

    @property
    def listed(self) -> int:
        """Messages that Google lists."""
        return sum(month.listed for month in self.months)

    @property
    def wanted(self) -> int:
        """Messages that would be fetched."""
        return sum(month.wanted for month in self.months)

    @property
    def units(self) -> int:
        """Quota units that the sync would take."""
        return sum(month.units for month in self.months)


class BackfillPricing:
    """Prices ranges; ``open_client`` gives a mailbox's side at Google."""

    def __init__(
        self,
        store: BackfillStore,
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
        # Of all requests together.
        self._slots = asyncio.Semaphore(mailboxes_at_once)

    async def price(self, tenant_id: str, window: Window) -> BackfillPrice:
        """Price a bounded window of all mailboxes of a tenant.

        Raises:
            NotFoundError: the tenant has no mailbox that can be read.
            MailboxStateError: Google refuses all of them, and a person must act first.
            ThrottledError, TransientError, OperatorActionError: Google does not answer now.
        """
        mailboxes = await self._store.mailboxes(tenant_id, None)
        if not mailboxes:
            raise NotFoundError("this tenant has no mailbox that can be read in its present state")
        months = months_of(window)
        prices = [
            _MailboxPricing(
                MailboxSession(
                    self._store, self._open_client(mailbox), mailbox, self._policy, self._limiter
                ),
                window,
            )
            for mailbox in mailboxes
        ]
        stopped = await side_by_side(
            self._at_once, prices, lambda pricing: self._price(pricing, months)
        )
        priced = [price for price, why in zip(prices, stopped, strict=True) if why is None]
        if not priced:
            raise next(why for why in stopped if why is not None)
        pace = await self._limiter.pace()
        seconds = seconds_needed([price.units for price in priced], pace) if pace else None
        refused = (f"{why.state}: {why.remedy}" for why in stopped if why)
        left_out = [*await self._store.stopped(tenant_id), *refused]
        return BackfillPrice(
            tuple(_sum(month, [price.months[month] for price in priced]) for month in months),
            seconds,
            sum(price.spent for price in prices),
            tuple(left_out),
        )

    async def _price(
        self, mailbox: _MailboxPricing, months: Sequence[date]
    ) -> MailboxStateError | None:
        """Price one mailbox; why that cannot be done, if a person must act first."""
        async with self._slots:
            try:
                await mailbox.run(months)
            except MailboxStateError as error:
                return error
        return None


def _sum(month: date, prices: Sequence[MonthPrice]) -> MonthPrice:
    return MonthPrice(
        month,
        sum(price.listed for price in prices),
        sum(price.wanted for price in prices),
        sum(price.units for price in prices),
    )


class _MailboxPricing:
    """One mailbox: the months newest first, as the sync does them; one month's ids at a time."""

    def __init__(self, session: MailboxSession[BackfillStore], window: Window) -> None:
        self._session = session
        self._window = window
        self._sizes: Counter[str] = Counter()
        self._planned: set[str] = set()
        self.months: dict[date, MonthPrice] = {}

    @property
    def units(self) -> int:
        """Units that its sync would take."""
        return sum(month.units for month in self.months.values())

    @property
    def spent(self) -> int:
        """Units that this took."""
        return self._session.client.units_spent

    async def run(self, months: Sequence[date]) -> None:
        """Price each month."""
        async with self._session.paced("backfill") as paced:
            for month in sorted(months, reverse=True):
                self.months[month] = await self._month(month, paced.throttle)

    async def _month(self, month: date, throttle: Throttle) -> MonthPrice:
        pages, threads = await self._list(part_of(self._window, month), throttle)
        # Neighbouring months overlap by a second: what one fetches is not counted in the next.
        new = [message_id for message_id in threads if message_id not in self._planned]
        wanted = await self._wanted({message_id: threads[message_id] for message_id in new})
        self._planned = {message.message_id for message in wanted}
        self._sizes.update(threads.values())
        policy = self._session.policy
        prices = policy.prices
        units = pages * prices.messages_list
        units += fetch_units(wanted, prices, self._sizes, policy.chunk)
        return MonthPrice(month, len(threads), len(wanted), units)

    async def _list(self, window: Window, throttle: Throttle) -> tuple[int, dict[str, str]]:
        async def read(token: str | None) -> ListPage:
            return await self._session.client.list_messages(window, token)

        pages, price = 0, self._session.policy.prices.messages_list
        threads: dict[str, str] = {}
        async for page in read_pages(read, throttle, price):
            pages += 1
            threads.update((ref.message_id, ref.thread_id) for ref in page.refs)
        return pages, threads

    async def _wanted(self, threads: Mapping[str, str]) -> Sequence[PendingMessage]:
        known = await self._session.store.entries(self._session.mailbox.id, list(threads))
        return [
            PendingMessage(message_id, thread_id)
            for message_id, thread_id in threads.items()
            if is_wanted(known.get(message_id), thread_id)
        ]
