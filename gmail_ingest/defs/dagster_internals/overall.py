"""A check's result over all tenants: the evaluation that its page shows first.

Holds: ``report_overall``. Add here: nothing. Keep out: what a check is about.
Source: docs/dagster.md#asset-checks. The UI starts "Execute all" without a partition and shows a
check by its newest evaluation. Checks with partitions are a preview there: the page of one whose
partitions are dynamic asks the database once for each partition, and fails ("the instance is not
available to load partitions"). So the checks have no partitions, their evaluations do: one by
tenant, and after those one over all, without a run, since a second one of the same run would take
the first one's place.
Unnecessary with: checks by partition that are no preview,
https://github.com/dagster-io/dagster/issues/17005.
"""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

Context = dg.OpExecutionContext | dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def report_overall(
    context: Context,
    check: dg.AssetCheckKey,
    *,
    passed: bool,
    description: str,
    metadata: Mapping[str, int],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> None:
    """Evaluate a check over all tenants, as the newest evaluation of it."""
    # Shown as long as the asset's newest materialization is this one.
    newest = context.instance.fetch_materializations(check.asset_key, limit=1).records
    evaluation = dg.AssetCheckEvaluation(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=passed,
        severity=severity,
        description=f"{description} (run {context.run.run_id})",
        metadata=metadata,
        target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
            storage_id=newest[0].storage_id,
            run_id=newest[0].event_log_entry.run_id,
            timestamp=newest[0].timestamp,
        )
        if newest
        else None,
    )
    context.instance.report_runless_asset_event(evaluation)
