"""The statements of the queue, each a whole transaction.

Holds: SQL statements and their shared fragments. Add here: a rule of the queue.
Keep out: running them (``sync_queue.py``).
Source: docs/architecture.md#the-queue; edge cases 8, 22, 70, 71, 74.

At most one row waits for a (tenant, kind), by a partial unique index. A claimed row does not count,
so a push during a sync makes a new waiting row instead of being lost.

The order of claims: requested live syncs, then second looks, then listings, then polls
(``Priority`` in ``sync/mailbox/records.py``). An eighth of each claim goes to background rows that
have been due for a minute or longer, the oldest first, so that endless pushes do not block them.

A poll or a second look has no job until it finds something, fails, or somebody asks for the same
sync: else 100,000 mailboxes would make 14 million rows a day for polls that find nothing.

If a run was started for a row, the row has its ``dispatch_id``: a tag of that run, or ``run:`` and
the id of a living run that stays for the row. The mark counts only while that run is alive in
Dagster, so a mark that a failed tick left behind blocks nothing.
"""

from __future__ import annotations

#: The channel on which listeners are notified of new waiting rows; the payload is empty.
CHANNEL = "sync_queue"
#: ``claimed_by`` of a row that ``unlock`` took from its worker; it counts no crash.
UNLOCKED = "unlocked"
#: ``claimed_by`` of a row taken from a run that Dagster found dead; it counts a crash.
DEAD = "dead"

# A waiting row, or one of a dead worker, is free if no other worker has its tenant and kind. Forced
# rows are free in any case. Rows of dead workers come before waiting ones.
_FREE = """
q.not_before <= now() AND (q.claimed_by IS NULL OR q.claimed_until <= now())
AND (q.force OR NOT EXISTS (
    SELECT FROM sync_queue held
    WHERE held.tenant_id = q.tenant_id AND held.kind = q.kind AND held.id <> q.id
      AND held.claimed_by IS NOT NULL
      AND (held.claimed_until > now() OR q.claimed_by IS NULL OR held.id < q.id)))
"""

#: A second look that is not yet due and was not tried: it may be done earlier.
PENDING_LOOK = "(q.priority = 1 AND q.attempts = 0 AND q.not_before > now())"
#: Background rows that have been due for so long get their share of each claim.
_LONG_DUE = "interval '60 seconds'"

#: The mailboxes of a waiting row and of the one that joins it; NULL (all of the tenant's) stays
#: NULL.
JOINED_MAILBOXES = """
CASE WHEN q.mailbox_ids IS NULL OR excluded.mailbox_ids IS NULL THEN NULL
     ELSE ARRAY(SELECT DISTINCT each FROM unnest(q.mailbox_ids || excluded.mailbox_ids) each
                ORDER BY each) END
"""

#: The counts of the row ``j`` plus ``%(counts)s``.
ADDED_COUNTS = """
(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM (
    SELECT key, CASE WHEN key = 'lag_seconds' THEN max(value::numeric)
                     ELSE sum(value::numeric) END AS value
    FROM (SELECT * FROM jsonb_each_text(j.counts)
          UNION ALL SELECT * FROM jsonb_each_text(%(counts)s::jsonb)) parts
    GROUP BY key) totals)
"""

#: Joins the waiting row, or makes one, with a job. Listeners are notified only of new rows and of
#: rows that became more urgent: NOTIFY serialises commits, and drains have already heard of the
#: others. A pause that Google asked for is kept unless the sync is forced. A second look that is
#: joined is made at once, and once more later.
ENQUEUE = f"""
WITH queued AS (
    INSERT INTO sync_queue AS q (tenant_id, kind, job_id, mailbox_ids, history_id, force, priority)
    VALUES (%(tenant_id)s, %(kind)s, %(job_id)s, %(mailbox_ids)s, %(history_id)s::numeric,
            %(force)s, %(priority)s)
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
    SET job_id = coalesce(q.job_id, excluded.job_id),
        mailbox_ids = {JOINED_MAILBOXES},
        history_id = GREATEST(q.history_id, excluded.history_id),
        force = q.force OR excluded.force,
        priority = LEAST(q.priority, excluded.priority),
        again = q.again OR {PENDING_LOOK},
        not_before = CASE WHEN excluded.force OR {PENDING_LOOK} THEN LEAST(q.not_before, now())
                          ELSE q.not_before END,
        dispatch_id = CASE WHEN excluded.force THEN NULL ELSE q.dispatch_id END
    RETURNING job_id
), job AS (
    INSERT INTO sync_jobs (id, tenant_id, kind)
    SELECT job_id, %(tenant_id)s, %(kind)s FROM queued WHERE job_id = %(job_id)s
    RETURNING id
)
SELECT job_id, CASE WHEN %(force)s OR EXISTS (SELECT FROM job) OR EXISTS (
    SELECT FROM sync_queue was WHERE was.tenant_id = %(tenant_id)s AND was.kind = %(kind)s
    AND was.claimed_by IS NULL AND was.priority > %(priority)s) THEN pg_notify('{CHANNEL}', '') END
FROM queued
"""  # noqa: S608 - fragments of this file

