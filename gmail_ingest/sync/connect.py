"""Connecting mailboxes: try the credential out, register all of it or nothing, watch.

Holds: ``Connect``. Add here: what must be true of a mailbox before it is registered.
Keep out: HTTP's shapes (``webhook_api``), rows and sealing (``adapters/postgres/registry.py``).
Source: google-facts section 4 and 7 (identity is what getProfile says); edge cases 7, 24, 39.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import structlog

from gmail_ingest.errors import (
    REMEDIES,
    AdminActionRequiredError,
    GmailIngestError,
    InvalidInputError,
    MailboxStateError,
    RejectedRequestError,
)
from gmail_ingest.sync.credentials import CredentialStore, Keys, ServiceAccountKeys
from gmail_ingest.sync.held_credential import HeldCredential
from gmail_ingest.sync.ports import MailSource
from gmail_ingest.sync.records import Mailbox
from gmail_ingest.sync.refusals import try_reading
from gmail_ingest.sync.registry import AuthType, NewMailbox, Registered, Registration, Registry
from gmail_ingest.sync.watch import start_watch

log = structlog.get_logger(__name__)

#: Mailboxes of one request that are asked side by side, as many as a browser would.
AT_ONCE = 8

WatchState = Literal["active", "failed", "off"]


class Google(Protocol):
    """Google, seen with credentials that are in no database."""

    def source_with(self, credentials: CredentialStore, mailbox: Mailbox) -> MailSource:
        """Open a mailbox with these credentials; no call is made."""
        ...

    async def revoke(self, token: str) -> None:
        """End a grant; success if it is dead already. TransientError if Google is silent."""
        ...


class WatchNotes(Protocol):
    """Where the end of a watch is kept."""

    async def set_watch(self, mailbox_id: int, expires_at: datetime | None) -> None:
        """Note until when Google pushes for this mailbox."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """Keys to connect.

    ``addresses`` are the users to impersonate, each with the name of the field that the caller
    wrote it in; empty for an OAuth grant, which belongs to one mailbox.
    """

    tenant_id: str
    keys: Keys
    addresses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectedMailbox:
    """A mailbox after connecting; ``reconnected`` if its checkpoint and mail were kept."""

    mailbox: Mailbox
    reconnected: bool
    watch: WatchState
    watch_expires_at: datetime | None
    watch_error: str | None


@dataclass(frozen=True, slots=True)
class Connected:
    """What connecting did; the jobs are queued, not done."""

    mailboxes: tuple[ConnectedMailbox, ...]
    initial_job: UUID
    incremental_job: UUID | None


class Connect:
    """The use case; ``topic`` is the full name of the Pub/Sub topic, empty for no watch."""

    def __init__(self, registry: Registry, notes: WatchNotes, google: Google, topic: str) -> None:
        self._registry = registry
        self._notes = notes
        self._google = google
        self._topic = topic

    async def connect(self, request: ConnectRequest) -> Connected:
        """Connect every mailbox of a request, or none.

        Raises:
            InvalidInputError: Google refuses the credential, with what to do about it.
            ThrottledError, TransientError: Google gave no answer; the same request may succeed.
            OperatorActionError: this deployment's client is refused.
        """
        held = HeldCredential(request.tenant_id, request.keys)
        found = await self._identify(request, held)
        registered = await self._register(request, held, found)
        mailboxes = await self._watch(held, registered)
        log.info("connected", tenant=request.tenant_id, mailboxes=len(mailboxes))
        return Connected(mailboxes, registered.initial_job, registered.incremental_job)

    async def _register(
        self, request: ConnectRequest, held: HeldCredential, found: list[NewMailbox]
    ) -> Registered:
        auth_type: AuthType = "oauth"
        subject = found[0].address
        if isinstance(request.keys, ServiceAccountKeys):
            auth_type, subject = "service_account", request.keys.service_account_email.lower()
        # Trying it out may have refreshed the credential: what is kept is the newest.
        return await self._registry.register(
            Registration(request.tenant_id, auth_type, subject, held.keys, tuple(found))
        )

    async def _identify(self, request: ConnectRequest, held: HeldCredential) -> list[NewMailbox]:
        """Ask Google who each mailbox is: its primary address, and the history id before any
        listing, so that mail that arrives during the listing is in both (edge case 7).
        """
        slots = asyncio.Semaphore(AT_ONCE)

        async def profile(address: str, field_name: str) -> NewMailbox:
            probe = _probe(request.tenant_id, address)
            async with slots:
                source = self._google.source_with(held, probe)
                try:
                    found = await source.profile()
                    await try_reading(source)
                except (MailboxStateError, RejectedRequestError) as error:
                    raise _refused(error, field_name) from error
                aliases = await _aliases(source)
            return NewMailbox(found.address.lower(), found.history_id, aliases)

        wanted = request.addresses or {"": "keys.refreshToken"}
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(profile(*each)) for each in wanted.items()]
        except ExceptionGroup as failed:
            # One refusal decides; the others were cancelled with it.
            raise failed.exceptions[0] from None
        return list({task.result().address: task.result() for task in tasks}.values())

    async def _watch(
        self, held: HeldCredential, registered: Registered
    ) -> tuple[ConnectedMailbox, ...]:
        slots = asyncio.Semaphore(AT_ONCE)

        async def watch(mailbox: Mailbox) -> ConnectedMailbox:
            known = mailbox.id in registered.known
            if not self._topic:
                return ConnectedMailbox(mailbox, known, "off", None, None)
            async with slots:
                try:
                    started = await start_watch(
                        self._google.source_with(held, mailbox), self._topic
                    )
                except GmailIngestError as error:
                    # Mail is found by polling meanwhile, and the renewal tries again.
                    log.warning("watch_failed", mailbox_id=mailbox.id, error=type(error).__name__)
                    return ConnectedMailbox(mailbox, known, "failed", None, str(error))
            await self._notes.set_watch(mailbox.id, started.expires_at)
            return ConnectedMailbox(mailbox, known, "active", started.expires_at, None)

        return tuple(await asyncio.gather(*map(watch, registered.mailboxes)))


def _probe(tenant_id: str, address: str) -> Mailbox:
    return Mailbox(0, tenant_id, 0, address, (), 0, "active", None, None)


async def _aliases(source: MailSource) -> tuple[str, ...] | None:
    """The owner's other addresses; no reason to fail: the renewal of watches asks again."""
    try:
        return await source.aliases()
    except GmailIngestError as error:
        log.info("aliases_unknown", error=type(error).__name__)
        return None


def _refused(error: GmailIngestError, field_name: str) -> InvalidInputError:
    """Which field of the request Google's refusal is about, and what a person can do."""
    remedy = error.remedy if isinstance(error, MailboxStateError) else REMEDIES["refused"]
    if isinstance(error, AdminActionRequiredError):
        field_name = "keys.serviceAccountKey"
    return InvalidInputError(field_name, f"Google refuses it: {error}. {remedy}")
