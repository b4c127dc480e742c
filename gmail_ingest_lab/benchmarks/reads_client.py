"""A sidecar in a process of its own, and a caller that reads mail as a CRM does.

Holds: ``Client``. Keep out: what is asked for (``reads_cases``), figures (``reads``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import psycopg

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_cursor import Position, encode_cursor
from gmail_ingest.local import process_commands
from gmail_ingest.local.readiness import free_ports, http_ok, loopback_session
from gmail_ingest_lab.benchmarks.harness import BenchmarkError, Harness, plain_url
from gmail_ingest_lab.benchmarks.proc import tree_cpu_seconds
from gmail_ingest_lab.benchmarks.reads_data import MAIN

#: Mails of a page.
LIMIT = 50
#: Fields of EmailFilter by parameter, where they have another name.
_FIELDS = {
    "from": "since",
    "to": "until",
    "hasAttachment": "has_attachment",
    "includeSpamTrash": "include_spam_trash",
}
_HALF = """
SELECT internal_date, mailbox_id, gmail_id FROM email_keys WHERE tenant_id = %s
ORDER BY internal_date DESC, mailbox_id DESC, gmail_id DESC OFFSET %s LIMIT 1
"""


class Client:
    """Starts the sidecar and asks it for the main tenant's mail; ``mails`` says how many."""

    def __init__(self, harness: Harness, mails: int) -> None:
        self._half = _half(plain_url(harness.databases.mail), mails)
        environment = harness.stack.child_environment(harness.settings, harness.databases)
        (port,) = free_ports(1)
        self._harness = harness
        self._sidecar = harness.stack.start(process_commands.sidecar(environment, port)).group
        ready = f"http://{process_commands.LOOPBACK}:{port}/readyz"
        with loopback_session() as session:
            harness.stack.wait(lambda: http_ok(session, ready), "sidecar")
        # Not the package ``requests``: it took 1.4 ms of CPU a page, on the cores that answer it.
        self._connection = HTTPConnection(process_commands.LOOPBACK, port, timeout=120)
        self._headers = {"X-API-Key": asyncio.run(_api_key(harness.databases.mail))}

    def ask(self, parameters: Mapping[str, str]) -> bytes:
        """A page."""
        query = urlencode({"tenantId": MAIN, "limit": str(LIMIT), **parameters})
        self._connection.request("GET", f"/api/emails?{query}", headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise BenchmarkError(f"a page was answered with {answer.status}")
        return body

    def timed(self, parameters: Mapping[str, str]) -> float:
        """Milliseconds until a whole page is there."""
        began = time.perf_counter()
        self.ask(parameters)
        return 1000 * (time.perf_counter() - began)

    def cpu_seconds(self) -> float:
        """CPU of the sidecar and of Postgres, so far."""
        return tree_cpu_seconds(self._sidecar) + self._harness.postgres_cpu_seconds()

    def deep(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """The same list from the middle of all mail on, by the cursor for that place."""
        wanted = {_FIELDS.get(name, name): _read(value) for name, value in parameters.items()}
        cursor = encode_cursor(self._half, EmailFilter(MAIN, **wanted))
        return {**parameters, "cursor": cursor}


def _half(database: str, mails: int) -> Position:
    """The mail before which half of all mail stands."""
    with psycopg.connect(database) as connection:
        row = connection.execute(_HALF, (MAIN, mails // 2)).fetchone()
    if row is None:
        raise BenchmarkError("there is too little mail")
    return Position(*row)


def _read(value: str) -> Any:  # noqa: ANN401 - a filter's field
    """A parameter as the API reads it."""
    if value in {"true", "false"}:
        return value == "true"
    return datetime.fromisoformat(value) if value.endswith("Z") else value


async def _api_key(database_url: str) -> str:
    engine = create_engine(database_url)
    try:
        return await PostgresApiKeys(engine).create("bench")
    finally:
        await engine.dispose()
