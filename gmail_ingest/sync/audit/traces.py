"""What is known of one mail, and of the mailboxes in which it might be.

Holds: the frozen values of "why is this mail not in the CRM?", and the port that reads them.
Add here: a fact that an answer needs. Keep out: the answer (``why.py``), its words
(``why_text.py``), SQL. Source: docs/promises.md#promise-5.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gmail_ingest.core.ledger.fates import Fate, Origin
from gmail_ingest.sync.mailbox.records import Mailbox


@dataclass(frozen=True, slots=True)
class Trace:
    """A message's entry in a mailbox's ledger; times are UTC.

    ``origin`` is where it was seen first, or seen to come back. ``spam_or_trash`` is True for a
    stored message there. Job and run are those under which the fate was decided, where known.
    ``withheld_at``: when a stored mail was found gone at Gmail whose removal needs a person's
    acceptance; ``accepted``: a person accepted it.
    """

    mailbox_id: int
    gmail_id: str
    thread_id: str
    fate: Fate
    reason: str | None
    attempts: int
    next_attempt_at: datetime
    error: str | None
    origin: Origin
    first_seen_at: datetime
    decided_at: datetime | None
    spam_or_trash: bool
    job_id: UUID | None
    dagster_run_id: str | None
    withheld_at: datetime | None = None
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class MailboxProgress:
    """How far a mailbox is known; times are UTC.

    ``listed_from`` is the beginning of what was listed to its end, None if nothing was;
    ``listing`` is True while a window is being listed.
    """

    mailbox: Mailbox
    cause: str | None
    last_error: str | None
    connected_at: datetime
    listed_from: datetime | None
    listing: bool


class Traces(Protocol):
    """Reads the ledger for one mail."""

    async def mailboxes(self, tenant_id: str) -> list[MailboxProgress]:
        """The tenant's mailboxes by address, also disconnected ones; NotFoundError."""
        ...

    async def by_gmail_id(self, tenant_id: str, gmail_ids: Collection[str]) -> list[Trace]:
        """What the tenant's mailboxes know of these Gmail ids."""
        ...

    async def by_rfc_id(self, tenant_id: str, rfc_ids: Collection[str]) -> list[Trace]:
        """What they know of stored mail with one of these Message-IDs."""
        ...
