"""From resources to use cases, for assets and ops.

Holds: one function for each use case that Dagster starts. Add here: as those come.
Keep out: Dagster's objects, decisions, looks at the queue (``live_sync/queue_look.py``).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from gmail_ingest.adapters.postgres.accounts.tenants import PostgresTenants
from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage, Proof
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings, load_settings
from gmail_ingest.sync.accounts.tenant_health import OverallHealth, TenantHealth
from gmail_ingest.sync.accounts.watch import Renewals, renew_watches
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.backfill.backfill_sync import BackfillSync
from gmail_ingest.sync.live.drain import Drain
from gmail_ingest.sync.live.tenant_sync import TenantSync
from gmail_ingest.wiring import build_backfill, build_drain, build_tenant_sync, build_verify

UseCase = TypeVar("UseCase")


@dataclass(frozen=True, slots=True)
class Opened(Generic[UseCase]):
    """A use case for the length of a run, and the health of tenants' mailboxes."""

    use_case: UseCase
    health_store: PostgresTenantHealth


@asynccontextmanager
async def open_tenant_sync(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[Opened[TenantSync]]:
    """The use case behind every sync, for the length of a run, which logs in our one form."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_tenant_sync(settings, engine, google), PostgresTenantHealth(engine))


@asynccontextmanager
async def open_drain(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[Opened[Drain]]:
    """A drain, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_drain(settings, engine, google), PostgresTenantHealth(engine))


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
) -> AsyncIterator[Opened[Verify]]:
    """The comparison with Gmail, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_verify(settings, engine, google), PostgresTenantHealth(engine))


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


async def renew_all_watches(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> Renewals:
    """Renew Gmail's push notifications, and read the owners' addresses again."""
    topic = load_settings().pubsub_topic
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        store = PostgresMailStore(engine)
        return await renew_watches(PostgresTenants(engine), store, google.open_client, topic)
