"""From resources to use cases, for assets and ops.

Holds: one function for each use case that Dagster starts. Add here: as those come.
Keep out: Dagster's objects, decisions, looks at the queue (``queue_look.py``).
"""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from gmail_ingest.adapters.postgres.coverage import PostgresCoverage, Proof
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.standings import PostgresStandings
from gmail_ingest.adapters.postgres.tenants import PostgresTenants
from gmail_ingest.defs.resources import CredentialStoreResource, GmailResource, MailStoreResource
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import Settings, load_settings
from gmail_ingest.sync.drain import Drain
from gmail_ingest.sync.history import HistorySync
from gmail_ingest.sync.standing import Overall, Standings, TenantStanding
from gmail_ingest.sync.tenant_sync import TenantSync
from gmail_ingest.sync.verify import Verify
from gmail_ingest.sync.watch import Renewals, renew_watches
from gmail_ingest.wiring import build_drain, build_history, build_tenant_sync, build_verify

UseCase = TypeVar("UseCase")


@dataclass(frozen=True, slots=True)
class Opened(Generic[UseCase]):
    """A use case for the length of a run, and how tenants' mailboxes stand."""

    use_case: UseCase
    standings: Standings


@asynccontextmanager
async def open_tenant_sync(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[Opened[TenantSync]]:
    """The use case behind every sync, for the length of a run, which logs in our one form."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_tenant_sync(settings, engine, google), PostgresStandings(engine))


@asynccontextmanager
async def open_drain(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[Opened[Drain]]:
    """A drain, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_drain(settings, engine, google), PostgresStandings(engine))


@asynccontextmanager
async def open_history(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[HistorySync]:
    """A historical sync, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield build_history(settings, engine, google)


@asynccontextmanager
async def open_verify(
    mail_store: MailStoreResource,
    credential_store: CredentialStoreResource,
    gmail: GmailResource,
) -> AsyncIterator[Opened[Verify]]:
    """The comparison with Gmail, for the length of a run."""
    settings = _settings()
    async with mail_store.open() as engine, gmail.open(credential_store.build(engine)) as google:
        yield Opened(build_verify(settings, engine, google), PostgresStandings(engine))


async def read_standings(
    mail_store: MailStoreResource, tenants: Collection[str] | None
) -> Mapping[str, TenantStanding]:
    """How the mailboxes of connected tenants stand; of all tenants if None."""
    async with mail_store.open() as engine:
        return await PostgresStandings(engine).read(tenants)


async def note_told(mail_store: MailStoreResource, told: Mapping[str, str | None]) -> Overall:
    """Keep what Dagster was told of each tenant's mailboxes; returns how all tenants stand."""
    async with mail_store.open() as engine:
        return await PostgresStandings(engine).note_told(told)


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
        return await renew_watches(PostgresTenants(engine), store, google.source, topic)
