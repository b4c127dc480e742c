"""PostgreSQL goes down at once, in the middle of something, and comes back."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from gmail_ingest.adapters.postgres.schema.migrate import upgrade
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest_tests.proof.comparison import differences
from gmail_ingest_tests.proof.interruptions import at_exchange, doing
from gmail_ingest_tests.proof.mailbox_life import Event, Life

TENANT, ADDRESS = "acme", "owner@example.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server that may be crashed; durable, so that it keeps what it committed."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("pg"), durable=True) as server:
        yield server


@pytest.fixture
def database_url(server, request):
    """A migrated database there."""
    name = f"mail_{abs(hash(request.node.name)) % 10**9}"
    server.create_database(name)
    upgrade(server.url(name))
    return server.url(name)


@pytest.mark.parametrize("place", [20, 35, 49])
def test_sync_goes_on_after_postgres_crashed(deployment, server, place):
    """A sync whose server crashes and recovers in its middle fails, and the next one finishes:
    nothing is lost or doubled (edge case 69).
    """
    life = Life(ADDRESS)
    mailbox_id = deployment.run(deployment.connect(TENANT, ADDRESS))
    arriving = [Event("deliver", pick) for pick in range(30)]
    deployment.at_google(ADDRESS, lambda box: life.happen(box, arriving))

    def crash():
        server.crash()
        server.start()

    with at_exchange(place, doing(crash)), pytest.raises((psycopg.Error, SQLAlchemyError)):
        deployment.run(deployment.sync(TENANT))
    deployment.run(deployment.settle(TENANT))
    box = deployment.at_google(ADDRESS, lambda box: box)
    assert deployment.run(differences(deployment, TENANT, mailbox_id, box, life.texts)) == []
