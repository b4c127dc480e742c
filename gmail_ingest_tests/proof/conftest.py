"""A deployment whose pages hold few ids, so that a handful of mails makes several pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gmail_ingest.adapters.gmail import requests
from gmail_ingest.sandbox.server import Sandbox
from gmail_ingest.sandbox.settings import Limits
from gmail_ingest_tests.proof.deployment import PAGE_SIZE, Deployment
from gmail_ingest_tests.sync.service import Service


@pytest.fixture
def deployment(engine, run, monkeypatch) -> Iterator[Deployment]:
    """The real adapters on an empty database, against a sandbox without quotas."""
    monkeypatch.setattr(requests, "PAGE_SIZE", PAGE_SIZE)
    limits = Limits(user_per_minute=None, project_per_minute=None)
    with Sandbox.in_thread(limits=limits) as sandbox:
        service = Service(engine, sandbox, run, request_timeout_seconds=0.3)
        yield Deployment(service)
        run(service.aclose())
