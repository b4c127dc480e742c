"""What the sidecar is made of, built once from the settings.

Holds: the stores and use cases that routes name. Add here: what a new route needs.
Keep out: routes, and how things are built (``gmail_ingest.wiring``). No key, no start
(docs/promises.md#promise-7): building fails where a setting is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.accounts.registry import PostgresRegistry
from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.adapters.postgres.audit.dead_letters import PostgresDeadLetters
from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.queue.jobs import PostgresJobs
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.adapters.postgres.sync.removals import PostgresRemovals
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.connect import Connect
from gmail_ingest.sync.accounts.disconnect import Disconnect
from gmail_ingest.sync.audit.why import Why
from gmail_ingest.sync.backfill.backfill_price import BackfillPricing
from gmail_ingest.wiring.stores import build_stores
from gmail_ingest.wiring.use_cases import UseCases, build_gmail


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
    stores = build_stores(settings)
    gmail = build_gmail(settings, stores.credentials)
    use_cases = UseCases(stores, gmail)
    return Services(
        settings=settings,
        engine=stores.engine,
        gmail=gmail,
        api_keys=stores.api_keys,
        registry=stores.registry,
        connect=use_cases.connect,
        disconnect=use_cases.disconnect,
        queue=stores.queue,
        jobs=stores.jobs,
        backfill_jobs=stores.backfill_jobs,
        backfill_pricing=use_cases.backfill_pricing,
        reads=stores.status,
        emails=stores.emails,
        pushes=stores.pushes,
        coverage=stores.coverage,
        dead_letters=stores.dead_letters,
        removals=stores.removals,
        exclusion_rules=stores.exclusion_rules,
        why=use_cases.why,
    )
