"""The tenants' mailboxes, and the check that each of them is synced.

Holds: the asset, its check, and ``tell_standings``, by which runs evaluate it as they go.
Add here: a further truth about mailboxes. Keep out: what counts as trouble (``sync/standing.py``).

A run of one tenant fails when it could not do its work. Drain runs stay alive; they evaluate the
check, as every sync does, when the trouble is another one than was told before, and when it is
over: an event costs 11 ms and 2.4 kB, and a retry is no news. Nothing materializes the mailboxes,
which are Google's, so that no push takes an evaluation from the page (``overall.py``).
"""

from collections.abc import Iterable, Mapping

import dagster as dg

from gmail_ingest.defs.event_loop import run
from gmail_ingest.defs.overall import Context, tell_overall
from gmail_ingest.defs.partitions import TENANTS
from gmail_ingest.defs.resources import MailStoreResource
from gmail_ingest.defs.use_cases import note_told, read_standings
from gmail_ingest.sync.standing import Overall, TenantStanding

mailboxes = dg.AssetSpec(
    ["gmail", "mailboxes"],
    partitions_def=TENANTS,
    group_name="gmail",
    kinds={"gmail"},
    description="The tenants' mailboxes at Google. Nothing materializes them: their check says "
    "whether what is here keeps up with them.",
)


@dg.asset_check(
    asset=mailboxes.key,
    description="Each mailbox of every tenant can be read, and its last sync reached its end. "
    "Google is not asked. Each tenant has an evaluation of its own, by its partition, when that "
    "changes.",
)
def every_mailbox_is_synced(
    context: dg.AssetCheckExecutionContext, mail_store: MailStoreResource
) -> dg.AssetCheckResult:
    """Each mailbox is synced: of every tenant, also if the run names a partition."""
    overall = tell_all_standings(context, mail_store)
    return dg.AssetCheckResult(
        passed=overall.passed, description=overall.describe(), metadata=_figures(overall)
    )


def tell_all_standings(context: Context, mail_store: MailStoreResource) -> Overall:
    """Evaluate the check over all tenants, and for those that have news; returns how all stand."""
    return _tell(context, mail_store, run(read_standings(mail_store, None)).values())


def tell_standings(
    context: Context, mail_store: MailStoreResource, standings: Mapping[str, TenantStanding]
) -> None:
    """Evaluate the check for tenants whose trouble is not what was told before, or is over; then
    over all tenants, which is what its page shows first. Nothing if there is no news.
    """
    if any(each.has_news for each in standings.values()):
        _tell(context, mail_store, standings.values())


def _tell(
    context: Context, mail_store: MailStoreResource, standings: Iterable[TenantStanding]
) -> Overall:
    news = [each for each in standings if each.has_news]
    _evaluate(context.op_execution_context, news)
    # After the events: a run that dies in between tells twice rather than never.
    overall = run(note_told(mail_store, {each.tenant_id: each.trouble for each in news}))
    tell_overall(
        context,
        every_mailbox_is_synced.check_key,
        passed=overall.passed,
        description=overall.describe(),
        metadata=_figures(overall),
    )
    return overall


def _evaluate(context: dg.OpExecutionContext, standings: Iterable[TenantStanding]) -> None:
    check = every_mailbox_is_synced.check_key
    for standing in standings:
        evaluation = dg.AssetCheckEvaluation(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=standing.trouble is None,
            severity=_severity(standing),
            description=standing.describe(),
            metadata={"mailboxes": standing.mailboxes, "stopped": len(standing.stopped)},
            partition=standing.tenant_id,
        )
        # Dagster's op context takes evaluations; its annotation does not name them.
        context.log_event(evaluation)  # type: ignore[arg-type]


def _severity(standing: TenantStanding) -> dg.AssetCheckSeverity:
    waits = standing.trouble is not None and standing.only_waits
    return dg.AssetCheckSeverity.WARN if waits else dg.AssetCheckSeverity.ERROR


def _figures(overall: Overall) -> dict[str, int]:
    return {"tenants": overall.tenants, "amiss": overall.amiss}
