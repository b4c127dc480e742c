"""What the sidecar is made of, built once from the settings.

Holds: the composition of adapters and use cases. Add here: what a new route needs.
Keep out: routes. No key, no start (docs/promises.md#promise-7):
building fails where a setting is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.crypto.key_ring import parse_key_ring
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.accounts.registry import PostgresRegistry
from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.adapters.postgres.audit.dead_letters import PostgresDeadLetters
from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.queue.jobs import PostgresJobs
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.adapters.postgres.sync.removals import PostgresRemovals
from gmail_ingest.adapters.secrets.encryption_key import read_encryption_key
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.connect import Connect
from gmail_ingest.sync.accounts.disconnect import Disconnect
from gmail_ingest.sync.audit.why import Why
from gmail_ingest.sync.backfill.backfill_price import BackfillPricing
from gmail_ingest.wiring import build_backfill_pricing, build_why


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that routes use."""

    settings: Settings
    engine: AsyncEngine
    gmail: Gmail
    api_keys: PostgresApiKeys
    registry: PostgresRegistry
    connect: Connect
    disconnect: Disconnect
    queue: PostgresSyncQueue
    jobs: PostgresJobs
    backfill_jobs: PostgresBackfillJobs
    backfill_pricing: BackfillPricing
    reads: PostgresReads
    emails: PostgresEmailReads
    pushes: PostgresPushes
    coverage: PostgresCoverage
    dead_letters: PostgresDeadLetters
    removals: PostgresRemovals
    exclusion_rules: PostgresExclusionRules
    why: Why

    async def aclose(self) -> None:
        """Close connections to Google and Postgres."""
        await self.gmail.aclose()
        await self.engine.dispose()


def build_services(settings: Settings) -> Services:
    """Build everything; nothing is connected yet.

    Raises:
        ConfigurationError: DATABASE_URL or the encryption key is missing or wrong.
    """
    if not settings.database_url:
        raise ConfigurationError("DATABASE_URL is not set: name the PostgreSQL of the mail")
    sealer = AesGcmSealer(parse_key_ring(read_encryption_key(settings)))
    engine = create_engine(settings.database_url)
    gmail = Gmail(settings, PostgresCredentials(engine, sealer))
    registry = PostgresRegistry(engine, sealer)
    return Services(
        settings=settings,
        engine=engine,
        gmail=gmail,
        api_keys=PostgresApiKeys(engine),
        registry=registry,
        connect=Connect(registry, PostgresMailStore(engine), gmail, settings.pubsub_topic),
        disconnect=Disconnect(registry, gmail),
        queue=PostgresSyncQueue(engine),
        jobs=PostgresJobs(engine),
        backfill_jobs=PostgresBackfillJobs(engine),
        backfill_pricing=build_backfill_pricing(settings, engine, gmail),
        reads=PostgresReads(engine),
        emails=PostgresEmailReads(engine),
        pushes=PostgresPushes(engine),
        coverage=PostgresCoverage(engine),
        dead_letters=PostgresDeadLetters(engine),
        removals=PostgresRemovals(engine),
        exclusion_rules=PostgresExclusionRules(engine),
        why=build_why(settings, engine, gmail),
    )
