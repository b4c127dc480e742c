"""How a ledger entry changes with each thing that Gmail says about its message.

Holds: ``Fate``, ``Entry`` and the pure functions that lead from one entry to the next; the fake
store and Postgres share them. Add here: a rule for a fate. For a new fate, add it to ``Fate``: the
type checker then names each ``match`` that must handle it, and ``standing``, of which sets of fates
are made. What it cannot name, as SQL, is in CONTRIBUTING.md. Keep out: times and attempts (the
store's), the words by which fates are shown (``shown_fates.py``).
Source: docs/promises.md#promise-1, #promise-5; edge cases 8, 14, 15, 16.

A fetch and a history change may overtake each other, because listed mail is fetched under one lease
and history is applied under another. A message that was fetched before a change and saved after it
would stay outdated for ever, because history does not repeat the change. So it is fetched once
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, assert_never, get_args

from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.scope import OUTSIDE_RANGE, SCHEDULED, left_out_reason

#: ``pending`` waits for a fetch; ``stored`` is shown; ``hidden`` is stored but not shown, by an
#: exclusion rule; ``left_out`` is known and never stored (``scope.py``); ``gone`` is no longer at
#: Google; ``dead`` was given up. All but ``pending`` are final until Gmail says more or the
#: tenant's rules change.
Fate = Literal["pending", "stored", "hidden", "left_out", "gone", "dead"]
FATES: tuple[Fate, ...] = get_args(Fate)
_BY_WORD: Mapping[str, Fate] = {fate: fate for fate in FATES}
#: Where a message was first seen, or seen again after it was gone: in Gmail's history (after a push
#: or a poll), in a listing of the last days, or in that of a backfill. Each origin has its own
#: lease, so that none waits for another or fetches its mail.
Origin = Literal["push", "listing", "backfill"]

#: The reason of a ``gone`` entry that history reported as deleted: final, because Gmail never
#: reuses an id. ``gone`` without it was a 404, which a later sighting of the message refutes.
DELETED = "deleted"
#: The reason of a ``pending`` entry that history changed while it waited. An answer of Google that
#: is older than the change does not count.
CHANGED = "changed"
#: Reasons that end when a listing names the message. Listings leave spam and trash out, so the
#: message has left them; a draft or a scheduled message may have been sent. A chat stays a chat.
REFUTED_BY_LISTING = frozenset({"spam", "trash", "draft", SCHEDULED, OUTSIDE_RANGE})


class Standing(NamedTuple):
    """How far a message of some fate has come; each step includes those before it.

    ``decided``: nothing is to be fetched. ``answered``: by what Google said, not given up.
    ``given``: Google had the message.
    """

    decided: bool
    answered: bool
    given: bool


def standing(fate: Fate) -> Standing:
    """How far a message of this fate has come."""
    match fate:
        case "pending":
            return Standing(decided=False, answered=False, given=False)
        case "dead":
            return Standing(decided=True, answered=False, given=False)
        case "gone":
            return Standing(decided=True, answered=True, given=False)
        case "stored" | "hidden" | "left_out":
            return Standing(decided=True, answered=True, given=True)
        case _:
            assert_never(fate)


DECIDED = frozenset(fate for fate in FATES if standing(fate).decided)
ANSWERED = frozenset(fate for fate in FATES if standing(fate).answered)
GIVEN = frozenset(fate for fate in FATES if standing(fate).given)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of a message; ``history_id`` is the newest change applied to it.

    ``reason`` says why it has its fate: for ``hidden`` the exclusion rule's name, for ``left_out``
    a ``LeftOutReason``, else DELETED, CHANGED or None.
    """

    thread_id: str
    origin: Origin
    fate: Fate
    reason: str | None = None
    history_id: int = 0

    @property
    def has_row(self) -> bool:
        """Whether the email is stored: shown, or hidden by an exclusion rule."""
        match self.fate:
            case "stored" | "hidden":
                return True
            case "pending" | "left_out" | "gone" | "dead":
                return False
            case _:
                assert_never(self.fate)


def fate_of(word: str) -> Fate:
    """The fate that a word in the ledger names.

    Raises:
        ValueError: it names none.
    """
    fate = _BY_WORD.get(word)
    if fate is None:
        raise ValueError(f"no fate of this release: {word!r}")
    return fate


def after_change(entry: Entry | None, change: MessageChange, *, is_left: bool = False) -> Entry:
    """The entry after a change of history; the same object if the change is already known.

    The result does not depend on the order or the pages of the changes: a deletion always wins,
    otherwise the higher history id. ``is_left``: no backfill works on the mailbox, so the live sync
    takes over what a backfill left pending (edge case 15).
    """
    reason = left_out_reason(change.label_ids) if change.label_ids is not None else None
    if entry is None:
        fate: Fate = "gone" if change.deleted else "left_out" if reason else "pending"
        why = DELETED if change.deleted else reason
        return Entry(change.thread_id, "push", fate, why, change.history_id)
    newest = max(entry.history_id, change.history_id)
    if change.deleted:
        gone = replace(entry, fate="gone", reason=DELETED, history_id=newest)
        return entry if gone == entry else gone
    if newest == entry.history_id:
        return entry
    return _after_newer(entry, change, reason, is_left=is_left)


