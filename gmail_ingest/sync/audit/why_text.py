"""What became of a mail, and what happens next, in words that a person understands.

Holds: pure functions from what is known to sentences. Add here: the words of a new fate or reason.
Keep out: reading, subjects, addresses (what is said may be logged by whoever asks).
Source: docs/promises.md#promise-5; core/ledger/fates.py for what each fate means.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple, assert_never

from gmail_ingest.core.ledger.fates import CHANGED, DELETED, Fate
from gmail_ingest.core.ledger.removals import ACCEPTING
from gmail_ingest.errors import remedy_of
from gmail_ingest.sync.audit.traces import MailboxProgress, Trace

#: What became of a mail in one word. First the words for mail that the ledger knows, then those
#: for mail that it does not know.
FindingWord = Literal[
    "stored",
    "hidden",
    "left_out",
    "gone",
    "retrying",
    "dead_letter",
    "never_listed",
    "not_known",
    "disconnected",
    "at_google",
]
#: Why mail is left out, and what would bring it in.
_LEFT_OUT: Mapping[str, str] = {
    "draft": "it is a draft; it is fetched when it is sent",
    "scheduled": "it is to be sent later; it is fetched when it is sent",
    "chat": "it is a chat, not mail; it is never stored",
    "spam": "it was in spam; it is fetched if somebody moves it out of there",
    "trash": "it was in the trash; it is fetched if somebody moves it out of there",
    "outside_range": "it lies beside the range that was asked for; it is fetched when its own is",
}
_SHOWN_AGAIN = (
    "It is shown again, without being fetched, when this tenant's rule is disabled, changed or "
    "deleted, or when Gmail tells of labels that it does not fit, unless another rule hides it."
)
_SEEN_BY = {"push": "Gmail's history", "listing": "a listing", "backfill": "a backfill"}


class Explanation(NamedTuple):
    """Two sentences: what became of a mail, and what happens next."""

    happened: str
    next_step: str


class Unknown(NamedTuple):
    """Why a mailbox knows nothing of a mail: its word (``why.Finding``), and its explanation."""

    word: FindingWord
    explanation: Explanation


def word_of(fate: Fate) -> FindingWord:
    """The word for a mail that the ledger knows."""
    match fate:
        case "pending":
            return "retrying"
        case "dead":
            return "dead_letter"
        case "stored" | "hidden" | "left_out" | "gone":
            return fate
        case _:
            assert_never(fate)


def explain(trace: Trace, progress: MailboxProgress, max_attempts: int) -> Explanation:
    """What happened to a mail that the ledger knows, and what happens next.

    Args:
        trace: its entry.
        progress: of its mailbox.
        max_attempts: attempts until a message is given up.
    """
    explanation = _explain(trace, progress, max_attempts)
    if progress.mailbox.state == "replaced":
        # Mail of a former account is no longer asked for at Google.
        return explanation._replace(next_step=remedy_of("replaced", None) or "")
    return explanation


def _explain(trace: Trace, progress: MailboxProgress, max_attempts: int) -> Explanation:
    seen = f"it was first seen on {_at(trace.first_seen_at)} by {_SEEN_BY[trace.origin]}"
    reason = trace.reason or "unnamed"
    match trace.fate:
        case "stored":
            happened = f"The mail is stored{_on(trace)}"
            if trace.spam_or_trash:
                happened += ", in spam or trash, where lists show it only if asked"
            happened += f"; {seen}."
            next_step = "Nothing happens until Gmail tells of a change."
            if progress.mailbox.state != "active":
                next_step = _not_synced(progress)
            return _withheld(trace, happened, next_step)
        case "hidden":
            happened = f"The mail is stored, and hidden by the rule '{reason}'{_on(trace)}; {seen}."
            return _withheld(trace, happened, _SHOWN_AGAIN)
        case "left_out":
            why = _LEFT_OUT.get(reason, "it is fetched once the rule no longer applies to it")
            happened = f"The mail was left out by the rule '{reason}'{_on(trace)}; {seen}."
            return Explanation(happened, _first(why))
        case "gone":
            is_deleted = reason == DELETED
            how = "was deleted in Gmail" if is_deleted else "was gone at Google"
            end = "this is final" if is_deleted else "it is fetched if it shows up again"
            return Explanation(f"The mail {how}, noticed{_on(trace)}; {seen}.", _first(end))
        case "dead":
            happened = f"The mail was given up{_on(trace)} after {_attempts(trace)} ({trace.error})"
            next_step = "Nothing happens until somebody asks for another try."
            return Explanation(f"{happened}; {seen}.", next_step)
        case "pending":
            return Explanation(_pending(trace, seen), _next(trace, progress, max_attempts))
        case _:
            assert_never(trace.fate)


def explain_unknown(progress: MailboxProgress) -> Unknown:
    """Why a mailbox knows nothing of a mail."""
    box = progress.mailbox
    if box.state == "disconnected":
        happened = "The mailbox is disconnected, and knew nothing of this mail."
        next_step = "Nothing happens until it is connected again."
        return Unknown("disconnected", Explanation(happened, next_step))
    if box.state == "replaced":
        happened = "The mailbox's account is no more, and knew nothing of this mail."
        next_step = remedy_of(box.state, progress.cause) or ""
        return Unknown("disconnected", Explanation(happened, next_step))
    if box.state != "active":
        since = f"since {_at(box.last_synced_at)}" if box.last_synced_at else "yet"
        happened = f"The mailbox was not synced {since} (state {box.state}): the mail may be newer."
        next_step = remedy_of(box.state, progress.cause) or ""
        return Unknown("not_known", Explanation(happened, next_step))
    if progress.listing or progress.listed_from is None or box.last_synced_at is None:
        happened = "The mailbox's listing has not come to its end: the mail may still be found."
        next_step = "The sync goes on by itself; ask again when it is done."
        return Unknown("not_known", Explanation(happened, next_step))
    happened = (
        f"Google never named this mail: what came since {_at(progress.listed_from)} was listed, "
        f"and history is followed up to {_at(box.last_synced_at)}."
    )
    rest = "is older than that, was in spam or trash all the time, or is not in this mailbox"
    return Unknown("never_listed", Explanation(happened, f"The mail {rest}."))


def explain_unlisted() -> Explanation:
    """What it means if Google has a mail that the ledger does not know."""
    happened = "Google has this mail, but named it to no sync"
    why = "it is older than what was listed, or in spam or trash, or arrived this moment"
    next_step = (
        "If it is new, the next sync brings it; if not, it is fetched when its days are synced."
    )
    return Explanation(f"{happened}: {why}.", next_step)


def _withheld(trace: Trace, happened: str, next_step: str) -> Explanation:
    """The sentences about a stored mail, if Gmail has it no longer and it is not removed yet."""
    if trace.withheld_at is None:
        return Explanation(happened, next_step)
    happened += (
        f" Gmail no longer has it, noticed on {_at(trace.withheld_at)} with too many others for "
        "them to be removed without a person's word."
    )
    if trace.accepted:
        return Explanation(happened, "A person agreed: the next sync removes it.")
    next_step = f"It stays stored until a person agrees that it goes: {ACCEPTING}."
    return Explanation(happened, next_step)


def _pending(trace: Trace, seen: str) -> str:
    if trace.attempts:
        return f"The mail is not fetched yet: {_attempts(trace)} failed ({trace.error}); {seen}."
    changed = ", and changed in Gmail meanwhile" if trace.reason == CHANGED else ""
    return f"The mail waits to be fetched{changed}; {seen}."


def _next(trace: Trace, progress: MailboxProgress, max_attempts: int) -> str:
    if progress.mailbox.state != "active":
        return _not_synced(progress)
    if not trace.attempts and trace.origin == "backfill":
        return "The backfill of its month fetches it; if that was cancelled, the next one."
    if not trace.attempts:
        return "The sync that is queued or under way fetches it."
    left = max(0, max_attempts - trace.attempts)
    due = f"It is tried again from {_at(trace.next_attempt_at)} on"
    return f"{due}, {left} more times at the most; then it becomes a dead letter."


def _not_synced(progress: MailboxProgress) -> str:
    state = progress.mailbox.state
    remedy = remedy_of(state, progress.cause) or "Connect it again."
    return f"The mailbox is not synced in its state ({state}). {remedy}"


def _attempts(trace: Trace) -> str:
    return "1 attempt" if trace.attempts == 1 else f"{trace.attempts} attempts"


def _on(trace: Trace) -> str:
    return f" on {_at(trace.decided_at)}" if trace.decided_at else ""


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _first(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
