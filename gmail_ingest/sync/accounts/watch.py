"""Push notifications of mailboxes: started, and renewed before they lapse.

Holds: ``start_watch`` and ``renew_watches``. Add here: what concerns users.watch, and what else is
asked of a mailbox once a day.
Keep out: receiving pushes (``webhook_api``). A watch's history id never becomes a checkpoint: that
would skip what is not yet in the ledger (docs/google.md#watches). Source: docs/google.md#watches;
edge cases 24, 92 and 93.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple, Protocol

import structlog

from gmail_ingest.errors import (
    GmailIngestError,
    MailboxStateError,
    WatchTopicConflictError,
    place_of,
    trace_of,
)
from gmail_ingest.sync.mailbox.consequences import Note, tell_mailbox
from gmail_ingest.sync.mailbox.identity import note_address
from gmail_ingest.sync.mailbox.ports import MailboxClient, MailStore
from gmail_ingest.sync.mailbox.records import Mailbox, Profile, Watch
from gmail_ingest.sync.mailbox.side_by_side import side_by_side

log = structlog.get_logger(__name__)

#: Google lets a watch live seven days: with less than six left it is renewed, so once a day.
RENEW_BELOW = timedelta(days=6)
#: Renewals under way at once: 100 units each, of one mailbox each.
RENEWALS_AT_ONCE = 8
#: Mailboxes that are read at once, however many are due.
PAGE = 500


class WatchedMailboxes(Protocol):
    """Which mailboxes need a watch."""

    async def watches_due(self, below: timedelta, *, after: int, limit: int) -> list[Mailbox]:
        """Active mailboxes whose watch is missing or has less than ``below`` to live: the next
        ``limit`` by id, with an id above ``after``.
        """
        ...


class Renewals(NamedTuple):
    """How many watches were renewed, and how many failed."""

    renewed: int
    failed: int


async def start_watch(client: MailboxClient, topic: str) -> Watch:
    """Watch a mailbox; an older watch on another topic is stopped first (edge case 24)."""
    try:
        return await client.watch(topic)
    except WatchTopicConflictError:
        await client.stop()
        return await client.watch(topic)


async def renew_watches(
    watched: WatchedMailboxes,
    store: MailStore,
    open_client: Callable[[Mailbox], MailboxClient],
    topic: str,
    *,
    page: int = PAGE,
) -> Renewals:
    """Renew what is due.

    The account's addresses are read again, too, even without a topic (empty ``topic``, nothing is
    watched): if the primary one changed, the mailbox is renamed. A failed renewal is visible as the
    mailbox's
    ``watch_expires_at`` and is tried again next time; the poll sweep finds the mail meanwhile.
    """
    renewed = failed = 0

    taken: list[tuple[Mailbox, Profile]] = []

    async def renew(mailbox: Mailbox) -> None:
        nonlocal renewed, failed
        try:
            client = open_client(mailbox)
            done = not topic or await _renew(store, client, mailbox, topic)
            if done is not None:
                await _read_addresses(store, client, mailbox, taken)
        except Exception as error:  # noqa: BLE001 - counted, and no reason to leave others out
            crash = {"error": place_of(error), "trace": trace_of(error)}
            log.error("watch_crashed", mailbox_id=mailbox.id, **crash)  # noqa: TRY400 - its text may be private
            done = False
        renewed += bool(topic and done)
        failed += not done

    after = 0
    while due := await watched.watches_due(RENEW_BELOW, after=after, limit=page):
        await side_by_side(RENEWALS_AT_ONCE, due, renew)
        after = due[-1].id
    # The mailbox that had the address may have been renamed by now: two accounts may swap names.
    for mailbox, profile in taken:
        with contextlib.suppress(GmailIngestError):
            await _settle_taken(store, open_client, mailbox, profile)
    return Renewals(renewed, failed)


async def _renew(
    store: MailStore,
    client: MailboxClient,
    mailbox: Mailbox,
    topic: str,
) -> bool | None:
    """Whether it was done; None if the mailbox cannot be asked anything in its present state."""
    try:
        watch = await start_watch(client, topic)
    except MailboxStateError as error:
        await tell_mailbox(store, mailbox, Note(error.state, str(error), error.cause))
        return None
    except GmailIngestError as error:
        log.warning("watch_failed", mailbox_id=mailbox.id, error=type(error).__name__)
        return False
    await store.set_watch(mailbox.id, watch.expires_at)
    return True


async def _read_addresses(
    store: MailStore,
    client: MailboxClient,
    mailbox: Mailbox,
    taken: list[tuple[Mailbox, Profile]],
) -> None:
    with contextlib.suppress(GmailIngestError):
        profile = await client.profile()
        if await note_address(store, mailbox, profile) == "taken":
            taken.append((mailbox, profile))
    with contextlib.suppress(GmailIngestError):
        await store.set_aliases(mailbox.id, await client.aliases())


async def _settle_taken(
    store: MailStore,
    open_client: Callable[[Mailbox], MailboxClient],
    mailbox: Mailbox,
    profile: Profile,
) -> None:
    """Rename to an address that is free by now; else ask whose it is, and stop a duplicate."""
    if await note_address(store, mailbox, profile) != "taken":
        return
    living = await store.living(mailbox.tenant_id)
    holder = next((other for other in living if other.address == profile.address), None)
    if holder is None or holder.state != "active":
        return
    if (await open_client(holder).profile()).address == profile.address:
        text = "its account has another primary address now, and is connected under that, too"
        await tell_mailbox(store, mailbox, Note("duplicate", text, "duplicate"))
