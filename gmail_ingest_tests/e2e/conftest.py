"""The whole service as real processes, and words for what a CRM and Gmail do to it over HTTP.

Holds: ``crm`` (the stack, seen through the sidecar, the sandbox and Dagster's GraphQL).
Add here: another word over HTTP. Keep out: looking into Postgres.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.local.data_directory import Addresses, DataDirectory
from gmail_ingest.local.databases import embedded_databases
from gmail_ingest.local.environment import base_environment
from gmail_ingest.local.readiness import http_ok, loopback_session
from gmail_ingest.local.stack import Stack, open_stack
from gmail_ingest.settings import Settings
from gmail_ingest_lab.demo.sandbox_process import sandbox_process

PROJECT = "sandbox-project"
PUSHER = f"push@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE = "https://crm.test/webhooks/pubsub"
CLIENT = {"google_client_id": "e2e.apps.googleusercontent.com", "google_client_secret": "s3cret"}
#: Nothing is expected to take longer than this, also on busy cores.
DEADLINE_SECONDS = 180.0
_PARTITIONS = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    assetNodes { assetKey { path } partitionKeys } } } } }"""
_OUT_OF_SCOPE = {"DRAFT", "SPAM", "TRASH", "CHAT"}

Labels = Mapping[str, frozenset[str]]


