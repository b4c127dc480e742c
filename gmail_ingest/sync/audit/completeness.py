"""What a comparison with Google needs beside a sync, and what it reports.

Holds: the port ``ComparableStore``, and the reports.
Add here: a method only when a comparison calls it. Keep out: the comparison (``compare.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, Protocol

from gmail_ingest.core.ledger.completeness import DayTally, Known, StoredMails
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import Counts, Lease, MessageRef


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the last comparison of a mailbox, at ``checked_at`` (UTC).

    ``passed``: all that Google listed from ``first_day`` on is accounted for, nothing differed, and
    nothing waits. ``found``: ids that differed at first, ``open``: those left; ``error``: why the
    comparison did not reach its end.
    """

    checked_at: datetime
    passed: bool
    first_day: date | None
    days: int
    proven_days: int
    found: int
    open: int
    error: str | None


class AcceptedRemoval(NamedTuple):
    """A mail whose removal a person accepted; ``confirmed`` if Gmail was asked for it itself."""

    message_id: str
    confirmed: bool


class ComparableStore(MailStore, Protocol):
    """The mail store of a sync, compared and repaired, with what is stored of which day and what
    comparisons found. With a lease it writes as ``MailStore``.
    """

    async def synced_from(self, mailbox_id: int) -> datetime | None:
        """From when on (UTC) mail was synced: the start of the earliest window that was ever
        listed; None if there is none, or if one had no start.
        """
        ...

    async def stored_days(self, mailbox_id: int) -> Mapping[date, int]:
        """Mails stored of each UTC day."""
        ...

    async def stored_labels(self, mailbox_id: int, window: Window) -> Mapping[str, int]:
        """Mails stored of a window by label id."""
        ...

    async def record(
        self, mailbox_id: int, days: Collection[DayTally], checked_at: datetime
    ) -> None:
        """Note how days stood at ``checked_at`` (UTC); whole days that were over are proven.

        Writes nothing for a mailbox that is disconnected.
        """
        ...

    async def note_verdict(self, mailbox_id: int, verdict: Verdict) -> None:
        """Keep the verdict in place of an older one; nothing of a mailbox that is disconnected."""
        ...

    async def reconciled(self, lease: Lease) -> None:
        """Note that what is stored was compared with Google: no reconciliation is wanted."""
        ...

    async def user_labels(self, mailbox_id: int, prefix: str) -> frozenset[str]:
        """Ids of labels, of those that begin so, that stored mail has, or once had."""
        ...

    async def count_labelled(self, mailbox_id: int, labels: Collection[str]) -> int:
        """Stored mails of any age, hidden ones too, that have one of these labels."""
        ...

    async def drop_labels(self, lease: Lease, labels: Collection[str], most: int) -> Counts:
        """Take labels off at most so many stored mails that have them, and ask the tenant's rules
        about these again, in one transaction; counts updated.
        """
        ...

    async def removal_room(self, mailbox_id: int) -> int:
        """How many mails may be removed now without asking a person: none while one is asked."""
        ...

    async def withheld_removals(self, mailbox_id: int) -> frozenset[str]:
        """Ids of stored mails that Gmail no longer has, and whose removal waits for a person."""
        ...

    async def accepted_removals(self, mailbox_id: int, most: int) -> Sequence[AcceptedRemoval]:
        """The next removals that were accepted, by id."""
        ...

    async def admit_removals(
        self, lease: Lease, ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        """Which of these stored mails may be removed. They are decided about together: if they are
        too many, all are withheld until a person accepts, and so are further ones meanwhile.
        """
        ...

    async def settle_removals(self, lease: Lease, ids: Collection[str]) -> None:
        """End the withholding of these: they are removed, or Gmail has them after all."""
        ...

    async def stored_mails(self, mailbox_id: int, window: Window) -> list[StoredMails]:
        """The stored mails of a window by internal date, as sets of equal day and labels."""
        ...

    async def known(self, mailbox_id: int, message_ids: Collection[str]) -> Mapping[str, Known]:
        """What the ledger says of these ids; those that it does not know are absent."""
        ...

    async def recall(self, lease: Lease, refs: Sequence[MessageRef]) -> int:
        """Set listed ids that are not accounted for to pending; returns how many."""
        ...

    async def correct(
        self, lease: Lease, messages: Sequence[ParsedMessage], gone: Collection[str]
    ) -> Counts:
        """Replace stored mails whose labels differ from these, and remove those that are gone, in
        one transaction; counts updated and deleted.
        """
        ...


@dataclass(frozen=True, slots=True)
class MailboxPlan:
    """What a verification of a mailbox would look at, and its price if it finds nothing."""

    mailbox_id: int
    address: str
    days: tuple[date, ...]
    estimated_units: int


@dataclass(slots=True)
class MailboxVerification:
    """What a verification found, in ids; not for logs, which never name an address.

    ``withheld``: mails gone at Gmail, too many to be removed before a person accepts.
    ``missing``, ``vanished`` and ``label_differences`` are what it found at first; ``open_*`` what
    of it is left in the end, after a repair if one was asked for. ``counts`` is what the repair
    did, and all units. ``error`` says why it could not go on, without anything private.
    """

    mailbox_id: int
    address: str
    days: int = 0
    proven_days: int = 0
    estimated_units: int = 0
    listed: int = 0
    accounted: int = 0
    pending: int = 0
    dead: int = 0
    missing: int = 0
    vanished: int = 0
    label_differences: int = 0
    open_missing: int = 0
    open_vanished: int = 0
    open_label_differences: int = 0
    withheld: int = 0
    counts: Counts = field(default_factory=Counts)
    error: str | None = None
    #: ``error`` is one that nobody foresaw.
    crashed: bool = False

    def add_day(self, day: DayTally, *, proven: bool) -> None:
        """Add a day that has been compared."""
        self.days += 1
        self.proven_days += proven
        self.listed += day.listed
        self.accounted += day.accounted
        self.pending += day.pending
        self.dead += day.dead
        self.open_missing += day.missing
        self.open_vanished += day.vanished

    @property
    def found(self) -> int:
        """Differences that were found, repaired or not."""
        return self.missing + self.vanished + self.label_differences

    @property
    def open(self) -> int:
        """Differences that are left, and ids that still wait for their fetch."""
        left = self.open_missing + self.open_vanished + self.open_label_differences
        return left + self.pending

    @property
    def passed(self) -> bool:
        """Whether all was looked at, no id was unaccounted for, and nothing is left."""
        return self.is_complete and not (self.missing or self.vanished)

    @property
    def is_complete(self) -> bool:
        """Whether all was looked at, and nothing is left."""
        return self.error is None and self.open == 0
