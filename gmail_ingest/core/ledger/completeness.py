"""Compares what Google lists with what is stored: "is any mail missing?".

Holds: where one listed id is, which labels differ, how days are grouped into listings, and their
price. Add here: a rule of the comparison. Keep out: listing, repair, storage.
Source: docs/promises.md#promise-6; docs/google.md#lists (labelIds, includeSpamTrash; no dates);
edge cases 15, 61, 67 (sets, never pairwise).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from math import ceil
from typing import Literal, assert_never

from gmail_ingest.core.ledger.fates import DELETED, Fate
from gmail_ingest.core.ledger.windows import midnight
from gmail_ingest.core.quota.prices import Prices

#: ``out``: does not belong in the CRM, by its labels or because it was deleted; not counted.
#: ``hidden``: stored but not shown, by an exclusion rule; counted as accounted for.
Presence = Literal["stored", "out", "hidden", "dead", "pending", "missing"]
#: Ids on a page of a listing. Days are listed together up to ``PAGE_FILL`` stored mails, so that
#: mail that is not stored (spam, drafts) fits on the same page.
PAGE_IDS = 500
PAGE_FILL = 450
#: Stored mails whose labels are compared at once: about 20 MB of memory.
SPAN_IDS = 100_000
#: Labels that every mailbox has, for a price before Google is asked for the labels.
COMMON_LABELS = frozenset(
    {"INBOX", "SENT", "DRAFT", "CHAT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT"}
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of a message. ``internal_date`` (UTC) is that of the stored email, None
    if there is none.
    """

    thread_id: str
    fate: Fate
    reason: str | None
    internal_date: datetime | None


@dataclass(frozen=True, slots=True)
class StoredMails:
    """The stored mails of one UTC day that have the same labels."""

    day: date
    label_ids: frozenset[str]
    message_ids: frozenset[str]


@dataclass(slots=True)
class DayTally:
    """One UTC day of one mailbox, in numbers of ids. ``listed``: listed by Google and wanted by the
    CRM. ``accounted``: stored, hidden, or a dead letter. ``dead``: dead letters, which are visible
    with their error. ``vanished``: stored, but gone at Google.
    """

    day: date
    listed: int = 0
    accounted: int = 0
    pending: int = 0
    missing: int = 0
    dead: int = 0
    vanished: int = 0

    def count(self, presence: Presence) -> None:
        """Count a listed id of this day."""
        match presence:
            case "out":
                return
            case "stored" | "hidden":
                self.accounted += 1
            case "dead":
                self.dead += 1
                self.accounted += 1
            case "pending":
                self.pending += 1
            case "missing":
                self.missing += 1
            case _:
                assert_never(presence)
        self.listed += 1

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, pending or vanished."""
        return not (self.pending or self.missing or self.vanished)

    def is_proven(self, checked_at: datetime) -> bool:
        """Whether the day was over at that time (UTC), and whole."""
        return self.is_whole and checked_at >= midnight(self.day + timedelta(days=1))


def presence_of(known: Known | None, *, out: bool) -> Presence:
    """Where a listed id is; ``out`` if Google's labels say that it does not belong in the CRM.

    A stored mail that went to the trash later keeps its row, and counts as stored.
    """
    if known is not None and known.internal_date is not None:
        if known.fate == "stored":
            return "stored"
        if known.fate == "hidden":
            return "hidden"
    if out:
        return "out"
    if known is None:
        return "missing"
    match known.fate:
        case "pending" | "dead":
            return known.fate
        case "gone":
            # A deletion in history is final; listings come from an index that may lag behind.
            return "out" if known.reason == DELETED else "missing"
        case "left_out" | "stored" | "hidden":
            return "missing"
        case _:
            assert_never(known.fate)


def is_dated(presence: Presence) -> bool:
    """Whether a message that is there has a row, and so a day of its own."""
    match presence:
        case "stored" | "hidden":
            return True
        case "out" | "dead" | "pending" | "missing":
            return False
        case _:
            assert_never(presence)


def label_differences(
    stored: Iterable[StoredMails], label_id: str, listed: AbstractSet[str]
) -> set[str]:
    """Ids of stored mails that have the label here but not at Google, or the other way round."""
    differing: set[str] = set()
    for mails in stored:
        if label_id in mails.label_ids:
            differing |= mails.message_ids - listed
        else:
            differing |= mails.message_ids & listed
    return differing


def group_days(
    days: Sequence[date], stored: Mapping[date, int], most: int
) -> Iterator[tuple[date, ...]]:
    """Group consecutive days: at most ``most`` stored mails a group, but at least one day."""
    group: list[date] = []
    size = 0
    for day in days:
        if group and size + stored.get(day, 0) > most:
            yield tuple(group)
            group, size = [], 0
        group.append(day)
        size += stored.get(day, 0)
    if group:
        yield tuple(group)


def estimate_units(
    days: Sequence[date],
    stored: Mapping[date, int],
    labels: Mapping[str, int],
    prices: Prices,
) -> int:
    """The price, in quota units, of a verification that finds no difference.

    Args:
        days: the days to verify.
        stored: mails stored of each day.
        labels: stored mails of these days by label id.
        prices: units per call.

    Each difference costs another fetch, and 5 units each time that its days are split in two.
    """
    if not days:
        return 0
    groups = group_days(days, stored, PAGE_FILL)
    sizes = [sum(stored.get(day, 0) for day in group) for group in groups]
    spans = sum(1 for _ in group_days(days, stored, SPAN_IDS))
    known = dict.fromkeys(COMMON_LABELS, 0) | dict(labels)
    pages = sum(_pages(size) for size in chain(sizes, known.values()))
    pages += (spans - 1) * len(known)
    return pages * prices.messages_list + prices.labels_list + prices.profile_get


def _pages(ids: int) -> int:
    return max(1, ceil(ids / PAGE_IDS))
