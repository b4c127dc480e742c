"""The queue of syncs that were asked for: the port, and the values that cross it.

Holds: ``SyncQueue``, ``Claim``, ``Priority``, ``SecondLook``. Add here: a method only when a use
case calls it. Keep out: working claims off (``tenant_sync.py``, ``drain.py``), SQL (adapters).
Source: docs/architecture.md#the-queue.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol
from uuid import UUID

from gmail_ingest.sync.mailbox.records import Counts, SyncKind


class Priority(IntEnum):
    """Whose turn it is in the queue, the smallest first; the first two are live mail."""

    #: A push or a person asked for it.
    REQUESTED = 0
    #: A second look, for mail whose notification Google dropped.
    AGAIN = 1
    #: A listing of a mailbox, or a change of rules, that somebody asked for.
    LISTING = 2
    #: Nobody asked for it: a poll, or work that a dead worker left.
    POLL = 3


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Mailboxes to look at once more, ``after`` so many seconds."""

    mailbox_ids: tuple[int, ...]
    after: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A queue row held by ``holder`` until it acknowledges, releases, or lets it expire.

    ``job_id`` is None if nobody asked for it and it has found nothing yet; ``mailbox_ids`` None
    means
    every mailbox of the tenant; ``force`` takes leases over; ``crashes`` counts the workers that
    died with it, one after the other; ``again`` asks for a second look whatever is found.
    """

    id: int
    tenant_id: str
    kind: SyncKind
    job_id: UUID | None
    mailbox_ids: tuple[int, ...] | None
    attempts: int
    force: bool
    holder: str
    crashes: int = 0
    priority: int = Priority.REQUESTED
    again: bool = False

    @property
    def is_pushed(self) -> bool:
        """Whether Google notified of its mailboxes, which are named then."""
        return self.priority == Priority.REQUESTED and self.mailbox_ids is not None

    @property
    def is_live(self) -> bool:
        """Whether somebody may be waiting for this mail; a poll or a listing can wait."""
        return self.priority <= Priority.AGAIN


class SyncQueue(Protocol):
    """The queue: at most one waiting row for a tenant and kind; acknowledged after the commit."""

    async def enqueue(
        self,
        tenant_id: str,
        kind: SyncKind,
        *,
        mailbox_ids: Collection[int] | None = None,
        history_id: int | None = None,
        force: bool = False,
    ) -> UUID:
        """Ask for a sync; joins the waiting row if there is one. Returns the job's id.

        A poll or a second look that waits becomes as urgent as this, and has a job from then on.
        """
        ...

    async def claim(
        self,
        holder: str,
        *,
        limit: int,
        ttl: timedelta,
        background: int | None = None,
        tenant_id: str | None = None,
        dagster_run_id: str | None = None,
    ) -> list[Claim]:
        """Take rows that wait (or whose claim expired), SKIP LOCKED; never a row whose tenant and
        kind somebody holds, unless it is forced.

        The most urgent come first (``Priority``), of those the oldest; an eighth of ``limit`` goes
        to what is not live and has been due for a minute. At most ``background`` are not live.
        """
        ...

    async def extend(self, claims: Sequence[Claim], ttl: timedelta) -> None:
        """Heartbeat: extend claims."""
        ...

    async def acknowledge(
        self,
        claim: Claim,
        state: str,
        counts: Counts,
        error: str | None,
        second_look: SecondLook | None = None,
    ) -> None:
        """Remove a claimed row and end its job in ``state``; nothing if the claim was lost.

        A row without a job gets one now if it found something or failed. ``second_look`` is asked
        for in the same transaction; it joins the waiting row if there is one.
        """
        ...

    async def release(
        self, claim: Claim, not_before: datetime, counts: Counts, error: str | None
    ) -> None:
        """Give a claimed row back to wait until ``not_before``; merges with a waiting one."""
        ...
