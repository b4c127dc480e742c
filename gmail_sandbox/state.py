"""The whole state of one sandbox, put together.

Holds: ``SandboxState``, the composition of the parts. Add here: a new part. Keep out: behaviour
(each part has its own) and sockets (``server``). One thread, the event loop's, owns it.
"""

from __future__ import annotations

from gmail_sandbox.account.accounts import Account, Accounts
from gmail_sandbox.account.history_log import StartAbove
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.counters import Counters
from gmail_sandbox.faults import Faults
from gmail_sandbox.forms import FormsInUse
from gmail_sandbox.oauth.certificates import KeyRing
from gmail_sandbox.oauth.issued_tokens import Grants
from gmail_sandbox.oauth.service_accounts import ServiceAccounts
from gmail_sandbox.push.delivery import PushService
from gmail_sandbox.push.watches import Watches
from gmail_sandbox.quota import Quota
from gmail_sandbox.settings import Limits, SandboxSettings


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
        self.forms = FormsInUse()
        self.accounts = Accounts(self.spool, self.clock, self.forms)
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

    def rename(self, address: str, new: str, *, subject_works: bool = True) -> Account:
        """Give an account another primary address; tokens and watch go on.

        Raises:
            ValueError: the new address belongs to another account.
        """
        former = self.accounts[address.lower()].mailbox.address
        account = self.accounts.rename(former, new, subject_works=subject_works)
        if former != account.mailbox.address:
            self.grants.renamed(former, account.mailbox.address)
            self.watches.renamed(former, account.mailbox.address)
        return account

    def recreate(
        self,
        address: str,
        *,
        display_name: str = "",
        seed: int = 0,
        at: int | None = None,
        start_above: StartAbove = 200,
    ) -> Account:
        """Delete an account and make another with its address, with an empty mailbox.

        Args:
            address: of the account.
            display_name: of the new one.
            seed: of the new one's ids.
            at: the new one's history id; lower than the old one's if None.
            start_above: as for ``Mailbox.restart_history``.
        """
        gone = self.accounts.remove(address).mailbox
        self.grants.revoke_mailbox(gone.address)
        self.watches.end(gone)
        account = self.accounts.create(gone.address, display_name=display_name, seed=seed)
        low = max(1, min(gone.lowest_history_id, account.mailbox.history_id) // 2)
        account.mailbox.restart_history(low if at is None else at, start_above=start_above)
        return account

    async def close(self) -> None:
        """Stop deliveries and remove the stored mail."""
        await self.push.close()
        self.spool.close()
