"""Resources: the mail's Postgres, the credential store, Gmail, and the use cases over them.

Holds: thin factories of plain objects. Add here: a resource that assets or ops are handed.
Keep out: what the objects do, how they are built (``gmail_ingest.wiring``). All settings come from
the environment when a run begins, so that the code location loads with none; a field overrides its
setting (in tests, in the launchpad).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dagster as dg

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.adapters.postgres.engine import WORKER_CONNECTIONS
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import load_settings
from gmail_ingest.sync.accounts.credentials import CredentialStore
from gmail_ingest.wiring.stores import Stores, open_stores
from gmail_ingest.wiring.use_cases import UseCases, build_gmail


class MailStoreResource(dg.ConfigurableResource[Stores]):
    """Postgres of the mail: ledger, rows and queue. ``database_url`` overrides DATABASE_URL."""

    database_url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stores]:
        """The stores on the mail's database; ConfigurationError if none is named."""
        settings = load_settings()
        if self.database_url:
            settings = settings.model_copy(update={"database_url": self.database_url})
        async with open_stores(settings, pool_size=WORKER_CONNECTIONS) as stores:
            yield stores


class CredentialStoreResource(dg.ConfigurableResource[CredentialStore]):
    """Sealed credentials; the key comes from ENCRYPTION_KEY or ENCRYPTION_KEY_SECRET only, since
    run config is stored and shown.
    """

    def build(self, stores: Stores) -> CredentialStore:
        """The store; ConfigurationError without an encryption key."""
        return stores.credentials


class GmailResource(dg.ConfigurableResource[Gmail]):
    """The Gmail client. ``api_endpoint`` overrides GMAIL_API_ENDPOINT."""

    api_endpoint: str = ""

    @asynccontextmanager
    async def open(self, credentials: CredentialStore) -> AsyncIterator[Gmail]:
        """A client for all mailboxes whose credentials the store has."""
        settings = load_settings()
        if self.api_endpoint:
            settings = settings.model_copy(update={"gmail_api_endpoint": self.api_endpoint})
        async with build_gmail(settings, credentials) as gmail:
            yield gmail


class UseCasesResource(dg.ConfigurableResource[UseCases]):
    """The use cases that need Google: what a body takes that syncs. It has no fields of its own:
    those of the other three resources hold.
    """

    mail_store: MailStoreResource
    credential_store: CredentialStoreResource
    gmail: GmailResource

    @asynccontextmanager
    async def open(self) -> AsyncIterator[UseCases]:
        """The use cases, for the length of a run, which logs in our one form."""
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        async with (
            self.mail_store.open() as stores,
            self.gmail.open(self.credential_store.build(stores)) as gmail,
        ):
            yield UseCases(stores, gmail)


def build_resources(database_url: str = "") -> dict[str, Any]:
    """All resources by their keys; ``database_url`` overrides DATABASE_URL.

    The three are configured when a run begins: what its run config says of one of them holds in
    ``use_cases``, too.
    """
    mail_store = MailStoreResource.configure_at_launch(database_url=database_url)
    credential_store = CredentialStoreResource.configure_at_launch()
    gmail = GmailResource.configure_at_launch()
    return {
        "mail_store": mail_store,
        "credential_store": credential_store,
        "gmail": gmail,
        "use_cases": UseCasesResource(
            mail_store=mail_store, credential_store=credential_store, gmail=gmail
        ),
    }
