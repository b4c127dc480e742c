"""Disconnecting a tenant or one of its mailboxes, in three steps: stop all writes, end watches and
grants at Google, forget credentials.

Holds: ``Disconnect``. Add here: what must be given back at Google.
Keep out: rows (``adapters/postgres/accounts/registry.py``), what is deleted on request (the same).
Source: docs/google.md#revocation (order: stop, revoke, delete; a revoke ends the whole grant of a
user and client); docs/promises.md#promise-9; edge cases 25, 66, 72, 73, 101.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from gmail_ingest.errors import (
    GmailIngestError,
    MailboxStateError,
    OperatorActionError,
    RejectedRequestError,
)
from gmail_ingest.sync.accounts.connect import AT_ONCE, Google
from gmail_ingest.sync.accounts.credentials import OAuthKeys
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential
from gmail_ingest.sync.accounts.registry import Grant, GrantedMailbox, Registry
from gmail_ingest.sync.mailbox.side_by_side import side_by_side

log = structlog.get_logger(__name__)

#: ``stopped``/``revoked``: Google confirmed. ``lapsed``: the grant was dead before. ``shared``:
#: another tenant needs it. ``kept``: other mailboxes of the tenant need it. ``retry``: Google gave
#: no answer. ``unreadable``: the key is lost.
#: ``none``: there was nothing (a service account has no grant to revoke).
Ending = Literal["stopped", "revoked", "lapsed", "shared", "kept", "retry", "unreadable", "none"]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """What a disconnect did. Not ``complete``: ask again, Google did not answer all of it."""

    tenant_id: str
    mailboxes: int
    jobs_cancelled: int
    watches: Mapping[str, int]
    grants: Mapping[str, int]
    deleted: Mapping[str, int] | None
    complete: bool


@dataclass(frozen=True, slots=True)
class DisconnectedMailbox:
    """What a disconnect of one mailbox did. Not ``complete``: ask again.

    ``still_connected`` are the tenant's other mailboxes, by address; where there is none, the
    tenant is disconnected too.
    """

    tenant_id: str
    mailbox: str
    still_connected: tuple[str, ...]
    jobs_cancelled: int
    watches: Mapping[str, int]
    grants: Mapping[str, int]
    deleted: Mapping[str, int] | None
    complete: bool


@dataclass(frozen=True, slots=True)
class _GivenBack:
    watches: Counter[str]
    grants: Counter[str]

    @property
    def complete(self) -> bool:
        return "retry" not in self.watches.keys() | self.grants.keys()


class Disconnect:
    """The use case. It may be repeated until it is complete, and repeated after that."""

    def __init__(self, registry: Registry, google: Google) -> None:
        self._registry = registry
        self._google = google

    async def disconnect(self, tenant_id: str, *, delete_data: bool = False) -> Disconnected:
        """Disconnect all mailboxes of a tenant.

        Args:
            tenant_id: the tenant.
            delete_data: also delete its stored mail, and its mailboxes once they are given back.

        Raises:
            NotFoundError: the tenant is unknown.
        """
        ended = await self._registry.disconnect(tenant_id)
        back = await self._give_back(tenant_id, ended.grants)
        deleted = await self._registry.delete_data(tenant_id) if delete_data else None
        log.info("disconnected", tenant=tenant_id, mailboxes=ended.mailboxes, grants=back.grants)
        return Disconnected(
            tenant_id=tenant_id,
            mailboxes=ended.mailboxes,
            jobs_cancelled=ended.jobs_cancelled,
            watches=back.watches,
            grants=back.grants,
            deleted=deleted,
            complete=back.complete,
        )

    async def disconnect_mailbox(
        self, tenant_id: str, address: str, *, delete_data: bool = False
    ) -> DisconnectedMailbox:
        """Disconnect one mailbox of a tenant; the others go on. With the last one the tenant is
        disconnected, as there is nothing of it left to sync.

        Args:
            tenant_id: the tenant.
            address: the mailbox's, in any case of letters, or a former one that nobody has now.
            delete_data: also delete its stored mail, the rules that are limited to it, and the
                mailbox once its watch is given back. After that it is unknown.

        Raises:
            NotFoundError: the tenant, or its mailbox, is unknown.
            InvalidInputError: a former address that several mailboxes had.
        """
        ended = await self._registry.disconnect_mailbox(tenant_id, address.strip().lower())
        address = ended.address
        back = await self._give_back(tenant_id, ended.grants)
        deleted = None
        if delete_data:
            deleted = await self._registry.delete_data(tenant_id, address)
        left = len(ended.still_connected)
        log.info("mailbox_disconnected", tenant=tenant_id, left=left, grants=back.grants)
        return DisconnectedMailbox(
            tenant_id=tenant_id,
            mailbox=address,
            still_connected=ended.still_connected,
            jobs_cancelled=ended.jobs_cancelled,
            watches=back.watches,
            grants=back.grants,
            deleted=deleted,
            complete=back.complete,
        )

    async def _give_back(self, tenant_id: str, grants: Sequence[Grant]) -> _GivenBack:
        """Stop watches and end grants at Google, and forget what is given back."""
        back = _GivenBack(Counter(), Counter())
        forgotten: list[int] = []
        unwatched: list[int] = []
        for grant in grants:
            stopped, revoked = await self._stop(tenant_id, grant), await self._end(grant)
            back.watches.update(stopped)
            back.grants[revoked] += 1
            if "retry" not in {*stopped, revoked}:
                forgotten += [] if grant.kept else [grant.integration_id]
                unwatched += [mailbox.mailbox.id for mailbox in grant.mailboxes]
        await self._registry.wipe(forgotten)
        await self._registry.forget_watches(unwatched)
        return back

    async def _stop(self, tenant_id: str, grant: Grant) -> list[Ending]:
        if grant.keys is None:
            return ["unreadable"] * len(grant.mailboxes)
        credential = InMemoryCredential(tenant_id, grant.keys)

        async def stop(granted: GrantedMailbox) -> Ending:
            if granted.shared:
                return "shared"
            try:
                await self._google.open_client_with(credential, granted.mailbox).stop()
            except (MailboxStateError, OperatorActionError, RejectedRequestError):
                # No way to reach it any more: the watch ends by itself within seven days, and
                # its pushes are acknowledged and dropped meanwhile (edge cases 18, 25).
                return "lapsed"
            except GmailIngestError:
                return "retry"
            return "stopped"

        return await side_by_side(AT_ONCE, grant.mailboxes, stop)

    async def _end(self, grant: Grant) -> Ending:
        if grant.kept:
            return "kept"
        if grant.keys is None:
            return "unreadable"
        if not isinstance(grant.keys, OAuthKeys):
            return "none"
        if grant.shared:
            return "shared"
        token = grant.keys.refresh_token or grant.keys.access_token
        if not token:
            return "lapsed"
        try:
            await self._google.revoke(token)
        except (MailboxStateError, OperatorActionError, RejectedRequestError):
            return "lapsed"
        except GmailIngestError:
            return "retry"
        return "revoked"
