from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest import errors
from gmail_ingest.errors import GmailIngestError, MailboxStateError
from gmail_ingest.sync.mailbox.consequences import (
    BUSY,
    FRUITLESS_ATTEMPTS,
    QUIET_PAUSE,
    Consequence,
    Note,
    consequence_of,
    stop_of,
)
from gmail_ingest.sync.mailbox.policy import SyncPolicy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = "what happened"


@dataclass(frozen=True)
class Steady(SyncPolicy):
    """Numbers that are far from each other, without chance."""

    longest_sleep: float = 60.0
    longest_retry: float = 900.0
    suspect_attempts: int = 3
    max_attempts: int = 8

    def retry_delay(self, attempts: int, *, outage: bool = False) -> float:  # noqa: ARG002 - the policy's
        """Ten seconds more for each attempt."""
        return 10.0 * (attempts + 1)


POLICY = Steady()
#: What an error means with the first attempt: live, and in a backfill. As words: when it goes on by
#: itself, whether the mailbox says so and of which cause, or to which state it goes.
TABLE: dict[type[GmailIngestError], tuple[str, str]] = {
    errors.MailboxDisconnectedError: ("superseded, gone", "again after 0 s"),
    errors.AccountReplacedError: ("superseded, gone", "again after 0 s"),
    errors.LeaseLostError: ("superseded", "again after 0 s"),
    errors.LeaseHeldError: ("again after 5 s, quiet", "blocked: None"),
    errors.ThrottledError: ("again after 60 s, quiet", "again after 60 s"),
    errors.RefusedByGoogleError: ("again after 10 s: unexplained", "suspended: refused"),
    errors.TransientError: ("again after 10 s: no_answer", "again after 900 s"),
    errors.SuspectAccountError: ("again after 10 s: unexplained", "again after 900 s"),
    errors.MailboxStateError: ("suspended: no_gmail",) * 2,
    errors.MailboxUnavailableError: ("suspended: no_gmail",) * 2,
    errors.ReauthoriseError: ("needs_reauth: grant_dead",) * 2,
    errors.AddressMovedError: ("needs_reauth: address_moved",) * 2,
    errors.AdminActionRequiredError: ("admin_action_required: delegation",) * 2,
    errors.OperatorActionError: ("blocked: operator",) * 2,
    errors.RejectedRequestError: ("blocked: None",) * 2,
    errors.GoneError: ("blocked: None",) * 2,
    errors.HistoryExpiredError: ("blocked: None",) * 2,
    errors.PageTokenInvalidError: ("blocked: None",) * 2,
    errors.WatchTopicConflictError: ("blocked: None",) * 2,
    errors.JobEndedError: ("blocked: None",) * 2,
    errors.ConfigurationError: ("blocked: None",) * 2,
    errors.InvalidInputError: ("blocked: None",) * 2,
    errors.NotFoundError: ("blocked: None",) * 2,
}


def subclasses(base: type[GmailIngestError]) -> Iterator[type[GmailIngestError]]:
    """All classes below this one that ``errors.py`` has."""
    for below in base.__subclasses__():
        if below.__module__ == errors.__name__:
            yield below
        yield from subclasses(below)


def made(kind: type[GmailIngestError]) -> GmailIngestError:
    """An error of a class."""
    if kind is errors.LeaseHeldError:
        return errors.LeaseHeldError(NOW + timedelta(minutes=1))
    if kind is errors.ThrottledError:
        return errors.ThrottledError("mailbox")
    if kind is errors.InvalidInputError:
        return errors.InvalidInputError("field", TEXT)
    return kind(TEXT)


def words(then: Consequence) -> str:
    """A consequence in the words of the table."""
    flags = [name for name in ("superseded", "gone", "quiet") if getattr(then, name)]
    if then.retry_at is not None:
        seconds = (then.retry_at - NOW).total_seconds()
        flags.insert(0, f"again after {seconds:.0f} s")
    text = ", ".join(flags)
    if then.note is None:
        return text
    if then.note.state != "active":
        return f"{then.note.state}: {then.note.cause}"
    return f"{text or 'blocked'}: {then.note.cause}"


