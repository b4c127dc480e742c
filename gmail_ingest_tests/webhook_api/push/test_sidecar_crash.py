"""The sidecar is killed in the middle of a burst of pushes."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

from gmail_ingest.local.environment import base_environment, settings_variables
from gmail_ingest.local.readiness import free_ports, http_ok, loopback_session, wait_until
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.postgres.worlds import PostgresWorld
from gmail_ingest_tests.webhook_api.conftest import Api

#: Mailboxes, each with a tenant of its own and one push: none can be made up for by another.
BURST = 150


@pytest.fixture
def mailboxes(engine, run):
    """Addresses of connected mailboxes."""
    world = PostgresWorld(engine)
    addresses = [f"owner{number}@example.com" for number in range(BURST)]
    for address in addresses:
        run(world.connect(address, tenant=address))
    return addresses


@pytest.fixture
def sidecar(settings, database_url, tmp_path):
    """A sidecar in a process of its own, and how to start it anew."""
    (port,) = free_ports(1)
    environment = base_environment(os.environ, tmp_path) | settings_variables(settings)
    url, processes = f"http://127.0.0.1:{port}", []

    def start():
        command = [sys.executable, "-m", "webhook_api", "--port", str(port)]
        processes.append(subprocess.Popen(command, env=environment, cwd=tmp_path))
        with loopback_session() as session:
            ready = f"{url}/readyz"
            wait_until(
                lambda: http_ok(session, ready), what="sidecar", seconds=60, check=lambda: None
            )
        return processes[-1]

    with requests.Session() as session, psycopg.connect(plain_url(database_url)) as database:
        yield start, Api(url, "", session, database)
    for process in processes:
        process.kill()
        process.wait()


def test_push_burst_over_a_sidecar_crash_loses_no_acknowledged_push(sidecar, google, mailboxes):
    """Each push that was acknowledged before SIGKILL is in the queue; the others, which Pub/Sub
    sends again, join it once the sidecar is back, and none is there twice (edge case 69).
    """
    start, api = sidecar
    process, token = start(), google.push_token()
    answered = itertools.count(1)

    def push(address):
        try:
            acknowledged = api.push(address, 2**62, token=token).ok
        except requests.ConnectionError:
            return address, False
        if next(answered) == BURST // 3:
            process.kill()
        return address, acknowledged

    def queued():
        return sorted(row[0] for row in api.rows("SELECT tenant_id FROM sync_queue"))

    with ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(push, mailboxes))
    acknowledged = {address for address, taken in answers.items() if taken}
    assert BURST // 3 <= len(acknowledged) < BURST
    assert acknowledged <= set(queued())

    start()
    assert all(push(address)[1] for address in mailboxes if address not in acknowledged)
    assert queued() == sorted(mailboxes)
