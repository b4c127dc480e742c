"""From resources to use cases, for assets, ops and sensors.

Holds: one function for each use case that Dagster starts. Add here: as those come.
Keep out: Dagster's objects, decisions.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.coverage import PostgresCoverage, Proof
from gmail_ingest.adapters.postgres.drains import PostgresDrains, listen
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.sync_queue import PostgresSyncQueue
from gmail_ingest.adapters.postgres.tenant_health import PostgresTenantHealth
from gmail_ingest.adapters.postgres.tenants import PostgresTenants
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings, load_settings
from gmail_ingest.sync.backfill import BackfillSync
from gmail_ingest.sync.drain import Drain
from gmail_ingest.sync.tenant_health import OverallHealth, TenantHealth, TenantHealthStore
from gmail_ingest.sync.tenant_sync import TenantSync
from gmail_ingest.sync.verify import Verify
from gmail_ingest.sync.watch import renew_watches
from gmail_ingest.wiring import build_backfill, build_drain, build_tenant_sync, build_verify

#: A row whose pause has passed is not notified of.
LOOK_EVERY = 1.0
#: Seconds after which a few pushes are looked at again: the first of a thousand look like a few,
#: each run that is started for one costs 4 CPU seconds, and drains would start five seconds later.
MAY_BE_A_BURST = 0.25


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """What the sensor saw: rows that wait, drains that live, tenants that are connected."""

    waiting: int
    drains: int
    connected: frozenset[str]


@asynccontextmanager
async def open_tenant_sync(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[tuple[TenantSync, TenantHealthStore]]:
    """The use case behind every sync, for the length of a run, which logs in our one form; and
    the health of the tenant's mailboxes.
    """
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_tenant_sync(settings, engine, google), PostgresTenantHealth(engine)


@asynccontextmanager
async def open_drain(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[tuple[Drain, TenantHealthStore]]:
    """A drain, and the health of tenants' mailboxes, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_drain(settings, engine, google), PostgresTenantHealth(engine)


@asynccontextmanager
async def open_backfill(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[BackfillSync]:
    """The sync of a backfill's months, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_backfill(settings, engine, google)


@asynccontextmanager
async def open_verify(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[tuple[Verify, TenantHealthStore]]:
    """The comparison with Gmail, and who cannot be compared, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_verify(settings, engine, google), PostgresTenantHealth(engine)


async def read_health(
    mail_store: MailStoreResource, tenants: Collection[str] | None
) -> Mapping[str, TenantHealth]:
    """The health of connected tenants' mailboxes; of all tenants if None."""
    async with mail_store.open() as engine:
        return await PostgresTenantHealth(engine).read(tenants)


async def mark_reported(
    mail_store: MailStoreResource, reported: Mapping[str, str | None]
) -> OverallHealth:
    """Keep what was reported of each tenant's mailboxes; returns the health of all tenants."""
    async with mail_store.open() as engine:
        return await PostgresTenantHealth(engine).mark_reported(reported)


async def read_proof(mail_store: MailStoreResource) -> Proof:
    """What the last comparisons of all tenants say together."""
    async with mail_store.open() as engine:
        return await PostgresCoverage(engine).proof()


async def connected_tenants(mail_store: MailStoreResource) -> list[str]:
    """Ids of the connected tenants."""
    async with mail_store.open() as engine:
        return sorted(await PostgresTenants(engine).connected())


def _settings() -> Settings:
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    return settings


async def look_at_queue(
    engine: AsyncEngine,
    settings: Settings,
    *,
    known: Collection[str],
    sweep: bool,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> QueueSnapshot:
    """Ask for what nobody pushed, then wait a little until there is something to do.

    Args:
        engine: of the mail's database.
        settings: how long to wait, and what is due for a poll.
        known: the tenants that are partitions already.
        sweep: whether to look for mailboxes that nobody pushed for.
        pause: passes the seconds until a few are looked at again.
    """
    queue, tenants = PostgresSyncQueue(engine), PostgresTenants(engine)
    if sweep:
        await queue.sweep(timedelta(seconds=settings.poll_interval_seconds))
    ends = time.monotonic() + settings.sensor_wait_seconds
    async with listen(engine) as channel:
        while True:
            waiting = (await queue.waiting()).waiting
            connected = frozenset(await tenants.connected())
            left = ends - time.monotonic()
            if waiting or connected != set(known) or left <= 0:
                drains = await PostgresDrains(engine).alive()
                if 0 < waiting <= settings.max_tenant_runs and not drains:
                    await pause(MAY_BE_A_BURST)
                    waiting = (await queue.waiting()).waiting
                return QueueSnapshot(waiting, drains, connected)
            await channel.wait(min(left, LOOK_EVERY))


async def free_dead_run(engine: AsyncEngine, run_id: str) -> int:
    """Take everything from a run that is dead. Returns how many claims it had."""
    await PostgresDrains(engine).ended(run_id)
    return await PostgresSyncQueue(engine).free_run(f"run:{run_id}")


async def renew_all_watches(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> tuple[int, int]:
    """Renew Gmail's push notifications, and read the owners' addresses again. Returns how many were
    renewed, and how many failed.
    """
    topic = load_settings().pubsub_topic
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        store = PostgresMailStore(engine)
        return await renew_watches(PostgresTenants(engine), store, google.open_client, topic)
