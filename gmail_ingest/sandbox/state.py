"""All that one sandbox remembers, put together.

Holds: ``SandboxState``, the composition of the parts. Add here: a new part. Keep out: behaviour
(each part has its own) and sockets (``server``). One thread, the event loop's, owns it.
"""

from __future__ import annotations

from gmail_ingest.sandbox.accounts import Accounts
from gmail_ingest.sandbox.certificates import KeyRing
from gmail_ingest.sandbox.clock import Clock
from gmail_ingest.sandbox.counters import Counters
from gmail_ingest.sandbox.faults import Faults
from gmail_ingest.sandbox.grants import Grants
from gmail_ingest.sandbox.push import PushService
from gmail_ingest.sandbox.quota import Quota
from gmail_ingest.sandbox.service_accounts import ServiceAccounts
from gmail_ingest.sandbox.settings import Limits, SandboxSettings
from gmail_ingest.sandbox.spool import Spool
from gmail_ingest.sandbox.watches import Watches


class SandboxState:
    """The parts of one sandbox, wired to each other.

    Args:
        settings: the set-up.
        limits: Google's limits, which may be changed later.

    ``base_url`` is known when the server listens.
    """

    def __init__(self, settings: SandboxSettings, limits: Limits) -> None:
        self.settings = settings
        self.base_url = ""
        self.clock = Clock()
        self.counters = Counters()
        self.faults = Faults(self.counters)
        self.spool = Spool()
        self.accounts = Accounts(self.spool, self.clock)
        self.quota = Quota(limits, self.clock, self.counters, settings.project_number)
        self.keys = KeyRing(self.clock)
        self.service_accounts = ServiceAccounts(self.clock)
        self.grants = Grants(
            self.clock, access_token_seconds=settings.access_token_seconds, seed=settings.seed
        )
        self.push = PushService(
            settings.project_id,
            self.clock,
            self.keys,
            self.counters,
            self.faults,
            seed=settings.seed,
        )
        self.watches = Watches(
            self.clock,
            self.counters,
            self.push.publish,
            project_id=settings.project_id,
            topic=settings.watch_topic,
        )

    async def close(self) -> None:
        """Stop deliveries and remove the stored mail."""
        await self.push.close()
        self.spool.close()