@dataclass
class Crm:
    """What a CRM, its users' Gmail and a data engineer see of one deployment."""

    stack: Stack
    addresses: Addresses
    environment: Mapping[str, str]
    key: str
    session: requests.Session
    down: set[str] = field(default_factory=set)

    def api(self, verb: str, path: str, body: Any = None, **query: Any) -> Any:
        """Call the sidecar; it must succeed."""
        answer = self.session.request(
            verb,
            f"{self.addresses.api}/api/{path}",
            json=body,
            params=query,
            headers={"X-API-Key": self.key},
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer.json()

    def google(self, verb: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's admin API; it must succeed."""
        url = f"{self.addresses.sandbox}/sandbox/{path}"
        answer = self.session.request(verb, url, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def new_mailbox(self, address: str, messages: int) -> None:
        """Make a mailbox at Google with mail of the last days."""
        self.google("POST", "mailboxes", {"address": address, "messages": messages, "spanDays": 5})

    def connect(self, tenant: str, address: str) -> Any:
        """Connect a mailbox with a consent of its owner."""
        tokens = self.google("POST", f"mailboxes/{address}/tokens", {})
        keys = {name: tokens[name] for name in ("accessToken", "refreshToken")}
        return self.api(
            "POST", "integrations", {"tenantId": tenant, "authType": "oauth", "keys": keys}
        )

    def deliver(self, address: str, count: int, seed: int) -> None:
        """Let seeded mail arrive, which Gmail pushes."""
        self.google("POST", f"mailboxes/{address}/deliver", {"count": count, "seed": seed})

    def relabel(self, address: str, ids: Sequence[str], **change: Sequence[str]) -> None:
        """Change labels."""
        self.google("POST", f"mailboxes/{address}/modify", {"ids": list(ids), **change})

    def at_google(self, address: str) -> Labels:
        """Labels by message, of all that a sync shall store."""
        found = self.google("GET", f"mailboxes/{address}/messages")["messages"]
        labels = {message["id"]: frozenset(message["labelIds"]) for message in found}
        return {key: value for key, value in labels.items() if value.isdisjoint(_OUT_OF_SCOPE)}

    def in_crm(self, tenant: str) -> Labels:
        """Labels by message, of all that the API lists."""
        found: list[Any] = []
        while True:
            page = self.api("GET", "emails", tenantId=tenant, limit=200, offset=len(found))
            found += page["emails"]
            if not page["emails"]:
                labels = {message["id"]: frozenset(message["labelIds"]) for message in found}
                assert len(labels) == len(found), "a message is listed twice"
                return labels

    def total(self, tenant: str) -> int:
        """How many messages the API says there are."""
        return int(self.api("GET", "emails", tenantId=tenant, limit=1, offset=0)["total"])

    def partitions(self) -> set[str]:
        """The tenants that Dagster knows."""
        url = f"{self.addresses.dagster}/graphql"
        answer = self.session.post(url, json={"query": _PARTITIONS}, timeout=60).json()
        (repository,) = answer["data"]["repositoriesOrError"]["nodes"]
        (emails,) = [
            node
            for node in repository["assetNodes"]
            if node["assetKey"]["path"] == ["gmail", "emails"]
        ]
        return set(emails["partitionKeys"])

    def kill(self, *names: str) -> None:
        """Kill processes with all that they started, as a container or machine that is lost."""
        for name in names:
            os.killpg(self.stack.supervisor.child(name).group, signal.SIGKILL)
            self.down.add(name)

    def revive(self) -> None:
        """Start what was killed anew, as whatever supervises a deployment does."""
        self.until(lambda: self._dead() == self.down, "the end of what was killed")
        assert set(self.stack.supervisor.revive()) == self.down
        self.down.clear()
        self.until(lambda: http_ok(self.session, f"{self.addresses.api}/readyz"), "the sidecar")

    def _dead(self) -> set[str]:
        child = self.stack.supervisor.child
        return {name for name in self.down if child(name).exit_code() is not None}

    def until(self, reached: Callable[[], bool], what: str) -> None:
        """Ask until it is so; a process that died by itself ends the wait."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not reached():
            if not self.down:
                self.stack.supervisor.check()
            assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS} seconds"
            time.sleep(0.2)

    def until_equal(self, tenant: str, address: str) -> None:
        """Wait until the CRM shows what Gmail has: the same messages with the same labels."""

        def equal() -> bool:
            wanted = self.at_google(address)
            return self.total(tenant) == len(wanted) and self.in_crm(tenant) == wanted

        self.until(equal, f"mail of {tenant}")


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """A deployment of its own, with a sandbox as its Google."""
    data = DataDirectory(tmp_path_factory.mktemp("deployment"))
    with open_stack(data, lambda _: None) as stack:
        _look_often(data)
        databases = stack.cleanup.enter_context(embedded_databases(data.postgres, durable=False))
        google = _start_google(stack)
        settings = _settings(google)
        environment = stack.child_environment(settings, databases)
        found = stack.start_services(environment)
        addresses = Addresses(found.dagster, found.api, found.database, google)
        key = asyncio.run(_new_key(databases.mail))
        with loopback_session() as session:
            crm = Crm(stack, addresses, environment, key, session)
            token = settings.pubsub_verification_token.get_secret_value()
            crm.google(
                "POST",
                "pubsub/subscription",
                {
                    "pushEndpoint": f"{addresses.api}/webhooks/pubsub?token={token}",
                    "audience": AUDIENCE,
                    "serviceAccountEmail": PUSHER,
                },
            )
            crm.google("POST", "limits", {"userPerMinute": None, "projectPerMinute": None})
            yield crm


def _look_often(data: DataDirectory) -> None:
    """Let Dagster look for dead runs every few seconds, which it does three times a minute: the
    tests wait for what it does then.
    """
    file = data.dagster_home / "dagster.yaml"
    text, seldom = file.read_text(), "poll_interval_seconds: 20"
    assert seldom in text
    file.write_text(text.replace(seldom, "poll_interval_seconds: 4"))


def _start_google(stack: Stack) -> str:
    ready = stack.data.root / "sandbox.json"
    arguments = (
        *("--ready-file", str(ready), "--project-id", PROJECT),
        f"--client-id={CLIENT['google_client_id']}",
        f"--client-secret={CLIENT['google_client_secret']}",
    )
    environment = base_environment({}, stack.data.bytecode)
    stack.start(sandbox_process(environment, *arguments))
    stack.wait(ready.exists, "sandbox")
    return str(json.loads(ready.read_text())["url"])


def _settings(google: str) -> Settings:
    return Settings(
        _env_file=None,
        **CLIENT,
        google_cloud_project_id=PROJECT,
        pubsub_topic=f"projects/{PROJECT}/topics/gmail-push",
        pubsub_audience=AUDIENCE,
        pubsub_service_account=PUSHER,
        pubsub_verification_token=SecretStr(secrets.token_hex(16)),
        encryption_key=SecretStr(b64encode(secrets.token_bytes(32)).decode()),
        gmail_api_endpoint=google,
        google_token_uri=f"{google}/token",
        google_revoke_uri=f"{google}/revoke",
        google_certs_uri=f"{google}/oauth2/v1/certs",
        mailbox_units_per_minute=0,
        log_format="json",
    )


async def _new_key(database_url: str) -> str:
    engine = create_engine(database_url, pool_size=1)
    try:
        return await PostgresApiKeys(engine).create("e2e")
    finally:
        await engine.dispose()
