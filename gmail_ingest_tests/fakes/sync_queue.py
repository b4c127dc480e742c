"""A SyncQueue in memory, for tests of use cases; it passes the contract of the real one.

Holds: ``MemorySyncQueue``. Keep out: dispatching and sweeping (no use case calls them).
"""

# ruff: noqa: D102 - the methods are the port's, and documented there
from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gmail_ingest.sync.live.sync_queue import Claim, Priority, SecondLook
from gmail_ingest.sync.mailbox.records import Counts, SyncKind

LONG_DUE = timedelta(seconds=60)


@dataclass(slots=True)
class Row:
    """A row of the queue."""

    id: int
    tenant_id: str
    kind: SyncKind
    job_id: UUID | None
    mailbox_ids: tuple[int, ...] | None
    history_id: int | None
    force: bool
    not_before: datetime
    priority: int = Priority.REQUESTED
    again: bool = False
    dagster_run_id: str | None = None
    attempts: int = 0
    crashes: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = None

    def is_held(self, now: datetime) -> bool:
        """Whether a worker that is alive holds it."""
        return self.claimed_until is not None and self.claimed_until > now

    def is_pending_look(self, now: datetime) -> bool:
        """Whether it is a second look whose time has not come."""
        return self.priority == Priority.AGAIN and self.attempts == 0 and self.not_before > now


@dataclass(slots=True)
class JobRow:
    """A job, as far as it came."""

    state: str = "queued"
    counts: Counts = field(default_factory=Counts)
    error: str | None = None
    merged_into: UUID | None = None
    dagster_run_id: str | None = None


