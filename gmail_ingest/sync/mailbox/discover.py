"""Discovery: every id that Google names goes into the ledger, before any body is asked for.

Holds: ``follow_history``, ``list_window``, ``list_to_end``. Add here: further ways to learn of ids.
Keep out: bodies. Each page is one transaction together with the checkpoint or page token, so that
neither can pass an id that the ledger does not have (docs/promises.md#promise-1).
Source: docs/google.md#history; edge cases 3 to 11, 40, 90, 91.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gmail_ingest.core.ledger.history_records import fold_history
from gmail_ingest.core.ledger.windows import Window, last_days
from gmail_ingest.errors import (
    AccountReplacedError,
    AddressMovedError,
    HistoryExpiredError,
    PageTokenInvalidError,
    RejectedRequestError,
    TransientError,
)
from gmail_ingest.sync.mailbox.consequences import Note, tell_mailbox
from gmail_ingest.sync.mailbox.identity import find_former, note_address, recognise
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import (
    Counts,
    HistoryPage,
    Lease,
    Listing,
    ListPage,
    Mailbox,
    Profile,
)
from gmail_ingest.sync.mailbox.session import MailboxSession

#: The search index is eventually consistent: a resync overlaps what was synced (edge case 62).
OVERLAP = timedelta(days=1)
#: Times that a reading begins again after a refused page token; then the queue tries again later,
#: so that tokens that are always refused do not use up a mailbox's units.
RESTARTS = 3


class FollowedHistory(NamedTuple):
    """What following the history brought; ``expired`` if Gmail no longer had it.

    Then the transaction that moved the checkpoint opened a resync listing, which is still to be
    listed.
    """

    counts: Counts
    expired: bool


async def follow_history(session: MailboxSession[MailStore], lease: Lease) -> FollowedHistory:
    """Apply all pages of history after the checkpoint.

    A history id below the checkpoint is an expired history, whatever the status of the answer
    (edge case 90).

    Raises:
        TransientError: Google refuses its own page tokens again and again.
        AccountReplacedError: another account has the mailbox's address (edge case 91).
        AddressMovedError: that account is connected as another mailbox (edge case 92).
    """
    store, client, mailbox = session.store, session.client, session.mailbox
    throttle, prices = session.throttle, session.policy.prices
    counts = Counts()
    page_token: str | None = None
    restarts, refused = 0, False
    while True:

        async def read(token: str | None = page_token) -> HistoryPage:
            return await client.list_history(mailbox.checkpoint, token)

        try:
            page = await throttle.call(read, prices.history_list)
        except (HistoryExpiredError, RejectedRequestError) as error:
            profile = await throttle.call(client.profile, prices.profile_get)
            if not _is_expired(error, profile, mailbox):
                refused = _retried(error, refused=refused)
                continue
            await _resync(session, lease, profile)
            return FollowedHistory(counts, expired=True)
        except PageTokenInvalidError as error:
            # The same window again from its first page: applying twice changes nothing.
            restarts, page_token = _one_more(restarts, error), None
            continue
        if page.history_id < mailbox.checkpoint:
            # Its history went back, or one of Google's replicas is late: the profile tells which.
            profile = await throttle.call(client.profile, prices.profile_get)
            if profile.history_id < mailbox.checkpoint:
                await _resync(session, lease, profile)
                return FollowedHistory(counts, expired=True)
        last = page.next_page_token is None
        changes = fold_history(page.records)
        if changes or last:
            counts.add(await store.apply_history(lease, changes, page.history_id if last else None))
        if last:
            return FollowedHistory(counts, expired=False)
        page_token = page.next_page_token


async def recognise_before_listing(session: MailboxSession[MailStore], lease: Lease) -> None:
    """Before a first sync lists again: make sure that the account is still the one whose mail is
    stored (1 unit, none where nothing is stored).

    Otherwise the ids of another account would be listed into this mailbox, and would then be the
    evidence that it is the same account (edge case 225).

    Raises:
        AccountReplacedError: another account has the mailbox's address (edge case 91).
        AddressMovedError: that account is connected as another mailbox (edge case 92).
    """
    store, mailbox = session.store, session.mailbox
    if not await store.sample_ids(mailbox.id, 1):
        return
    # Read under the lease: a sync of another kind may have set the checkpoint meanwhile.
    now = await store.mailboxes(mailbox.tenant_id, [mailbox.id])
    prices = session.policy.prices
    profile = await session.throttle.call(session.client.profile, prices.profile_get)
    if now and profile.history_id < now[0].checkpoint:
        session.mailbox = now[0]
        await _resync(session, lease, profile)


async def _resync(session: MailboxSession[MailStore], lease: Lease, profile: Profile) -> None:
    store, mailbox, policy = session.store, session.mailbox, session.policy
    await note_address(store, mailbox, profile)
    # The new checkpoint was read before the listing begins: what arrives meanwhile is in both.
    window = last_days(policy.initial_days, datetime.now(UTC))
    verdict = await recognise(
        store, session.client, session.throttle, mailbox, profile, policy.prices
    )
    if verdict != "same":
        await _refuse_moved(session)
    if profile.history_id < mailbox.checkpoint:
        if verdict == "other":
            await store.replace_account(lease, profile.history_id, window)
            raise AccountReplacedError(
                "another account has this address now: its first sync is queued, and the mail of "
                "the former one stays"
            )
        # How long history has been missing is unknown: as much is listed as in an initial sync.
    elif mailbox.last_synced_at is not None:
        window = Window(start=mailbox.last_synced_at - OVERLAP)
    await store.reset_history(lease, profile.history_id, window)


async def _refuse_moved(session: MailboxSession[MailStore]) -> None:
    """Stop both mailboxes if the account at this address is that of another mailbox: with a service
    account's key each one's mail would be stored again in the other's mailbox.

    Raises:
        AddressMovedError: it is.
    """
    store, mailbox, prices = session.store, session.mailbox, session.policy.prices
    living = await store.living(mailbox.tenant_id)
    others = [other for other in living if other.id != mailbox.id]
    former = await find_former(store, session.client, others, (), session.throttle, prices)
    if former is None:
        return
    error = AddressMovedError("the address is that of another mailbox's account by now")
    if former.state == "active":
        text = "another mailbox's address is that of its account by now"
        await tell_mailbox(store, former, Note(error.state, text, error.cause))
    raise error


async def list_window(session: MailboxSession[MailStore], lease: Lease, window: Window) -> Counts:
    """List the mailbox's unfinished window to its end, or this one if there is none.

    Raises:
        TransientError: Google refuses its own page tokens again and again.
    """
    counts = Counts()
    listing = await session.store.open_listing(lease, window)
    await list_to_end(session, lease, listing, counts)
    return counts


async def list_to_end(
    session: MailboxSession[MailStore], lease: Lease, listing: Listing, counts: Counts
) -> Listing:
    """Go on with a listing from where it is to its end, adding to ``counts`` page by page.

    Raises:
        TransientError: Google refuses its own page tokens again and again.
    """
    store, client, price = session.store, session.client, session.policy.prices.messages_list
    restarts = 0
    while not listing.done:

        async def read(listed: Listing = listing) -> ListPage:
            return await client.list_messages(listed.window, listed.page_token)

        try:
            page = await session.throttle.call(read, price)
        except PageTokenInvalidError as error:
            restarts = _one_more(restarts, error)
            listing = await store.restart_listing(lease, listing)
            continue
        applied = await store.apply_list_page(lease, listing, page.refs, page.next_page_token)
        listing = applied.listing
        counts.add(applied.counts)
    return listing


def _is_expired(error: Exception, profile: Profile, mailbox: Mailbox) -> bool:
    # However Google words it: a start beyond what it has now is an expired history.
    return isinstance(error, HistoryExpiredError) or profile.history_id < mailbox.checkpoint


def _retried(error: Exception, *, refused: bool) -> bool:
    # Its history id may have passed the start since: then the second call is answered.
    if refused:
        raise error
    return True


def _one_more(restarts: int, error: PageTokenInvalidError) -> int:
    if restarts >= RESTARTS:
        raise TransientError("Google refuses its own page tokens") from error
    return restarts + 1
