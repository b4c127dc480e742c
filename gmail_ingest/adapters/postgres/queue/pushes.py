"""Stores pushes: when mailboxes were notified, and one waiting row a tenant, in one round trip.

Holds: ``PostgresPushes``. Add here: another effect of a notification.
Keep out: verification and parsing (``webhook_api``), other ways into the queue (``sync_queue``).
Source: docs/architecture.md#the-queue; docs/google.md#notification-contents; edge cases 8, 18, 22,
73; one sidecar must take more than 1,000 pushes a second, so a batch is one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.adapters.postgres.queue.queue_sql import CHANNEL, JOINED_MAILBOXES, PENDING_LOOK

# If no mailbox has the address, it is looked up among the aliases of mailboxes: Google notifies a
# renamed account under either name. A mailbox's own address is no alias of another mailbox, but may
# be the present address of another account. A history id below the checkpoint is a late push, or
# belongs to a history that went back; in the second case Google sent it after the end of the last
# sync, and a sync costs 2 units. Tenants are locked only against a disconnect, and their state is
# read under that lock, so that a push leaves no row in the queue of a disconnected tenant. The
# times of pushes are only for people: a mailbox row that a sync holds is skipped. A job is written
# only for a row without one: a new row, or one of a poll or a second look; its foreign key is
# checked at the end. Listeners are notified of such rows, and of rows that become urgent.
_APPLY = f"""
WITH pushed AS (
    SELECT * FROM unnest(%(addresses)s::text[], %(history_ids)s::numeric[],
                         %(published)s::timestamptz[]) p(address, history_id, published_at)
), named AS MATERIALIZED (
    SELECT m.id, m.tenant_id, m.state, m.checkpoint, p.*,
           greatest(m.last_synced_at, m.initial_synced_at) AS synced_at
    FROM pushed p JOIN mailboxes m ON m.address = p.address
    WHERE m.state <> 'replaced'
), meant AS MATERIALIZED (
    SELECT * FROM named
    UNION ALL
    SELECT m.id, m.tenant_id, m.state, m.checkpoint, p.*,
           greatest(m.last_synced_at, m.initial_synced_at)
    FROM pushed p JOIN mailboxes m ON m.aliases @> ARRAY[p.address] AND m.aliases <> '{{}}'
    WHERE p.address NOT IN (SELECT address FROM named) OR m.present_address = p.address
), live AS (
    SELECT m.id, m.tenant_id, m.address, m.history_id,
           m.history_id > m.checkpoint
           OR (m.history_id < m.checkpoint
               AND m.synced_at < coalesce(m.published_at, now())) AS is_news
    FROM meant m JOIN tenants t ON t.id = m.tenant_id AND t.state = 'connected'
    WHERE m.state = 'active'
    FOR KEY SHARE OF t
), noted AS (
    UPDATE mailboxes m
    SET last_push_at = now(),
        last_push_history_id = GREATEST(coalesce(m.last_push_history_id, 0), free.history_id)
    FROM (SELECT k.id, l.history_id FROM live l JOIN mailboxes k ON k.id = l.id
          ORDER BY k.id FOR NO KEY UPDATE OF k SKIP LOCKED) free
    WHERE m.id = free.id
), wanted AS MATERIALIZED (
    SELECT tenant_id, gen_random_uuid() AS job_id, array_agg(DISTINCT id) AS mailbox_ids,
           max(history_id) AS history_id
    FROM live WHERE is_news GROUP BY tenant_id
), queued AS (
    INSERT INTO sync_queue AS q (tenant_id, kind, job_id, mailbox_ids, history_id, priority)
    SELECT tenant_id, 'incremental', job_id, mailbox_ids, history_id, 0
    FROM wanted ORDER BY tenant_id
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
    SET job_id = coalesce(q.job_id, excluded.job_id),
        priority = 0,
        again = q.again OR {PENDING_LOOK},
        not_before = CASE WHEN {PENDING_LOOK} THEN now() ELSE q.not_before END,
        history_id = GREATEST(coalesce(q.history_id, 0), excluded.history_id),
        mailbox_ids = {JOINED_MAILBOXES}
    RETURNING q.tenant_id, q.job_id
), fresh AS (
    INSERT INTO sync_jobs (id, tenant_id, kind)
    SELECT q.job_id, q.tenant_id, 'incremental'
    FROM queued q JOIN wanted w USING (job_id)
    RETURNING 1
), hurried AS (
    SELECT FROM sync_queue q JOIN wanted w USING (tenant_id)
    WHERE q.kind = 'incremental' AND q.claimed_by IS NULL AND q.priority > 0
), notified AS (
    SELECT pg_notify(%(channel)s, '')
    WHERE EXISTS (SELECT FROM fresh) OR EXISTS (SELECT FROM hurried)
)
SELECT (SELECT count(DISTINCT address) FROM live), (SELECT count(*) FROM wanted),
       (SELECT count(*) FROM fresh), (SELECT count(*) FROM notified)
"""  # noqa: S608 - fragments of the queue


@dataclass(frozen=True, slots=True)
class Applied:
    """The effect of a batch of pushes: known addresses, tenants with news, new queue rows."""

    known: int
    behind: int
    queued: int


class Pushed(Protocol):
    """A notification: Gmail's history id, and when Google sent it (UTC), if it said so."""

    @property
    def history_id(self) -> int:
        """The mailbox's history id after the change."""
        ...

    @property
    def published_at(self) -> datetime | None:
        """When it was sent first, however often it is repeated."""
        ...


class PostgresPushes:
    """Writes batches of notifications."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def apply(self, notifications: Mapping[str, Pushed]) -> Applied:
        """Record notifications, and queue an incremental sync where Gmail is ahead of the
        checkpoint, or reported a lower history id after the last sync.

        Args:
            notifications: the newest one by lower-cased address. Unknown addresses, and mailboxes
                that are not active, change nothing.
        """
        arguments = {
            "channel": CHANNEL,
            "addresses": list(notifications),
            # As text: history ids may be longer than any integer of Postgres.
            "history_ids": [
                str(notification.history_id) for notification in notifications.values()
            ],
            "published": [notification.published_at for notification in notifications.values()],
        }
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_APPLY, arguments)).fetchone()
        known, behind, queued, _ = row or (0, 0, 0, 0)
        return Applied(known, behind, queued)
