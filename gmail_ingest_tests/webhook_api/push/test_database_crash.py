"""The database crashes in the middle of a burst of pushes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from gmail_ingest.adapters.postgres.schema.migrate import upgrade
from gmail_ingest.local.embedded_postgres import EmbeddedPostgres
from gmail_ingest_tests.conftest import plain_url

#: History ids beyond any of the sandbox, in the order of the burst.
BURST = range(2**62, 2**62 + 200)

NEWEST = "SELECT max(history_id) FROM sync_queue WHERE kind = 'incremental'"


@pytest.fixture
def server(tmp_path):
    """A server that may be crashed; durable, so that it keeps what it committed."""
    with EmbeddedPostgres(tmp_path / "pg", durable=True) as server:
        yield server


@pytest.fixture
def database_url(server):
    """A migrated database there."""
    server.create_database("mail")
    upgrade(server.url("mail"))
    return server.url("mail")


def test_push_burst_over_a_database_crash_loses_no_acknowledged_push(
    server, api, google, database_url
):
    """While PostgreSQL is down pushes are answered 5xx, so that Pub/Sub sends them again; every
    push that was acknowledged is in the queue afterwards (edge case 69).
    """
    address = "owner@example.com"
    assert api.connect("acme", google.mailbox(address)).ok
    token, half = google.push_token(), threading.Event()

    def push(number):
        if number == BURST[len(BURST) // 2]:
            half.set()
        return number, api.push(address, number, token=token).status_code

    def crash():
        assert half.wait(timeout=20)
        server.crash()
        server.start()

    with ThreadPoolExecutor(8) as pool:
        crashing = pool.submit(crash)
        answers = dict(pool.map(push, BURST))
        crashing.result()
    refused = [number for number, status in answers.items() if status >= 500]
    acknowledged = [number for number, status in answers.items() if 200 <= status < 300]
    assert len(refused) + len(acknowledged) == len(BURST)
    assert refused
    with psycopg.connect(plain_url(database_url)) as connection:
        assert connection.execute(NEWEST).fetchone()[0] >= max(acknowledged)
    assert {push(number)[1] // 100 for number in refused} == {2}
