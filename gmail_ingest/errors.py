"""The errors of all rooms, one class for each thing to do about them.

Holds: one class per recovery. Add here: a class only when its recovery differs from all others.
Keep out: where an error comes from (adapters map their own failures to these, in one table each).
Messages never carry an address, subject, body or token: they are stored and shown.
Source: docs/architecture.md#rooms (an error's type says what to do); docs/google.md#refused-calls
and #token-errors for the classes that Google's answers need.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

#: Causes to what a person has to do. The states ``suspended`` and ``admin_action_required`` may end
#: on Google's side, so they are tried again once a day.
REMEDIES: Mapping[str, str] = {
    "grant_dead": "Connect this mailbox again: its owner must give consent anew.",
    "scope_missing": "Connect this mailbox again: its owner must consent again without "
    "gmail.metadata, and leave the permission to read mail "
    "(https://www.googleapis.com/auth/gmail.readonly) ticked on the consent page.",
    "key_refused": "Connect again with a new key of the service account.",
    "address_moved": "Connect this tenant's mailboxes again, all in one request, by the addresses "
    "that their owners have now.",
    "delegation": "A Workspace administrator must grant domain-wide delegation for the client and "
    "scope that the error names; it is tried again by itself once a day, or at once after "
    "connecting again.",
    "domain_policy": "A Workspace administrator must allow this app in the Admin console "
    "(Security, API controls); it is tried again by itself once a day, or at once after "
    "connecting again.",
    "no_gmail": "Ask the mailbox's owner or administrator whether the account still has Gmail; it "
    "is tried again by itself once a day, or at once after connecting again.",
    "suspended": "Ask the administrator whether the account is suspended; it is tried again by "
    "itself once a day, or at once after connecting again.",
    "duplicate": "Nothing, if its mail is to stay readable: the same account is connected under "
    "its present address too, where its new mail is. This mailbox is not synced any more; it can "
    "be deleted.",
    "replaced": "Nothing: the account was deleted, and another one has its address. Its mail stays "
    "readable; the new account's mail is in a mailbox of its own.",
    "refused": "Ask the mailbox's owner or administrator whether something restricts access to its "
    "mail; it is tried again by itself once a day, or at once after connecting again.",
    "operator": "Nothing for the customer: whoever runs this service must mend what the error "
    "names; syncs are tried again by themselves.",
    "no_answer": "Nothing for now: Google does not answer properly, and is asked again by itself; "
    "if that goes on, check Google's status page and this host's connection to the internet.",
    "unexplained": "Nothing for now: Google refuses without a reason, and is asked again by "
    "itself; if that goes on, the account counts as suspended.",
    "quota": "Nothing for now: Google's quota is used up, and the sync goes on by itself.",
    "unexpected": "Whoever runs this service must look into the log of the failed sync, where the "
    "error is named; syncs are tried again by themselves.",
}
#: Causes that leave a mailbox active: it is tried again by itself.
PASSING_CAUSES = frozenset({"operator", "no_answer", "unexplained", "quota", "unexpected"})
#: The remedy of a state whose cause is not known.
_BY_STATE = {
    "needs_reauth": "grant_dead",
    "admin_action_required": "delegation",
    "suspended": "no_gmail",
    "duplicate": "duplicate",
    "replaced": "replaced",
}


def remedy_of(state: str, cause: str | None) -> str | None:
    """What a person has to do about a mailbox in this state, None if nothing.

    An active mailbox may still have the cause of its former state while it is tried again.
    """
    if state == "active" and cause not in PASSING_CAUSES:
        return None
    return REMEDIES.get(cause or _BY_STATE.get(state, ""))


#: Whose calls must pause; ``concurrency``: one mailbox made too many parallel calls.
ThrottleScope = Literal["mailbox", "project", "concurrency"]


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """What distinguishes refusals of Google: the request, the HTTP status, and the first reason in
    the answer, if any.
    """

    requested: str
    status: int
    reason: str | None


class GmailIngestError(Exception):
    """Base of every error that this project raises on purpose."""


def place_of(error: BaseException) -> str:
    """Describe an unexpected error by class and place, without its text, which may be private."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = type(error).__name__
    if trace is None:
        return f"unexpected {name}"
    module = trace.tb_frame.f_globals.get("__name__", "?")
    return f"unexpected {name} in {module}, line {trace.tb_lineno}"


def trace_of(error: BaseException) -> str:
    """The traceback of an error for a log, outermost frame first, without the error's text."""
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames
    )


class ConfigurationError(GmailIngestError):
    """A setting is missing or wrong: the text names it and the remedy; nothing starts."""


