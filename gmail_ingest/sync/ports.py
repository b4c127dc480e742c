"""What the use cases need from the world, as Protocols and the frozen values that cross them.

Holds: ports and their values. Add here: a method only when a use case calls it.
Keep out: anything that does I/O, and anything that only one adapter needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from gmail_ingest.core.history import HistoryRecord, MessageChange
from gmail_ingest.core.message import ParsedMessage
from gmail_ingest.core.planner import FetchCall, PendingMessage
from gmail_ingest.core.windows import Window

#: ``incremental`` follows the history from the checkpoint; ``initial`` lists the last N days.
SyncKind = Literal["incremental", "initial"]
#: Who first saw an id, and fetches it: the history of changes, the listing of the last days, or a
#: historical sync. Each has a lease of its own, so that none waits for another or fetches its mail.
Source = Literal["live", "listing", "history"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One connected Gmail account of a tenant; ``checkpoint`` is the history id durably applied."""

    id: int
    tenant_id: str
    integration_id: int
    address: str
    aliases: tuple[str, ...]
    checkpoint: int
    state: str
    last_synced_at: datetime | None
    watch_expires_at: datetime | None
    #: Of its integration: grows with each consent.
    generation: int = 1
    #: History expired: what is stored must be compared with Google once.
    reconcile_wanted: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to sync one source of one mailbox until ``until`` (UTC); ``token`` fences it."""

    mailbox_id: int
    source: Source
    holder: str
    token: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """users.getProfile: the primary address, and the history id at this moment."""

    address: str
    history_id: int


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as a listing names it."""

    message_id: str
    thread_id: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of users.messages.list."""

    refs: tuple[MessageRef, ...]
    next_page_token: str | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of users.history.list; ``history_id`` is the mailbox's current one."""

    records: tuple[HistoryRecord, ...]
    next_page_token: str | None
    history_id: int


@dataclass(frozen=True, slots=True)
class Watch:
    """users.watch: pushes come until ``expires_at`` (UTC)."""

    history_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A window being listed; ``page_token`` is where it goes on, ``done`` that all is listed."""

    id: int
    mailbox_id: int
    window: Window
    page_token: str | None
    done: bool
    source: Source = "listing"


@dataclass(frozen=True, slots=True)
class Stored:
    """The message is to be written to ``emails``."""

    message: ParsedMessage


@dataclass(frozen=True, slots=True)
class Excluded:
    """The named rule keeps the message out, as it was at ``history_id`` (0 if unknown)."""

    message_id: str
    rule: str
    history_id: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """Google no longer has the message."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed: again at ``retry_at`` (UTC), or dead-lettered if that is None."""

    message_id: str
    error: str
    retry_at: datetime | None


Outcome = Stored | Excluded | Gone | Failed


@dataclass(slots=True)
class Counts:
    """What a sync did, in messages; ``units`` in Google's quota units."""

    listed: int = 0
    discovered: int = 0
    stored: int = 0
    updated: int = 0
    deleted: int = 0
    excluded: int = 0
    gone: int = 0
    retrying: int = 0
    dead: int = 0
    units: int = 0
    #: Seconds from Google's internal date to the commit, of the newest live message stored.
    lag_seconds: float | None = field(default=None)

    def add(self, other: Counts) -> None:
        """Add another sync's counts to these."""
        for name in self.totals():
            setattr(self, name, getattr(self, name) + getattr(other, name))
        lags = [lag for lag in (self.lag_seconds, other.lag_seconds) if lag is not None]
        self.lag_seconds = max(lags, default=None)

    def take(self) -> Counts:
        """Hand these counts over, and begin anew."""
        taken = replace(self)
        for name in self.totals():
            setattr(self, name, 0)
        self.lag_seconds = None
        return taken

    def totals(self) -> dict[str, int]:
        """The counters by name, without the lag."""
        names = [name for name in self.__slots__ if name != "lag_seconds"]
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Claim:
    """A queue row held by ``holder`` until it acknowledges, releases, or lets it expire.

    ``mailbox_ids`` None means every mailbox of the tenant; ``force`` takes leases over; ``deaths``
    counts the workers that died with it, one after the other.
    """

    id: int
    tenant_id: str
    kind: SyncKind
    job_id: UUID
    mailbox_ids: tuple[int, ...] | None
    attempts: int
    force: bool
    holder: str
    deaths: int = 0


class MailSource(Protocol):
    """One mailbox at Google. Raises the classes of ``gmail_ingest.errors``; counts its units."""

    @property
    def units_spent(self) -> int:
        """Quota units of all calls so far, also of those that failed after Google took them."""
        ...

    async def profile(self) -> Profile:
        """Read the profile (1 unit)."""
        ...

    async def list_messages(
        self,
        window: Window,
        page_token: str | None,
        *,
        label_id: str | None = None,
        everywhere: bool = False,
    ) -> ListPage:
        """List a page of at most 500 ids (5 units); PageTokenInvalidError for a stale token.

        ``label_id`` narrows to one label (RejectedRequestError if there is no such label any
        more), ``everywhere`` includes spam and trash.
        """
        ...

    async def label_ids(self) -> frozenset[str]:
        """Ids of the mailbox's labels, Gmail's own and the user's (1 unit)."""
        ...

    async def list_history(self, start: int, page_token: str | None) -> HistoryPage:
        """Read a page of at most 500 records after ``start`` (2 units); HistoryExpiredError."""
        ...

    async def fetch(self, call: FetchCall) -> Mapping[str, ParsedMessage]:
        """Fetch a message or thread, parsed by message id; an id that Google no longer has is
        absent. Bodies that Gmail keeps apart are fetched as well (attachments_get units).
        """
        ...

    async def watch(self, topic: str) -> Watch:
        """Start or renew push notifications (100 units); WatchTopicConflictError."""
        ...

    async def stop(self) -> None:
        """Stop push notifications (50 units)."""
        ...


