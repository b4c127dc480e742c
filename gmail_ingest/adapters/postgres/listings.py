"""Listings: windows of a mailbox on their way, with the page token that they go on from.

Holds: statements on ``listings``, and a page's ids into the ledger. Add here: a further kind of
window. Keep out: what is listed when (``sync/discover.py``).
Source: design promise 1; edge cases 7, 17, 40.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.ledger import read_entries, write_entries
from gmail_ingest.core.fates import after_sighting
from gmail_ingest.core.windows import Window
from gmail_ingest.sync.ports import Counts, Listing, MessageRef

_COLUMNS = "id, mailbox_id, window_start, window_end, page_token, done_at IS NOT NULL"
_UNFINISHED = f"""
SELECT {_COLUMNS} FROM listings
WHERE mailbox_id = %s AND done_at IS NULL ORDER BY id LIMIT 1
"""  # noqa: S608 - the columns above
_OPEN = f"""
INSERT INTO listings (mailbox_id, window_start, window_end) VALUES (%s, %s, %s)
RETURNING {_COLUMNS}
"""  # noqa: S608 - the columns above
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
    """The oldest listing that has not come to its end."""
    row = await (await connection.execute(_UNFINISHED, (mailbox_id,))).fetchone()
    return _listing(row) if row else None


async def new_listing(connection: Connection, mailbox_id: int, window: Window) -> Listing:
    """Open a listing of this window at its first page."""
    opened = await connection.execute(_OPEN, (mailbox_id, window.start, window.end))
    return _listing(await opened.fetchone())


async def apply_page(
    connection: Connection, listing: Listing, refs: Sequence[MessageRef], token: str | None
) -> tuple[Listing, Counts]:
    """Put a page's ids into the ledger and go on to ``token``; None ends the listing.

    Ids that are new, or that the page proves to be there after all, count as discovered.
    """
    mailbox_id = listing.mailbox_id
    before = await read_entries(connection, mailbox_id, [each.message_id for each in refs])
    named = {each.message_id: each.thread_id for each in refs}
    after = {key: after_sighting(before.get(key), thread) for key, thread in named.items()}
    news = {key: entry for key, entry in after.items() if entry is not before.get(key)}
    await write_entries(connection, mailbox_id, news)
    place = {"id": listing.id, "mailbox_id": mailbox_id, "token": token, "ids": len(named)}
    moved = await connection.execute(_MOVE, place)
    return _listing(await moved.fetchone()), Counts(discovered=len(news))


async def restart(connection: Connection, listing: Listing) -> Listing:
    """Go back to the first page."""
    row = await connection.execute(_RESTART, (listing.id, listing.mailbox_id))
    return _listing(await row.fetchone())


def _listing(row: tuple[Any, ...] | None) -> Listing:
    assert row is not None  # noqa: S101 - listings are never deleted while their mailbox syncs
    id_, mailbox_id, start, end, token, done = row
    return Listing(id_, mailbox_id, Window(start, end), token, done)
