"""The price of a backfill, computed from listings, and how long it takes.

Holds: ``fetch_units`` and ``seconds_needed``. Add here: a price that needs only ids.
Keep out: asking Google or the ledger (``gmail_ingest.sync.backfill.backfill_price``).
Source: docs/google.md#prices. The fetch uses the same planner, order and chunk size, so both agree
except for what listings do not show: bodies that Gmail stores separately, and failed calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from gmail_ingest.core.quota.planner import PendingMessage, plan_fetch
from gmail_ingest.core.quota.prices import Prices

DAY_SECONDS = 86_400.0


def fetch_units(
    wanted: Iterable[PendingMessage], prices: Prices, sizes: Mapping[str, int], chunk: int
) -> int:
    """Quota units of fetching these messages of one listing.

    Args:
        wanted: ids with their threads, in any order.
        prices: units per call.
        sizes: messages known in each thread.
        chunk: messages that a fetch plans together.
    """
    newest = sorted(
        wanted, key=lambda message: (message.thread_id, message.message_id), reverse=True
    )
    chunks = (newest[at : at + chunk] for at in range(0, len(newest), chunk))
    return sum(call.units for batch in chunks for call in plan_fetch(batch, prices, sizes))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast backfills may spend: units a second of a mailbox and of the project, units of the
    project a day, and those left today; the next day begins in ``next_day`` seconds.
    """

    mailbox: float
    project: float
    day: int
    left_today: int
    next_day: float


def seconds_needed(mailboxes: Collection[int], pace: Pace) -> float:
    """Seconds until each mailbox has spent its units, in parallel, if nobody else spends any.

    Units beyond the day's allowance wait for the next days.
    """
    total = sum(mailboxes)

    def spend(units: int) -> float:
        share = units / total if total else 0.0
        slowest = max((mailbox * share / pace.mailbox for mailbox in mailboxes), default=0.0)
        return max(slowest, units / pace.project)

    if total <= pace.left_today:
        return spend(total)
    if pace.day <= 0:
        return inf
    days, rest = divmod(total - pace.left_today, pace.day)
    if rest == 0:
        days, rest = days - 1, pace.day
    return pace.next_day + days * DAY_SECONDS + spend(rest)
