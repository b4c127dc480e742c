"""The MailStore port in Postgres. Each method is one transaction, fenced where it takes a lease.

Holds: ``PostgresMailStore``. Add here: a method of the port. Keep out: longer SQL (``leases``,
``ledger``, ``history_apply``, ``listings``, ``save_batch``), and methods for comparisons with
Google and for accounts (in the classes from which it inherits).
Source: ``sync/mailbox/ports.py``; docs/promises.md#promise-1, #promise-2, #promise-3, #promise-9.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import LiteralString

from gmail_ingest.adapters.postgres.accounts.account_identity import PostgresAccounts
from gmail_ingest.adapters.postgres.audit.comparisons import PostgresComparisons
from gmail_ingest.adapters.postgres.engine import Connection, statement, transaction
from gmail_ingest.adapters.postgres.exclusions import exclusion_marks
from gmail_ingest.adapters.postgres.mail import ledger
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import MAILBOX_COLUMNS, to_mailbox
from gmail_ingest.adapters.postgres.mailboxes.mailbox_states import write_state
from gmail_ingest.adapters.postgres.sync import leases, listings
from gmail_ingest.adapters.postgres.sync.history_apply import apply_changes
from gmail_ingest.adapters.postgres.sync.save_batch import save_outcomes
from gmail_ingest.core.ledger.fates import Origin
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox.records import (
    AppliedPage,
    AppliedRules,
    Counts,
    DueMessages,
    Lease,
    Listing,
    Mailbox,
    MessageRef,
    Outcome,
)

_MAILBOXES = f"""
SELECT {MAILBOX_COLUMNS} FROM mailboxes m
WHERE m.tenant_id = %s AND m.state = 'active' AND (%s::bigint[] IS NULL OR m.id = ANY(%s))
ORDER BY m.id
"""  # noqa: S608 - the columns of mailbox_rows
_CHECKPOINT = "UPDATE mailboxes SET checkpoint = GREATEST(checkpoint, %s::numeric) WHERE id = %s"
# A late answer of an overtaken sync never moves the checkpoint back; only an expired history sets
# it to any value.
_RESET = """
UPDATE mailboxes SET checkpoint = %(checkpoint)s::numeric, reconcile_wanted_at = now()
WHERE id = %(id)s
"""
_WENT_BACK = """
UPDATE mailboxes SET history_reset_at = now(), last_push_history_id = NULL
WHERE id = %(id)s AND checkpoint > %(checkpoint)s::numeric
RETURNING id
"""
# A worker that fetched before the reset would save history ids above all future ones.
_FENCE_OUT = """
UPDATE leases SET token = token + 1, holder = '', until = now()
WHERE mailbox_id = %(id)s AND origin <> %(origin)s
"""
# Else no future change would be newer than the stored history ids.
_OUTDATE = (
    """UPDATE message_ledger SET history_id = 0
    WHERE mailbox_id = %(id)s AND history_id > %(checkpoint)s::numeric""",
    """UPDATE emails SET history_id = 0
    WHERE mailbox_id = %(id)s AND history_id > %(checkpoint)s::numeric""",
)
_SYNCED: Mapping[Origin, LiteralString] = {
    "push": """
        UPDATE mailboxes m
        SET last_synced_at = now(),
            last_error = CASE WHEN m.state <> 'active' THEN m.last_error END,
            cause = CASE WHEN m.state <> 'active' THEN m.cause END,
            failed_at = CASE WHEN m.state <> 'active' THEN m.failed_at END,
            failing_since = CASE WHEN m.state <> 'active' THEN m.failing_since END,
            retry_at = CASE WHEN m.state <> 'active' THEN m.retry_at END
        WHERE
    """,
    # An incremental sync also takes this lease, for retries, perhaps before the listing has ended.
    # A first listing covers mail up to its start, and history is read from before that. A failure
    # that is retried (retry_at) may be the listing's own.
    "listing": """
        UPDATE mailboxes m
        SET initial_synced_at = coalesce(m.initial_synced_at, now()),
            last_synced_at = coalesce(m.last_synced_at, (
                SELECT max(l.started_at) FROM listings l
                WHERE l.mailbox_id = m.id AND l.origin = 'listing')),
            retry_at = NULL,
            last_error = CASE WHEN m.retry_at IS NULL THEN m.last_error END,
            cause = CASE WHEN m.retry_at IS NULL THEN m.cause END,
            failing_since = CASE WHEN m.retry_at IS NULL THEN m.failing_since END
        WHERE EXISTS (SELECT FROM listings l WHERE l.mailbox_id = m.id AND l.origin = 'listing'
                      AND l.done_at IS NOT NULL)
          AND NOT EXISTS (SELECT FROM listings l WHERE l.mailbox_id = m.id
                          AND l.origin = 'listing' AND l.done_at IS NULL) AND
    """,
}
_WATCH = "UPDATE mailboxes SET watch_expires_at = %s WHERE id = %s"
# A former address stays the account's unless another mailbox of the tenant has it now.
_ALIASES = """
UPDATE mailboxes m SET aliases = known.addresses
FROM (SELECT ARRAY(
    SELECT DISTINCT each FROM (
        SELECT unnest(%(aliases)s::text[])
        UNION ALL SELECT k.present_address FROM mailboxes k WHERE k.id = %(id)s
        UNION ALL SELECT former FROM mailboxes k, unnest(k.former_addresses) former
        WHERE k.id = %(id)s AND NOT EXISTS (
            SELECT FROM mailboxes o
            WHERE o.tenant_id = k.tenant_id AND o.address = former AND o.state <> 'replaced')
    ) AS candidate (each)
    WHERE each <> (SELECT address FROM mailboxes WHERE id = %(id)s)
    ORDER BY each
) AS addresses) AS known
WHERE m.id = %(id)s AND m.aliases <> known.addresses
  AND m.state NOT IN ('disconnected', 'replaced')