def _after_newer(
    entry: Entry, change: MessageChange, reason: str | None, *, is_left: bool
) -> Entry:
    """The entry after a newer change that is no deletion. ``reason`` says why the message is left
    out by its present labels, None if it is not.
    """
    newer = replace(entry, history_id=change.history_id)
    match entry.fate:
        case "stored" | "hidden":
            # The labels of a stored message are kept with its email, under a history id of its own.
            return entry
        case "left_out":
            if change.label_ids is None:
                return entry
            return replace(newer, reason=reason) if reason else _again(newer, "push")
        case "gone":
            is_final = entry.reason == DELETED or reason is not None
            return newer if is_final else _again(newer, "push")
        case "pending":
            if change.label_ids is None:
                return newer
            origin = "push" if is_left and entry.origin == "backfill" else entry.origin
            return replace(newer, origin=origin, reason=CHANGED)
        case "dead":
            return newer
        case _:
            assert_never(entry.fate)


def after_sighting(entry: Entry | None, thread_id: str, origin: Origin = "listing") -> Entry:
    """The entry after a listing named the message; the same object if that changes nothing."""
    if entry is None:
        return Entry(thread_id, origin, "pending")
    match entry.fate:
        case "left_out":
            is_refuted = entry.reason in REFUTED_BY_LISTING
        case "gone":
            is_refuted = entry.reason is None
        case "pending" | "stored" | "hidden" | "dead":
            is_refuted = False
        case _:
            assert_never(entry.fate)
    return _again(entry, origin) if is_refuted else entry


def is_wanted(entry: Entry | None, thread_id: str) -> bool:
    """Whether a backfill that lists the message would fetch it."""
    sighted = after_sighting(entry, thread_id, "backfill")
    return sighted.fate == "pending" and sighted.origin == "backfill"


def after_outcome(
    entry: Entry, fate: Literal["left_out", "gone"], reason: str | None = None, history_id: int = 0
) -> Entry:
    """The entry after a fetch decided about a pending or dead message; any other is unchanged.

    ``history_id`` is that of the fetched message, 0 if there was none.
    """
    match entry.fate:
        case "stored" | "hidden" | "left_out" | "gone":
            return entry
        case "pending" | "dead":
            if _is_overtaken(entry, history_id):
                return replace(entry, fate="pending", reason=None)
            return replace(entry, fate=fate, reason=reason)
        case _:
            assert_never(entry.fate)


def after_storing(
    entry: Entry | None, thread_id: str, history_id: int, origin: Origin
) -> Entry | None:
    """The entry after a fetch brought the message; write the email if ``has_row`` of the entry is
    true.

    None if it must not be stored: the message was deleted after it was fetched. The entry stays
    pending if the fetched message is older than a change that came meanwhile. That happens once a
    change: if the second answer is no newer, it counts.
    """
    if entry is None:
        return Entry(thread_id, origin, "stored", None, history_id)
    match entry.fate:
        case "gone":
            return None
        case "stored" | "hidden":
            return entry
        case "pending" | "left_out" | "dead":
            if _is_overtaken(entry, history_id):
                return replace(entry, fate="pending", reason=None)
            newest = max(entry.history_id, history_id)
            return replace(entry, fate="stored", reason=None, history_id=newest)
        case _:
            assert_never(entry.fate)


def after_ruling(entry: Entry, rule: str | None) -> Entry:
    """The entry of a message after the tenant's rules were applied. ``rule`` is the name of the one
    that hides it, None if none does. The same object if nothing changes or the message is not
    stored.
    """
    if not entry.has_row or entry.reason == rule:
        return entry
    return replace(entry, fate="hidden" if rule else "stored", reason=rule)


def after_recall(entry: Entry | None, thread_id: str, *, has_row: bool) -> Entry:
    """The entry after a verification found that a message that Google lists is missing; the same
    object if the message was accounted for meanwhile.

    ``has_row``: whether the email is really stored. Pending and dead entries keep their fate,
    because they have their own next step; so do entries that history reported as deleted.
    """
    if entry is None:
        return Entry(thread_id, "listing", "pending")
    match entry.fate:
        case "pending" | "dead":
            is_settled = True
        case "stored" | "hidden":
            is_settled = has_row
        case "gone":
            is_settled = entry.reason == DELETED
        case "left_out":
            is_settled = False
        case _:
            assert_never(entry.fate)
    return entry if is_settled else _again(entry, "listing")


def after_absence(entry: Entry) -> Entry:
    """The entry of a stored message that Google no longer lists or returns."""
    return replace(entry, fate="gone", reason=None) if entry.has_row else entry


def _is_overtaken(entry: Entry, history_id: int) -> bool:
    return entry.reason == CHANGED and history_id < entry.history_id


def _again(entry: Entry, origin: Origin) -> Entry:
    return replace(entry, origin=origin, fate="pending", reason=None)
