"""What a comparison with Google asks of the MailStore in memory.

Holds: ``MemoryComparisons``, which the MailStore fake inherits. Add here: a method of
ComparableStore. Keep out: rules (``core/ledger/fates.py``, ``core/ledger/completeness.py``).
"""

# ruff: noqa: D102 - the methods are the port's, and documented there
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from gmail_ingest.core.ledger.completeness import DayTally, Known, StoredMails
from gmail_ingest.core.ledger.fates import Entry, after_absence, after_recall
from gmail_ingest.core.ledger.removals import RemovalLimits
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.audit.completeness import AcceptedRemoval, Verdict
from gmail_ingest.sync.mailbox.records import Counts, Lease, Listing, Mailbox, MessageRef


class MemoryComparisons:
    """The part of ``MemoryMailStore`` that syncs do not need; ``days`` and ``verdicts`` hold
    what was recorded.
    """

    rows: dict[int, Mailbox]
    emails: dict[tuple[int, str], ParsedMessage]
    entries: dict[tuple[int, str], Entry]
    listings: list[Listing]

    def __init__(self) -> None:
        super().__init__()
        self.days: dict[tuple[int, date], tuple[DayTally, bool]] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.limits = RemovalLimits()
        #: Removals by mailbox and id: whether they are confirmed, and accepted.
        self.withheld: dict[tuple[int, str], tuple[bool, bool]] = {}
        self.removed: Counter[int] = Counter()

    def _fence(self, lease: Lease) -> None:
        raise NotImplementedError

    def _note(self, key: tuple[int, str], entry: Entry) -> None:
        raise NotImplementedError

    async def synced_from(self, mailbox_id: int) -> datetime | None:
        starts = [
            listing.window.start for listing in self.listings if listing.mailbox_id == mailbox_id
        ]
        known = [start for start in starts if start is not None]
        return min(known) if known and len(known) == len(starts) else None

    async def stored_days(self, mailbox_id: int) -> Mapping[date, int]:
        return Counter(_day(email) for email in self._of(mailbox_id, Window()))

    async def stored_labels(self, mailbox_id: int, window: Window) -> Mapping[str, int]:
        stored = self._of(mailbox_id, window)
        return Counter(label for email in stored for label in email.label_ids)

    async def record(
        self, mailbox_id: int, days: Collection[DayTally], checked_at: datetime
    ) -> None:
        if self.rows[mailbox_id].state not in {"disconnected", "replaced"}:
            for day in days:
                self.days[mailbox_id, day.day] = replace(day), day.is_proven(checked_at)

    async def note_verdict(self, mailbox_id: int, verdict: Verdict) -> None:
        if self.rows[mailbox_id].state != "disconnected":
            self.verdicts[mailbox_id] = verdict

    async def stored_mails(self, mailbox_id: int, window: Window) -> list[StoredMails]:
        grouped: defaultdict[tuple[date, frozenset[str]], set[str]] = defaultdict(set)
        for email in self._of(mailbox_id, window):
            grouped[_day(email), frozenset(email.label_ids)].add(email.gmail_id)
        return [StoredMails(*key, frozenset(ids)) for key, ids in grouped.items()]

    async def known(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Known]:
        found = {}
        for message_id in message_ids:
            entry = self.entries.get((mailbox_id, message_id))
            email = self.emails.get((mailbox_id, message_id))
            if entry is not None:
                dated = email.internal_date if email else None
                found[message_id] = Known(entry.thread_id, entry.fate, entry.reason, dated)
        return found

    async def user_labels(self, mailbox_id: int, prefix: str) -> frozenset[str]:
        stored = self._of(mailbox_id, Window())
        return frozenset(
            label for email in stored for label in email.label_ids if label.startswith(prefix)
        )

    async def count_labelled(self, mailbox_id: int, labels: Collection[str]) -> int:
        stored = self._of(mailbox_id, Window())
        return sum(not set(labels).isdisjoint(email.label_ids) for email in stored)

    async def drop_labels(self, lease: Lease, labels: Collection[str], most: int) -> Counts:
        self._fence(lease)
        bearing = [
            email
            for email in self._of(lease.mailbox_id, Window())
            if not set(labels).isdisjoint(email.label_ids)
        ]
        for email in bearing[:most]:
            left = tuple(label_id for label_id in email.label_ids if label_id not in labels)
            self.emails[lease.mailbox_id, email.gmail_id] = replace(email, label_ids=left)
        return Counts(updated=len(bearing[:most]))

    async def removal_room(self, mailbox_id: int) -> int:
        if await self.withheld_removals(mailbox_id):
            return 0
        return self.limits.room(len(self._of(mailbox_id, Window())), self.removed[mailbox_id])

    async def withheld_removals(self, mailbox_id: int) -> frozenset[str]:
        return frozenset(
            message_id
            for (mailbox, message_id), (_, accepted) in self.withheld.items()
            if mailbox == mailbox_id and not accepted
        )

    async def accepted_removals(self, mailbox_id: int, most: int) -> Sequence[AcceptedRemoval]:
        found = [
            AcceptedRemoval(message_id, confirmed)
            for (mailbox, message_id), (confirmed, accepted) in sorted(self.withheld.items())
            if mailbox == mailbox_id and accepted
        ]
        return found[:most]

    async def admit_removals(
        self, lease: Lease, ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        self._fence(lease)
        return await self._admit(lease.mailbox_id, ids, unconfirmed)

    async def _admit(
        self, mailbox_id: int, ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        if len(ids) <= await self.removal_room(mailbox_id):
            self.removed[mailbox_id] += len(ids)
            return frozenset(ids)
        for message_id in ids:
            known = self.withheld.get((mailbox_id, message_id), (False, False))
            self.withheld[mailbox_id, message_id] = (
                known[0] or message_id not in unconfirmed,
                known[1],
            )
        return frozenset()

    def accept_removals(self, mailbox_id: int) -> int:
        """What a person does; returns how many."""
        waiting = [
            key
            for key, (_, accepted) in self.withheld.items()
            if key[0] == mailbox_id and not accepted
        ]
        for key in waiting:
            self.withheld[key] = (self.withheld[key][0], True)
        self.removed[mailbox_id] = 0
        return len(waiting)

    async def settle_removals(self, lease: Lease, ids: Collection[str]) -> None:
        self._fence(lease)
        for message_id in ids:
            self.withheld.pop((lease.mailbox_id, message_id), None)

    async def recall(self, lease: Lease, refs: Sequence[MessageRef]) -> int:
        self._fence(lease)
        recalled = 0
        for ref in refs:
            key = (lease.mailbox_id, ref.message_id)
            before = self.entries.get(key)
            entry = after_recall(before, ref.thread_id, has_row=key in self.emails)
            recalled += entry is not before
            self._note(key, entry)
        return recalled

    async def correct(
        self, lease: Lease, messages: Sequence[ParsedMessage], gone: Collection[str]
    ) -> Counts:
        self._fence(lease)
        counts = Counts()
        for message in messages:
            key = (lease.mailbox_id, message.gmail_id)
            known = self.emails.get(key)
            if known is None or known.history_id > message.history_id:
                continue
            if set(known.label_ids) != set(message.label_ids):
                self.emails[key] = message
                counts.updated += 1
        for message_id in gone:
            key = (lease.mailbox_id, message_id)
            if key in self.entries:
                self._note(key, after_absence(self.entries[key]))
            counts.deleted += self.emails.pop(key, None) is not None
        return counts

    async def reconciled(self, lease: Lease) -> None:
        self._fence(lease)
        mailbox = self.rows[lease.mailbox_id]
        self.rows[mailbox.id] = replace(mailbox, reconcile_wanted=False)

    def _of(self, mailbox_id: int, window: Window) -> list[ParsedMessage]:
        return [
            email
            for (mailbox, _), email in self.emails.items()
            if mailbox == mailbox_id and window.contains(email.internal_date)
        ]


def _day(email: ParsedMessage) -> date:
    return email.internal_date.astimezone(UTC).date()
