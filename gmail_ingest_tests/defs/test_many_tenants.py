"""The night of many tenants, with few connections and one that meets a bug."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from gmail_ingest.adapters.postgres.engine import create_engine, statement
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.defs.completeness.verification import TENANTS_AT_ONCE, verify_tenants
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest_tests.sync.conftest import QUICK
from gmail_ingest_tests.sync.google import MemoryMailboxClient

TENANTS = 320
#: Tenants, each with a mailbox that was listed two days back.
_FILL = """
WITH named AS (
    INSERT INTO tenants (id) SELECT format('t%%s', n) FROM generate_series(1, %(tenants)s) n
    RETURNING id
), granted AS (
    INSERT INTO integrations (tenant_id, auth_type, subject) SELECT id, 'oauth', 'a@x.test'
    FROM named RETURNING id, tenant_id
), boxes AS (
    INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
    SELECT tenant_id, id, 'a@x.test', 100 FROM granted RETURNING id
)
INSERT INTO listings (mailbox_id, window_start, done_at) SELECT id, %(since)s, now() FROM boxes
"""


@pytest.fixture
def few_connections(database_url, run):
    """An engine that has two connections for all tenants."""
    engine = create_engine(database_url, pool_size=2)
    yield engine
    run(engine.dispose())


def test_night_of_many_tenants_needs_few_connections_and_outlives_a_bug(few_connections, run):
    """Tenants wait for each other, not for a connection; the one that meets an error which nobody
    foresaw has an evaluation that names its class and place, and the others theirs (edge case 88).
    """
    working: set[str] = set()
    most = 0
    reported: dict[str, object] = {}

    def open_client(mailbox):
        nonlocal most
        working.add(mailbox.tenant_id)
        most = max(most, len(working - set(reported)))
        if mailbox.tenant_id == "t160":
            raise KeyError("owner@private.example")
        return MemoryMailboxClient()

    async def night():
        async with statement(few_connections) as connection:
            since = datetime.now(UTC) - timedelta(days=2)
            await connection.execute(_FILL, {"tenants": TENANTS, "since": since})
        store = PostgresMailStore(few_connections)
        verify = Verify(store, open_client, QUICK, limiter=Unlimited())
        names = [f"t{number}" for number in range(1, TENANTS + 1)]
        health_store = PostgresTenantHealth(few_connections)
        tally = await verify_tenants(verify, health_store, names, "run-1", reported.__setitem__)
        async with statement(few_connections) as connection:
            found = await connection.execute("SELECT passed, count(*) FROM verdicts GROUP BY 1")
            return tally, dict(await found.fetchall())

    tally, verdicts = run(night())
    assert most <= TENANTS_AT_ONCE
    assert len(reported) == tally.tenants == TENANTS
    assert [name for name, found in reported.items() if not found.passed] == ["t160"]
    crashed = reported["t160"]
    assert crashed.severity is dg.AssetCheckSeverity.ERROR
    assert "unexpected KeyError in gmail_ingest_tests.defs.test_many_tenants" in crashed.description
    assert "private" not in repr(crashed)
    assert tally.failure() == (
        f"of {TENANTS} tenants 1 met an unexpected error, named in their evaluation"
    )
    assert verdicts == {True: TENANTS - 1, False: 1}


def test_tenant_that_cannot_even_be_planned_ends_no_night(few_connections, run):
    """Also a database that fails for one tenant is that tenant's evaluation (edge case 88)."""
    reported = {}

    class Store(PostgresMailStore):
        async def mailboxes(self, tenant_id, ids):
            """Fails for one tenant, as a statement may."""
            if tenant_id == "t2":
                raise OSError("connection of owner@private.example")
            return await super().mailboxes(tenant_id, ids)

    async def night():
        async with statement(few_connections) as connection:
            since = datetime.now(UTC) - timedelta(days=2)
            await connection.execute(_FILL, {"tenants": 3, "since": since})
        verify = Verify(
            Store(few_connections), lambda _: MemoryMailboxClient(), QUICK, limiter=Unlimited()
        )
        health_store = PostgresTenantHealth(few_connections)
        await verify_tenants(
            verify, health_store, ["t1", "t2", "t3"], "run-1", reported.__setitem__
        )

    run(night())
    assert {name: found.passed for name, found in reported.items()} == {
        "t1": True,
        "t2": False,
        "t3": True,
    }
    assert reported["t2"].description.endswith("see the log of run run-1")
    assert "private" not in repr(reported["t2"])
