"""Takes permission to read away during a rehearsal, and gives it back by consent.

Holds: ``Permissions``. Add here: another way in which a grant changes. Keep out: when.
Only of mailboxes that their owner connected: a service account gets a token whenever it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import requests

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.sidecar_api import SidecarError
from gmail_ingest.sync.accounts.credentials import SCOPE
from gmail_ingest_lab.demo.plan import TENANTS
from gmail_ingest_lab.rehearsal.google import FaultySandbox

_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
#: Scopes that an owner may leave: none, one that gives no mail, or both that and the needed one.
LEFT = ((), (_METADATA,), (SCOPE, _METADATA))
OWNED = {tenant.mailboxes[0]: tenant.name for tenant in TENANTS if tenant.auth == "oauth"}


class Permissions:
    """Takes the permission of at most one mailbox at a time.

    Args:
        sandbox: where grants are changed.
        reconnect: lets the owner of a tenant's mailbox consent again: tenant, address.
        dice: choose mailbox and scopes.
    """

    def __init__(
        self, sandbox: FaultySandbox, reconnect: Callable[[str, str], None], dice: Random
    ) -> None:
        self._sandbox, self._reconnect, self._dice = sandbox, reconnect, dice
        self._without: str | None = None

    def take_away(self) -> bool:
        """Take a mailbox's permission away; False if one is without it already."""
        if self._without is not None:
            return False
        self._without = self._dice.choice(sorted(OWNED))
        self._sandbox.rescope(self._without, self._dice.choice(LEFT))
        return True

    def give_back(self) -> bool:
        """Let the owner consent again. Returns whether every mailbox has its permission then.

        The sidecar or the token endpoint may be broken just now: then it returns False.
        """
        if self._without is None:
            return True
        self._sandbox.rescope(self._without, (SCOPE,))
        try:
            self._reconnect(OWNED[self._without], self._without)
        except (SidecarError, GmailIngestError, requests.RequestException):
            return False
        self._without = None
        return True
