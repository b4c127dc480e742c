"""A sandbox with mailboxes, their settings, and credentials in memory or in Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import SCOPE, OAuthKeys, ServiceAccountKeys
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential
from gmail_ingest.sync.mailbox.records import Mailbox
from gmail_sandbox.faults import FaultRule
from gmail_sandbox.server import Sandbox, SandboxThread
from gmail_sandbox.settings import SandboxSettings

CLIENT = SandboxSettings()
OWNER = "owner@example.com"
SERVICE_ACCOUNT = "sync@sandbox-project.iam.gserviceaccount.com"


def mail(subject: str, body: str = "Hello", **headers: str) -> bytes:
    """A small mail to the owner."""
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: Ann <ann@example.net>\r\nTo: {OWNER}\r\nSubject: {subject}\r\n{extra}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def call_for(*message_ids: str, thread_id: str | None = None) -> FetchCall:
    """A planned call for these messages."""
    wanted = tuple(PendingMessage(message_id, thread_id or "") for message_id in message_ids)
    return FetchCall(thread_id, wanted, 0)


class World:
    """One sandbox, and how a test acts on it."""

    def __init__(self, sandbox: SandboxThread) -> None:
        self.sandbox = sandbox
        self.mailbox = Mailbox(1, "t", 1, OWNER, (), 1, "active", None, None)
        sandbox.call(lambda state: state.accounts.create(OWNER))

    def settings(self, **values: object) -> Settings:
        """Settings that point at this sandbox."""
        url = self.sandbox.url
        known = {
            "google_client_id": CLIENT.client_id,
            "google_client_secret": CLIENT.client_secret,
            "gmail_api_endpoint": url,
            "google_token_uri": f"{url}/token",
            "google_revoke_uri": f"{url}/revoke",
            "request_timeout_seconds": 5.0,
        }
        return Settings(_env_file=None, **{**known, **values})

    def grant(self, *, fresh: bool = True, scope: str = SCOPE) -> OAuthKeys:
        """The owner's consent; without ``fresh`` its access token is one that has ended."""

        def consent(state):
            grant = state.grants.consent(OWNER, CLIENT.client_id, [scope])
            return state.grants.new_access_token(grant), state.grants.new_refresh_token(grant)

        access, refresh = self.sandbox.call(consent)
        if not fresh:
            past = datetime.now(UTC) - timedelta(hours=1)
            return OAuthKeys("ya29.ended", refresh, past, (scope,))
        return OAuthKeys(access, refresh, datetime.now(UTC) + timedelta(hours=1), (scope,))

    def service_account(self, *, delegated: bool = True) -> ServiceAccountKeys:
        """A service account of the owner's domain, delegated to or not."""
        domains = frozenset({"example.com"} if delegated else ())
        info = self.sandbox.call(
            lambda state: state.service_accounts.register(
                SERVICE_ACCOUNT, domains=domains
            ).key_file(project_id="p", base_url=state.base_url)
        )
        return ServiceAccountKeys(SERVICE_ACCOUNT, info)

    def gmail(self, credentials=None, *, gzip: bool | None = None, **values: object) -> Gmail:
        """A client with these credentials, or with a fresh consent."""
        credential = credentials or InMemoryCredential("t", self.grant())
        return Gmail(self.settings(**values), credential, gzip=gzip)

    def deliver(self, raw: bytes, **options: object) -> str:
        """Deliver a mail to the owner; its id."""
        return self.sandbox.call(
            lambda state: state.accounts[OWNER].mailbox.deliver(raw, **options).id
        )

    def box(self, work):
        """Do something with the owner's mailbox, on the sandbox's thread."""
        return self.sandbox.call(lambda state: work(state.accounts[OWNER].mailbox))

    def fault(self, **rule: object) -> None:
        """Break calls as the rule says."""
        self.sandbox.call(lambda state: state.faults.add(FaultRule.model_validate(rule)))

    def count(self, method: str) -> int:
        """Calls of a method so far."""
        return self.sandbox.call(lambda state: state.counters.calls[method])

    def mailbox_of(self, integration_id: int, address: str = OWNER) -> Mailbox:
        """A mailbox that uses an integration."""
        return replace(self.mailbox, integration_id=integration_id, address=address)


@pytest.fixture
def world() -> Iterator[World]:
    """A sandbox with one account, without mail."""
    with Sandbox.in_thread() as sandbox:
        yield World(sandbox)