class MemorySyncQueue:
    """The queue in a list, its jobs in a dictionary; each method is one step of the event loop."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.jobs: dict[UUID, JobRow] = {}
        self._ids = itertools.count(1)

    async def enqueue(
        self,
        tenant_id: str,
        kind: SyncKind,
        *,
        mailbox_ids: Collection[int] | None = None,
        history_id: int | None = None,
        force: bool = False,
    ) -> UUID:
        now = datetime.now(UTC)
        named = None if mailbox_ids is None else tuple(sorted(set(mailbox_ids)))
        is_requested = force or kind == "incremental"
        priority = Priority.REQUESTED if is_requested else Priority.LISTING
        row = self._waiting(tenant_id, kind)
        if row is None:
            row_id = next(self._ids)
            row = Row(row_id, tenant_id, kind, None, named, history_id, force, now, priority)
            self.rows.append(row)
            return self._job(row)
        row.priority = min(row.priority, priority)
        if row.is_pending_look(now):
            row.again, row.not_before = True, now
        row.mailbox_ids = _union(row.mailbox_ids, named)
        row.history_id = max((h for h in (row.history_id, history_id) if h), default=None)
        row.force = row.force or force
        if force:
            row.not_before = min(row.not_before, now)
        return self._job(row)

    def poll(self, tenant_id: str, *mailbox_ids: int) -> None:
        """Queue what nobody asked for, as a sweep does."""
        if self._waiting(tenant_id, "incremental") is None:
            now, row_id = datetime.now(UTC), next(self._ids)
            row = Row(row_id, tenant_id, "incremental", None, mailbox_ids, None, False, now)
            row.priority = Priority.POLL
            self.rows.append(row)

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
        now = datetime.now(UTC)
        free = [
            row
            for row in self.rows
            if tenant_id in {None, row.tenant_id} and self._is_free(row, now)
        ]
        chosen = _turns(free, now, limit, limit if background is None else min(limit, background))
        for row in chosen:
            row.crashes += row.claimed_by is not None
            row.claimed_by, row.claimed_until = holder, now + ttl
            row.attempts += 1
            row.dagster_run_id = dagster_run_id or row.dagster_run_id
            if row.job_id is not None:
                job = self.jobs[row.job_id]
                job.state, job.error = "running", None
                job.dagster_run_id = dagster_run_id or job.dagster_run_id
        return [
            Claim(
                row.id,
                row.tenant_id,
                row.kind,
                row.job_id,
                row.mailbox_ids,
                row.attempts,
                row.force,
                holder,
                row.crashes,
                row.priority,
                row.again,
            )
            for row in chosen
        ]

    async def extend(self, claims: Sequence[Claim], ttl: timedelta) -> None:
        for claim in claims:
            if row := self._mine(claim):
                row.claimed_until = datetime.now(UTC) + ttl

    async def acknowledge(
        self,
        claim: Claim,
        state: str,
        counts: Counts,
        error: str | None,
        second_look: SecondLook | None = None,
    ) -> None:
        row = self._mine(claim)
        if row is None:
            return
        self.rows.remove(row)
        self._end(row, state, counts, error)
        if second_look is None:
            return
        waiting = self._waiting(row.tenant_id, row.kind)
        if waiting is not None:
            waiting.mailbox_ids = _union(waiting.mailbox_ids, second_look.mailbox_ids)
            waiting.again = True
            return
        at, row_id = datetime.now(UTC) + timedelta(seconds=second_look.after), next(self._ids)
        ids = tuple(sorted(second_look.mailbox_ids))
        again = Row(row_id, row.tenant_id, row.kind, None, ids, None, False, at, Priority.AGAIN)
        self.rows.append(again)

    async def release(
        self, claim: Claim, not_before: datetime, counts: Counts, error: str | None
    ) -> None:
        row = self._mine(claim)
        if row is None:
            return
        self._end(row, "queued", counts, error)
        waiting = self._waiting(row.tenant_id, row.kind)
        if waiting is None:
            row.claimed_by = row.claimed_until = None
            row.not_before, row.crashes = not_before, 0
            return
        self.rows.remove(row)
        if waiting.job_id is None:
            waiting.job_id = row.job_id
        elif row.job_id is not None:
            self.jobs[row.job_id].merged_into = waiting.job_id
        waiting.priority = min(waiting.priority, row.priority)
        waiting.again = waiting.again or row.again
        waiting.mailbox_ids = _union(waiting.mailbox_ids, row.mailbox_ids)
        waiting.attempts = max(waiting.attempts, row.attempts)
        if not waiting.force:
            waiting.not_before = max(waiting.not_before, not_before)

    def _waiting(self, tenant_id: str, kind: SyncKind) -> Row | None:
        return next(
            (
                row
                for row in self.rows
                if (row.tenant_id, row.kind, row.claimed_by) == (tenant_id, kind, None)
            ),
            None,
        )

    def _is_free(self, row: Row, now: datetime) -> bool:
        if row.not_before > now or row.is_held(now):
            return False
        others = [
            other
            for other in self.rows
            if (other.tenant_id, other.kind) == (row.tenant_id, row.kind)
            and other is not row
            and other.claimed_by is not None
        ]
        return row.force or not any(
            other.is_held(now) or row.claimed_by is None or other.id < row.id for other in others
        )

    def _mine(self, claim: Claim) -> Row | None:
        wanted = (claim.id, claim.holder, claim.attempts)
        return next(
            (row for row in self.rows if (row.id, row.claimed_by, row.attempts) == wanted), None
        )

    def _end(self, row: Row, state: str, counts: Counts, error: str | None) -> None:
        if row.job_id is None:
            if not counts.found and error is None:
                return
            self._job(row)
        assert row.job_id is not None
        job = self.jobs[row.job_id]
        job.state, job.error = state, error
        job.dagster_run_id = job.dagster_run_id or row.dagster_run_id
        job.counts.add(counts)

    def _job(self, row: Row) -> UUID:
        if row.job_id is None:
            row.job_id = uuid4()
            self.jobs[row.job_id] = JobRow()
        return row.job_id


def _turns(free: list[Row], now: datetime, limit: int, background: int) -> list[Row]:
    live = sorted((row for row in free if row.priority <= Priority.AGAIN), key=_turn)
    rest = sorted((row for row in free if row.priority > Priority.AGAIN), key=_turn)
    overdue = [row for row in rest if row.not_before <= now - LONG_DUE]
    overdue.sort(key=lambda row: (row.not_before, row.id))
    chosen = overdue[: min(limit // 8, background)]
    taken = live[: limit - len(chosen)]
    left = min(limit - len(taken), background) - len(chosen)
    chosen += [row for row in rest if row not in chosen][:left]
    return sorted([*taken, *chosen], key=_turn)


def _turn(row: Row) -> tuple[int, datetime, int]:
    return row.priority, row.not_before, row.id


def _union(one: tuple[int, ...] | None, other: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if one is None or other is None else tuple(sorted({*one, *other}))
