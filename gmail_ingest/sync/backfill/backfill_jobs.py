"""Backfill jobs: what was asked for, and how far its worker is.

Holds: the values of a job and the ports of its book. Add here: a method only when a use case calls
it. Keep out: the sync (``backfill_sync.py``), what Dagster has to do for them
(``backfill_plan.py``).
Source: docs/architecture.md#the-way-of-a-date-range. A job is a range of time of one tenant; its
months are the partitions that Dagster shows. It ends when each of its months is complete, or when a
person must act.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from gmail_ingest.core.ledger.fates import Entry
from gmail_ingest.core.ledger.months import part_of
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import Counts, Listing


@dataclass(frozen=True, slots=True)
class BackfillJob:
    """A backfill job that a worker works on; ``window`` is bounded, months are UTC."""

    id: UUID
    tenant_id: str
    window: Window
    created_at: datetime
    #: Complete already, with their counts.
    done: Mapping[date, Counts]

    def part(self, month: date) -> Window:
        """The part of a month that is in this job's range."""
        return part_of(self.window, month)


@dataclass(frozen=True, slots=True)
class RequestedMonths:
    """The work of a Dagster run: months of one tenant, and who asked for them.

    ``job_id`` is known if the API asked; otherwise the run came from Dagster's UI or command line,
    as part of Dagster's ``backfill_id`` or by itself, and covers whole months up to ``until``
    (UTC). ``all_months`` are those of the whole backfill; ``created_at`` (UTC) is the run's.
    """

    tenant_id: str
    months: tuple[date, ...]
    all_months: tuple[date, ...]
    run_id: str
    created_at: datetime
    until: datetime
    job_id: UUID | None = None
    backfill_id: str | None = None


class BackfillBook(Protocol):
    """Where backfill jobs are kept, each method one transaction."""

    async def begin(self, requested: RequestedMonths) -> BackfillJob:
        """The job that a run is about, running from now on; a new one if nobody asked before, or if
        a person started the run after that job had ended.

        Raises:
            JobEndedError: it was cancelled, or ended otherwise, after the run was created.
        """
        ...

    async def advance(self, job_id: UUID, counts: Mapping[int, Counts]) -> bool:
        """Add counts by listing, and say that the worker lives.

        Returns whether it may go on: not once the job was cancelled or has failed.
        """
        ...

    async def finish_month(
        self, job_id: UUID, month: date, listing_ids: Collection[int]
    ) -> Counts | None:
        """Note that a month is complete, and with the last one that the job has succeeded.

        Returns what was done in the month, also by earlier jobs; None if the job had ended.
        """
        ...

    async def pause(self, job_id: UUID, error: str, not_before: datetime | None) -> None:
        """Say why a run ends before its months are complete, and when (UTC) it goes on by itself;
        None if a person must act first.
        """
        ...


class BackfillStore(MailStore, Protocol):
    """The mail store of a backfill."""

    async def stopped(self, tenant_id: str) -> list[str]:
        """Why connected mailboxes of the tenant cannot be synced now: state and remedy, each once
        for each mailbox.
        """
        ...

    async def entries(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Entry]:
        """The ledger's entries of these ids; those that it does not know are absent."""
        ...


@dataclass(frozen=True, slots=True)
class MonthDone:
    """A month that is complete. ``done_before`` if an earlier run of the job had completed it: when
    (UTC) the job was asked for.
    """

    month: date
    counts: Counts
    done_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailboxMonthDone:
    """A month of one mailbox of which nothing is pending any more."""

    month: date
    listing: Listing
