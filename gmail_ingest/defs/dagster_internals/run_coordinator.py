"""The queue of runs, with backfills behind live mail and their newest months first.

Holds: ``BackfillRunCoordinator``, which ``dagster.yaml`` names. Add here: a tag that a run needs,
whoever started it (sensor, API, UI, command line). Keep out: limits (they are in ``dagster.yaml``).
Source: docs/dagster.md#run-queue (override ``submit_run``, add tags): a backfill's runs are
submitted oldest first, 0.2 s each, and dequeued meanwhile: without a hold the oldest year would
come first whatever its priority. It asks for the runs to come (``backfills.py``).
Unnecessary with: an order of a backfill's partitions,
https://github.com/dagster-io/dagster/issues/15537.
"""

from collections.abc import Mapping
from datetime import date

import dagster as dg

from gmail_ingest.defs.dagster_internals.backfills import BACKFILL_TAG, runs_to_come
from gmail_ingest.defs.month_keys import TenantMonth, read_key
from gmail_ingest.defs.tags import BACKFILL_TENANT_TAG, TENANT_TAG

#: Seconds that a run may take: a year of a mailbox with 100,000 mails takes six hours at Google's
#: limits, and a run that is ended by this goes on where it was.
MAX_RUNTIME = 86_400

_KEY = dg.AssetKey(["gmail", "emails_by_month"])
_JOB = "emails_by_month_job"
_KEY_TAGS = ("dagster/asset_partition_range_end", "dagster/partition")
#: A backfill has a negative priority, always behind live mail: months before this one.
_FUTURE = 2100 * 12


class BackfillRunCoordinator(dg.QueuedRunCoordinator):
    """Gives runs of backfills their tags, and submits them newest first."""

    def submit_run(self, context: dg.SubmitRunContext) -> dg.DagsterRun:
        """Submit a run; an older one of a backfill waits until its newest is submitted."""
        run = context.dagster_run
        newest = _newest_month(run)
        if newest is None:
            return super().submit_run(context)
        month, tenant = newest.month, newest.tenant
        self._instance.add_run_tags(
            run.run_id,
            {
                TENANT_TAG: tenant,
                BACKFILL_TENANT_TAG: tenant,
                "dagster/priority": str(month.year * 12 + month.month - _FUTURE),
                "dagster/max_runtime": str(MAX_RUNTIME),
            },
        )
        backfill_id = run.tags.get(BACKFILL_TAG)
        if backfill_id is None:
            return super().submit_run(context)
        if any(to_come > month for to_come in self._months_to_come(backfill_id, tenant)):
            # Not started, for less than a second a run; should the daemon die meanwhile, it
            # submits this run again when it is back.
            return run
        submitted = super().submit_run(context)
        for held in self._held(backfill_id, tenant):
            super().submit_run(dg.SubmitRunContext(held, context.workspace))
        return submitted

    def _months_to_come(self, backfill_id: str, tenant: str) -> list[date]:
        found = [_read(tags) for tags in runs_to_come(self._instance, backfill_id)]
        return [key.month for key in found if key is not None and key.tenant == tenant]

    def _held(self, backfill_id: str, tenant: str) -> list[dg.DagsterRun]:
        held = self._instance.get_runs(
            dg.RunsFilter(
                statuses=[dg.DagsterRunStatus.NOT_STARTED],
                tags={BACKFILL_TAG: backfill_id, BACKFILL_TENANT_TAG: tenant},
            )
        )
        return sorted(held, key=lambda run: str(_newest_month(run)), reverse=True)


def _newest_month(run: dg.DagsterRun) -> TenantMonth | None:
    """The newest month and the tenant of a backfill's run; None for any other."""
    is_ours = run.job_name == _JOB or _KEY in (run.asset_selection or ())
    return _read(run.tags) if is_ours else None


def _read(tags: Mapping[str, str]) -> TenantMonth | None:
    key = next((tags[name] for name in _KEY_TAGS if name in tags), None)
    return read_key(key) if key is not None else None
