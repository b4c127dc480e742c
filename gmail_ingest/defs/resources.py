"""Resources: the mail's Postgres, the credential store, and the Gmail client.

Holds: thin factories of plain objects. Add here: a resource that assets or ops are handed.
Keep out: what the objects do. All settings come from the environment when a run begins, so that
the code location loads with none; a field overrides its setting (in tests, in the launchpad).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dagster as dg
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS, create_engine
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.accounts.credentials import CredentialStore
from gmail_ingest.wiring import build_credentials, open_gmail


class MailStoreResource(dg.ConfigurableResource[AsyncEngine]):
    """Postgres of the mail: ledger, rows and queue. ``database_url`` overrides DATABASE_URL."""

    database_url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncEngine]:
        """An engine on the mail's database; ConfigurationError if none is named."""
        url = self.database_url or load_settings().database_url
        if not url:
            raise ConfigurationError("DATABASE_URL is not set: name the mail's PostgreSQL")
        engine = create_engine(url, pool_size=WORKER_CONNECTIONS)
        try:
            yield engine
        finally:
            await engine.dispose()


class CredentialStoreResource(dg.ConfigurableResource[CredentialStore]):
    """Sealed credentials; the key comes from ENCRYPTION_KEY or ENCRYPTION_KEY_SECRET only, since
    run config is stored and shown.
    """

    def build(self, engine: AsyncEngine) -> CredentialStore:
        """The store; ConfigurationError without an encryption key."""
        return build_credentials(load_settings(), engine)


class GmailResource(dg.ConfigurableResource[Gmail]):
    """The Gmail client. ``api_endpoint`` overrides GMAIL_API_ENDPOINT."""

    api_endpoint: str = ""

    @asynccontextmanager
    async def open(self, credentials: CredentialStore) -> AsyncIterator[Gmail]:
        """A client for all mailboxes whose credentials the store has."""
        settings = load_settings()
        if self.api_endpoint:
            settings = settings.model_copy(update={"gmail_api_endpoint": self.api_endpoint})
        async with open_gmail(settings, credentials) as gmail:
            yield gmail
