"""``python -m gmail_ingest_lab.growth_day PLAN ANSWER``: a day's events, or the nightly retention.

Holds: the worker of the benchmark ``growth``. No benchmark imports Dagster, so it stands beside
them. Keep out: what is measured (``benchmarks/growth.py``), what is deleted (``retention.py``).
The events are those of drain runs and of the nightly comparison, stored as these store them, in the
instance of DAGSTER_HOME.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from gmail_ingest.defs.completeness.asset import CHECK, KEY
from gmail_ingest.defs.dagster_internals.materializations import store_materializations
from gmail_ingest.defs.live_sync.emails import emails
from gmail_ingest.defs.metadata import report_metadata
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.retention import retention_job
from gmail_ingest.sync.live.tenant_sync import TenantReport
from gmail_ingest.sync.mailbox.records import Counts

#: Tenants that a drain run tells Dagster of together, where it is busy.
TOGETHER = 20
#: Drain runs of a day: each leaves some forty events of its own, which are few beside the others.
RUNS = 5
#: Of a comparison: its figures, as many as ``completeness/verification.py`` tells.
_FIGURES = ("listed", "accounted", "pending", "missing", "vanished", "dead", "repaired", "units")


@dg.op(config_schema={"tenants": [str], "times": int})
def one_mail_each(context: dg.OpExecutionContext) -> None:
    """What a drain run leaves when each tenant got a mail so many times."""
    for some in _together(context.op_config["tenants"] * context.op_config["times"]):
        report = TenantReport(Counts(discovered=1, stored=1, units=24, lag_seconds=0.312), 1, {1})
        store_materializations(
            context,
            [
                dg.AssetMaterialization(
                    emails.key, partition=tenant_id, metadata=report_metadata(report)
                )
                for tenant_id in some
            ],
        )


@dg.op(config_schema={"tenants": [str], "times": int})
def one_comparison_each(context: dg.OpExecutionContext) -> None:
    """What the nightly comparison leaves: a materialization and an evaluation of each tenant."""
    for some in _together(context.op_config["tenants"]):
        store_materializations(
            context, [dg.AssetMaterialization(KEY, partition=tenant_id) for tenant_id in some]
        )
        for tenant_id in some:
            evaluation = dg.AssetCheckEvaluation(
                asset_key=KEY,
                check_name=CHECK.name,
                passed=True,
                metadata={name: dg.MetadataValue.int(1_500) for name in _FIGURES},
                partition=tenant_id,
            )
            # Dagster's op context takes evaluations; its annotation does not name them.
            context.log_event(evaluation)  # type: ignore[arg-type]


def _together(tenants: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(tenants), TOGETHER):
        yield tenants[start : start + TOGETHER]


def main() -> int:
    """Do what the plan says: ``{"tenants": [...], "mails": 50}``, or ``{"retention": true}``."""
    plan, answer = (Path(path) for path in sys.argv[1:3])
    wanted = json.loads(plan.read_text())
    with dg.DagsterInstance.get() as instance:
        if wanted.get("retention"):
            resources = {"mail_store": MailStoreResource()}
            retention_job.execute_in_process(instance=instance, resources=resources)
            events = 0
        else:
            events = _day(instance, wanted["tenants"], wanted["mails"])
    answer.write_text(json.dumps({"events": events}))
    return 0


def _day(instance: dg.DagsterInstance, tenants: list[str], mails: int) -> int:
    for op, runs, times in ((one_mail_each, RUNS, mails // RUNS), (one_comparison_each, 1, 1)):
        job = dg.GraphDefinition(name=f"{op.name}_job", node_defs=[op]).to_job()
        config = {"ops": {op.name: {"config": {"tenants": tenants, "times": times}}}}
        for _ in range(runs):
            job.execute_in_process(run_config=config, instance=instance)
    # A materialization and an evaluation of each by the comparison.
    return len(tenants) * (mails // RUNS * RUNS + 2)


if __name__ == "__main__":
    sys.exit(main())
