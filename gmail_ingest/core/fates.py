"""What becomes of a ledger entry when Gmail says something about its message.

Holds: ``Entry`` and the pure rules that lead from one to the next; the fake store and Postgres
share them. Add here: a rule about fates. Keep out: times and attempts (they are the store's).
Source: docs/promises.md#promise-1, #promise-5; edge cases 8, 14, 15, 16.

A fetch and a change of history may overtake each other: listed mail is fetched under one lease,
history is applied under another. What was fetched before a change and is saved after it would
stand for ever, since no later history repeats the change; so it is fetched once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gmail_ingest.core.history_records import MessageChange
from gmail_ingest.core.scope import BUILT_IN_RULES, OUTSIDE_RANGE, SCHEDULED, exclusion_rule

#: ``pending`` waits for a fetch, ``dead`` was given up; all others are final until Gmail says more,
#: or the tenant's rules: what these exclude is stored, and hidden.
Fate = Literal["pending", "stored", "excluded", "gone", "dead"]
#: Where a message was first seen, or seen to come back: in Gmail's history of changes (after a push
#: or a poll), in a listing of the last days, or in that of a backfill. Each has a lease of its own,
#: so that none waits for another or fetches its mail.
Origin = Literal["push", "listing", "backfill"]

#: The rule of a ``gone`` entry that history called deleted: final, Gmail gives no id again. A
#: ``gone`` without it was a 404, which a later sight of the message refutes.
DELETED = "deleted"
#: The rule of a ``pending`` entry that history changed while it waited: an answer of Google that is
#: older than the change was overtaken by it.
CHANGED = "changed"
#: Listings leave spam and trash out, so a listed message has left them; a listed draft may have
#: been sent, and so may what was to be sent later. A chat stays a chat.
REFUTED_BY_LISTING = frozenset({"spam", "trash", "draft", SCHEDULED, OUTSIDE_RANGE})


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of a message; ``history_id`` is the newest change applied to it."""

    thread_id: str
    origin: Origin
    fate: Fate
    rule: str | None = None
    history_id: int = 0

    @property
    def has_row(self) -> bool:
        """Whether the email is stored: shown, or hidden by a rule of the tenant's."""
        return self.fate == "stored" or is_hidden(self.fate, self.rule)


def is_hidden(fate: Fate, rule: str | None) -> bool:
    """Whether a message is stored, and hidden by a rule of the tenant's."""
    return fate == "excluded" and rule is not None and rule not in BUILT_IN_RULES


def after_change(entry: Entry | None, change: MessageChange, *, is_left: bool = False) -> Entry:
    """The entry after a change of history; the same object if the change is old news.

    The result does not depend on the order or the pages that changes come in: a deletion always
    wins, otherwise the higher history id does. ``is_left``: no backfill works on the
    mailbox, so that what one has left behind is the live sync's from now on (edge case 15).
    """
    rule = exclusion_rule(change.label_ids) if change.label_ids is not None else None
    if entry is None:
        fate: Fate = "gone" if change.deleted else "excluded" if rule else "pending"
        why = DELETED if change.deleted else rule
        return Entry(change.thread_id, "push", fate, why, change.history_id)
    newest = max(entry.history_id, change.history_id)
    if change.deleted:
        gone = replace(entry, fate="gone", rule=DELETED, history_id=newest)
        return entry if gone == entry else gone
    # What a stored message's labels are is the email's own matter, with its own history id.
    if newest == entry.history_id or entry.has_row:
        return entry
    newer = replace(entry, history_id=newest)
    if entry.fate == "excluded":
        if change.label_ids is None:
            return entry
        return replace(newer, rule=rule) if rule else _again(newer, "push")
    if entry.fate == "gone" and entry.rule != DELETED and rule is None:
        return _again(newer, "push")
    if entry.fate == "pending" and change.label_ids is not None:
        origin = "push" if is_left and entry.origin == "backfill" else entry.origin
        return replace(newer, origin=origin, rule=CHANGED)
    return newer


def after_sighting(entry: Entry | None, thread_id: str, origin: Origin = "listing") -> Entry:
    """The entry after a listing named the message; the same object if that says nothing new."""
    if entry is None:
        return Entry(thread_id, origin, "pending")
    refuted = entry.fate == "excluded" and entry.rule in REFUTED_BY_LISTING
    if refuted or (entry.fate == "gone" and entry.rule is None):
        return _again(entry, origin)
    return entry


def is_wanted(entry: Entry | None, thread_id: str) -> bool:
    """Whether a backfill that lists the message would fetch it."""
    sighted = after_sighting(entry, thread_id, "backfill")
    return sighted.fate == "pending" and sighted.origin == "backfill"


def after_outcome(entry: Entry, fate: Fate, rule: str | None = None, history_id: int = 0) -> Entry:
    """The entry after a fetch decided about a pending or given-up message, otherwise the same.

    ``history_id`` is that of the message as it was fetched, 0 if there was none.
    """
    if entry.fate not in {"pending", "dead"}:
        return entry
    if _is_overtaken(entry, history_id):
        return replace(entry, fate="pending", rule=None)
    return replace(entry, fate=fate, rule=rule)


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
    if entry.fate == "gone":
        return None
    if entry.has_row:
        return entry
    if _is_overtaken(entry, history_id):
        return replace(entry, fate="pending", rule=None)
    newest = max(entry.history_id, history_id)
    return replace(entry, fate="stored", rule=None, history_id=newest)


def after_ruling(entry: Entry, rule: str | None) -> Entry:
    """The entry of a stored message after the tenant's rules were asked, of which ``rule`` hides
    it; the same object if that is what it says, or if the message is not stored.
    """
    if not entry.has_row or entry.rule == rule:
        return entry
    return replace(entry, fate="excluded" if rule else "stored", rule=rule)


def after_recall(entry: Entry | None, thread_id: str, *, has_row: bool) -> Entry:
    """The entry after a verification missed the message that Google lists; the same object if the
    message has been accounted for meanwhile.

    ``has_row`` tells whether the email is stored in fact. What waits or was given up keeps its
    fate: it is known, and has its own next step. So does what history called deleted.
    """
    if entry is None:
        return Entry(thread_id, "listing", "pending")
    settled = entry.fate in {"pending", "dead"} or (entry.has_row and has_row)
    if settled or (entry.fate == "gone" and entry.rule == DELETED):
        return entry
    return _again(entry, "listing")


def after_absence(entry: Entry) -> Entry:
    """The entry of a stored message that Google neither lists nor gives any more."""
    return replace(entry, fate="gone", rule=None) if entry.has_row else entry


def _is_overtaken(entry: Entry, history_id: int) -> bool:
    return entry.rule == CHANGED and history_id < entry.history_id


def _again(entry: Entry, origin: Origin) -> Entry:
    return replace(entry, origin=origin, fate="pending", rule=None)
