"""Who is connected: the values and the port of connecting and disconnecting.

Holds: ``Registry`` and what crosses it. Add here: what connect or disconnect needs to know.
Keep out: Google (``connect.py``, ``disconnect.py``), SQL and encryption (adapters).
Source: docs/promises.md#promise-7, #promise-8, #promise-9; edge cases 25, 39, 72, 73.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from gmail_ingest.errors import InvalidInputError
from gmail_ingest.sync.accounts.credentials import Keys
from gmail_ingest.sync.mailbox.records import Mailbox

AuthType = Literal["oauth", "service_account"]

#: Longest tenant id, in characters: it is a partition key, a run tag and a part of URLs.
MAX_TENANT_ID = 200
#: What commands, pages and shells read as their own.
_SYNTAX = ",[]{}*?\"'`\\"
#: Formats, and the separators of lines and paragraphs.
_UNSEEN = frozenset(("Cf", "Zl", "Zp"))


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox as Google just described it; the history id becomes its first checkpoint.

    ``aliases`` are the owner's other addresses, None where Google did not tell. ``replaces`` is a
    known mailbox of this address whose account is no more, ``renames`` one that the account is
    known as under a former address; ``unsure``: none of the known mailbox's mail is there.
    """

    address: str
    history_id: int
    aliases: tuple[str, ...] | None = None
    replaces: int | None = None
    renames: int | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Registration:
    """What a connect writes. ``subject`` tells the integration from others of its tenant."""

    tenant_id: str
    auth_type: AuthType
    subject: str
    keys: Keys
    mailboxes: tuple[NewMailbox, ...]


@dataclass(frozen=True, slots=True)
class Registered:
    """What a connect wrote; ``known`` are the mailboxes that were there before, ``successors``
    those whose address had another account until now.
    """

    mailboxes: tuple[Mailbox, ...]
    known: frozenset[int]
    initial_job: UUID
    incremental_job: UUID | None
    #: Addresses of the tenant's other connected mailboxes, which stay as they are.
    untouched: tuple[str, ...] = ()
    successors: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GrantedMailbox:
    """A mailbox that an integration gave access to.

    ``shared``: another tenant has the same address connected, and Google knows only one watch
    for both of them.
    """

    mailbox: Mailbox
    shared: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """A credential still held for a disconnected tenant; ``keys`` is None if it cannot be opened.

    ``shared``: another tenant lives on the same owner's consent, which Google revokes as a whole.
    ``kept``: other mailboxes of the tenant live on it, so that only watches are given back.
    """

    integration_id: int
    auth_type: AuthType
    keys: Keys | None
    mailboxes: tuple[GrantedMailbox, ...]
    shared: bool
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Disconnection:
    """What the first, deciding step of a disconnect did, and the grants left to give back.

    ``mailboxes`` were connected until now; ``still_connected`` are the addresses that are. Of one
    mailbox ``address`` is the present one, also if it was asked for by a former one.
    """

    mailboxes: int
    jobs_cancelled: int
    grants: tuple[Grant, ...]
    still_connected: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """How many leases and queue claims an unlock ended."""

    leases: int
    claims: int


class Registry(Protocol):
    """Tenants, integrations and mailboxes; each method is one transaction unless it says more."""

    async def register(self, registration: Registration) -> Registered:
        """Write tenant, integration and mailboxes, and queue their syncs.

        A mailbox that is known keeps its checkpoint; the credential's generation grows. One that is
        replaced keeps its mail, and its address goes to a new one; one that is renamed is known.
        """
        ...

    async def disconnect(self, tenant_id: str) -> Disconnection:
        """Mark all of a tenant disconnected, end its queue rows, leases and jobs; repeatable.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        ...

    async def disconnect_mailbox(self, tenant_id: str, address: str) -> Disconnection:
        """The same of one mailbox, by its lower-cased address or a former one; of the tenant with
        its last one.

        Raises:
            NotFoundError: the tenant, or its mailbox, is unknown.
            InvalidInputError: a former address that several mailboxes had.
        """
        ...

    async def wipe(self, integration_ids: Collection[int]) -> None:
        """Forget the credentials of disconnected integrations."""
        ...

    async def forget_watches(self, mailbox_ids: Collection[int]) -> None:
        """Note that disconnected mailboxes have no watch any more."""
        ...

    async def delete_data(self, tenant_id: str, address: str | None = None) -> Mapping[str, int]:
        """Delete a disconnected tenant's mail, or that of its disconnected mailboxes of one
        address, a transaction a mailbox; rows deleted by table.
        """
        ...


def check_tenant_id(tenant_id: str) -> str:
    """Return a tenant id that suits URLs and Dagster's partition keys.

    Raises:
        InvalidInputError: names ``tenantId`` and the rule, never the value. The dots are
            Dagster's partition range, the bar joins the keys of its two-dimensional partitions,
            and a slash or a lone dot would be another path to a URL parser.
    """
    reason = None
    if not 1 <= len(tenant_id) <= MAX_TENANT_ID:
        reason = f"must have 1 to {MAX_TENANT_ID} characters"
    elif any(unicodedata.category(character) in {"Cc", "Cs"} for character in tenant_id):
        reason = "must not contain control characters"
    elif "|" in tenant_id or "/" in tenant_id or "..." in tenant_id or tenant_id in {".", ".."}:
        reason = "must not contain '|', '/' or '...', and must not be '.' or '..'"
    elif tenant_id != tenant_id.strip():
        reason = "must not begin or end with white space"
    if reason:
        raise InvalidInputError("tenantId", reason)
    return tenant_id


def check_new_tenant_id(tenant_id: str) -> str:
    """Return the id of a tenant that is not known yet, if no command reads a part of it as its own.

    Commas separate partitions, brackets and stars select some, quotes and backslashes end or escape
    them (in Dagster's commands and pages, and in shells); a dash in front is an option, and what
    cannot be seen cannot be typed again. Tenants that were connected with such an id go on.

    Raises:
        InvalidInputError: names ``tenantId`` and the rule, never the value.
    """
    check_tenant_id(tenant_id)
    reason = None
    if any(character in _SYNTAX for character in tenant_id):
        reason = f"must not contain any of {' '.join(_SYNTAX)}"
    elif tenant_id.startswith("-"):
        reason = "must not begin with '-'"
    elif any(unicodedata.category(character) in _UNSEEN for character in tenant_id):
        reason = "must not contain characters that cannot be seen"
    if reason:
        raise InvalidInputError("tenantId", reason)
    return tenant_id
