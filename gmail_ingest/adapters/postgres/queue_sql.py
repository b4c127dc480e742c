"""The statements of the queue, each a whole transaction.

Holds: SQL text and the fragments that statements share. Add here: a rule of the queue.
Keep out: running them (``sync_queue.py``).
Source: design "The queue"; edge cases 8, 22, 70, 71, 74.

One row waits for a (tenant, kind): the partial unique index makes sure of it. A row that is held
is another one, so that a push during a sync makes a new waiting row instead of being lost.
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

_UNION = """
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

#: Joins the waiting row, or makes one with a job. Listeners hear of new rows only: NOTIFY makes
#: commits queue up behind each other, and whoever drains has heard of the waiting row already. A
#: pause that Google asked for is kept, unless the sync is forced.
ENQUEUE = f"""
WITH queued AS (
    INSERT INTO sync_queue AS q (tenant_id, kind, job_id, mailbox_ids, history_id, force)
    VALUES (%(tenant_id)s, %(kind)s, %(job_id)s, %(mailbox_ids)s, %(history_id)s::numeric,
            %(force)s)
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
    SET mailbox_ids = {_UNION},
        history_id = GREATEST(q.history_id, excluded.history_id),
        force = q.force OR excluded.force,
        not_before = CASE WHEN excluded.force THEN LEAST(q.not_before, now())
                          ELSE q.not_before END,
        dispatched_until = CASE WHEN excluded.force THEN NULL ELSE q.dispatched_until END
    RETURNING job_id
), job AS (
    INSERT INTO sync_jobs (id, tenant_id, kind)
    SELECT job_id, %(tenant_id)s, %(kind)s FROM queued WHERE job_id = %(job_id)s
    RETURNING id
)
SELECT job_id, CASE WHEN %(force)s OR EXISTS (SELECT FROM job)
                    THEN pg_notify('{CHANNEL}', '') END
FROM queued
"""  # noqa: S608 - fragments of this file

CLAIM = f"""
WITH free AS MATERIALIZED (
    SELECT id FROM sync_queue q
    WHERE (%(tenant_id)s::text IS NULL OR q.tenant_id = %(tenant_id)s) AND {_FREE}
    ORDER BY q.not_before, q.id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE sync_queue q
    SET claimed_by = %(holder)s, claimed_until = now() + %(ttl)s, attempts = q.attempts + 1,
        deaths = q.deaths + (q.claimed_by <> '{UNLOCKED}' AND q.claimed_by IS NOT NULL)::int,
        dispatched_until = NULL
    FROM free WHERE q.id = free.id
    RETURNING q.id, q.tenant_id, q.kind, q.job_id, q.mailbox_ids, q.attempts, q.force,
              q.claimed_by, q.deaths, q.not_before
), started AS (
    UPDATE sync_jobs j
    SET state = 'running', started_at = coalesce(j.started_at, now()), error = NULL,
        dagster_run_id = coalesce(%(dagster_run_id)s, j.dagster_run_id)
    FROM claimed WHERE j.id = claimed.job_id
)
SELECT id, tenant_id, kind, job_id, mailbox_ids, attempts, force, claimed_by, deaths
FROM claimed ORDER BY not_before, id
"""  # noqa: S608 - fragments of this file

EXTEND = """
UPDATE sync_queue q SET claimed_until = now() + %(ttl)s
FROM unnest(%(ids)s::bigint[], %(holders)s::text[], %(attempts)s::int[]) c (id, holder, attempts)
WHERE q.id = c.id AND q.claimed_by = c.holder AND q.attempts = c.attempts
"""

# The count of attempts tells a claim from a later one of the same holder.
_MINE = "id = %(id)s AND claimed_by = %(holder)s AND attempts = %(attempts)s"

ACKNOWLEDGE = f"""
WITH mine AS (DELETE FROM sync_queue WHERE {_MINE} RETURNING job_id)
UPDATE sync_jobs j
SET state = %(state)s, finished_at = now(), error = %(error)s, counts = {ADDED_COUNTS}
FROM mine WHERE j.id = mine.job_id
"""  # noqa: S608 - fragments of this file

