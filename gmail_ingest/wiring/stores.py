"""What Postgres keeps for the service, on one engine.

Holds: ``Stores``, and how they are opened. Add here: a store of ``adapters/postgres`` that workers,
the sidecar or a command use. Keep out: what needs Google (``use_cases.py``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.postgres.accounts.api_keys import PostgresApiKeys
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.accounts.registry import PostgresRegistry
from gmail_ingest.adapters.postgres.accounts.tenants import PostgresTenants
from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.adapters.postgres.audit.dead_letters import PostgresDeadLetters
from gmail_ingest.adapters.postgres.audit.traces import PostgresTraces
from gmail_ingest.adapters.postgres.backfill.backfill_dispatch import PostgresBackfillDispatch
from gmail_ingest.adapters.postgres.backfill.backfill_jobs import PostgresBackfillJobs
from gmail_ingest.adapters.postgres.backfill.backfill_store import PostgresBackfillStore
from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.mailboxes.stalled_work import PostgresStalledWork
from gmail_ingest.adapters.postgres.mailboxes.tenant_health import PostgresTenantHealth
from gmail_ingest.adapters.postgres.queue.drains import Channel, PostgresDrains, listen
from gmail_ingest.adapters.postgres.queue.jobs import PostgresJobs
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.adapters.postgres.queue.retention import PostgresRetention
from gmail_ingest.adapters.postgres.queue.sync_queue import PostgresSyncQueue
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.reads.old_transactions import PostgresTransactions
from gmail_ingest.adapters.postgres.reads.overview import PostgresOverview
from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.adapters.postgres.sync.quota_limiter import Limits, PostgresLimiter
from gmail_ingest.adapters.postgres.sync.removals import PostgresRemovals
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.core.ledger.removals import RemovalLimits
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.mailbox.limiter import Limiter, Unlimited
from gmail_ingest.wiring.keys import read_key_ring


class Stores:
    """Everything that needs the mail's database alone. Nothing is connected before it is used.

    Args:
        settings: of the process.
        engine: of the mail's database; whoever hands it in disposes of it, or calls ``aclose``.
    """

    def __init__(self, settings: Settings, engine: AsyncEngine) -> None:
        self.settings = settings
        self.engine = engine
        # Accounts.
        self.api_keys = PostgresApiKeys(engine)
        self.tenants = PostgresTenants(engine)
        self.tenant_health = PostgresTenantHealth(engine)
        # The queue.
        self.queue = PostgresSyncQueue(engine)
        self.jobs = PostgresJobs(engine)
        self.pushes = PostgresPushes(engine)
        self.drains = PostgresDrains(engine)
        self.backfill_jobs = PostgresBackfillJobs(engine)
        self.backfill_dispatch = PostgresBackfillDispatch(engine)
        # Mail. Mass removals are withheld until a person agrees.
        removal_limits = RemovalLimits(settings.removal_share, settings.removal_floor)
        self.mail = PostgresMailStore(engine, removal_limits)
        self.backfill_mail = PostgresBackfillStore(engine)
        self.exclusion_rules = PostgresExclusionRules(engine)
        self.removals = PostgresRemovals(engine)
        self.dead_letters = PostgresDeadLetters(engine)
        self.coverage = PostgresCoverage(engine)
        self.traces = PostgresTraces(engine)
        # What is read.
        self.emails = PostgresEmailReads(engine)
        self.status = PostgresReads(engine)
        self.overview = PostgresOverview(engine)
        self.stalled_work = PostgresStalledWork(engine)
        # Upkeep.
        self.rereads = PostgresRereads(engine)
        self.retention = PostgresRetention(engine)
        self.transactions = PostgresTransactions(engine)

    @cached_property
    def key_ring(self) -> KeyRing:
        """The keys of credentials; ConfigurationError without one (docs/promises.md#promise-7)."""
        return read_key_ring(self.settings)

    @cached_property
    def _sealer(self) -> AesGcmSealer:
        return AesGcmSealer(self.key_ring)

    @cached_property
    def credentials(self) -> PostgresCredentials:
        """Sealed credentials; ConfigurationError without a key."""
        return PostgresCredentials(self.engine, self._sealer)

    @cached_property
    def registry(self) -> PostgresRegistry:
        """Which mailboxes are connected; ConfigurationError without a key."""
        return PostgresRegistry(self.engine, self._sealer)

    def listen(self) -> AbstractAsyncContextManager[Channel]:
        """Hear of new rows in the queue, on a connection of its own."""
        return listen(self.engine)

    def build_limiter(self) -> Limiter:
        """The limiter that all processes share, or none if the limits are off."""
        settings = self.settings
        if not settings.mailbox_units_per_minute or not settings.project_units_per_minute:
            return Unlimited()
        limits = Limits(
            mailbox_minute=settings.mailbox_units_per_minute,
            project_minute=settings.project_units_per_minute,
            project_day=settings.project_units_per_day,
            reserve=settings.live_reserve,
        )
        return PostgresLimiter(self.engine, limits)

    async def aclose(self) -> None:
        """Close the connections to Postgres."""
        await self.engine.dispose()


def build_stores(settings: Settings, *, pool_size: int = 20) -> Stores:
    """The stores on an engine of their own; nothing is connected yet.

    Args:
        settings: name the database.
        pool_size: connections at most.

    Raises:
        ConfigurationError: DATABASE_URL is not set, or is no address.
    """
    if not settings.database_url:
        raise ConfigurationError("DATABASE_URL is not set: name the PostgreSQL of the mail")
    return Stores(settings, create_engine(settings.database_url, pool_size=pool_size))


@asynccontextmanager
async def open_stores(settings: Settings, *, pool_size: int = 20) -> AsyncIterator[Stores]:
    """The stores, until the end of the block; as ``build_stores``."""
    stores = build_stores(settings, pool_size=pool_size)
    try:
        yield stores
    finally:
        await stores.aclose()
