"""Sets states of mailboxes and of their integrations, and tries stopped mailboxes again.

Holds: ``write_state`` and the statement that tries stopped mailboxes again. Add here: a rule of how
a state is entered or left. Keep out: which error means which state (``errors.py``).
Source: edge cases 32, 35, 36, 38; docs/google.md#dead-grants (compare the generation first).

Locks: the tenant's row first, as in connect and disconnect, so that a new consent comes before or
after a state that resulted from the old one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gmail_ingest.adapters.postgres.engine import Connection

#: A state may end without news to us (an administrator acted, Gmail was turned on). So each such
#: mailbox is tried once in this time: one call a day.
PROBE_EVERY = timedelta(days=1)

_LOCK = """
SELECT FROM tenants WHERE id = (SELECT tenant_id FROM mailboxes WHERE id = %s) FOR SHARE
"""
# Without the lock, two mailboxes that fail at once would each see the other's former state.
_LOCK_INTEGRATION = """
SELECT FROM integrations
WHERE id = (SELECT integration_id FROM mailboxes WHERE id = %s) FOR NO KEY UPDATE
"""
_STATE = """
UPDATE mailboxes m
SET state = %(state)s, last_error = %(error)s, cause = %(cause)s, retry_at = %(retry_at)s,
    failed_at = CASE WHEN %(retry_at)s::timestamptz IS NULL THEN now() ELSE m.failed_at END,
    failing_since = CASE WHEN %(state)s <> 'disconnected' AND (%(state)s <> 'active'
                                                           OR %(error)s::text IS NOT NULL)
                         THEN coalesce(m.failing_since, now()) END
WHERE m.id = %(mailbox_id)s AND m.state NOT IN ('disconnected', 'replaced')
  AND (%(state)s <> 'active' OR m.state = 'active')
  AND (%(generation)s::int IS NULL OR %(generation)s =
       (SELECT i.generation FROM integrations i WHERE i.id = m.integration_id))
"""
#: Sets the state of a mailbox's integration: that of its mailboxes if all have the same, else
#: active. Disconnected mailboxes do not count.
FOLLOW = """
UPDATE integrations i
SET state = now_is.state, last_error = now_is.error, updated_at = now()
FROM (
    SELECT m.integration_id,
           CASE WHEN count(DISTINCT m.state) = 1 THEN min(m.state) ELSE 'active' END AS state,
           CASE WHEN count(DISTINCT m.state) = 1 AND min(m.state) <> 'active'
                THEN max(m.last_error) END AS error
    FROM mailboxes m
    WHERE m.integration_id = (SELECT integration_id FROM mailboxes WHERE id = %s)
      AND m.state NOT IN ('disconnected', 'replaced')
    GROUP BY m.integration_id
) now_is
WHERE i.id = now_is.integration_id AND i.state <> 'disconnected'
  AND (i.state, i.last_error) IS DISTINCT FROM (now_is.state, now_is.error)
"""

_SICK = """
m.state IN ('suspended', 'admin_action_required')
AND coalesce(m.failed_at, '-infinity') <= now() - %(probe_every)s
"""
#: Makes stopped mailboxes active for one try; they keep their last error. A listing that was
#: interrupted when they stopped has no job any more: the reconciliation finishes it.
PROBE = f"""
WITH sick AS MATERIALIZED (
    SELECT t.id FROM tenants t
    WHERE t.state = 'connected'
      AND EXISTS (SELECT FROM mailboxes m WHERE m.tenant_id = t.id AND {_SICK})
    FOR SHARE SKIP LOCKED
), tried AS (
    UPDATE mailboxes m
    SET state = 'active',
        reconcile_wanted_at = CASE
            WHEN EXISTS (SELECT FROM listings l WHERE l.mailbox_id = m.id
                         AND l.origin = 'listing' AND l.done_at IS NULL)
            THEN now() ELSE m.reconcile_wanted_at END
    FROM sick WHERE m.tenant_id = sick.id AND {_SICK}
    RETURNING m.integration_id
)
UPDATE integrations i SET state = 'active', updated_at = now()
FROM tried WHERE i.id = tried.integration_id AND i.state NOT IN ('active', 'disconnected')
"""  # noqa: S608 - a fragment of this file


async def write_state(
    connection: Connection,
    mailbox_id: int,
    state: str,
    error: str | None,
    *,
    cause: str | None,
    generation: int | None,
    retry_at: datetime | None = None,
) -> None:
    """Set the state of a mailbox within the connection's transaction (see the MailStore port)."""
    await connection.execute(_LOCK, (mailbox_id,))
    await connection.execute(_LOCK_INTEGRATION, (mailbox_id,))
    values = {
        "mailbox_id": mailbox_id,
        "state": state,
        "error": error,
        "cause": cause,
        "generation": generation,
        "retry_at": retry_at,
    }
    if (await connection.execute(_STATE, values)).rowcount:
        await connection.execute(FOLLOW, (mailbox_id,))