_MAY_CLAIM = f"(%(tenant_id)s::text IS NULL OR q.tenant_id = %(tenant_id)s) AND {_FREE}"
#: Claims ``limit`` rows, at most ``background`` of them not live; of these, ``turns`` are for rows
#: that have been due for long.
CLAIM = f"""
WITH overdue AS MATERIALIZED (
    SELECT id FROM sync_queue q
    WHERE q.priority > 1 AND q.not_before <= now() - {_LONG_DUE} AND {_MAY_CLAIM}
    ORDER BY q.not_before, q.id LIMIT %(turns)s
    FOR UPDATE SKIP LOCKED
), live AS MATERIALIZED (
    SELECT id FROM sync_queue q
    WHERE q.priority <= 1 AND {_MAY_CLAIM}
    ORDER BY q.priority, q.not_before, q.id LIMIT %(limit)s - (SELECT count(*) FROM overdue)
    FOR UPDATE SKIP LOCKED
), rest AS MATERIALIZED (
    SELECT id FROM sync_queue q
    WHERE q.priority > 1 AND {_MAY_CLAIM} AND q.id NOT IN (SELECT id FROM overdue)
    ORDER BY q.priority, q.not_before, q.id
    LIMIT LEAST(%(limit)s - (SELECT count(*) FROM live), %(background)s)
          - (SELECT count(*) FROM overdue)
    FOR UPDATE SKIP LOCKED
), free AS (
    SELECT id FROM overdue UNION ALL SELECT id FROM live UNION ALL SELECT id FROM rest
), claimed AS (
    UPDATE sync_queue q
    SET claimed_by = %(holder)s, claimed_until = now() + %(ttl)s, attempts = q.attempts + 1,
        crashes = q.crashes + (q.claimed_by <> '{UNLOCKED}' AND q.claimed_by IS NOT NULL)::int,
        dispatch_id = NULL, dispatched_at = NULL, dispatches = 0,
        started_at = coalesce(q.started_at, now()),
        dagster_run_id = coalesce(%(dagster_run_id)s, q.dagster_run_id)
    FROM free WHERE q.id = free.id
    RETURNING q.id, q.tenant_id, q.kind, q.job_id, q.mailbox_ids, q.attempts, q.force,
              q.claimed_by, q.crashes, q.priority, q.again, q.not_before
), started AS (
    UPDATE sync_jobs j
    SET state = 'running', started_at = coalesce(j.started_at, now()), error = NULL,
        dagster_run_id = coalesce(%(dagster_run_id)s, j.dagster_run_id)
    FROM claimed WHERE j.id = claimed.job_id
)
SELECT id, tenant_id, kind, job_id, mailbox_ids, attempts, force, claimed_by, crashes, priority,
       again
FROM claimed ORDER BY priority, not_before, id
"""  # noqa: S608 - fragments of this file

EXTEND = """
UPDATE sync_queue q SET claimed_until = now() + %(ttl)s
FROM unnest(%(ids)s::bigint[], %(holders)s::text[], %(attempts)s::int[]) c (id, holder, attempts)
WHERE q.id = c.id AND q.claimed_by = c.holder AND q.attempts = c.attempts
"""

# The count of attempts distinguishes a claim from a later one of the same holder.
_MINE = "id = %(id)s AND claimed_by = %(holder)s AND attempts = %(attempts)s"

