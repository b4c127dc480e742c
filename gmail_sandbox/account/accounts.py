"""The Google accounts of the sandbox: the mailbox and the condition of each.

Holds: ``Account`` and ``Accounts``. Add here: what concerns an account and not its mail. Keep
out: mail (``mailbox``), tokens (``issued_tokens``), watches (``watches``).
Source: docs/google.md#refused-calls (suspended accounts, accounts without Gmail).
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.forms import FormsInUse
from gmail_sandbox.mail.mbox import MboxMessage

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
    #: Google's id of the account, which is no address: OpenID's ``sub``.
    google_id: str
    display_name: str = ""
    condition: Condition = "active"
    held_back: deque[MboxMessage] = field(default_factory=deque)


class Accounts:
    """The accounts by lower-cased address.

    Args:
        spool: holds the mail of all of them.
        clock: dates their mail.
        forms: how parts are served whose form at Gmail is not known.
    """

    def __init__(self, spool: Spool, clock: Clock, forms: FormsInUse) -> None:
        self._spool = spool
        self._clock = clock
        self._forms = forms
        self._accounts: dict[str, Account] = {}
        #: Former primary addresses, each with the primary address of its account.
        self._aliases: dict[str, str] = {}
        #: Aliases that service accounts may not act for.
        self._no_subjects: set[str] = set()
        #: Accounts made so far, by address.
        self._made: Counter[str] = Counter()

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and self.get(address) is not None

    def __getitem__(self, address: str) -> Account:
        return self._accounts[self._aliases.get(address, address)]

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, address: str) -> Account | None:
        """Return the account of a primary or former address, however it is capitalised."""
        key = address.lower()
        return self._accounts.get(self._aliases.get(key, key))

    def of_subject(self, address: str) -> Account | None:
        """Return the account that a service account may act for under an address."""
        return None if address.lower() in self._no_subjects else self.get(address)

    def create(self, address: str, *, display_name: str = "", seed: int = 0) -> Account:
        """Make an account with an empty mailbox.

        Raises:
            ValueError: the address has an account already.
        """
        key = address.lower()
        if key in self:
            raise ValueError("this address has an account already")
        mailbox = Mailbox(
            key,
            spool=self._spool,
            clock=self._clock,
            seed=seed,
            life=self._made[key],
            forms=self._forms,
        )
        account = Account(mailbox, _google_id(f"{key}:{self._made[key]}"), display_name)
        self._made[key] += 1
        self._accounts[key] = account
        return account

    def remove(self, address: str) -> Account:
        """Delete an account with its mail and aliases; its address is free from now on."""
        account = self._accounts.pop(self[address.lower()].mailbox.address)
        primary = account.mailbox.address
        for alias in [alias for alias, of in self._aliases.items() if of == primary]:
            del self._aliases[alias]
            self._no_subjects.discard(alias)
        return account

    def rename(self, address: str, new: str, *, subject_works: bool = True) -> Account:
        """Give an account another primary address; the old one becomes its alias.

        Args:
            address: of the account.
            new: its primary address from now on; may be one of its own aliases.
            subject_works: whether service accounts may act for it under the old address.

        Raises:
            ValueError: the new address belongs to another account.
        """
        key, account = new.lower(), self[address.lower()]
        if (holder := self.get(key)) is not None and holder is not account:
            raise ValueError("this address has an account already")
        former = account.mailbox.address
        if key == former:
            return account
        del self._accounts[former]
        self._aliases.pop(key, None)
        self._no_subjects.discard(key)
        self._aliases = {
            alias: key if of == former else of for alias, of in self._aliases.items()
        } | {former: key}
        if not subject_works:
            self._no_subjects.add(former)
        account.mailbox.rename(key)
        self._accounts[key] = account
        return account


def _google_id(name: str) -> str:
    return str(int(hashlib.sha256(name.encode()).hexdigest()[:16], 16))
