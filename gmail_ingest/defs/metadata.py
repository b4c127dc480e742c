"""What a materialization says: counts, units and lag; never anything of a mail.

Holds: ``report_metadata``, ``counts_metadata``. Add here: a figure that a data engineer asks for.
Keep out: links, addresses, subjects (docs/promises.md#promise-8).
"""

import dagster as dg

from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.sync.live.tenant_sync import TenantReport
from gmail_ingest.sync.mailbox.records import Counts


def counts_metadata(counts: Counts) -> dict[str, dg.MetadataValue]:
    """Counts in messages, ``units`` in Google's quota units."""
    return {
        name: dg.MetadataValue.int(value) for name, value in shown_counts(counts.totals()).items()
    }


def report_metadata(report: TenantReport) -> dict[str, dg.MetadataValue]:
    """Counts in messages, ``units`` in Google's quota units, ``lag_seconds`` of the newest mail."""
    totals = counts_metadata(report.counts)
    totals["jobs"] = dg.MetadataValue.int(report.jobs)
    totals["mailboxes"] = dg.MetadataValue.int(len(report.mailboxes))
    if report.counts.lag_seconds is not None:
        totals["lag_seconds"] = dg.MetadataValue.float(round(report.counts.lag_seconds, 3))
    return totals
