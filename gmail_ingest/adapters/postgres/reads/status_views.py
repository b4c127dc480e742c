"""A tenant's state as the CRM and operators read it.

Holds: frozen values of integrations, mailboxes, ledger and queue. Keep out: SQL, JSON, mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gmail_ingest.core.ledger.fates import Fate


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """A mailbox; times are UTC. ``checkpoint`` is the last history id durably applied. ``cause``
    names the reason of its state or of its last failed sync (``errors.REMEDIES``). It has not been
    synced since ``failing_since``, and is tried again at ``retry_at``. ``removals_withheld`` counts
    mails that Gmail no longer has and that a person must decide about.
    """

    id: int
    address: str
    aliases: tuple[str, ...]
    state: str
    cause: str | None
    last_error: str | None
    checkpoint: int
    watch_expires_at: datetime | None
    last_push_at: datetime | None
    last_synced_at: datetime | None
    initial_sync_done: bool
    failing_since: datetime | None
    retry_at: datetime | None
    former_addresses: tuple[str, ...] = ()
    #: The account's primary address, if another mailbox of the tenant has it.
    present_address: str | None = None
    renamed_at: datetime | None = None
    history_reset_at: datetime | None = None
    #: When it was found that another account has the address.
    replaced_at: datetime | None = None
    #: When it was found that this account replaced another one.
    replaced_predecessor_at: datetime | None = None
    removals_withheld: int = 0


@dataclass(frozen=True, slots=True)
class IntegrationStatus:
    """An integration, without its credential. ``subject`` is a mailbox or a service account."""

    id: int
    auth_type: str
    subject: str
    state: str
    last_error: str | None
    generation: int
    created_at: datetime
    updated_at: datetime
    mailboxes: tuple[MailboxStatus, ...]


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """A tenant with its present and former integrations."""

    tenant_id: str
    state: str
    created_at: datetime
    disconnected_at: datetime | None
    integrations: tuple[IntegrationStatus, ...]


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue row; ``claimed`` while a worker has it. ``job_id`` None: nobody asked for it (a
    poll). ``error`` says why it was put back.
    """

    kind: str
    job_id: UUID | None
    enqueued_at: datetime
    not_before: datetime
    attempts: int
    claimed: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """A tenant's sync: the ledger's counts by fate, and queue rows."""

    tenant: TenantStatus
    ledger: Mapping[Fate, int]
    queue: tuple[QueueEntry, ...]
