"""All of Dagster, by feature: its asset, job, sensor, schedule and check stand together.

* ``live_sync/``     mail as it comes: the queue's sensor, runs of one tenant, runs of many
* ``backfill/``      ranges of the past: the sensor that starts backfills, the asset of months
* ``completeness/``  the comparison with Gmail, every night or by hand
* ``mailboxes``      the check that each mailbox is synced, which all runs evaluate
* ``watches``, ``rereading``, ``retention``, ``dead_runs``: upkeep

What they share: ``partitions`` and ``month_keys``, ``resources``, ``event_loop``, ``metadata``,
``tags``, ``run_states``. Dagster's private modules are used in ``dagster_internals/`` only.
"""
