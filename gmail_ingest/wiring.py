"""The composition root: which adapter serves which port, by the settings.

Holds: builders. Add here: a builder when a port gets an adapter.
Keep out: anything but construction; reading the environment (callers hand Settings in).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.audit.traces import PostgresTraces
from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.adapters.postgres.backfill.backfill_store import PostgresBackfillStore
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.queue.drains import PostgresDrains, listen
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.adapters.secrets.encryption_key import read_encryption_key
from gmail_ingest.core.ledger.removals import RemovalLimits
from gmail_ingest.core.quota.prices import parse_prices
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import CredentialStore
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.audit.why import Why
from gmail_ingest.sync.backfill.backfill_price import BackfillPricing
from gmail_ingest.sync.backfill.backfill_sync import BackfillSync
from gmail_ingest.sync.live.drain import Drain, DrainPolicy
from gmail_ingest.sync.live.tenant_sync import TenantSync
from gmail_ingest.sync.mailbox.limiter import Limiter, Unlimited
from gmail_ingest.sync.mailbox.policy import SyncPolicy

#: Mailboxes of a process that are compared at the same time.
VERIFIED_AT_ONCE = 20


def build_credentials(settings: Settings, engine: AsyncEngine) -> PostgresCredentials:
    """The credential store; ConfigurationError without a key (docs/promises.md#promise-7)."""
    return PostgresCredentials(engine, AesGcmSealer(parse_key_ring(read_encryption_key(settings))))


@asynccontextmanager
async def open_gmail(settings: Settings, credentials: CredentialStore) -> AsyncIterator[Gmail]:
    """Open Google, with one connection for each call that this process may make in parallel."""
    connections = min(512, settings.mailboxes_at_once * settings.calls_per_mailbox)
    async with Gmail(settings, credentials, connections=connections) as gmail:
        yield gmail


def build_mail_store(settings: Settings, engine: AsyncEngine) -> PostgresMailStore:
    """The mail store, which withholds mass removals until a person agrees."""
    return PostgresMailStore(engine, RemovalLimits(settings.removal_share, settings.removal_floor))


def build_tenant_sync(settings: Settings, engine: AsyncEngine, gmail: Gmail) -> TenantSync:
    """The use case behind every sync."""
    return TenantSync(
        PostgresSyncQueue(engine),
        build_mail_store(settings, engine),
        gmail.open_client,
        build_policy(settings),
        limiter=build_limiter(settings, engine),
        mailboxes_at_once=settings.mailboxes_at_once,
    )


def build_verify(settings: Settings, engine: AsyncEngine, gmail: Gmail) -> Verify:
    """The comparison with what Google lists."""
    return Verify(
        build_mail_store(settings, engine),
        gmail.open_client,
        build_policy(settings),
        limiter=build_limiter(settings, engine),
        # Each holds sets of ids: 39 MB for a mailbox of 100,000 mails.
        mailboxes_at_once=min(VERIFIED_AT_ONCE, settings.mailboxes_at_once),
    )


def build_backfill(settings: Settings, engine: AsyncEngine, gmail: Gmail) -> BackfillSync:
    """The use case behind every month of a backfill."""
    return BackfillSync(
        PostgresBackfillJobs(engine),
        PostgresBackfillStore(engine),
        gmail.open_client,
        build_policy(settings),
        limiter=build_limiter(settings, engine),
        mailboxes_at_once=settings.mailboxes_at_once,
    )


def build_backfill_pricing(
    settings: Settings, engine: AsyncEngine, gmail: Gmail
) -> BackfillPricing:
    """What a backfill would cost."""
    return BackfillPricing(
        PostgresBackfillStore(engine),
        gmail.open_client,
        build_policy(settings),
        limiter=build_limiter(settings, engine),
    )


def build_drain(settings: Settings, engine: AsyncEngine, gmail: Gmail) -> Drain:
    """A worker that many tenants share."""
    policy = DrainPolicy(
        claims_at_once=settings.mailboxes_at_once,
        linger=settings.drain_linger_seconds,
        max_age=settings.drain_max_age_seconds,
        claim=timedelta(seconds=settings.lease_seconds),
    )
    return Drain(
        PostgresSyncQueue(engine),
        build_tenant_sync(settings, engine, gmail),
        lambda: listen(engine),
        PostgresDrains(engine),
        policy,
    )


def build_limiter(settings: Settings, engine: AsyncEngine) -> Limiter:
    """The limiter that all processes share, or none if the limits are off."""
    if not settings.mailbox_units_per_minute or not settings.project_units_per_minute:
        return Unlimited()
    limits = Limits(
        mailbox_minute=settings.mailbox_units_per_minute,
        project_minute=settings.project_units_per_minute,
        project_day=settings.project_units_per_day,
        reserve=settings.live_reserve,
    )
    return PostgresLimiter(engine, limits)


def build_why(settings: Settings, engine: AsyncEngine, gmail: Gmail) -> Why:
    """Answers to "why is this mail not in the CRM?"."""
    return Why(
        PostgresTraces(engine),
        gmail.open_client,
        build_limiter(settings, engine),
        max_attempts=settings.max_attempts,
        prices=parse_prices(settings.quota_prices),
    )


def build_policy(settings: Settings) -> SyncPolicy:
    """The numbers of a sync that settings decide."""
    return SyncPolicy(
        initial_days=settings.initial_sync_days,
        max_attempts=settings.max_attempts,
        calls_in_flight=settings.calls_per_mailbox,
        look_again=settings.look_again_seconds,
        lease=timedelta(seconds=settings.lease_seconds),
        prices=parse_prices(settings.quota_prices),
    )
