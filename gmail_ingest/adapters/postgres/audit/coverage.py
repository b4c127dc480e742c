"""Which days of which mailbox are proven complete.

Holds: ``PostgresCoverage``, which the API reads. Add here: a question about compared days. Keep
out: the comparison (``sync/audit/compare.py``), and what it records (``comparisons.py``).
Source: docs/promises.md#promise-6; edge case 61 (days are UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.audit.completeness import Verdict

_MAILBOXES = """
SELECT m.address, m.id, m.state, v.checked_at, v.passed, v.first_day, v.days, v.proven_days,
       v.found, v.open, v.error
FROM tenants t LEFT JOIN mailboxes m
    ON m.tenant_id = t.id AND m.state NOT IN ('disconnected', 'replaced')
    LEFT JOIN verdicts v ON v.mailbox_id = m.id
WHERE t.id = %s ORDER BY m.address
"""
# Consecutive days have the same difference to their row number: one group a range.
_RANGES = """
WITH days AS (
    SELECT c.*, proven_at IS NOT NULL AS proven,
           day - (row_number() OVER (PARTITION BY mailbox_id, proven_at IS NOT NULL
                                     ORDER BY day))::int AS island
    FROM coverage c
    WHERE mailbox_id = ANY(%s) AND day >= coalesce(%s, '-infinity'::date)
      AND day < coalesce(%s, 'infinity'::date)
)
SELECT mailbox_id, min(day), max(day) + 1, proven, count(*)::int, sum(ids_listed)::bigint,
       sum(ids_accounted)::bigint, sum(ids_pending)::bigint, sum(ids_missing)::bigint,
       sum(ids_vanished)::bigint, sum(ids_dead)::bigint, min(checked_at)
FROM days GROUP BY mailbox_id, proven, island ORDER BY 1, 2
"""


# A mailbox that is not active is not proven, whatever its last comparison found.
_PROOF = """
SELECT count(DISTINCT t.id)::int,
       count(DISTINCT t.id) FILTER (WHERE m.state <> 'active' OR NOT v.passed)::int,
       count(DISTINCT t.id) FILTER (WHERE m.state = 'active' AND v.mailbox_id IS NULL)::int,
       min(v.checked_at)
FROM tenants t
JOIN mailboxes m ON m.tenant_id = t.id AND m.state <> 'disconnected'
LEFT JOIN verdicts v ON v.mailbox_id = m.id
WHERE t.state = 'connected'
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """How many tenants are connected; how many of them are not proven complete by their last
    comparison (``unproven``), or have a mailbox that was never compared (``new``). ``oldest`` (UTC)
    is the time of the oldest comparison.
    """

    tenants: int
    unproven: int
    new: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class CoverageRange:
    """Consecutive UTC days from ``start`` on, before ``end``; all proven or all not.

    Counts are numbers of ids; ``checked_at`` (UTC) is the time of the oldest comparison of these
    days.
    """

    start: date
    end: date
    proven: bool
    days: int
    listed: int
    accounted: int
    pending: int
    missing: int
    vanished: int
    dead: int
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class MailboxCoverage:
    """The compared days of a mailbox, oldest first; a day in no range was never compared.

    ``verdict`` is the last comparison's, None if there was none.
    """

    address: str
    state: str
    verdict: Verdict | None
    ranges: tuple[CoverageRange, ...]


class PostgresCoverage:
    """Coverage as the API reads it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def proof(self) -> Proof:
        """The result of the last comparisons of all tenants."""
        async with statement(self._engine) as connection:
            row = await (await connection.execute(_PROOF)).fetchone()
        assert row is not None  # noqa: S101 - an aggregate without groups is a row
        tenants, unproven, new, oldest = row
        return Proof(tenants, unproven, new, oldest and oldest.astimezone(UTC))

    async def ranges(
        self, tenant_id: str, start: date | None, end: date | None
    ) -> list[MailboxCoverage]:
        """A tenant's compared days from ``start`` on, before ``end``, by mailbox.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        async with statement(self._engine) as connection:
            found = await (await connection.execute(_MAILBOXES, (tenant_id,))).fetchall()
            if not found:
                raise NotFoundError("this tenant is not known here")
            mailboxes = {row[1]: row for row in found if row[1] is not None}
            rows = await connection.execute(_RANGES, (list(mailboxes), start, end))
            ranges: dict[int, list[CoverageRange]] = {mailbox_id: [] for mailbox_id in mailboxes}
            for mailbox_id, *values in await rows.fetchall():
                ranges[mailbox_id].append(_to_range(values))
        return [
            MailboxCoverage(address, state, _to_verdict(verdict), tuple(ranges[mailbox_id]))
            for address, mailbox_id, state, *verdict in mailboxes.values()
        ]


def _to_verdict(values: Sequence[Any]) -> Verdict | None:
    if values[0] is None:
        return None
    found = Verdict(*values)
    return replace(found, checked_at=found.checked_at.astimezone(UTC))


def _to_range(values: Sequence[Any]) -> CoverageRange:
    found = CoverageRange(*values)
    return replace(found, checked_at=found.checked_at.astimezone(UTC))
