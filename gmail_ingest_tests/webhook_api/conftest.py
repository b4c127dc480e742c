"""The sidecar as a server in a thread, with its own database and its own Google."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import requests
import uvicorn
from pydantic import SecretStr

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.settings import Settings
from gmail_ingest_tests.conftest import plain_url
from gmail_sandbox.server import Sandbox, SandboxThread
from gmail_sandbox.settings import SandboxSettings
from webhook_api.app import create_app

AUDIENCE = "https://crm.test/webhooks/pubsub"
PUSHER = "push@sandbox-project.iam.gserviceaccount.com"
TOPIC = "projects/sandbox-project/topics/gmail-push"


class Google:
    """The sandbox, driven through its admin API."""

    def __init__(self, thread: SandboxThread) -> None:
        self.thread = thread
        self.url = thread.url

    def admin(self, verb: str, path: str, body: Any = None) -> Any:
        """Make an admin call; it must succeed."""
        answer = requests.request(verb, f"{self.url}/sandbox/{path}", json=body, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def mailbox(self, address: str, messages: int = 0) -> dict[str, Any]:
        """Make a mailbox; returns its tokens."""
        body = {"address": address, "messages": messages, "spanDays": 5}
        return self.admin("POST", "mailboxes", body)

    def fault(self, method: str, **rule: Any) -> None:
        """Put a fault rule in force."""
        self.admin("POST", "faults", {"method": method, **rule})

    def calls(self, method: str) -> int:
        """How often a method was called."""
        counted: dict[str, Any] = self.admin("GET", "counters")["calls"]
        return int(counted.get(method, 0))

    def push_token(self, email: str = PUSHER, audience: str = AUDIENCE) -> str:
        """A signed token as Pub/Sub sends it."""
        return self.thread.call(lambda state: state.push.token(email, audience))


@dataclass
class Api:
    """The sidecar over HTTP; ``rows`` looks into its database."""

    url: str
    key: str
    session: requests.Session
    database: psycopg.Connection

    def call(self, verb: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Call with the key."""
        headers = {"X-API-Key": self.key, **more.pop("headers", {})}
        return self.session.request(
            verb, f"{self.url}{path}", json=body, headers=headers, timeout=20, **more
        )

    def push(
        self, address: str, history_id: int, *, token: str, query: str = ""
    ) -> requests.Response:
        """Push a notification as Pub/Sub does."""
        data = json.dumps({"emailAddress": address, "historyId": history_id}).encode()
        body = {"message": {"data": base64.b64encode(data).decode(), "messageId": "1"}}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.url}/webhooks/pubsub{query}"
        return self.session.post(url, json=body, headers=headers, timeout=20)

    def connect(self, tenant: str, tokens: dict[str, Any]) -> requests.Response:
        """Connect a mailbox of the sandbox by OAuth."""
        keys = {"accessToken": tokens["accessToken"], "refreshToken": tokens["refreshToken"]}
        body = {"tenantId": tenant, "authType": "oauth", "keys": keys}
        return self.call("POST", "/api/integrations", body)

    def rows(self, query: str, *arguments: object) -> list[Any]:
        """Look into the database."""
        return self.database.execute(query.encode(), arguments).fetchall()


@pytest.fixture
def google() -> Iterator[Google]:
    """A local Google whose Gmail may publish to our topic."""
    with Sandbox.in_thread(SandboxSettings(topic=TOPIC)) as thread:
        google = Google(thread)
        google.admin("POST", "pubsub/topics", {"topic": TOPIC})
        yield google


@pytest.fixture
def settings(database_url: str, google: Google) -> Settings:
    """Settings that point at the test's database and Google."""
    defaults = SandboxSettings()
    return Settings(
        _env_file=None,
        database_url=database_url,
        google_client_id=defaults.client_id,
        google_client_secret=SecretStr(defaults.client_secret),
        google_cloud_project_id=defaults.project_id,
        pubsub_topic=TOPIC,
        pubsub_audience=AUDIENCE,
        pubsub_service_account=PUSHER,
        encryption_key=SecretStr(base64.b64encode(bytes(32)).decode()),
        gmail_api_endpoint=google.url,
        google_token_uri=f"{google.url}/token",
        google_revoke_uri=f"{google.url}/revoke",
        google_certs_uri=f"{google.url}/oauth2/v1/certs",
    )


@pytest.fixture
def serve(database_url: str) -> Iterator[Callable[..., Api]]:
    """Start sidecars that end with the test."""
    stops: list[Callable[[], None]] = []

    def start(settings: Settings, *, key: bool = True) -> Api:
        api, stop = _start(settings, database_url, key=key)
        stops.append(stop)
        return api

    yield start
    for stop in reversed(stops):
        stop()


@pytest.fixture
def api(settings: Settings, serve: Callable[..., Api]) -> Api:
    """A sidecar with one API key."""
    return serve(settings)


def _start(settings: Settings, database_url: str, *, key: bool) -> tuple[Api, Callable[[], None]]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings), access_log=False, log_config=None)
    server = uvicorn.Server(config)
    # The socket listens already: requests wait until the server takes them.
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    session = requests.Session()
    database = psycopg.connect(plain_url(database_url), autocommit=True)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop() -> None:
        session.close()
        database.close()
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()

    return Api(url, make_key(database_url) if key else "", session, database), stop


def make_key(database_url: str, name: str = "tests") -> str:
    """Make an API key."""

    async def make() -> str:
        engine = create_engine(database_url)
        try:
            return await PostgresApiKeys(engine).create(name)
        finally:
            await engine.dispose()

    return asyncio.run(make())
