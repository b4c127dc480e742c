"""From resources to use cases, for assets, ops and sensors.

Holds: one function for each use case that Dagster starts. Add here: as those come.
Keep out: Dagster's objects, decisions.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.sync_queue import Dispatched, PostgresSyncQueue
from gmail_ingest.adapters.postgres.tenants import PostgresTenants
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings
from gmail_ingest.sync.tenant_sync import TenantSync
from gmail_ingest.sync.watch import renew_watches
from gmail_ingest.wiring import build_tenant_sync

#: A run that was asked for and has not claimed its row by then is asked for again.
DISPATCH_TTL = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Look:
    """What the sensor saw: tenants to start, tenants that are connected, rows that wait."""

    dispatched: tuple[Dispatched, ...]
    connected: frozenset[str]
    waiting: int


@asynccontextmanager
async def open_tenant_sync(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[TenantSync]:
    """The use case behind every sync, for the length of a run, which logs in our one form."""
    settings = Settings()
    configure_logging(settings.log_level, settings.log_format)
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_tenant_sync(settings, engine, google)


async def look_at_queue(mail_store: MailStoreResource, *, slots: int, sweep: bool) -> Look:
    """Ask for what nobody pushed, take up to ``slots`` tenants to start, count what waits."""
    settings = Settings()
    async with mail_store.open() as engine:
        queue = PostgresSyncQueue(engine)
        if sweep:
            await queue.sweep(timedelta(seconds=settings.poll_interval_seconds))
        dispatched = await queue.dispatch(limit=slots, ttl=DISPATCH_TTL) if slots > 0 else []
        depth = await queue.waiting()
        connected = await PostgresTenants(engine).connected()
    return Look(tuple(dispatched), frozenset(connected), depth.waiting)


async def renew_all_watches(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> tuple[int, int]:
    """Renew Gmail's push notifications. Returns how many were renewed, and how many failed."""
    topic = Settings().pubsub_topic
    if not topic:
        return 0, 0
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        store = PostgresMailStore(engine)
        return await renew_watches(PostgresTenants(engine), store, google.source, topic)
