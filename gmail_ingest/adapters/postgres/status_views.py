"""A tenant's state as the CRM and operators read it.

Holds: frozen values of integrations, mailboxes, ledger and queue. Keep out: SQL, JSON, mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """A mailbox; times are UTC. ``checkpoint`` is the last history id durably applied; ``cause``
    names why it is in its state (``errors.REMEDIES``).
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


@dataclass(frozen=True, slots=True)
class IntegrationStatus:
    """A credential, without it. ``subject`` is a mailbox or a service account."""

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
    """A tenant and what it has connected, also what it had."""

    tenant_id: str
    state: str
    created_at: datetime
    disconnected_at: datetime | None
    integrations: tuple[IntegrationStatus, ...]


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A queue row; ``claimed`` while a worker has it. ``job_id`` None: nobody asked (a poll)."""

    kind: str
    job_id: UUID | None
    enqueued_at: datetime
    not_before: datetime
    attempts: int
    claimed: bool


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """All of a tenant's sync: ledger counts by fate, and queue rows."""

    tenant: TenantStatus
    ledger: Mapping[str, int]
    queue: tuple[QueueEntry, ...]
