"""Push notifications of mailboxes: started, and renewed before they lapse.

Holds: ``start_watch`` and ``renew_watches``. Add here: what concerns users.watch, and what else is
asked of a mailbox once a day.
Keep out: receiving pushes (``webhook_api``). A watch's history id never becomes a checkpoint: that
would skip what is not yet in the ledger (google-facts section 4).
Source: google-facts section 4 (7 days of life, renewal once a day); edge case 24.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from gmail_ingest.errors import (
    GmailIngestError,
    MailboxStateError,
    WatchTopicConflictError,
    place_of,
    trace_of,
)
from gmail_ingest.sync.ports import MailSource, MailStore
from gmail_ingest.sync.records import Mailbox, Watch
from gmail_ingest.sync.side_by_side import side_by_side

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


async def start_watch(source: MailSource, topic: str) -> Watch:
    """Watch a mailbox; an older watch on another topic is stopped first (edge case 24)."""
    try:
        return await source.watch(topic)
    except WatchTopicConflictError:
        await source.stop()
        return await source.watch(topic)


async def renew_watches(
    watched: WatchedMailboxes,
    store: MailStore,
    open_source: Callable[[Mailbox], MailSource],
    topic: str,
) -> tuple[int, int]:
    """Renew what is due. Returns how many watches were renewed, and how many failed.

    The owner's aliases are read again by the way: they change as seldom. A failed renewal is
    visible as the mailbox's ``watch_expires_at`` and is tried again next time; the poll sweep finds
    the mail meanwhile.
    """
    renewed = failed = 0

    async def renew(mailbox: Mailbox) -> None:
        nonlocal renewed, failed
        try:
            done = await _renew(store, open_source(mailbox), mailbox, topic)
        except Exception as error:  # noqa: BLE001 - counted, and no reason to leave others out
            crash = {"error": place_of(error), "trace": trace_of(error)}
            log.error("watch_crashed", mailbox_id=mailbox.id, **crash)  # noqa: TRY400 - its text may be private
            done = False
        renewed += done
        failed += not done

    after = 0
    while due := await watched.watches_due(RENEW_BELOW, after=after, limit=PAGE):
        await side_by_side(RENEWALS_AT_ONCE, due, renew)
        after = due[-1].id
    return renewed, failed


async def _renew(store: MailStore, source: MailSource, mailbox: Mailbox, topic: str) -> bool:
    try:
        watch = await start_watch(source, topic)
    except MailboxStateError as error:
        await store.set_mailbox_state(
            mailbox.id,
            error.state,
            str(error),
            cause=error.cause,
            generation=mailbox.generation,
        )
        return False
    except GmailIngestError as error:
        log.warning("watch_failed", mailbox_id=mailbox.id, error=type(error).__name__)
        return False
    await store.set_watch(mailbox.id, watch.expires_at)
    with contextlib.suppress(GmailIngestError):
        await store.set_aliases(mailbox.id, await source.aliases())
    return True