#: Gives a row back: it waits again, or goes into the row that came to wait meanwhile, and its job
#: into that row's job.
RELEASE = f"""
WITH mine AS (
    DELETE FROM sync_queue WHERE {_MINE} RETURNING *
), back AS (
    INSERT INTO sync_queue AS q (tenant_id, kind, job_id, mailbox_ids, history_id, force,
                                 attempts, enqueued_at, not_before)
    SELECT tenant_id, kind, job_id, mailbox_ids, history_id, force, attempts, enqueued_at,
           %(not_before)s
    FROM mine
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO UPDATE
    SET mailbox_ids = {_UNION},
        history_id = GREATEST(q.history_id, excluded.history_id),
        attempts = GREATEST(q.attempts, excluded.attempts),
        enqueued_at = LEAST(q.enqueued_at, excluded.enqueued_at),
        not_before = CASE WHEN q.force THEN q.not_before
                          ELSE GREATEST(q.not_before, excluded.not_before) END
    RETURNING job_id
)
UPDATE sync_jobs j
SET state = 'queued', error = %(error)s, counts = {ADDED_COUNTS},
    merged_into = nullif(back.job_id, mine.job_id)
FROM mine, back WHERE j.id = mine.job_id
"""  # noqa: S608 - fragments of this file

#: Takes rows and leases from a run that is dead; its worker, should it live, can write nothing
#: more. The rows are free at once, and each counts one more death at its next claim.
FREE_RUN = f"""
WITH freed AS (
    UPDATE sync_queue
    SET claimed_by = '{DEAD}', claimed_until = now(), dispatched_until = NULL
    WHERE claimed_by = %(holder)s RETURNING id
), fenced AS (
    UPDATE leases SET token = token + 1, holder = '', until = now()
    WHERE holder = %(holder)s AND until > now()
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{CHANNEL}', '') END FROM freed
"""  # noqa: S608 - fragments of this file

#: A tenant is asked for as a whole: all its rows that are due are marked, its oldest counts.
DISPATCH = f"""
WITH due AS (
    SELECT q.id, q.tenant_id, q.not_before FROM sync_queue q
    WHERE (q.dispatched_until IS NULL OR q.dispatched_until <= now()) AND {_FREE}
), chosen AS (
    SELECT tenant_id FROM due GROUP BY tenant_id
    ORDER BY min(not_before), min(id) LIMIT %(limit)s
), marked AS (
    UPDATE sync_queue q SET dispatched_until = now() + %(ttl)s
    WHERE q.id IN (
        SELECT q.id FROM sync_queue q
        WHERE q.id IN (SELECT id FROM due JOIN chosen USING (tenant_id))
          AND (q.dispatched_until IS NULL OR q.dispatched_until <= now())
          AND (q.claimed_by IS NULL OR q.claimed_until <= now())
        FOR UPDATE SKIP LOCKED)
    RETURNING q.tenant_id, q.kind, q.job_id, q.not_before, q.id
)
SELECT tenant_id, (array_agg(job_id ORDER BY not_before, id))[1],
       array_agg(kind ORDER BY not_before, id)
FROM marked GROUP BY tenant_id ORDER BY min(not_before), min(id)
"""  # noqa: S608 - fragments of this file

DEPTH = f"""
SELECT count(*), coalesce(extract(epoch FROM now() - min(q.not_before)), 0)::float8
FROM sync_queue q WHERE {_FREE}
"""  # noqa: S608 - fragments of this file

_DUE_IDS = """
EXISTS (SELECT FROM message_ledger l
        WHERE l.mailbox_id = m.id AND l.fate = 'pending'
          AND l.source <> 'history' AND l.next_attempt_at <= now())
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
      AND EXISTS (SELECT FROM listings l WHERE l.mailbox_id = m.id AND l.source = 'listing'
                  AND l.done_at IS NULL)
    UNION ALL
    SELECT m.tenant_id, 'exclusions', m.id
    FROM exclusion_marks k JOIN mailboxes m ON m.id = k.mailbox_id
    WHERE m.state <> 'disconnected'
      AND EXISTS (SELECT FROM tenants t WHERE t.id = m.tenant_id AND t.state = 'connected')
), wanted AS MATERIALIZED (
    SELECT s.tenant_id, s.kind, gen_random_uuid() AS job_id,
           array_agg(s.id ORDER BY s.id) AS mailbox_ids
    FROM stale s
    WHERE NOT EXISTS (SELECT FROM sync_queue q
                      WHERE q.tenant_id = s.tenant_id AND q.kind = s.kind)
    GROUP BY s.tenant_id, s.kind
), queued AS (
    INSERT INTO sync_queue (tenant_id, kind, job_id, mailbox_ids)
    SELECT w.tenant_id, w.kind, w.job_id, w.mailbox_ids
    FROM wanted w ORDER BY w.tenant_id, w.kind
    ON CONFLICT (tenant_id, kind) WHERE claimed_by IS NULL DO NOTHING
    RETURNING tenant_id, kind, job_id
), jobs AS (
    INSERT INTO sync_jobs (id, tenant_id, kind) SELECT job_id, tenant_id, kind FROM queued
)
SELECT count(*), CASE WHEN count(*) > 0 THEN pg_notify('{CHANNEL}', '') END FROM queued
"""  # noqa: S608 - fragments of this file