#: Ends a row and its job. ``telling``: a row without a job has a result to report, and gets a job.
#: ``look_ids`` are mailboxes for a second look after ``look_after``: its row is for the present
#: run, while that is alive. If a row already waits, it may be claimed too early, so the second look
#: comes after that one.
ACKNOWLEDGE = f"""
WITH mine AS (
    DELETE FROM sync_queue WHERE {_MINE} RETURNING *
), ended AS (
    UPDATE sync_jobs j
    SET state = %(state)s, finished_at = now(), error = %(error)s, counts = {ADDED_COUNTS}
    FROM mine WHERE j.id = mine.job_id
), told AS (
    INSERT INTO sync_jobs (id, tenant_id, kind, state, counts, error, created_at, started_at,
                           finished_at, dagster_run_id)
    SELECT %(new_job)s, tenant_id, kind, %(state)s, %(counts)s::jsonb, %(error)s, enqueued_at,
           started_at, now(), dagster_run_id
    FROM mine WHERE job_id IS NULL AND %(telling)s
)
INSERT INTO sync_queue AS q (tenant_id, kind, mailbox_ids, priority, not_before, dispatch_id,
                             dispatched_at)
SELECT tenant_id, kind, %(look_ids)s, 1, now() + %(look_after)s, claimed_by, now()
FROM mine WHERE %(look_ids)s::bigint[] IS NOT NULL
ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
SET mailbox_ids = {JOINED_MAILBOXES}, again = true
"""  # noqa: S608 - fragments of this file

#: Puts a row back: it waits again, or is merged into a row that waits by now, and its job into that
#: row's job.
RELEASE = f"""
WITH mine AS (
    DELETE FROM sync_queue WHERE {_MINE}
    RETURNING *, coalesce(job_id, CASE WHEN %(telling)s THEN %(new_job)s::uuid END) AS own_job
), back AS (
    INSERT INTO sync_queue AS q (tenant_id, kind, job_id, mailbox_ids, history_id, force, priority,
                                 again, attempts, enqueued_at, started_at, dagster_run_id,
                                 not_before)
    SELECT tenant_id, kind, own_job, mailbox_ids, history_id, force, priority, again, attempts,
           enqueued_at, started_at, dagster_run_id, %(not_before)s
    FROM mine
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
    SET job_id = coalesce(q.job_id, excluded.job_id),
        mailbox_ids = {JOINED_MAILBOXES},
        history_id = GREATEST(q.history_id, excluded.history_id),
        priority = LEAST(q.priority, excluded.priority),
        again = q.again OR excluded.again,
        attempts = GREATEST(q.attempts, excluded.attempts),
        enqueued_at = LEAST(q.enqueued_at, excluded.enqueued_at),
        not_before = CASE WHEN q.force THEN q.not_before
                          ELSE GREATEST(q.not_before, excluded.not_before) END
    RETURNING job_id
), told AS (
    INSERT INTO sync_jobs (id, tenant_id, kind, state, counts, error, created_at, started_at,
                           dagster_run_id, merged_into)
    SELECT own_job, tenant_id, kind, 'queued', %(counts)s::jsonb, %(error)s, enqueued_at,
           started_at, dagster_run_id, nullif(back.job_id, own_job)
    FROM mine, back WHERE mine.job_id IS NULL AND own_job IS NOT NULL
)
UPDATE sync_jobs j
SET state = 'queued', error = %(error)s, counts = {ADDED_COUNTS},
    merged_into = nullif(back.job_id, mine.job_id)
FROM mine, back WHERE j.id = mine.job_id
"""  # noqa: S608 - fragments of this file

#: Takes rows and leases from a dead run; if its worker is still alive, it can write nothing more.
#: The rows are free at once, and each counts one more crash at its next claim.
FREE_RUN = f"""
WITH freed AS (
    UPDATE sync_queue
    SET claimed_by = '{DEAD}', claimed_until = now(), dispatch_id = NULL
    WHERE claimed_by = %(holder)s RETURNING id
), fenced AS (
    UPDATE leases SET token = token + 1, holder = '', until = now()
    WHERE holder = %(holder)s AND until > now()
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{CHANNEL}', '') END FROM freed
"""  # noqa: S608 - fragments of this file

#: The runs that hold a claim or a lease that has not expired, or a drain's row.
HOLDERS = """
SELECT claimed_by FROM sync_queue WHERE claimed_by LIKE 'run:%' AND claimed_until > now()
UNION SELECT holder FROM leases WHERE holder LIKE 'run:%' AND until > now()
UNION SELECT 'run:' || run_id FROM drains
"""

#: The ``dispatch_id`` of due rows, and how often runs were started for them in vain.
DISPATCHED = f"""
SELECT q.dispatch_id, count(*), max(q.dispatches),
       coalesce(min(extract(epoch FROM now() - q.dispatched_at)), 0)::float8
FROM sync_queue q WHERE q.dispatch_id IS NOT NULL AND {_FREE} GROUP BY q.dispatch_id
"""  # noqa: S608 - fragments of this file

