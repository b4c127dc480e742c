"""Resources: the mail's Postgres, the credential store, Gmail, and the use cases over them.

Holds: thin factories of plain objects. Add here: a resource that assets or ops are handed.
Keep out: what the objects do, how they are built (``gmail_ingest.wiring``), fields. All settings
come from the environment when a run begins, so that the code location loads with none. A field
would be run config: whoever may launch a run could send tokens to an address of their own.
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
    """Postgres of the mail, which DATABASE_URL names: ledger, rows and queue."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Stores]:
        """The stores on the mail's database; ConfigurationError if none is named."""
        async with open_stores(load_settings(), pool_size=WORKER_CONNECTIONS) as stores:
            yield stores


class CredentialStoreResource(dg.ConfigurableResource[CredentialStore]):
    """Sealed credentials; the key comes from ENCRYPTION_KEY or ENCRYPTION_KEY_SECRET."""

    def build(self, stores: Stores) -> CredentialStore:
        """The store; ConfigurationError without an encryption key."""
        return stores.credentials


class GmailResource(dg.ConfigurableResource[Gmail]):
    """The Gmail client, for the API at GMAIL_API_ENDPOINT."""

    @asynccontextmanager
    async def open(self, credentials: CredentialStore) -> AsyncIterator[Gmail]:
        """A client for all mailboxes whose credentials the store has."""
        async with build_gmail(load_settings(), credentials) as gmail:
            yield gmail


class UseCasesResource(dg.ConfigurableResource[UseCases]):
    """The use cases that need Google: what a body takes that syncs."""

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


class NoValues(dg.ConfigurableIOManager):
    """No asset here hands a value on: mail is in Postgres. Dagster would otherwise put a manager of
    files here, whose directory is run config.
    """

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:  # noqa: ARG002 - Dagster's signature
        """Refuse a value; TypeError."""
        raise TypeError(f"{context.name} returns a value: no asset of gmail_ingest has one")

    def load_input(self, context: dg.InputContext) -> object:
        """Refuse to load one; TypeError."""
        raise TypeError(f"{context.name} asks for a value: no asset of gmail_ingest has one")


def build_resources() -> dict[str, Any]:
    """All resources by their keys; none takes run config."""
    # Nested otherwise, Dagster 1.13 warns of a deprecated property that it reads itself.
    mail_store = MailStoreResource.configure_at_launch()
    credential_store = CredentialStoreResource.configure_at_launch()
    gmail = GmailResource.configure_at_launch()
    return {
        "mail_store": mail_store,
        "credential_store": credential_store,
        "gmail": gmail,
        "use_cases": UseCasesResource(
            mail_store=mail_store, credential_store=credential_store, gmail=gmail
        ),
        "io_manager": NoValues(),
    }
