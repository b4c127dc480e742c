"""Connecting mailboxes: try the credential out, register all of it or nothing, watch.

Holds: ``Connect``. Add here: what must be true of a mailbox before it is registered.
Keep out: HTTP's shapes (``webhook_api``), rows and sealing
(``adapters/postgres/accounts/registry.py``).
Source: docs/google.md#watches, #consent (identity is what getProfile says); edge cases 7, 24, 39.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    MailboxUnavailableError,
    RejectedRequestError,
    SuspectAccountError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.accounts.credentials import CredentialStore, Keys, ServiceAccountKeys
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential
from gmail_ingest.sync.accounts.registry import (
    AuthType,
    NewMailbox,
    Registered,
    Registration,
    Registry,
)
from gmail_ingest.sync.accounts.watch import start_watch
from gmail_ingest.sync.mailbox.identity import AtOnce, find_former, recognise
from gmail_ingest.sync.mailbox.ports import MailboxClient, MailStore
from gmail_ingest.sync.mailbox.records import Mailbox, Profile
from gmail_ingest.sync.mailbox.refusals import try_reading
from gmail_ingest.sync.mailbox.side_by_side import side_by_side

log = structlog.get_logger(__name__)

#: Mailboxes of one request that are asked side by side, as many as a browser would.
AT_ONCE = 8
#: Seconds before an unexplained refusal is tried again: it has often passed by then (edge case 32).
SUSPECT_PAUSES = (0.5, 1.0)

#: What became of the watch that a connect asks for; ``off``: no topic is configured.
WatchOutcome = Literal["active", "failed", "off"]


class Google(Protocol):
    """Google, seen with credentials that are in no database."""

    def open_client_with(self, credentials: CredentialStore, mailbox: Mailbox) -> MailboxClient:
        """Open a mailbox with these credentials; no call is made."""
        ...

    async def revoke(self, token: str) -> None:
        """End a grant; success if it is dead already. TransientError if Google is silent."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """Keys to connect.

    ``addresses`` are the users to impersonate, each with the name of the field that the caller
    wrote it in; empty for an OAuth grant, which belongs to one mailbox. ``skip_failed``: connect
    those that can be, if any can.
    """

    tenant_id: str
    keys: Keys
    addresses: Mapping[str, str] = field(default_factory=dict)
    skip_failed: bool = False


@dataclass(frozen=True, slots=True)
class ConnectedMailbox:
    """A mailbox after connecting; ``reconnected`` if its checkpoint and mail were kept.

    ``former_address`` if it was known under another one until now; ``replaced_account`` if another
    account had the address, whose mail stays.
    """

    mailbox: Mailbox
    reconnected: bool
    watch: WatchOutcome
    watch_expires_at: datetime | None
    watch_error: str | None
    former_address: str | None = None
    replaced_account: bool = False


@dataclass(frozen=True, slots=True)
class FailedMailbox:
    """A mailbox that a request names and that cannot be connected, and the field that names it."""

    address: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Connected:
    """What connecting did; the jobs are queued, not done.

    ``untouched`` are the addresses of the tenant's other connected mailboxes; ``failed`` were
    skipped.
    """

    mailboxes: tuple[ConnectedMailbox, ...]
    initial_job: UUID
    incremental_job: UUID | None
    untouched: tuple[str, ...] = ()
    failed: tuple[FailedMailbox, ...] = ()


class Connect:
    """The use case; ``topic`` is the full name of the Pub/Sub topic, empty for no watch."""

    def __init__(
        self,
        registry: Registry,
        store: MailStore,
        google: Google,
        topic: str,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pause = pause
        self._registry = registry
        self._store = store
        self._google = google
        self._topic = topic

    async def connect(self, request: ConnectRequest) -> Connected:
        """Connect every mailbox of a request, or none; or those that can be.

        Raises:
            InvalidInputError: Google refuses the credential, or some mailboxes: each is named, with
                what to do about it.
            ThrottledError, TransientError: Google gave no answer; the same request may succeed.
            OperatorActionError: this deployment's client is refused.
        """
        credential = InMemoryCredential(request.tenant_id, request.keys)
        found, failed = await self._identify(request, credential)
        registered = await self._register(request, credential, found)
        watched = await self._watch(credential, registered)
        renamed = {new.address for new in found if new.renames is not None}
        mailboxes = tuple(_with_changes(connected, registered, renamed) for connected in watched)
        log.info(
            "connected",
            tenant=request.tenant_id,
            mailboxes=len(mailboxes),
            renamed=len(renamed),
            replaced=len(registered.successors),
        )
        return Connected(
            mailboxes,
            registered.initial_job,
            registered.incremental_job,
            registered.untouched,
            tuple(failed),
        )

    async def _register(
        self, request: ConnectRequest, credential: InMemoryCredential, found: list[NewMailbox]
    ) -> Registered:
        auth_type: AuthType = "oauth"
        subject = found[0].address
        if isinstance(request.keys, ServiceAccountKeys):
            auth_type, subject = "service_account", request.keys.service_account_email.lower()
        # Trying the credential out may have refreshed it: the newest tokens are kept.
        return await self._registry.register(
            Registration(request.tenant_id, auth_type, subject, credential.keys, tuple(found))
        )

    async def _identify(
        self, request: ConnectRequest, credential: InMemoryCredential
    ) -> tuple[list[NewMailbox], list[FailedMailbox]]:
        """Ask Google who each mailbox is: its primary address, and the history id before any
        listing, so that mail that arrives during the listing is in both (edge case 7).

        All are asked even if one is refused, so that the caller learns of each that is wrong.
        """
        slots = asyncio.Semaphore(AT_ONCE)

        async def profile(address: str, field_name: str) -> NewMailbox | GmailIngestError:
            probe = _probe(request.tenant_id, address)
            async with slots:
                client = self._google.open_client_with(credential, probe)
                try:
                    found = await self._profile(client)
                    await try_reading(client)
                    aliases = await _aliases(client, found.address)
                    return await self._recognised(client, living, found, aliases)
                except (MailboxStateError, RejectedRequestError) as error:
                    return _refused(error, field_name, address)
                except (ThrottledError, TransientError) as error:
                    return error

        living = await self._store.living(request.tenant_id)
        wanted = request.addresses or {"": "keys.refreshToken"}
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(profile(address, field_name))
                    for address, field_name in wanted.items()
                ]
        except ExceptionGroup as stopped:
            # This deployment is at fault, not a mailbox: the other calls were cancelled with it.
            raise stopped.exceptions[0] from None
        answers = dict(zip(wanted.items(), (task.result() for task in tasks), strict=True))
        found = {
            answer.address: answer for answer in answers.values() if isinstance(answer, NewMailbox)
        }
        wrong = [
            (_unanswered(error, *named), error)
            for named, error in answers.items()
            if isinstance(error, GmailIngestError)
        ]
        if wrong and not (request.skip_failed and found):
            raise _all_of(wrong)
        failed = [
            FailedMailbox(refusal.mailbox or "", refusal.field, refusal.reason)
            for refusal, _ in wrong
        ]
        return list(found.values()), failed

    async def _profile(self, client: MailboxClient) -> Profile:
        """Who the mailbox is; an unexplained refusal that does not pass is a suspended account."""
        for pause in SUSPECT_PAUSES:
            try:
                return await client.profile()
            except SuspectAccountError:
                await self._pause(pause)
        try:
            return await client.profile()
        except SuspectAccountError as error:
            text = f"the account seems to be suspended, three tries ended alike: {error}"
            raise MailboxUnavailableError(text, "suspended") from error

    async def _recognised(
        self,
        client: MailboxClient,
        living: Sequence[Mailbox],
        profile: Profile,
        aliases: tuple[str, ...] | None,
    ) -> NewMailbox:
        """Whether the account is known, under this address or another (edge cases 39, 91, 92)."""
        new = NewMailbox(profile.address, profile.history_id, aliases)
        known = next((mailbox for mailbox in living if mailbox.address == profile.address), None)
        if known is None:
            former = await find_former(self._store, client, living, aliases or ())
            return new if former is None else replace(new, renames=former.id)
        verdict = await recognise(self._store, client, AtOnce(), known, profile)
        if verdict != "same":
            # Its mailbox may be there under the address that it had before this one was given it.
            others = [mailbox for mailbox in living if mailbox.id != known.id]
            former = await find_former(self._store, client, others, aliases or ())
            if former is not None:
                return replace(new, renames=former.id)
        if verdict == "other":
            return replace(new, replaces=known.id)
        return replace(new, unsure=verdict == "unsure")

    async def _watch(
        self, credential: InMemoryCredential, registered: Registered
    ) -> tuple[ConnectedMailbox, ...]:
        async def watch(mailbox: Mailbox) -> ConnectedMailbox:
            known = mailbox.id in registered.known
            if not self._topic:
                return ConnectedMailbox(mailbox, known, "off", None, None)
            try:
                started = await start_watch(
                    self._google.open_client_with(credential, mailbox), self._topic
                )
            except GmailIngestError as error:
                # Polling finds the mail meanwhile, and the renewal tries again.
                log.warning("watch_failed", mailbox_id=mailbox.id, error=type(error).__name__)
                return ConnectedMailbox(mailbox, known, "failed", None, str(error))
            await self._store.set_watch(mailbox.id, started.expires_at)
            return ConnectedMailbox(mailbox, known, "active", started.expires_at, None)

        return tuple(await side_by_side(AT_ONCE, registered.mailboxes, watch))


def _probe(tenant_id: str, address: str) -> Mailbox:
    return Mailbox(0, tenant_id, 0, address, (), 0, "active", None, None)


def _with_changes(
    connected: ConnectedMailbox, registered: Registered, renamed: Collection[str]
) -> ConnectedMailbox:
    mailbox = connected.mailbox
    return replace(
        connected,
        former_address=mailbox.former_addresses[-1] if mailbox.address in renamed else None,
        replaced_account=mailbox.id in registered.successors,
    )


async def _aliases(client: MailboxClient, address: str) -> tuple[str, ...] | None:
    """The owner's other addresses. A failure is ignored: the renewal of watches asks again."""
    try:
        return tuple(alias for alias in await client.aliases() if alias != address)
    except GmailIngestError as error:
        log.info("aliases_unknown", error=type(error).__name__)
        return None