#: Marks all due rows of each chosen tenant; tenants are chosen by their most urgent, then oldest
#: row.
DISPATCH = f"""
WITH due AS (
    SELECT q.id, q.tenant_id, q.priority, q.not_before FROM sync_queue q
    WHERE (q.dispatch_id IS NULL OR q.dispatch_id = ANY(%(lost)s))
      AND q.tenant_id = ANY(%(tenants)s) AND {_FREE}
), chosen AS MATERIALIZED (
    SELECT tenant_id, gen_random_uuid()::text AS dispatch_id FROM due GROUP BY tenant_id
    ORDER BY min(priority), min(not_before), min(id) LIMIT %(limit)s
), marked AS (
    UPDATE sync_queue q
    SET dispatch_id = chosen.dispatch_id, dispatched_at = now(), dispatches = q.dispatches + 1
    FROM chosen
    WHERE q.tenant_id = chosen.tenant_id AND q.id IN (
        SELECT q.id FROM sync_queue q
        WHERE q.id IN (SELECT id FROM due JOIN chosen USING (tenant_id))
          AND (q.dispatch_id IS NULL OR q.dispatch_id = ANY(%(lost)s))
          AND (q.claimed_by IS NULL OR q.claimed_until <= now())
        FOR UPDATE SKIP LOCKED)
    RETURNING q.tenant_id, q.kind, q.job_id, q.priority, q.not_before, q.id, q.dispatch_id
)
SELECT tenant_id, min(dispatch_id), (array_agg(job_id ORDER BY job_id IS NULL, not_before, id))[1],
       array_agg(kind ORDER BY not_before, id)
FROM marked GROUP BY tenant_id ORDER BY min(priority), min(not_before), min(id)
"""  # noqa: S608 - fragments of this file

DEPTH = f"""
SELECT count(*), coalesce(extract(epoch FROM now() - min(q.not_before)), 0)::float8
FROM sync_queue q WHERE {_FREE}
"""  # noqa: S608 - fragments of this file

_DUE_IDS = """
EXISTS (SELECT FROM message_ledger l
        WHERE l.mailbox_id = m.id AND l.fate = 'pending'
          AND l.origin <> 'backfill' AND l.next_attempt_at <= now())
"""
# Mailboxes that failed recently (an API that is not enabled) would fail again.
_RESTED = "coalesce(m.failed_at, '-infinity') <= now() - %(poll_interval)s"
#: Queues work without a push: mailboxes not synced for long, due retries (an incremental sync also
#: fetches listed ids), and listings and changes of rules that a dead worker left.
SWEEP = f"""
WITH stale AS (
    SELECT m.tenant_id, 'incremental' AS kind, m.id FROM mailboxes m
    WHERE m.state = 'active' AND {_RESTED}
      AND (coalesce(m.last_synced_at, m.created_at) <= now() - %(poll_interval)s
           OR {_DUE_IDS})
    UNION ALL
    SELECT m.tenant_id, 'initial', m.id FROM mailboxes m
    WHERE m.state = 'active' AND {_RESTED}
      AND EXISTS (SELECT FROM listings l WHERE l.mailbox_id = m.id AND l.origin = 'listing'
                  AND l.done_at IS NULL)
    UNION ALL
    SELECT m.tenant_id, 'exclusions', m.id
    FROM exclusion_marks k JOIN mailboxes m ON m.id = k.mailbox_id
    WHERE m.state <> 'disconnected'
      AND EXISTS (SELECT FROM tenants t WHERE t.id = m.tenant_id AND t.state = 'connected')
), wanted AS MATERIALIZED (
    SELECT s.tenant_id, s.kind,
           CASE WHEN s.kind <> 'incremental' THEN gen_random_uuid() END AS job_id,
           array_agg(s.id ORDER BY s.id) AS mailbox_ids
    FROM stale s
    WHERE NOT EXISTS (SELECT FROM sync_queue q
                      WHERE q.tenant_id = s.tenant_id AND q.kind = s.kind)
    GROUP BY s.tenant_id, s.kind
), queued AS (
    INSERT INTO sync_queue (tenant_id, kind, job_id, mailbox_ids, priority)
    SELECT w.tenant_id, w.kind, w.job_id, w.mailbox_ids, 3
    FROM wanted w ORDER BY w.tenant_id, w.kind
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO NOTHING
    RETURNING tenant_id, kind, job_id
), jobs AS (
    INSERT INTO sync_jobs (id, tenant_id, kind)
    SELECT job_id, tenant_id, kind FROM queued WHERE job_id IS NOT NULL
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{CHANNEL}', '') END FROM queued
"""  # noqa: S608 - fragments of this file
