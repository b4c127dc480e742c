"""Tenants verified, and what that says: shared by the asset, its check and the nightly job.

Holds: ``verify_tenants``, ``verify_tenant`` and ``evaluation_of``. Add here: a figure that the
check shows.
Keep out: the comparison (``gmail_ingest.sync.audit.verify``); anything of a mail or an address.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import structlog

from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.errors import GmailIngestError, place_of, trace_of
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.audit.completeness import MailboxVerification
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.side_by_side import side_by_side

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


#: Tenants of one run that are verified at the same time; their mailboxes share the places of
#: ``Verify``, and all of them the run's connections to Postgres.
TENANTS_AT_ONCE = 16

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of the check for one tenant, as Dagster shows it.

    ``crashed``: an error that nobody foresaw kept it from being verified.
    """

    passed: bool
    severity: dg.AssetCheckSeverity
    description: str
    metadata: dict[str, dg.MetadataValue]
    crashed: bool = False

    @property
    def compared(self) -> bool:
        """Whether a comparison took place at all."""
        return bool(self.metadata)


@dataclass(slots=True)
class Tally:
    """Tenants that were verified, and how that ended."""

    tenants: int = 0
    failing: int = 0
    incomplete: int = 0
    crashed: int = 0

    def add(self, found: Evaluation) -> None:
        """Count a tenant."""
        self.tenants += 1
        self.failing += not found.passed
        self.crashed += found.crashed
        self.incomplete += found.severity is dg.AssetCheckSeverity.ERROR and not found.crashed

    def failure(self) -> str | None:
        """Why the run fails, None if it does not."""
        words = []
        if self.incomplete:
            words.append(f"{self.incomplete} have mail that is not accounted for")
        if self.crashed:
            words.append(f"{self.crashed} met an unexpected error, named in their evaluation")
        return f"of {self.tenants} tenants {' and '.join(words)}" if words else None


async def verify_tenants(
    verify: Verify,
    health_store: PostgresTenantHealth,
    tenants: Iterable[str],
    run_id: str,
    report: Callable[[str, Evaluation], None],
) -> Tally:
    """Verify tenants, so many at a time; ``report`` hears of each as it ends, whatever it met."""
    tally = Tally()

    async def one(tenant: str) -> None:
        found = await verify_tenant(verify, health_store, tenant, run_id)
        tally.add(found)
        report(tenant, found)

    await side_by_side(TENANTS_AT_ONCE, tenants, one)
    return tally


async def verify_tenant(
    verify: Verify, health_store: PostgresTenantHealth, tenant_id: str, run_id: str
) -> Evaluation:
    """Compare and repair a tenant's last days; never raises what only this tenant suffers."""
    try:
        # Each mailbox from where it was synced, at the most so many days back.
        plans = await verify.plan(tenant_id, since=_first_day())
        found = await verify.run(tenant_id, plans, holder=f"run:{run_id}", repair=True)
        health = (await health_store.read([tenant_id])).get(tenant_id)
    except GmailIngestError as error:
        return Evaluation(False, dg.AssetCheckSeverity.WARN, str(error), {})  # noqa: FBT003 - a value of the check
    except Exception as error:  # noqa: BLE001 - one tenant's bug must not end the night of all
        crash = {"error": place_of(error), "trace": trace_of(error)}
        log.error("tenant_verification_crashed", tenant=tenant_id, **crash)  # noqa: TRY400 - its text may be private
        message = f"{place_of(error)}; see the log of run {run_id}"
        return Evaluation(False, dg.AssetCheckSeverity.ERROR, message, {}, crashed=True)  # noqa: FBT003 - a value of the check
    return evaluation_of(found, unread=health.unread if health else 0)


def _first_day() -> date:
    return datetime.now(UTC).date() - timedelta(days=load_settings().verify_days)


def evaluation_of(found: Sequence[MailboxVerification], unread: int = 0) -> Evaluation:
    """What a verification says; ``unread`` mailboxes could not be looked at in their state.

    It passes if nothing was amiss. A hole that was found fails it even if it is repaired, as a
    warning: somebody should ask how it came to be. Mail that only waits for its fetch is warned of.
    """
    figures = {name: sum(getattr(mailbox, name) for mailbox in found) for name in _FIGURES}
    figures["mailboxes"] = len(found)
    figures["units"] = sum(mailbox.counts.units for mailbox in found)
    errors = sorted({mailbox.error for mailbox in found if mailbox.error})
    holes = sum(mailbox.missing + mailbox.vanished for mailbox in found)
    left = figures["open"] - figures["pending"]
    crashed = any(mailbox.crashed for mailbox in found)
    words = [*errors]
    if unread:
        words.append(f"{unread} mailboxes cannot be read in their present state")
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
        passed=not (errors or unread or holes or left or figures["pending"]),
        severity=error if crashed or (left and not errors) else dg.AssetCheckSeverity.WARN,
        description="; ".join(words) or "every listed message is accounted for",
        metadata={name: dg.MetadataValue.int(value) for name, value in figures.items()},
        crashed=crashed,
    )
