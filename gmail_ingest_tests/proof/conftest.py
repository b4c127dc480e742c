"""A deployment whose pages hold few ids, and workers of it in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gmail_ingest_tests.proof.deployment import PAGE_SIZE, Deployment
from gmail_ingest_tests.sync.service import Service
from gmail_sandbox.server import Sandbox
from gmail_sandbox.settings import Limits


@pytest.fixture
def deployment(engine, run) -> Iterator[Deployment]:
    """The real adapters on an empty database, against a sandbox without quotas; a handful of mails
    makes several pages.
    """
    limits = Limits(user_per_minute=None, project_per_minute=None)
    with Sandbox.in_thread(limits=limits) as sandbox:
        service = Service(engine, sandbox, page_size=PAGE_SIZE, request_timeout_seconds=0.3)
        yield Deployment(service, run)
        run(service.aclose())


@pytest.fixture
def worker(deployment, database_url) -> Iterator[Callable[[str, int], str]]:
    """Start workers: a tenant and the exchange to die at in, ``killed`` or its megabytes out."""
    sandbox = deployment.sandbox_url
    process = subprocess.Popen(
        [sys.executable, "-m", "gmail_ingest_tests.proof.crash_worker", database_url, sandbox],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def work(tenant: str, number: int) -> str:
        process.stdin.write(f"{tenant} {number}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    yield work
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()
