"""The demonstration's processes and settings, put together.

Holds: ``open_demo``. Keep out: what happens then (``scenario``), what a person sees (``cli``).
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.consent import OAuthClient
from gmail_ingest.local.dagster_api import DagsterApi
from gmail_ingest.local.data_directory import Addresses, DataDirectory
from gmail_ingest.local.databases import Databases, embedded_databases
from gmail_ingest.local.environment import (
    base_environment,
    machine_environment,
    pinned_settings,
    settings_variables,
)
from gmail_ingest.local.sidecar_api import SidecarApi
from gmail_ingest.local.stack import Stack, open_stack
from gmail_ingest.settings import Settings
from gmail_ingest_lab.demo.observer import Observer
from gmail_ingest_lab.demo.plan import (
    ALL_DAYS,
    AUDIENCE,
    INITIAL_SYNC_DAYS,
    PROJECT,
    PUSH_ACCOUNT,
    TOPIC,
    DemoOptions,
)
from gmail_ingest_lab.demo.rows import Rows
from gmail_ingest_lab.demo.sandbox_api import PushTarget, SandboxApi
from gmail_ingest_lab.demo.sandbox_process import sandbox_process
from gmail_ingest_lab.demo.scenario import Scenario
from gmail_ingest_lab.demo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration; ``api_key`` opens its sidecar and nothing else."""

    addresses: Addresses
    api_key: str
    scenario: Scenario
    stack: Stack


def _quick_databases(directory: Path) -> AbstractContextManager[Databases]:
    # Nothing here outlives the directory: waiting for the disk would only cost time.
    return embedded_databases(directory, durable=False)


@dataclass(frozen=True, slots=True)
class DemoOverrides:
    """What a rehearsal changes of the demonstration: where the databases are, and settings that
    replace the demonstration's.
    """

    databases: Callable[[Path], AbstractContextManager[Databases]] = _quick_databases
    tuning: Mapping[str, object] = field(default_factory=dict)


@contextmanager
def open_demo(
    options: DemoOptions,
    data: DataDirectory,
    *,
    on_step: Callable[[str], None],
    show: Callable[[Snapshot], None],
    overrides: DemoOverrides = DemoOverrides(),
) -> Iterator[Demo]:
    """Start everything, connect the tenants, and yield; stops everything at the end.

    Args:
        options: what the person chose.
        data: an empty directory, or that of an earlier demonstration to be overwritten.
        on_step: is told what is being started.
        show: is given snapshots.
        overrides: databases and tuning of a rehearsal.

    Raises:
        ConfigurationError: the directory is in use, or holds a ``.env`` that Dagster would read.
    """
    if (data.root / ".env").exists():
        raise ConfigurationError(
            f"{data.root} holds a .env, which Dagster would read: choose a new directory"
        )
    # Hexadecimal, since it is an argument of the sandbox and must not begin with a dash.
    client = OAuthClient("demo.apps.googleusercontent.com", secrets.token_hex(16))
    with open_stack(data, on_step, machine_environment(os.environ)) as stack:
        databases = stack.cleanup.enter_context(overrides.databases(data.postgres))
        sandbox_url = _start_sandbox(stack, options, client)
        client = replace(
            client,
            authorize_uri=f"{sandbox_url}/o/oauth2/v2/auth",
            token_uri=f"{sandbox_url}/token",
        )
        settings = demo_settings(sandbox_url, client, options, overrides.tuning)
        environment = stack.child_environment(settings, databases)
        addresses = replace(stack.start_services(environment), sandbox=sandbox_url)
        key = asyncio.run(_create_key(databases.mail))
        stack.publish(
            addresses,
            {
                **settings_variables(settings),
                **stack.made_up(databases),
                "GMAIL_INGEST_API_KEY": key,
            },
        )
        sandbox, rows = SandboxApi(sandbox_url), Rows(psycopg_url(databases.mail))
        stack.cleanup.callback(rows.close)
        sandbox.subscribe(_push_target(addresses.api, settings))
        dagster, api = DagsterApi(addresses.dagster), SidecarApi(addresses.api, key)
        observer = Observer(rows, sandbox, dagster, alive=stack.supervisor.check, show=show)
        scenario = Scenario(options, sandbox, api, dagster, rows, observer, client)
        on_step("filling mailboxes")
        scenario.prepare()
        on_step("connecting tenants")
        scenario.connect()
        yield Demo(addresses, key, scenario, stack)


def _start_sandbox(stack: Stack, options: DemoOptions, client: OAuthClient) -> str:
    ready = stack.data.root / "sandbox.json"
    ready.unlink(missing_ok=True)
    arguments = (
        *("--ready-file", str(ready), "--allow-paths", "--project-id", PROJECT),
        # One word: a random secret may begin with a dash, and would be taken for an option.
        *(f"--client-id={client.client_id}", f"--client-secret={client.client_secret}"),
        *("--user-units-per-minute", str(options.units_per_minute)),
        *("--seed", str(options.seed)),
    )
    environment = base_environment({}, stack.data.bytecode)
    stack.start(sandbox_process(environment, *arguments))
    stack.wait(ready.exists, "sandbox")
    return str(json.loads(ready.read_text())["url"])


def demo_settings(
    sandbox: str,
    client: OAuthClient,
    options: DemoOptions,
    tuning: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """Settings for the sandbox: no one's own environment or ``.env`` takes part."""
    chosen: dict[str, object] = {
        "google_client_id": client.client_id,
        "google_client_secret": client.client_secret,
        "google_cloud_project_id": PROJECT,
        "pubsub_topic": TOPIC,
        "pubsub_audience": AUDIENCE,
        "pubsub_service_account": PUSH_ACCOUNT,
        "pubsub_verification_token": secrets.token_urlsafe(16),
        "encryption_key": b64encode(secrets.token_bytes(32)).decode(),
        "gmail_api_endpoint": sandbox,
        "google_token_uri": f"{sandbox}/token",
        "google_revoke_uri": f"{sandbox}/revoke",
        "google_certs_uri": f"{sandbox}/oauth2/v1/certs",
        "mailbox_units_per_minute": options.units_per_minute,
        "initial_sync_days": INITIAL_SYNC_DAYS if options.mbox is None else ALL_DAYS,
    }
    return pinned_settings(**{**chosen, **tuning})


def _push_target(api: str, settings: Settings) -> PushTarget:
    token = settings.pubsub_verification_token.get_secret_value()
    return PushTarget(f"{api}/webhooks/pubsub?token={token}", AUDIENCE, PUSH_ACCOUNT)


async def _create_key(database_url: str) -> str:
    engine = create_engine(database_url, pool_size=1)
    try:
        return await PostgresApiKeys(engine).create("demo")
    finally:
        await engine.dispose()


def psycopg_url(url: str) -> str:
    """The address as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