def _all_of(wrong: Sequence[tuple[InvalidInputError, GmailIngestError]]) -> GmailIngestError:
    """One error for all: about the mailboxes, unless Google was only silent."""
    if not any(isinstance(error, InvalidInputError) for _, error in wrong):
        return wrong[0][1]
    first, *others = (refusal for refusal, _ in wrong)
    return InvalidInputError(first.field, first.reason, others, mailbox=first.mailbox)


def _unanswered(error: GmailIngestError, address: str, field_name: str) -> InvalidInputError:
    if isinstance(error, InvalidInputError):
        return error
    reason = "Google did not answer for it: ask again"
    if isinstance(error, ThrottledError):
        reason = "Google limits calls at the moment: ask again later"
    return InvalidInputError(field_name, reason, mailbox=address or None)


def _refused(error: GmailIngestError, field_name: str, address: str) -> InvalidInputError:
    """Which field of the request Google's refusal is about, and what a person can do."""
    remedy = error.remedy if isinstance(error, MailboxStateError) else REMEDIES["refused"]
    # Nothing was connected, so nothing is tried again by itself.
    act, retried, _ = remedy.partition("; it is tried again by itself")
    remedy = f"{act}; then connect again." if retried else remedy
    if isinstance(error, AdminActionRequiredError):
        field_name = "keys.serviceAccountKey"
    reason = f"Google refuses it: {error}. {remedy}"
    return InvalidInputError(field_name, reason, mailbox=address or None)
