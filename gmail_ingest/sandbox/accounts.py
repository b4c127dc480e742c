"""The Google accounts of the sandbox: a mailbox and the condition that the account is in.

Holds: ``Account`` and ``Accounts``. Add here: what concerns an account and not its mail. Keep
out: mail (``mailbox``), tokens (``grants``), watches (``watches``).
Source: google-facts section 2 (suspended accounts, accounts without Gmail).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gmail_ingest.sandbox.clock import Clock
from gmail_ingest.sandbox.mailbox import Mailbox
from gmail_ingest.sandbox.mbox import MboxMessage
from gmail_ingest.sandbox.spool import Spool

Condition = Literal["active", "suspended", "mailServiceOff"]

#: Condition → the error with which every call of the account is refused.
CONDITION_ERRORS: dict[Condition, str] = {
    "suspended": "precondition_failed",
    "mailServiceOff": "mail_service_not_enabled",
}


@dataclass(slots=True)
class Account:
    """One account; ``held_back`` is mail of a load that is to arrive later, oldest first."""

    mailbox: Mailbox
    display_name: str = ""
    condition: Condition = "active"
    held_back: deque[MboxMessage] = field(default_factory=deque)


class Accounts:
    """The accounts by lower-cased address.

    Args:
        spool: holds the mail of all of them.
        clock: dates their mail.
    """

    def __init__(self, spool: Spool, clock: Clock) -> None:
        self._spool = spool
        self._clock = clock
        self._accounts: dict[str, Account] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __contains__(self, address: object) -> bool:
        return address in self._accounts

    def __getitem__(self, address: str) -> Account:
        return self._accounts[address]

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, address: str) -> Account | None:
        """Return the account of an address, however it is capitalised."""
        return self._accounts.get(address.lower())

    def create(self, address: str, *, display_name: str = "", seed: int = 0) -> Account:
        """Make an account with an empty mailbox.

        Raises:
            ValueError: the address has an account already.
        """
        key = address.lower()
        if key in self._accounts:
            raise ValueError("this address has an account already")
        mailbox = Mailbox(key, spool=self._spool, clock=self._clock, seed=seed)
        account = Account(mailbox, display_name)
        self._accounts[key] = account
        return account
