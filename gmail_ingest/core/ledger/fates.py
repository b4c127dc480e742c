"""What becomes of a ledger entry when Gmail says something about its message.

Holds: ``Fate``, ``Entry`` and the pure functions that lead from one entry to the next; the fake
store and Postgres share them. Add here: what follows for a fate; a new fate is added to ``Fate``,
and the type checker then names each ``match`` that has to say what it means. It does not read SQL;
what else a new fate needs is in CONTRIBUTING.md. A set of fates is made of ``Standing``, so that
it is asked for, too. Keep out: times and attempts (they are the store's), the words that fates are
shown by (``shown_fates.py``).
Source: docs/promises.md#promise-1, #promise-5; edge cases 8, 14, 15, 16.

A fetch and a change of history may overtake each other: listed mail is fetched under one lease,
history is applied under another. What was fetched before a change and is saved after it would
stand for ever, since no later history repeats the change; so it is fetched once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, assert_never, get_args

from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.scope import OUTSIDE_RANGE, SCHEDULED, left_out_reason

#: ``pending`` waits for a fetch; ``stored`` is shown; ``hidden`` is stored and not shown, by an
#: exclusion rule; ``left_out`` is known and never stored (``scope.py``); ``gone`` is no longer at
#: Google; ``dead`` was given up. All but ``pending`` are final until Gmail says more, or the
#: tenant's rules.
Fate = Literal["pending", "stored", "hidden", "left_out", "gone", "dead"]
FATES: tuple[Fate, ...] = get_args(Fate)
_BY_WORD: Mapping[str, Fate] = {fate: fate for fate in FATES}
#: Where a message was first seen, or seen to come back: in Gmail's history of changes (after a push
#: or a poll), in a listing of the last days, or in that of a backfill. Each has a lease of its own,
#: so that none waits for another or fetches its mail.
Origin = Literal["push", "listing", "backfill"]

#: The reason of a ``gone`` entry that history called deleted: final, Gmail gives no id again. A
#: ``gone`` without it was a 404, which a later sight of the message refutes.
DELETED = "deleted"
#: The reason of a ``pending`` entry that history changed while it waited: an answer of Google that
#: is older than the change was overtaken by it.
CHANGED = "changed"
#: Listings leave spam and trash out, so a listed message has left them; a listed draft may have
#: been sent, and so may what was to be sent later. A chat stays a chat.
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

    ``reason`` says why it has its fate: of ``hidden`` the exclusion rule's name, of ``left_out`` a
    ``LeftOutReason``, else DELETED, CHANGED or None.
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
    """The entry after a change of history; the same object if the change is old news.

    The result does not depend on the order or the pages that changes come in: a deletion always
    wins, otherwise the higher history id does. ``is_left``: no backfill works on the
    mailbox, so that what one has left behind is the live sync's from now on (edge case 15).
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
    """The entry after a change that is newer than it and no deletion; ``reason``: that to leave the
    message out, by the labels that it has now.
    """
    newer = replace(entry, history_id=change.history_id)
    match entry.fate:
        case "stored" | "hidden":
            # What a stored message's labels are is the email's own matter, with its own history id.
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
    """The entry after a listing named the message; the same object if that says nothing new."""
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
    """The entry after a fetch decided about a pending or given-up message, otherwise the same.

    ``history_id`` is that of the message as it was fetched, 0 if there was none.
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
    """The entry after a fetch brought the message; it is to be written if that has a row.

    None if it must not be stored: a message that is gone was deleted after it was fetched. It
    stays pending, once for each change, if what was fetched is older than a change that came while
    it waited; should Google never answer with anything newer, the second answer counts.
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
    """The entry of a stored message after the tenant's rules were asked, of which ``rule`` hides
    it; the same object if that is what it says, or if the message is not stored.
    """
    if not entry.has_row or entry.reason == rule:
        return entry
    return replace(entry, fate="hidden" if rule else "stored", reason=rule)


def after_recall(entry: Entry | None, thread_id: str, *, has_row: bool) -> Entry:
    """The entry after a verification missed the message that Google lists; the same object if the
    message has been accounted for meanwhile.

    ``has_row`` tells whether the email is stored in fact. What waits or was given up keeps its
    fate: it is known, and has its own next step. So does what history called deleted.
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
    """The entry of a stored message that Google neither lists nor gives any more."""
    return replace(entry, fate="gone", reason=None) if entry.has_row else entry


def _is_overtaken(entry: Entry, history_id: int) -> bool:
    return entry.reason == CHANGED and history_id < entry.history_id


def _again(entry: Entry, origin: Origin) -> Entry:
    return replace(entry, origin=origin, fate="pending", reason=None)
