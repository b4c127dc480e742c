"""What an error of one mailbox means for that mailbox and for its job: one table.

Holds: ``consequence_of``, ``stop_of``, and ``tell_mailbox``, which writes a mailbox's state and
error. Add here: what another error means, or the same one for another kind of work.
Keep out: the queue and the job (``live/tenant_sync.py``, ``backfill/backfill_sync.py``), errors of
a single message (``fetch.py``).
Source: docs/architecture.md#rooms (an error says by its type what is to be done); edge cases 31,
32, 34, 36, 38, 72, 74, 85.

Live mail and backfills differ where the table says so. A claim of the queue counts its attempts, so
live mail is tried again with growing delays and given up in the end; a backfill has retried by
itself before, and asks for another run. A live job ends when another worker took its lease over; a
backfill goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gmail_ingest.errors import (
    GmailIngestError,
    LeaseHeldError,
    LeaseLostError,
    MailboxDisconnectedError,
    MailboxStateError,
    MailboxUnavailableError,
    OperatorActionError,
    RefusedByGoogleError,
    SuspectAccountError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.mailbox.policy import SyncPolicy
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import Mailbox

#: A mailbox that somebody else holds is looked at again after this long.
BUSY = timedelta(seconds=5)
#: A pause of the quota up to this long is part of an ordinary sync; a longer one is reported.
QUIET_PAUSE = timedelta(minutes=1)
#: A shorter pause is reported, too, once so many attempts in a row did nothing.
FRUITLESS_ATTEMPTS = 3

Work = Literal["live", "backfill"]


@dataclass(frozen=True, slots=True)
class Note:
    """The state and error that a mailbox shows from now on; state ``active`` changes the error
    only.
    """

    state: str
    text: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from an error; ``said`` is the job's text about it, without anything private.

    ``retry_at`` (UTC) is when it goes on by itself, None if it does not. ``note`` is None if the
    mailbox stays as it is. ``superseded``: this worker may write nothing more of it; ``gone``: it
    was disconnected. ``quiet``: tried again soon, and not reported as a failure.
    """

    said: str
    retry_at: datetime | None = None
    note: Note | None = None
    superseded: bool = False
    gone: bool = False
    quiet: bool = False


def consequence_of(  # noqa: C901 - one table: a case is a line of it
    error: GmailIngestError,
    work: Work,
    policy: SyncPolicy,
    now: datetime,
    *,
    attempts: int = 0,
    found: bool = False,
) -> Consequence:
    """What an error that ended the work on a mailbox means.

    Args:
        error: what ended it.
        work: which work it was.
        policy: delays, and how many attempts there are.
        now: this moment (UTC).
        attempts: how often the claim was tried before (live).
        found: whether this attempt did anything (live).
    """
    text = str(error)
    match work, error:
        case "live", MailboxDisconnectedError():
            return Consequence(text, superseded=True, gone=True)
        case "live", LeaseLostError():
            return Consequence(text, superseded=True)
        case "backfill", MailboxDisconnectedError() | LeaseLostError():
            return Consequence(text, now)
        case "live", LeaseHeldError(until=until):
            return Consequence(text, min(until, now + BUSY), quiet=True)
        case "live", ThrottledError(until=until):
            until = until or now + timedelta(seconds=policy.longest_sleep)
            is_fruitless = attempts >= FRUITLESS_ATTEMPTS and not found
            quiet = until - now <= QUIET_PAUSE and not is_fruitless
            note = None if quiet else Note("active", text, "quota")
            return Consequence(text, until, note, quiet=quiet)
        case "backfill", ThrottledError(until=until):
            return Consequence(text, until or now + timedelta(seconds=policy.longest_sleep))
        case "live", RefusedByGoogleError() if attempts < policy.suspect_attempts:
            # A single unknown answer does not stop a mailbox for a day.
            return _later(error, policy, now, attempts)
        case "live", SuspectAccountError() if attempts >= policy.suspect_attempts:
            return _stopped(MailboxUnavailableError(text, "suspended"))
        case "live", TransientError() if attempts < policy.max_attempts:
            return _later(error, policy, now, attempts)
        case "backfill", TransientError():
            return Consequence(text, now + timedelta(seconds=policy.longest_retry))
        case _, MailboxStateError() | RefusedByGoogleError() if stop := stop_of(error):
            return _stopped(stop)
        case _:
            return Consequence(text, note=Note("active", text, _cause_of(error)))


def stop_of(error: GmailIngestError) -> MailboxStateError | None:
    """The state that an error of a call without a message means for its mailbox, if any."""
    if isinstance(error, RefusedByGoogleError):
        return MailboxUnavailableError(str(error), "refused")
    return error if isinstance(error, MailboxStateError) else None


def _later(
    error: GmailIngestError, policy: SyncPolicy, now: datetime, attempts: int
) -> Consequence:
    delay = timedelta(seconds=policy.retry_delay(attempts))
    return Consequence(str(error), now + delay, Note("active", str(error), _cause_of(error)))


def _stopped(stop: MailboxStateError) -> Consequence:
    note = Note(stop.state, str(stop), stop.cause)
    return Consequence(f"{stop.state}: {stop.remedy}", note=note)


def _cause_of(error: GmailIngestError) -> str | None:
    """The name of what keeps an active mailbox from being synced."""
    match error:
        case OperatorActionError():
            return error.cause
        case SuspectAccountError() | RefusedByGoogleError():
            return "unexplained"
        case TransientError():
            return "no_answer"
        case _:
            return None


async def tell_mailbox(
    store: MailStore, mailbox: Mailbox, note: Note | None, retry_at: datetime | None = None
) -> None:
    """Write why a mailbox waits or stopped into its row, which people read; nothing for None."""
    if note is not None:
        await store.set_mailbox_state(
            mailbox.id,
            note.state,
            note.text,
            cause=note.cause,
            generation=mailbox.generation,
            retry_at=retry_at,
        )
