"""Use cases over the stores and Google.

Holds: ``UseCases``, how Google is built, and the numbers that settings decide. Add here: a use case
that needs Google. Keep out: what needs the database alone (``stores.py``).
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from gmail_ingest.adapters.gmail.gmail import Gmail
from gmail_ingest.core.quota.prices import parse_prices
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.connect import Connect
from gmail_ingest.sync.accounts.credentials import CredentialStore
from gmail_ingest.sync.accounts.disconnect import Disconnect
from gmail_ingest.sync.accounts.watch import Renewals, renew_watches
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.audit.why import Why
from gmail_ingest.sync.backfill.backfill_price import BackfillPricing
from gmail_ingest.sync.backfill.backfill_sync import BackfillSync
from gmail_ingest.sync.live.drain import Drain, DrainPolicy
from gmail_ingest.sync.live.tenant_sync import TenantSync
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.wiring.stores import Stores

#: Mailboxes of a process that are compared at the same time.
VERIFIED_AT_ONCE = 20


class UseCases:
    """Everything that needs Google; a use case is built when it is first asked for.

    Args:
        stores: what they keep, and the settings.
        gmail: Google; whoever hands it in closes it.
    """

    def __init__(self, stores: Stores, gmail: Gmail) -> None:
        self.stores = stores
        self.gmail = gmail
        self._settings = stores.settings
        self._policy = build_policy(stores.settings)

    @cached_property
    def tenant_sync(self) -> TenantSync:
        """The use case behind every sync."""
        return TenantSync(
            self.stores.queue,
            self.stores.mail,
            self.gmail.open_client,
            self._policy,
            limiter=self.stores.build_limiter(),
            mailboxes_at_once=self._settings.mailboxes_at_once,
        )

    @cached_property
    def drain(self) -> Drain:
        """A worker that many tenants share."""
        policy = DrainPolicy(
            claims_at_once=self._settings.mailboxes_at_once,
            linger=self._settings.drain_linger_seconds,
            max_age=self._settings.drain_max_age_seconds,
            claim=timedelta(seconds=self._settings.lease_seconds),
        )
        stores = self.stores
        return Drain(stores.queue, self.tenant_sync, stores.listen, stores.drains, policy)

    @cached_property
    def backfill(self) -> BackfillSync:
        """The use case behind every month of a backfill."""
        return BackfillSync(
            self.stores.backfill_jobs,
            self.stores.backfill_mail,
            self.gmail.open_client,
            self._policy,
            limiter=self.stores.build_limiter(),
            mailboxes_at_once=self._settings.mailboxes_at_once,
        )

    @cached_property
    def backfill_pricing(self) -> BackfillPricing:
        """What a backfill would cost."""
        return BackfillPricing(
            self.stores.backfill_mail,
            self.gmail.open_client,
            self._policy,
            limiter=self.stores.build_limiter(),
        )

    @cached_property
    def verify(self) -> Verify:
        """The comparison with what Google lists."""
        return Verify(
            self.stores.mail,
            self.gmail.open_client,
            self._policy,
            limiter=self.stores.build_limiter(),
            # Each holds sets of ids: 39 MB for a mailbox of 100,000 mails.
            mailboxes_at_once=min(VERIFIED_AT_ONCE, self._settings.mailboxes_at_once),
        )

    @cached_property
    def why(self) -> Why:
        """Answers to "why is this mail not in the CRM?"."""
        return Why(
            self.stores.traces,
            self.gmail.open_client,
            self.stores.build_limiter(),
            max_attempts=self._settings.max_attempts,
            prices=self._policy.prices,
        )

    @cached_property
    def connect(self) -> Connect:
        """Connecting mailboxes; ConfigurationError without an encryption key."""
        stores, topic = self.stores, self._settings.pubsub_topic
        return Connect(stores.registry, stores.mail, self.gmail, topic)

    @cached_property
    def disconnect(self) -> Disconnect:
        """Disconnecting them; ConfigurationError without an encryption key."""
        return Disconnect(self.stores.registry, self.gmail)

    async def renew_watches(self) -> Renewals:
        """Renew Gmail's push notifications, and read the owners' addresses again."""
        stores, topic = self.stores, self._settings.pubsub_topic
        return await renew_watches(stores.tenants, stores.mail, self.gmail.open_client, topic)


def build_gmail(settings: Settings, credentials: CredentialStore) -> Gmail:
    """Google, with one connection for each call that this process may make in parallel."""
    connections = min(512, settings.mailboxes_at_once * settings.calls_per_mailbox)
    return Gmail(settings, credentials, connections=connections)


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
