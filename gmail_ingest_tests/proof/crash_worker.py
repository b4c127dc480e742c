"""A sync worker that is killed at a chosen exchange with Postgres: a program of its own.

Holds: the worker's loop. Add here: nothing that a real worker does not do. Keep out: what is
checked afterwards (``test_crashes``, ``test_large_mail``).

    python -m gmail_ingest_tests.proof.crash_worker DATABASE_URL SANDBOX_URL

Each line of its input, ``TENANT NUMBER``, is one worker process, forked so that it costs
milliseconds: it works off what waits for the tenant and is ended by SIGKILL before its NUMBERth
exchange with the server. One line is answered: ``killed``, or the megabytes it had at most.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from typing import Any

import psycopg

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.gmail.requests import GmailRequests
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings
from gmail_ingest.sync.live.tenant_sync import TenantSync
from gmail_ingest_tests.proof.deployment import PAGE_SIZE, POLICY
from gmail_ingest_tests.proof.interruptions import Exchange, at_exchange
from gmail_ingest_tests.sync.service import KEY, sandbox_settings


async def _die(_: psycopg.AsyncConnection[Any], __: Exchange) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _work(database_url: str, settings: Settings, tenant: str) -> None:
    engine = create_engine(database_url)
    sealer = AesGcmSealer(parse_key_ring(KEY))
    credentials = PostgresCredentials(engine, sealer)
    async with Gmail(settings, credentials, page_size=PAGE_SIZE) as gmail:
        queue, store = PostgresSyncQueue(engine), PostgresMailStore(engine)
        sync = TenantSync(queue, store, gmail.open_client, POLICY)
        await sync.run_tenant(tenant, f"process {os.getpid()}")
    await engine.dispose()


def _fork(database_url: str, settings: Settings, tenant: str, number: int) -> None:
    process = os.fork()
    if process == 0:
        with at_exchange(number, _die):
            asyncio.run(_work(database_url, settings, tenant))
        _answer(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        _answer("killed")
    else:
        assert status == 0, status


def _answer(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork a worker for each line of standard input."""
    database_url, sandbox_url = sys.argv[1:]
    settings = Settings(_env_file=None, **sandbox_settings(sandbox_url))
    configure_logging("ERROR", "json")
    # Reading the discovery document takes a tenth of a second: once, not in every process.
    GmailRequests(sandbox_url)
    for line in sys.stdin:
        tenant, number = line.split()
        _fork(database_url, settings, tenant, int(number))


if __name__ == "__main__":
    main()
