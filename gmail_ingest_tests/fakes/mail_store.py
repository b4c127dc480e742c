"""A MailStore in memory, for tests of use cases; it passes the contract of the real one.

Holds: ``MemoryMailStore``. Add here: what a new method of the port means without a database.
Keep out: rules about fates (``core/ledger/fates.py``; Postgres follows them too), failures at will.
"""

# ruff: noqa: D102 - the methods are the port's, and documented there
from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from gmail_ingest.core.ledger.fates import (
    Entry,
    Origin,
    after_change,
    after_outcome,
    after_sighting,
    after_storing,
)
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import PendingMessage
from gmail_ingest.errors import LeaseHeldError, LeaseLostError, MailboxDisconnectedError
from gmail_ingest.sync.mailbox.records import (
    AppliedPage,
    AppliedRules,
    Counts,
    DueMessages,
    Failed,
    Gone,
    Lease,
    LeftOut,
    Listing,
    Mailbox,
    MessageRef,
    Outcome,
    Stored,
)
from gmail_ingest_tests.fakes.accounts import ENDED, MemoryAccounts
from gmail_ingest_tests.fakes.comparisons import MemoryComparisons


@dataclass(slots=True)
class Attempts:
    """The times of a ledger entry."""

    attempts: int = 0
    due: datetime = field(default_factory=lambda: datetime.now(UTC))
    first_seen: datetime = field(default_factory=lambda: datetime.now(UTC))
    error: str | None = None
    missed: bool = False


