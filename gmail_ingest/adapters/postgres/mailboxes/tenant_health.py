"""The health of tenants, and what was last reported of it; each method is one or two statements.

Holds: ``PostgresTenantHealth``. Add here: a question about stopped mailboxes. Keep out: how they
stop (``mailbox_states.py``), texts (``sync/accounts/tenant_health.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from operator import itemgetter

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement
from gmail_ingest.sync.accounts.tenant_health import OverallHealth, StoppedMailbox, TenantHealth

#: Mailboxes that should be synced. Those of replaced accounts are no failure, and nobody could mend
#: them.
_MEANT = "m.state NOT IN ('disconnected', 'replaced')"
_STOPPED = "(m.state <> 'active' OR m.failing_since IS NOT NULL)"
_READ = f"""
SELECT t.id, t.reported_failure, n.total, m.state, m.cause, m.last_error, m.failing_since,
       m.retry_at
FROM tenants t
CROSS JOIN LATERAL (
    SELECT count(*)::int AS total, count(*) FILTER (WHERE {_STOPPED}) AS stopped
    FROM mailboxes m WHERE m.tenant_id = t.id AND {_MEANT}
) n
LEFT JOIN mailboxes m ON m.tenant_id = t.id AND {_MEANT} AND {_STOPPED}
WHERE t.state = 'connected' AND (%(tenants)s::text[] IS NULL OR t.id = ANY(%(tenants)s))
  AND (NOT %(failing)s OR n.stopped > 0 OR t.reported_failure IS NOT NULL)
ORDER BY t.id, m.id
"""  # noqa: S608 - fragments of this file
_MARK_REPORTED = """
UPDATE tenants t SET reported_failure = reported.failure
FROM unnest(%s::text[], %s::text[]) AS reported (id, failure)
WHERE t.id = reported.id AND t.reported_failure IS DISTINCT FROM reported.failure
"""
_OVERALL = f"""
SELECT count(*)::int, count(*) FILTER (WHERE EXISTS (
    SELECT FROM mailboxes m WHERE m.tenant_id = t.id AND {_MEANT} AND {_STOPPED}
))::int
FROM tenants t WHERE t.state = 'connected'
"""  # noqa: S608 - fragments of this file


class PostgresTenantHealth:
    """Reads the health of tenants, and stores what was last reported of it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, tenants: Collection[str] | None) -> Mapping[str, TenantHealth]:
        """The health of the connected ones of these tenants; of all connected tenants if None."""
        return await self._read(tenants, failing=False)

    async def failing(self, tenants: Collection[str]) -> Mapping[str, TenantHealth]:
        """As ``read``, but only tenants that fail or were last reported to fail."""
        return await self._read(tenants, failing=True)

    async def mark_reported(self, reported: Mapping[str, str | None]) -> OverallHealth:
        """Store what was reported of each tenant: its failure, or None for none. Returns the
        present health of all tenants.
        """
        async with statement(self._engine) as connection:
            if reported:
                await connection.execute(_MARK_REPORTED, (list(reported), list(reported.values())))
            row = await (await connection.execute(_OVERALL)).fetchone()
        assert row is not None  # noqa: S101 - an aggregate without groups is a row
        return OverallHealth(*row)

    async def _read(
        self, tenants: Collection[str] | None, *, failing: bool
    ) -> Mapping[str, TenantHealth]:
        named = None if tenants is None else list(tenants)
        async with statement(self._engine) as connection:
            found = await connection.execute(_READ, {"tenants": named, "failing": failing})
            rows = await found.fetchall()
        return {
            tenant: TenantHealth(
                tenant,
                total,
                tuple(StoppedMailbox(*row[3:]) for row in own if row[3] is not None),
                reported_failure,
            )
            for (tenant, reported_failure, total), own in groupby(rows, itemgetter(0, 1, 2))
        }