class InvalidInputError(GmailIngestError):
    """A caller's input is wrong. ``field`` is its name as the caller wrote it.

    ``others`` are further wrong inputs. ``mailbox`` is the address that the field is about: for the
    caller only, and never in the text of this error.
    """

    def __init__(
        self,
        field: str,
        reason: str,
        others: Sequence[InvalidInputError] = (),
        *,
        mailbox: str | None = None,
    ) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.others = tuple(others)
        self.mailbox = mailbox


class NotFoundError(GmailIngestError):
    """What was asked for does not exist (tenant, job, thread)."""


class ThrottledError(GmailIngestError):
    """Google throttles: pause calls of the scope, and count no attempt for any message.

    ``until`` is the UTC time that Google named, if any.
    """

    def __init__(self, scope: ThrottleScope, until: datetime | None = None) -> None:
        super().__init__(f"throttled by Google: {scope}")
        self.scope = scope
        self.until = until


class TransientError(GmailIngestError):
    """The same call may succeed later: 5xx, a broken or silent connection, a garbled body."""


class GoneError(GmailIngestError):
    """Google no longer has this message or thread (404): final for the id, and no failure."""


class RejectedRequestError(GmailIngestError):
    """Google refuses this request permanently (400, unexplained 403): give up on this message."""


class RefusedByGoogleError(RejectedRequestError):
    """Google refuses this request for an unknown reason. The reason lies in the message if Google
    answers for others, in the mailbox if it answers for none (``sync/mailbox/refusals.py``).
    """

    def __init__(self, text: str, reason: RefusalReason | None = None) -> None:
        super().__init__(text)
        self.reason = reason


class HistoryExpiredError(GmailIngestError):
    """The checkpoint is older than the history that Google keeps: resync a bounded window."""


class PageTokenInvalidError(GmailIngestError):
    """A page token is no longer accepted: restart that listing from its first page."""


class WatchTopicConflictError(GmailIngestError):
    """Another topic is watched for this user in this project: stop, then watch again."""


class SuspectAccountError(TransientError):
    """Google refuses without a reason: the next try succeeds, or the account is suspended."""

    def __init__(self, text: str, reason: RefusalReason | None = None) -> None:
        super().__init__(text)
        self.reason = reason


class MailboxStateError(GmailIngestError):
    """The mailbox cannot be synced until somebody acts.

    ``state`` is its new state; ``cause`` names what happened, and so the remedy (``REMEDIES``).
    """

    state = "suspended"
    cause = "no_gmail"
    remedy = REMEDIES["no_gmail"]

    def __init__(self, text: str, cause: str = "") -> None:
        super().__init__(text)
        if cause:
            self.cause = cause
            self.remedy = REMEDIES[cause]


class ReauthoriseError(MailboxStateError):
    """The grant is dead (invalid_grant, revoked, scope missing): the owner must consent again."""

    state = "needs_reauth"
    cause = "grant_dead"
    remedy = REMEDIES["grant_dead"]


class AddressMovedError(MailboxStateError):
    """The mailbox's address now belongs to another account, which is also connected under its own
    former address. So the service account's key opens the wrong mailbox.
    """

    state = "needs_reauth"
    cause = "address_moved"
    remedy = REMEDIES["address_moved"]


class AdminActionRequiredError(MailboxStateError):
    """A domain administrator must act (delegation or Gmail apps not allowed)."""

    state = "admin_action_required"
    cause = "delegation"
    remedy = REMEDIES["delegation"]


class MailboxUnavailableError(MailboxStateError):
    """The account is suspended or deleted, has no Gmail, or Google refuses it."""


class OperatorActionError(GmailIngestError):
    """This deployment is set up wrongly (API disabled, client unknown): the operator must act. No
    mailbox changes its state, but each shows the cause.
    """

    cause = "operator"


class LeaseHeldError(GmailIngestError):
    """Another worker syncs this mailbox; ``until`` is the latest end of its lease."""

    def __init__(self, until: datetime) -> None:
        super().__init__("the mailbox is being synced by another worker")
        self.until = until


class LeaseLostError(GmailIngestError):
    """Another worker took the lease over: this one must stop, and can write nothing more."""


class JobEndedError(GmailIngestError):
    """The job was cancelled or has ended otherwise: its worker stops; stored mail stays."""


class MailboxDisconnectedError(GmailIngestError):
    """The mailbox was disconnected meanwhile: the run ends cleanly and writes nothing more."""


class AccountReplacedError(MailboxDisconnectedError):
    """Another account has the mailbox's address now: stored mail stays; a sync of the new account
    is queued.
    """