class MemoryMailStore(MemoryComparisons, MemoryAccounts):
    """All of a database's mail in dictionaries; each method is one step of the event loop.

    Read ``rows``, ``emails``, ``entries``, ``attempts`` and ``failures`` (error and cause of a
    mailbox's last failure) in assertions, never write them. It has no exclusion rules: ``to_rule``
    holds, by tenant, what ``decide_next`` will have done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, Mailbox] = {}
        self.emails: dict[tuple[int, str], ParsedMessage] = {}
        self.entries: dict[tuple[int, str], Entry] = {}
        self.attempts: dict[tuple[int, str], Attempts] = {}
        self.listings: list[Listing] = []
        self.named: dict[tuple[int, str], int] = {}
        self.failures: dict[int, tuple[str | None, str | None]] = {}
        self.retries: dict[int, datetime | None] = {}
        self.to_rule: defaultdict[str, deque[AppliedRules]] = defaultdict(deque)
        self._leases: dict[tuple[int, Origin], Lease] = {}

    def add_mailbox(
        self, tenant_id: str, address: str, checkpoint: int = 1, *, state: str = "active"
    ) -> Mailbox:
        """Connect a mailbox."""
        new_id = len(self.rows) + 1
        mailbox = Mailbox(new_id, tenant_id, new_id, address, (), checkpoint, state, None, None)
        self.rows[new_id] = mailbox
        return mailbox

    async def mailboxes(self, tenant_id: str, ids: Collection[int] | None) -> list[Mailbox]:
        active = [m for m in self.rows.values() if m.tenant_id == tenant_id and m.state == "active"]
        return [m for m in active if ids is None or m.id in ids]

    async def acquire_lease(
        self, mailbox_id: int, origin: Origin, holder: str, ttl: timedelta, *, force: bool
    ) -> Lease:
        if self.rows[mailbox_id].state in ENDED:
            raise MailboxDisconnectedError("the mailbox is disconnected")
        now = datetime.now(UTC)
        held = self._leases.get((mailbox_id, origin))
        if held and held.until > now and not force:
            raise LeaseHeldError(held.until)
        lease = Lease(mailbox_id, origin, holder, (held.token if held else 0) + 1, now + ttl)
        self._leases[mailbox_id, origin] = lease
        return lease

    async def renew_lease(self, lease: Lease, ttl: timedelta) -> None:
        self._fence(lease)
        self._leases[lease.mailbox_id, lease.origin] = replace(lease, until=datetime.now(UTC) + ttl)

    async def release_lease(self, lease: Lease) -> None:
        key = (lease.mailbox_id, lease.origin)
        if self._leases[key].token == lease.token:
            self._leases[key] = replace(lease, until=datetime.now(UTC))

    async def apply_history(
        self, lease: Lease, changes: Sequence[MessageChange], checkpoint: int | None
    ) -> Counts:
        self._fence(lease)
        counts = Counts()
        deleted = [
            change.message_id
            for change in changes
            if change.deleted and (lease.mailbox_id, change.message_id) in self.emails
        ]
        admitted = await self._admit(lease.mailbox_id, deleted)
        for change in changes:
            key = (lease.mailbox_id, change.message_id)
            if change.message_id in deleted and change.message_id not in admitted:
                continue
            before = self.entries.get(key)
            busy = self._leases.get((lease.mailbox_id, "backfill"))
            is_left = busy is None or busy.until <= datetime.now(UTC)
            entry = after_change(before, change, is_left=is_left)
            email = self.emails.get(key)
            if entry.fate == "gone":
                counts.deleted += self.emails.pop(key, None) is not None
            elif email and change.label_ids is not None and email.history_id < change.history_id:
                self.emails[key] = replace(
                    email, label_ids=change.label_ids, history_id=change.history_id
                )
                counts.updated += 1
            if before is None or before.fate != entry.fate:
                counts.discovered += before is None or entry.fate == "pending"
                counts.left_out += entry.fate == "left_out"
                counts.gone += entry.fate == "gone" and email is None
            self._note(key, entry)
        if checkpoint is not None:
            self._move_checkpoint(lease.mailbox_id, checkpoint)
        return counts

    async def open_listing(self, lease: Lease, window: Window) -> Listing:
        self._fence(lease)
        for listing in self.listings:
            if listing.mailbox_id != lease.mailbox_id or listing.origin != lease.origin:
                continue
            if (listing.window == window) if lease.origin == "backfill" else not listing.done:
                return listing
        return self._new_listing(lease.mailbox_id, window, lease.origin)

    async def has_unfinished_listing(self, mailbox_id: int) -> bool:
        return any(
            listing.mailbox_id == mailbox_id and listing.origin == "listing" and not listing.done
            for listing in self.listings
        )

    async def apply_list_page(
        self, lease: Lease, listing: Listing, refs: Sequence[MessageRef], next_token: str | None
    ) -> AppliedPage:
        self._fence(lease)
        counts = Counts(listed=len(refs))
        for ref in refs:
            key = (lease.mailbox_id, ref.message_id)
            before = self.entries.get(key)
            entry = after_sighting(before, ref.thread_id, listing.origin)
            counts.discovered += entry is not before
            self._note(key, entry)
            if listing.origin == "backfill" and entry.fate == "pending":
                self._name(key, listing)
        moved = replace(listing, page_token=next_token, done=next_token is None)
        return AppliedPage(self._put_listing(moved), counts)

    async def restart_listing(self, lease: Lease, listing: Listing) -> Listing:
        self._fence(lease)
        return self._put_listing(replace(listing, page_token=None, done=False))

    async def reset_history(self, lease: Lease, checkpoint: int, window: Window) -> None:
        self._fence(lease)
        if checkpoint < self.rows[lease.mailbox_id].checkpoint:
            self._outdate(lease.mailbox_id, checkpoint)
            for key, held in self._leases.items():
                if key[0] == lease.mailbox_id and key[1] != lease.origin:
                    self._leases[key] = replace(held, token=held.token + 1, until=datetime.now(UTC))
        self._new_listing(lease.mailbox_id, window)
        self._change(lease.mailbox_id, checkpoint=checkpoint, reconcile_wanted=True)

    async def due_messages(
        self, mailbox_id: int, origin: Origin, limit: int, listing_id: int | None = None
    ) -> DueMessages:
        now = datetime.now(UTC)
        sizes = Counter(
            entry.thread_id
            for (mailbox, _), entry in self.entries.items()
            if mailbox == mailbox_id and entry.fate != "gone"
        )
        due = [
            PendingMessage(
                key[1],
                entry.thread_id,
                self.attempts[key].attempts,
                (now - self.attempts[key].first_seen).total_seconds(),
                self.attempts[key].missed,
            )
            for key, entry in self._pending(mailbox_id, origin, listing_id)
            if self.attempts[key].due <= now
        ]
        newest = sorted(due, key=lambda mail: (mail.thread_id, mail.message_id), reverse=True)
        named = newest[:limit]
        threads = {message.thread_id for message in named if message.thread_id}
        return DueMessages(named, {thread: sizes[thread] for thread in threads})

    async def save(self, lease: Lease, outcomes: Sequence[Outcome]) -> Counts:
        self._fence(lease)
        counts = Counts()
        for outcome in outcomes:
            match outcome:
                case Stored(message):
                    self._store(lease, message, counts)
                case LeftOut(message_id, reason, history_id):
                    self._decide(lease, message_id, "left_out", counts, reason, history_id)
                case Gone(message_id):
                    self._decide(lease, message_id, "gone", counts)
                case Failed():
                    self._fail(lease, outcome, counts)
        return counts

    async def next_due(
        self, mailbox_id: int, origin: Origin | None, listing_id: int | None = None
    ) -> datetime | None:
        pending = self._pending(mailbox_id, origin, listing_id)
        return min((self.attempts[key].due for key, _ in pending), default=None)

    async def finish_sync(self, lease: Lease) -> None:
        self._fence(lease)
        self.failures.pop(lease.mailbox_id, None)
        self.retries.pop(lease.mailbox_id, None)
        row = self.rows[lease.mailbox_id]
        own = [listing for listing in self.listings if listing.mailbox_id == row.id]
        listed = [listing for listing in own if listing.origin == "listing"]
        is_first = row.last_synced_at is None and listed and all(listing.done for listing in listed)
        if lease.origin == "push" or (lease.origin == "listing" and is_first):
            self._change(lease.mailbox_id, last_synced_at=datetime.now(UTC))

    async def set_mailbox_state(
        self,
        mailbox_id: int,
        state: str,
        error: str | None,
        *,
        cause: str | None = None,
        generation: int | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        row = self.rows[mailbox_id]
        noted = state != "active" or row.state == "active"
        if row.state not in ENDED and noted and generation in {None, row.generation}:
            self._change(mailbox_id, state=state)
            self.failures[mailbox_id] = (error, cause)
            self.retries[mailbox_id] = retry_at

    async def set_watch(self, mailbox_id: int, expires_at: datetime | None) -> None:
        self._change(mailbox_id, watch_expires_at=expires_at)

    async def set_aliases(self, mailbox_id: int, aliases: Collection[str]) -> None:
        row = self.rows[mailbox_id]
        if row.state not in ENDED:
            others = {mailbox.address for mailbox in self._living(row.tenant_id)}
            former = set(row.former_addresses) - others
            known = {*aliases, *former, *self.differing.get(mailbox_id, ())} - {row.address}
            self._change(mailbox_id, aliases=tuple(sorted(known)))

    async def decide_next(self, tenant_id: str) -> AppliedRules | None:
        left = self.to_rule[tenant_id]
        return left.popleft() if left else None

    def _fence(self, lease: Lease) -> None:
        if self.rows[lease.mailbox_id].state in ENDED:
            raise MailboxDisconnectedError("the mailbox was disconnected")
        if self._leases[lease.mailbox_id, lease.origin].token != lease.token:
            raise LeaseLostError("another worker took this mailbox over")

    def _note(self, key: tuple[int, str], entry: Entry) -> None:
        before = self.entries.get(key)
        times = self.attempts.setdefault(key, Attempts())
        if before is not None and before.fate != entry.fate:
            times.error, times.missed, times.due = None, False, datetime.now(UTC)
            times.attempts = 0 if entry.fate == "pending" else times.attempts
        self.entries[key] = entry

    def _store(self, lease: Lease, message: ParsedMessage, counts: Counts) -> None:
        key = (lease.mailbox_id, message.gmail_id)
        entry = after_storing(
            self.entries.get(key), message.thread_id, message.history_id, lease.origin
        )
        if entry is None:
            return
        self._note(key, entry)
        if entry.fate != "stored":
            counts.retrying += 1
            return
        known = self.emails.get(key)
        if known is None:
            counts.stored += 1
            if lease.origin == "push":
                lag = max(0.0, (datetime.now(UTC) - message.internal_date).total_seconds())
                known_lag = counts.lag_seconds
                counts.lag_seconds = lag if known_lag is None else min(known_lag, lag)
        elif known.history_id < message.history_id:
            counts.updated += 1
        else:
            return
        self.emails[key] = message

    def _decide(
        self,
        lease: Lease,
        message_id: str,
        fate: Literal["left_out", "gone"],
        counts: Counts,
        reason: str | None = None,
        history_id: int = 0,
    ) -> None:
        before = self.entries.get(key := (lease.mailbox_id, message_id))
        if before is None:
            return
        entry = after_outcome(before, fate, reason, history_id)
        self._note(key, entry)
        if entry is not before:
            counts.left_out += entry.fate == "left_out"
            counts.gone += entry.fate == "gone"
            counts.retrying += entry.fate == "pending"

    def _fail(self, lease: Lease, failed: Failed, counts: Counts) -> None:
        key = (lease.mailbox_id, failed.message_id)
        entry = self.entries.get(key)
        if entry is None or entry.fate != "pending":
            return
        times = self.attempts[key]
        times.attempts += 1
        times.error, times.missed = failed.error, failed.missed
        if failed.retry_at is None:
            self.entries[key] = replace(entry, fate="dead")
            counts.dead += 1
        else:
            times.due = failed.retry_at
            counts.retrying += 1

    def _name(self, key: tuple[int, str], listing: Listing) -> None:
        """Let a message be this listing's; the one that named it before begins again."""
        other = self.named.get(key)
        if other is not None and other != listing.id:
            self._put_listing(replace(self.listings[other - 1], page_token=None, done=False))
        self.named[key] = listing.id

    def _pending(
        self, mailbox_id: int, origin: Origin | None, listing_id: int | None
    ) -> list[tuple[tuple[int, str], Entry]]:
        return [
            (key, entry)
            for key, entry in self.entries.items()
            if key[0] == mailbox_id
            and origin in {None, entry.origin}
            and listing_id in {None, self.named.get(key)}
            and entry.fate == "pending"
        ]

    def _new_listing(self, mailbox_id: int, window: Window, origin: Origin = "listing") -> Listing:
        number = len(self.listings) + 1
        listing = Listing(number, mailbox_id, window, None, done=False, origin=origin)
        self.listings.append(listing)
        return listing

    def _put_listing(self, listing: Listing) -> Listing:
        self.listings[listing.id - 1] = listing
        return listing

    def _outdate(self, mailbox_id: int, checkpoint: int) -> None:
        for key, entry in self.entries.items():
            if key[0] == mailbox_id and entry.history_id > checkpoint:
                self.entries[key] = replace(entry, history_id=0)
        for key, email in self.emails.items():
            if key[0] == mailbox_id and email.history_id > checkpoint:
                self.emails[key] = replace(email, history_id=0)

    def _move_checkpoint(self, mailbox_id: int, checkpoint: int) -> None:
        newest = max(self.rows[mailbox_id].checkpoint, checkpoint)
        self._change(mailbox_id, checkpoint=newest)

    def _change(self, mailbox_id: int, **values: object) -> None:
        self.rows[mailbox_id] = replace(self.rows[mailbox_id], **values)