def test_table_of_consequences_knows_every_error():
    """A new class of error is a decision about what follows from it."""
    assert set(subclasses(GmailIngestError)) == set(TABLE)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.__name__)
def test_consequence_of_each_error(kind):
    """What an error means at first, for live mail and for a backfill."""
    error = made(kind)
    live = consequence_of(error, "live", POLICY, NOW)
    backfill = consequence_of(error, "backfill", POLICY, NOW)
    assert (words(live), words(backfill)) == TABLE[kind]


def test_consequence_of_a_stop_says_the_remedy_and_keeps_the_error():
    """The job says what to do, the mailbox what happened (edge case 36)."""
    error = errors.ReauthoriseError(TEXT)
    then = consequence_of(error, "live", POLICY, NOW)
    assert then.said == f"needs_reauth: {error.remedy}"
    assert then.note == Note("needs_reauth", TEXT, "grant_dead")
    assert then.retry_at is None


@pytest.mark.parametrize(
    ("kind", "last", "then"),
    [
        (errors.RefusedByGoogleError, POLICY.suspect_attempts - 1, "suspended: refused"),
        (errors.SuspectAccountError, POLICY.suspect_attempts - 1, "suspended: suspended"),
        (errors.TransientError, POLICY.max_attempts - 1, "blocked: no_answer"),
    ],
)
def test_live_attempts_end(kind, last, then):
    """What is tried again is so a bounded number of times, live (edge case 32)."""
    error = made(kind)
    before = words(consequence_of(error, "live", POLICY, NOW, attempts=last))
    assert before.startswith(f"again after {10 * (last + 1)} s")
    assert words(consequence_of(error, "live", POLICY, NOW, attempts=last + 1)) == then


def test_backfill_asks_for_another_run_however_often():
    """A backfill counts no attempts: each run has tried by itself already."""
    error = errors.TransientError(TEXT)
    assert (
        words(consequence_of(error, "backfill", POLICY, NOW, attempts=100))
        == TABLE[errors.TransientError][1]
    )


@pytest.mark.parametrize("work", ["live", "backfill"])
def test_a_time_that_google_named_is_kept(work):
    """A pause ends when Google said so (edge case 31)."""
    until = NOW + timedelta(hours=2)
    assert (
        consequence_of(errors.ThrottledError("project", until), work, POLICY, NOW).retry_at == until
    )


def test_a_pause_is_told_when_it_is_long_or_fruitless():
    """Short pauses are part of a sync, unless again and again nothing is done (edge case 85)."""
    short = errors.ThrottledError("mailbox", NOW + QUIET_PAUSE)
    long = errors.ThrottledError("mailbox", NOW + QUIET_PAUSE + timedelta(seconds=1))
    often = FRUITLESS_ATTEMPTS
    assert consequence_of(short, "live", POLICY, NOW, attempts=often - 1).quiet
    assert consequence_of(short, "live", POLICY, NOW, attempts=often, found=True).quiet
    told = consequence_of(short, "live", POLICY, NOW, attempts=often)
    assert words(told) == "again after 60 s: quota"
    assert words(consequence_of(long, "live", POLICY, NOW)) == "again after 61 s: quota"


def test_a_lease_that_ends_sooner_is_asked_for_sooner():
    """A mailbox in other hands comes back when the lease ends, within seconds (edge case 8)."""
    soon = NOW + BUSY / 2
    then = consequence_of(errors.LeaseHeldError(soon), "live", POLICY, NOW)
    assert (then.retry_at, then.quiet, then.note) == (soon, True, None)


def test_stop_of_tells_what_stops_a_mailbox():
    """A refusal that no message is to blame for is the mailbox's (edge case 96)."""
    stop = stop_of(errors.RefusedByGoogleError(TEXT))
    assert (stop.state, stop.cause) == ("suspended", "refused")
    assert stop_of(errors.TransientError(TEXT)) is None
    state = MailboxStateError(TEXT)
    assert stop_of(state) is state
