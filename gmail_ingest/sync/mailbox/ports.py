"""What every use case with a mailbox needs from the world, as Protocols.

Holds: ports. Add here: a method only when a use case calls it. Keep out: anything that does I/O,
values (``records.py``), and ports of a single use case (beside that).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import FetchCall
from gmail_ingest.sync.mailbox.records import (
    AppliedPage,
    AppliedRules,
    Counts,
    DueMessages,
    HistoryPage,
    Lease,
    Listing,
    ListPage,
    Mailbox,
    MessageRef,
    Outcome,
    Profile,
    Renaming,
    Watch,
)


class MailboxClient(Protocol):
    """One mailbox at Google. Raises the classes of ``gmail_ingest.errors``; counts its units."""

    @property
    def units_spent(self) -> int:
        """Quota units of all calls so far, also of those that failed after Google took them."""
        ...

    async def profile(self) -> Profile:
        """Read the profile (1 unit)."""
        ...

    async def aliases(self) -> tuple[str, ...]:
        """The owner's confirmed send-as addresses beside the mailbox's own, lower-cased (1 unit);
        among them the primary one, if the mailbox is known under another.
        """
        ...

    async def has_message(self, message_id: str) -> bool:
        """Whether the account has this message, spam and trash included (20 units)."""
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

    async def probe(self, message_id: str) -> None:
        """Get a whole message and discard it (20 units); raises if Google refuses it. A message
        that is gone, or cannot be parsed, is not refused.
        """
        ...

    async def watch(self, topic: str) -> Watch:
        """Start or renew push notifications (100 units); WatchTopicConflictError."""
        ...

    async def stop(self) -> None:
        """Stop push notifications (50 units)."""
        ...


class MailStore(Protocol):
    """The ledger, the checkpoint, the rows, and what is known of the accounts behind mailboxes:
    each method one transaction.

    A method that takes a lease writes nothing and raises LeaseLostError when the lease was taken
    over, MailboxDisconnectedError when the mailbox was disconnected.
    """

    async def mailboxes(self, tenant_id: str, ids: Collection[int] | None) -> list[Mailbox]:
        """The tenant's mailboxes that may be synced (state ``active``), all or those named."""
        ...

    async def acquire_lease(
        self, mailbox_id: int, origin: Origin, holder: str, ttl: timedelta, *, force: bool
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

        With a lease for a backfill it is a listing of this very window: one of the last days that
        no completed month has used, finished or not, or else a new one.
        """
        ...

    async def has_unfinished_listing(self, mailbox_id: int) -> bool:
        """Whether a window of the mailbox is still to be listed to its end."""
        ...

    async def apply_list_page(
        self, lease: Lease, listing: Listing, refs: Sequence[MessageRef], next_token: str | None
    ) -> AppliedPage:
        """Put listed ids into the ledger and move the page token, in one transaction."""
        ...

    async def restart_listing(self, lease: Lease, listing: Listing) -> Listing:
        """Begin the listing again at its first page."""
        ...

    async def reset_history(self, lease: Lease, checkpoint: int, window: Window) -> None:
        """After expired history: set the checkpoint, even backwards, and open a listing of the
        window that it skipped, in one transaction; a reconciliation is due from then on.

        Nothing else moves a checkpoint backwards. Where it goes back, all that is stored counts as
        older than what the new history says, and the mailbox's other leases end.
        """
        ...

    async def replace_account(self, lease: Lease, checkpoint: int, window: Window) -> int:
        """Another account has the mailbox's address: retire the mailbox, with its mail as it is,
        and make its successor, with a listing of the window, in one transaction.

        Returns the successor's id.
        """
        ...

    async def due_messages(
        self, mailbox_id: int, origin: Origin, limit: int, listing_id: int | None = None
    ) -> DueMessages:
        """What to fetch now of this origin; of one listing only, if one is named."""
        ...

    async def save(self, lease: Lease, outcomes: Sequence[Outcome]) -> Counts:
        """Write rows and fates of a batch, in one transaction."""
        ...

    async def next_due(
        self, mailbox_id: int, origin: Origin | None, listing_id: int | None = None
    ) -> datetime | None:
        """When the next pending id of this origin (or of any) is due (UTC), None if none is
        pending; of one listing only, if one is named.
        """
        ...

    async def finish_sync(self, lease: Lease) -> None:
        """Note that the mailbox was synced to the end: of its changes, now; of its first listing,
        when that began.
        """
        ...

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
        """Put a mailbox in a state (never out of ``disconnected``), and its integration in line.

        State ``active`` only notes the error of a mailbox that is active; with ``retry_at`` (UTC)
        it is tried again by itself then, and does not rest meanwhile. Nothing changes if the
        integration's generation is not this one any more: it was connected anew meanwhile.
        """
        ...

    async def set_watch(self, mailbox_id: int, expires_at: datetime | None) -> None:
        """Note until when Google pushes for this mailbox; None after stop."""
        ...

    async def set_aliases(self, mailbox_id: int, aliases: Collection[str]) -> None:
        """Note the owner's other addresses; they count for mail that is stored from now on.
        Former addresses of the account stay among them.
        """
        ...

    async def decide_next(self, tenant_id: str) -> AppliedRules | None:
        """Apply changed rules to the next stored mails; None: nothing is left."""
        ...

    async def living(self, tenant_id: str) -> list[Mailbox]:
        """The tenant's mailboxes in every state but ``replaced``, also disconnected ones."""
        ...

    async def sample_ids(self, mailbox_id: int, limit: int) -> list[str]:
        """Ids of stored mail: the newest, the oldest, and some between them."""
        ...

    async def knowing(self, tenant_id: str, message_ids: Collection[str]) -> Mapping[int, int]:
        """How many of these ids the ledger of each of the tenant's living mailboxes has."""
        ...

    async def rename(self, mailbox_id: int, address: str) -> Renaming:
        """Note the primary address that the account has now; the former one stays an alias.

        ``taken``: another living mailbox of the tenant has the address; then only the difference is
        noted. If that mailbox's own account is noted to have another address, it is renamed first,
        so that two accounts that swapped addresses are both renamed.
        """
        ...