class MailStore(Protocol):
    """The ledger, the checkpoint and the rows, each method one transaction.

    A method that takes a lease writes nothing and raises LeaseLostError when the lease was taken
    over, MailboxDisconnectedError when the mailbox was disconnected.
    """

    async def mailboxes(self, tenant_id: str, ids: Collection[int] | None) -> list[Mailbox]:
        """The tenant's mailboxes that may be synced (state ``active``), all or those named."""
        ...

    async def acquire_lease(
        self, mailbox_id: int, source: Source, holder: str, ttl: timedelta, *, force: bool
    ) -> Lease:
        """Take the lease if it is free, expired, or ``force``; LeaseHeldError otherwise."""
        ...

    async def renew_lease(self, lease: Lease, ttl: timedelta) -> None:
        """Extend a lease."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Give a lease back; no error if it is no longer held."""
        ...

    async def apply_history(
        self, lease: Lease, changes: Sequence[MessageChange], checkpoint: int | None
    ) -> Counts:
        """Put a folded history page into the ledger and, with the last page, move the checkpoint
        (never backwards), in one transaction.
        """
        ...

    async def open_listing(self, lease: Lease, window: Window) -> Listing:
        """Where listing goes on: the mailbox's oldest unfinished listing, or a new one of this
        window.

        With a lease of ``history`` it is this window's own: the one of the last days that no
        completed month has used up, be it listed to its end or not, or else a new one.
        """
        ...

    async def apply_list_page(
        self, lease: Lease, listing: Listing, refs: Sequence[MessageRef], next_token: str | None
    ) -> tuple[Listing, Counts]:
        """Put listed ids into the ledger and move the page token, in one transaction."""
        ...

    async def restart_listing(self, lease: Lease, listing: Listing) -> Listing:
        """Begin the listing again at its first page."""
        ...

    async def reset_history(self, lease: Lease, checkpoint: int, window: Window) -> None:
        """After expired history: set the checkpoint (never backwards) and open a listing of the
        window that it skipped, in one transaction; a reconciliation is wanted from then on.
        """
        ...

    async def due_messages(
        self, mailbox_id: int, source: Source, limit: int, listing_id: int | None = None
    ) -> tuple[list[PendingMessage], Mapping[str, int]]:
        """Ids to fetch now, newest thread first, and how many messages their threads are known
        to have; of one listing only, if one is named.
        """
        ...

    async def save(self, lease: Lease, outcomes: Sequence[Outcome]) -> Counts:
        """Write rows and fates of a batch, in one transaction."""
        ...

    async def next_due(
        self, mailbox_id: int, source: Source | None, listing_id: int | None = None
    ) -> datetime | None:
        """When the next pending id of this source (or of any) is due (UTC), None if none is
        pending; of one listing only, if one is named.
        """
        ...

    async def finish_sync(self, lease: Lease) -> None:
        """Note that the mailbox was synced to the end, now."""
        ...

    async def set_mailbox_state(
        self,
        mailbox_id: int,
        state: str,
        error: str | None,
        *,
        cause: str | None = None,
        generation: int | None = None,
    ) -> None:
        """Put a mailbox in a state (never out of ``disconnected``), and its integration in line.

        State ``active`` only notes the error of a mailbox that is active. Nothing changes if the
        integration's generation is not this one any more: it was connected anew meanwhile.
        """
        ...

    async def set_watch(self, mailbox_id: int, expires_at: datetime | None) -> None:
        """Note until when Google pushes for this mailbox; None after stop."""
        ...


class SyncQueue(Protocol):
    """The queue: at most one waiting row for a tenant and kind; acknowledged after the commit."""

    async def enqueue(
        self,
        tenant_id: str,
        kind: SyncKind,
        *,
        mailbox_ids: Collection[int] | None = None,
        history_id: int | None = None,
        force: bool = False,
    ) -> UUID:
        """Ask for a sync; joins the waiting row if there is one. Returns the job's id."""
        ...

    async def claim(
        self,
        holder: str,
        *,
        limit: int,
        ttl: timedelta,
        tenant_id: str | None = None,
        dagster_run_id: str | None = None,
    ) -> list[Claim]:
        """Take rows that wait (or whose claim expired), oldest first, SKIP LOCKED; never a row
        whose tenant and kind somebody holds, unless it is forced.
        """
        ...

    async def extend(self, claims: Sequence[Claim], ttl: timedelta) -> None:
        """Heartbeat: extend claims."""
        ...

    async def acknowledge(
        self, claim: Claim, state: str, counts: Counts, error: str | None
    ) -> None:
        """Remove a claimed row and end its job in ``state``; nothing if the claim was lost."""
        ...

    async def release(
        self, claim: Claim, not_before: datetime, counts: Counts, error: str | None
    ) -> None:
        """Give a claimed row back to wait until ``not_before``; merges with a waiting one."""
        ...