"""


class PostgresMailStore(PostgresComparisons, PostgresAccounts):
    """Implements ``sync.mailbox.ports.MailStore``, which says what each method does and raises."""

    async def mailboxes(self, tenant_id: str, ids: Collection[int] | None) -> list[Mailbox]:
        """The tenant's active mailboxes, all or those named."""
        named = None if ids is None else list(ids)
        async with statement(self._engine) as connection:
            rows = await connection.execute(_MAILBOXES, (tenant_id, named, named))
            return [to_mailbox(row) for row in await rows.fetchall()]

    async def acquire_lease(
        self, mailbox_id: int, origin: Origin, holder: str, ttl: timedelta, *, force: bool
    ) -> Lease:
        """Take the lease if it is free, expired, or ``force``."""
        return await leases.acquire(self._engine, mailbox_id, origin, holder, ttl, force=force)

    async def renew_lease(self, lease: Lease, ttl: timedelta) -> None:
        """Extend a lease."""
        await leases.renew(self._engine, lease, ttl)

    async def release_lease(self, lease: Lease) -> None:
        """Give a lease back."""
        await leases.release(self._engine, lease)

    async def apply_history(
        self, lease: Lease, changes: Sequence[MessageChange], checkpoint: int | None
    ) -> Counts:
        """Apply a folded history page and, with the last page, move the checkpoint."""
        async with leases.fenced(self._engine, lease) as connection:
            counts = await apply_changes(connection, lease.mailbox_id, changes, self._limits)
            if checkpoint is not None:
                await _move_checkpoint(connection, lease.mailbox_id, checkpoint)
        return counts

    async def open_listing(self, lease: Lease, window: Window) -> Listing:
        """The unfinished listing, or a new one of this window."""
        async with leases.fenced(self._engine, lease) as connection:
            if lease.origin == "backfill":
                known = await listings.listing_of(connection, lease.mailbox_id, window)
            else:
                known = await listings.unfinished_listing(connection, lease.mailbox_id)
            return known or await listings.new_listing(
                connection, lease.mailbox_id, window, lease.origin
            )

    async def has_unfinished_listing(self, mailbox_id: int) -> bool:
        """Whether the mailbox has a listing that has not ended."""
        async with statement(self._engine) as connection:
            return await listings.unfinished_listing(connection, mailbox_id) is not None

    async def apply_list_page(
        self, lease: Lease, listing: Listing, refs: Sequence[MessageRef], next_token: str | None
    ) -> AppliedPage:
        """Put listed ids into the ledger and move the page token."""
        async with leases.fenced(self._engine, lease) as connection:
            return await listings.apply_page(connection, listing, refs, next_token)

    async def restart_listing(self, lease: Lease, listing: Listing) -> Listing:
        """Begin the listing again at its first page."""
        async with leases.fenced(self._engine, lease) as connection:
            return await listings.restart(connection, listing)

    async def reset_history(self, lease: Lease, checkpoint: int, window: Window) -> None:
        """After expired history: set the checkpoint, and open a listing of the gap."""
        values = {
            "id": lease.mailbox_id,
            "origin": lease.origin,
            "checkpoint": str(checkpoint),
        }
        async with leases.fenced(self._engine, lease) as connection:
            if (await connection.execute(_WENT_BACK, values)).rowcount:
                for step in (_FENCE_OUT, *_OUTDATE):
                    await connection.execute(step, values)
            await connection.execute(_RESET, values)
            await listings.new_listing(connection, lease.mailbox_id, window, "listing")

    async def due_messages(
        self, mailbox_id: int, origin: Origin, limit: int, listing_id: int | None = None
    ) -> DueMessages:
        """Ids to fetch now, newest thread first, and the sizes of their threads."""
        async with statement(self._engine) as connection:
            return await ledger.read_due(connection, mailbox_id, origin, limit, listing_id)

    async def save(self, lease: Lease, outcomes: Sequence[Outcome]) -> Counts:
        """Write rows and fates of a batch."""
        async with leases.fenced(self._engine, lease) as connection:
            return await save_outcomes(connection, lease, outcomes)

    async def next_due(
        self, mailbox_id: int, origin: Origin | None, listing_id: int | None = None
    ) -> datetime | None:
        """When the next pending id of this origin is due (UTC)."""
        async with statement(self._engine) as connection:
            return await ledger.read_next_due(connection, mailbox_id, origin, listing_id)

    async def finish_sync(self, lease: Lease) -> None:
        """Record that this origin of the mailbox was synced completely, now."""
        # One statement without a fence: its transaction took a twelfth of a push's sync.
        async with statement(self._engine) as connection:
            done = await connection.execute(_SYNCED[lease.origin] + leases.HELD, leases.key(lease))
        if not done.rowcount:
            async with leases.fenced(self._engine, lease):
                pass  # to say why, if the lease is why

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
        """Set the state of a mailbox, and of its integration."""
        async with transaction(self._engine) as connection:
            await write_state(
                connection,
                mailbox_id,
                state,
                error,
                cause=cause,
                generation=generation,
                retry_at=retry_at,
            )

    async def set_watch(self, mailbox_id: int, expires_at: datetime | None) -> None:
        """Record until when Google pushes for this mailbox."""
        async with statement(self._engine) as connection:
            await connection.execute(_WATCH, (expires_at, mailbox_id))

    async def set_aliases(self, mailbox_id: int, aliases: Collection[str]) -> None:
        """Record the owner's other addresses."""
        async with statement(self._engine) as connection:
            await connection.execute(_ALIASES, {"id": mailbox_id, "aliases": sorted(set(aliases))})

    async def decide_next(self, tenant_id: str) -> AppliedRules | None:
        """Apply changed rules to the next stored mails of a tenant."""
        return await exclusion_marks.decide_next(self._engine, tenant_id)


async def _move_checkpoint(connection: Connection, mailbox_id: int, checkpoint: int) -> None:
    # As text: it may be longer than any integer of Postgres.
    await connection.execute(_CHECKPOINT, (str(checkpoint), mailbox_id))
