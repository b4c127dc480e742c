"""Listings: windows of a mailbox that are being listed, with their next page token.

Holds: statements on ``listings``, and the writing of a page's ids into the ledger. Keep out: what
is listed when (``sync/mailbox/discover.py``).
Source: docs/promises.md#promise-1; edge cases 7, 17, 40, 61.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.mail.ledger import read_entries, write_entries
from gmail_ingest.core.ledger.fates import Origin, after_sighting
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox.records import AppliedPage, Counts, Listing, MessageRef

#: How long a listing may be continued. Google keeps history for about as long, so a mailbox that
#: stayed connected has learned from it what came into the window since.
BELIEVED = timedelta(days=7)

_COLUMNS = "id, mailbox_id, window_start, window_end, page_token, done_at IS NOT NULL, origin"
_UNFINISHED = f"""
SELECT {_COLUMNS} FROM listings
WHERE mailbox_id = %s AND origin = 'listing' AND done_at IS NULL ORDER BY id LIMIT 1
"""  # noqa: S608 - the columns above
_OF_WINDOW = f"""
SELECT {_COLUMNS} FROM listings
WHERE mailbox_id = %s AND origin = 'backfill' AND (window_start, window_end) = (%s, %s)
  AND closed_at IS NULL AND started_at > now() - %s
ORDER BY id DESC LIMIT 1
"""  # noqa: S608 - the columns above
_OPEN = f"""
INSERT INTO listings (mailbox_id, window_start, window_end, origin) VALUES (%s, %s, %s, %s)
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns above
# A listing waits for all ids that it named, whoever fetches them: the month of a backfill is
# complete when none of them is pending.
_NAME = """
WITH before AS (
    SELECT gmail_id, listing_id FROM message_ledger
    WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(named)s) AND fate = 'pending'
      AND listing_id IS DISTINCT FROM %(id)s
), named AS (
    UPDATE message_ledger l SET listing_id = %(id)s FROM before b
    WHERE l.mailbox_id = %(mailbox_id)s AND l.gmail_id = b.gmail_id
)
UPDATE listings SET page_token = NULL, done_at = NULL
WHERE closed_at IS NULL AND id IN (SELECT listing_id FROM before)
"""
_MOVE = f"""
UPDATE listings
SET page_token = %(token)s, ids_listed = ids_listed + %(ids)s,
    done_at = CASE WHEN %(token)s::text IS NULL THEN now() END
WHERE id = %(id)s AND mailbox_id = %(mailbox_id)s
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns above
_RESTART = f"""
UPDATE listings SET page_token = NULL, ids_listed = 0, done_at = NULL
WHERE id = %s AND mailbox_id = %s
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns above


async def unfinished_listing(connection: Connection, mailbox_id: int) -> Listing | None:
    """The oldest listing that has not ended."""
    row = await (await connection.execute(_UNFINISHED, (mailbox_id,))).fetchone()
    return _listing(row) if row else None


async def listing_of(connection: Connection, mailbox_id: int, window: Window) -> Listing | None:
    """A backfill's listing of exactly this window that no completed month has used.

    It may have ended: then its ids need not be listed again.
    """
    wanted = (mailbox_id, window.start, window.end, BELIEVED)
    row = await (await connection.execute(_OF_WINDOW, wanted)).fetchone()
    return _listing(row) if row else None


async def new_listing(
    connection: Connection, mailbox_id: int, window: Window, origin: Origin
) -> Listing:
    """Open a listing of this window at its first page."""
    opened = await connection.execute(_OPEN, (mailbox_id, window.start, window.end, origin))
    return _listing(await opened.fetchone())


async def apply_page(
    connection: Connection, listing: Listing, refs: Sequence[MessageRef], token: str | None
) -> AppliedPage:
    """Put a page's ids into the ledger and go on to ``token``; None ends the listing.

    Ids that are new, or pending again because the page names them, count as discovered.
    """
    mailbox_id = listing.mailbox_id
    before = await read_entries(connection, mailbox_id, [ref.message_id for ref in refs])
    named = {ref.message_id: ref.thread_id for ref in refs}
    origin = listing.origin
    after = {key: after_sighting(before.get(key), thread, origin) for key, thread in named.items()}
    news = {key: entry for key, entry in after.items() if entry is not before.get(key)}
    await write_entries(connection, mailbox_id, news)
    place = {"id": listing.id, "mailbox_id": mailbox_id, "token": token, "ids": len(named)}
    if origin == "backfill":
        # An id that waited for another listing now belongs to this one. The other must be listed
        # again before it counts as complete.
        await connection.execute(_NAME, place | {"named": list(named)})
    moved = await connection.execute(_MOVE, place)
    counts = Counts(listed=len(named), discovered=len(news))
    return AppliedPage(_listing(await moved.fetchone()), counts)


async def restart(connection: Connection, listing: Listing) -> Listing:
    """Go back to the first page."""
    row = await connection.execute(_RESTART, (listing.id, listing.mailbox_id))
    return _listing(await row.fetchone())


def _listing(row: tuple[Any, ...] | None) -> Listing:
    assert row is not None  # noqa: S101 - listings are never deleted while their mailbox syncs
    listing_id, mailbox_id, start, end, token, done, origin = row
    return Listing(listing_id, mailbox_id, Window(start, end), token, done, origin)
