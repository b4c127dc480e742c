"""What the asset check and the nightly job share: a tenant verified, and what that says.

Holds: ``verify_tenant`` and ``evaluation_of``. Add here: a figure that the check shows.
Keep out: the comparison (``gmail_ingest.sync.verify``); anything of a mail or an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.completeness import MailboxVerification
from gmail_ingest.sync.verify import Verify

#: Figures of a verification, added up over the tenant's mailboxes.
_FIGURES = (
    "days",
    "proven_days",
    "listed",
    "accounted",
    "pending",
    "dead",
    "missing",
    "vanished",
    "label_differences",
    "open",
    "estimated_units",
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of the check for one tenant, as Dagster shows it."""

    passed: bool
    severity: dg.AssetCheckSeverity
    description: str
    metadata: dict[str, dg.MetadataValue]


async def verify_tenant(verify: Verify, tenant_id: str, holder: str) -> Evaluation:
    """Compare and repair a tenant's last days; never raises what only this tenant suffers."""
    try:
        # Each mailbox from where it was synced, at the most so many days back.
        plans = await verify.plan(tenant_id, since=_first_day())
        found = await verify.run(tenant_id, plans, holder=holder, repair=True)
    except GmailIngestError as error:
        return Evaluation(False, dg.AssetCheckSeverity.WARN, str(error), {})  # noqa: FBT003 - a value of the check
    return evaluation_of(found)


def _first_day() -> date:
    return datetime.now(UTC).date() - timedelta(days=Settings().verify_days)


def evaluation_of(found: Sequence[MailboxVerification]) -> Evaluation:
    """What a verification says.

    It passes if nothing was amiss. A hole that was found fails it even if it is repaired, as a
    warning: somebody should ask how it came to be. Mail that only waits for its fetch is warned of.
    """
    figures = {name: sum(getattr(each, name) for each in found) for name in _FIGURES}
    figures["mailboxes"] = len(found)
    figures["units"] = sum(each.counts.units for each in found)
    errors = sorted({each.error for each in found if each.error})
    holes = sum(each.missing + each.vanished for each in found)
    left = figures["open"] - figures["pending"]
    words = [*errors]
    if holes:
        words.append(f"{holes} ids were not accounted for")
    if left:
        words.append(f"{left} differences are left")
    elif figures["missing"] + figures["vanished"] + figures["label_differences"]:
        words.append("all differences are repaired")
    if figures["pending"]:
        words.append(f"{figures['pending']} ids wait for their fetch")
    error = dg.AssetCheckSeverity.ERROR
    return Evaluation(
        passed=not (errors or holes or left or figures["pending"]),
        severity=error if left and not errors else dg.AssetCheckSeverity.WARN,
        description="; ".join(words) or "every listed message is accounted for",
        metadata={name: dg.MetadataValue.int(value) for name, value in figures.items()},
    )
