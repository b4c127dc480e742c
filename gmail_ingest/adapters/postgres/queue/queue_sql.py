"""The statements of the queue, each a whole transaction.

Holds: SQL text and the fragments that statements share. Add here: a rule of the queue.
Keep out: running them (``sync_queue.py``).
Source: docs/architecture.md#the-queue; edge cases 8, 22, 70, 71, 74.

One row waits for a (tenant, kind): the partial unique index makes sure of it. A row that is held
is another one, so that a push during a sync makes a new waiting row instead of being lost.

Whose turn it is: what was asked for live comes first, then second looks, then listings, then polls
(``sync.records.Priority``). So that pushes that never end cannot hold up all the rest for ever, an
eighth of each claim goes to what has been due for a minute or longer, the oldest first.

What nobody asked for (a poll, a second look) has no job, until it finds something, fails, or
somebody asks for the same: polls that find nothing would be 14 million rows a day at 100,000
mailboxes.

A row that a run was started for carries ``dispatch_id``: a tag of that run, or ``run:`` and its id
if the run is one that stays for the row. The mark counts only while Dagster has that run and it
is alive: a mark alone, left by a tick that failed, holds nothing up.
"""

from __future__ import annotations

#: The channel on which listeners hear that something new waits; its payload is empty.
CHANNEL = "sync_queue"
#: Who holds a row that ``unlock`` took from its worker: nobody, and nobody died with it.
UNLOCKED = "unlocked"
#: As ``UNLOCKED``, of a run that Dagster found dead.
DEAD = "dead"

# A row that waits, or was left behind by a dead worker, is free when nobody else works on its
# tenant and kind: forced rows are free anyway, and what was left behind goes before what waits.
_FREE = """
q.not_before <= now() AND (q.claimed_by IS NULL OR q.claimed_until <= now())
AND (q.force OR NOT EXISTS (
    SELECT FROM sync_queue held
    WHERE held.tenant_id = q.tenant_id AND held.kind = q.kind AND held.id <> q.id
      AND held.claimed_by IS NOT NULL
      AND (held.claimed_until > now() OR q.claimed_by IS NULL OR held.id < q.id)))
"""

#: A second look whose time has not come, and that nobody has tried: it may as well be done now.
PENDING_LOOK = "(q.priority = 1 AND q.attempts = 0 AND q.not_before > now())"
#: Seconds for which what is not live has been due when it gets its share of each claim.
_LONG_DUE = "interval '60 seconds'"

#: The mailboxes of a waiting row and of what joins it; NULL, which means all of a tenant's, stays.
JOINED_MAILBOXES = """
CASE WHEN q.mailbox_ids IS NULL OR excluded.mailbox_ids IS NULL THEN NULL
     ELSE ARRAY(SELECT DISTINCT each FROM unnest(q.mailbox_ids || excluded.mailbox_ids) each
                ORDER BY each) END
"""

#: The counts of the row ``j`` with those of ``%(counts)s`` added.
ADDED_COUNTS = """
(SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM (
    SELECT key, CASE WHEN key = 'lag_seconds' THEN max(value::numeric)
                     ELSE sum(value::numeric) END AS value
    FROM (SELECT * FROM jsonb_each_text(j.counts)
          UNION ALL SELECT * FROM jsonb_each_text(%(counts)s::jsonb)) parts
    GROUP BY key) totals)
"""

#: Joins the waiting row, or makes one, with a job. Listeners hear of new rows and of those that
#: came to be more urgent: NOTIFY makes commits queue up behind each other, and whoever drains has
#: heard of the waiting row already. A pause that Google asked for is kept, unless the sync is
#: forced. A second look that is joined is made at once, and then again.
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
#: ``limit`` rows, at most ``background`` of them not live; ``turns`` of these are for those that
#: have been due for long.
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

# The count of attempts tells a claim from a later one of the same holder.
_MINE = "id = %(id)s AND claimed_by = %(holder)s AND attempts = %(attempts)s"

#: Ends a row and its job; ``telling`` whether one without a job has something to tell, and so gets
#: one after all. ``look_ids`` are mailboxes to look at once more after ``look_after``: their row
#: is for the run that is here already, as long as that lives. If a row waits already, which may be
#: claimed too early for this, the second look comes after that one.
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

#: Gives a row back: it waits again, or goes into the row that came to wait meanwhile, and its job
#: into that row's job.
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

#: Takes rows and leases from a run that is dead; its worker, should it live, can write nothing
#: more. The rows are free at once, and each counts one more crash at its next claim.
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

#: Who holds a claim, a lease or a drain's place, of those that are runs; each until it expires.
HOLDERS = """
SELECT claimed_by FROM sync_queue WHERE claimed_by LIKE 'run:%' AND claimed_until > now()
UNION SELECT holder FROM leases WHERE holder LIKE 'run:%' AND until > now()
UNION SELECT 'run:' || run_id FROM drains
"""

#: The marks of rows that are due, and how often runs were started for them in vain.
DISPATCHED = f"""
SELECT q.dispatch_id, count(*), max(q.dispatches),
       coalesce(min(extract(epoch FROM now() - q.dispatched_at)), 0)::float8
FROM sync_queue q WHERE q.dispatch_id IS NOT NULL AND {_FREE} GROUP BY q.dispatch_id
"""  # noqa: S608 - fragments of this file

#: A tenant is asked for as a whole: all its rows that are due are marked, its oldest counts.
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
# What just failed for good (an API that is not enabled) would fail again.
_RESTED = "coalesce(m.failed_at, '-infinity') <= now() - %(poll_interval)s"
#: What nobody pushed for: mailboxes not synced for long, retries that came due (an incremental
#: sync fetches listed ids too), and listings and changes of rules that a dead worker left.
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
