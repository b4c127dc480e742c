"""Permission to read that is taken away in the middle of a rehearsal, and given back by consent.

Holds: ``Permissions``. Add here: another way in which a grant changes. Keep out: when.
Only mailboxes with a consent of their owner's: a service account's token is given for the asking.
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
#: What an owner may leave of a permission: nothing, what gives no mail, or that besides.
LEFT = ((), (_METADATA,), (SCOPE, _METADATA))
OWNED = {tenant.mailboxes[0]: tenant.name for tenant in TENANTS if tenant.auth == "oauth"}


class Permissions:
    """One mailbox at a time is without permission.

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
        """Let the owner consent again; whether nobody is without permission then.

        The sidecar or the token endpoint may be broken at this moment: then it is tried later.
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
