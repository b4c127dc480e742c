"""The one table from refused Gmail calls to this project's errors.

Holds: ``RULES`` and ``failure``. Add here: an observed refusal, with its source.
Keep out: reading of bodies (``refusal``), retries (use cases), token endpoint (``token_failures``).
Source: docs/google.md#refused-calls, #parallel-calls, #young-messages; edge cases 24, 30, 31, 32,
40. Texts name the reason and never quote Google's message, which may hold an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gmail_ingest.adapters.gmail.refusal import Refusal, next_pacific_midnight
from gmail_ingest.errors import (
    AdminActionRequiredError,
    GmailIngestError,
    GoneError,
    HistoryExpiredError,
    MailboxStateError,
    MailboxUnavailableError,
    OperatorActionError,
    PageTokenInvalidError,
    ReauthoriseError,
    RefusedByGoogleError,
    SuspectAccountError,
    ThrottledError,
    ThrottleScope,
    TransientError,
    WatchTopicConflictError,
)

GET_MESSAGE = "gmail.users.messages.get"
GET_THREAD = "gmail.users.threads.get"
GET_ATTACHMENT = "gmail.users.messages.attachments.get"
LIST_MESSAGES = "gmail.users.messages.list"
LIST_HISTORY = "gmail.users.history.list"
WATCH = "gmail.users.watch"

_LISTS = frozenset((LIST_MESSAGES, LIST_HISTORY))
_READS = frozenset((GET_MESSAGE, GET_THREAD))

SERVER_ERROR = 500
#: Statuses that count even with an HTML body.
_TELLING_STATUSES = frozenset((401, 429))

Build = Callable[[Refusal, datetime], GmailIngestError]


@dataclass(frozen=True, slots=True)
class Rule:
    """Matches if all given fields match; of ``reasons`` one is enough."""

    build: Build
    status: int | None = None
    reasons: frozenset[str] = frozenset()
    message: re.Pattern[str] | None = None
    calls: frozenset[str] = frozenset()

    def matches(self, refusal: Refusal, call: str) -> bool:
        """Whether the rule is about this refusal of this call (its discovery id)."""
        return (
            self.status in (None, refusal.status)
            and (not self.calls or call in self.calls)
            and (not self.reasons or not self.reasons.isdisjoint(refusal.reasons))
            and (self.message is None or self.message.search(refusal.message) is not None)
        )


def _says(error: type[GmailIngestError], text: str) -> Build:
    return lambda refusal, _now: error(f"{text} ({refusal.summary})")


def _precondition(refusal: Refusal, _now: datetime) -> GmailIngestError:
    text = f"Google's precondition check failed ({refusal.summary})"
    return SuspectAccountError(text, refusal.why("the precondition check"))


def _stops(error: type[MailboxStateError], cause: str, text: str) -> Build:
    return lambda refusal, _now: error(f"{text} ({refusal.summary})", cause)


def _throttled(scope: ThrottleScope | None = None) -> Build:
    return lambda refusal, now: ThrottledError(scope or refusal.scope, refusal.retry_at(now))


def _any(*words: str) -> frozenset[str]:
    return frozenset(words)


def _daily(_refusal: Refusal, now: datetime) -> GmailIngestError:
    return ThrottledError("project", next_pacific_midnight(now))


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_QUOTA = _any(
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
)
_PRECONDITION = _any("failedPrecondition", "FAILED_PRECONDITION")
_NO_SCOPE = _any("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
_API_OFF = _any("accessNotConfigured", "SERVICE_DISABLED")
_ADMIN = "a Workspace administrator must act"

#: The first match counts: texts stand before reasons, and reasons before bare statuses.
RULES: tuple[Rule, ...] = (
    Rule(
        _says(WatchTopicConflictError, "another topic is watched for this user"),
        status=400,
        message=_text("only one user push notification client"),
    ),
    Rule(
        _says(PageTokenInvalidError, "the page token is no longer accepted"),
        status=400,
        message=_text(r"page ?token"),
        calls=_LISTS,
    ),
    Rule(
        _stops(MailboxUnavailableError, "no_gmail", "the account has no Gmail"),
        reasons=_PRECONDITION,
        message=_text("mail service not enabled"),
    ),
    # It occurs as often once, gone on the next try, as for suspended accounts (edge case 32).
    Rule(_precondition, reasons=_PRECONDITION),
    # Attachment ids are short-lived: the next attempt gets fresh ones, or a 404 for the message.
    Rule(
        _says(TransientError, "an attachment id is no longer accepted"),
        status=400,
        calls=frozenset((GET_ATTACHMENT,)),
    ),
    Rule(
        _says(TransientError, "an attachment id is no longer known"),
        status=404,
        calls=frozenset((GET_ATTACHMENT,)),
    ),
    Rule(_daily, reasons=_any("dailyLimitExceeded")),
    Rule(_throttled("concurrency"), status=429, message=_text("too many concurrent requests")),
    Rule(_throttled(), status=403, reasons=_QUOTA),
    Rule(_throttled(), status=429),
    Rule(
        _stops(
            AdminActionRequiredError,
            "domain_policy",
            f"Gmail apps are not allowed in this domain: {_ADMIN}",
        ),
        status=403,
        reasons=_any("domainPolicy"),
    ),
    Rule(
        _stops(
            AdminActionRequiredError,
            "delegation",
            f"delegation is denied for this mailbox: {_ADMIN}",
        ),
        status=403,
        message=_text("delegation denied"),
    ),
    Rule(
        _stops(
            AdminActionRequiredError,
            "delegation",
            f"delegation is denied for this mailbox: {_ADMIN}",
        ),
        status=403,
        reasons=_any("delegationDenied", "delegation"),
    ),
    Rule(
        _stops(ReauthoriseError, "scope_missing", "the grant does not cover reading mail"),
        status=403,
        reasons=_NO_SCOPE,
    ),
    # Also where gmail.readonly was granted as well: getProfile, watch and history work then, but
    # Google returns no mail (googleapis/google-api-python-client#582).
    Rule(
        _stops(
            ReauthoriseError,
            "scope_missing",
            "the grant carries gmail.metadata, with which Google gives no mail",
        ),
        status=403,
        message=_text("metadata scope"),
    ),
    Rule(
        _stops(ReauthoriseError, "scope_missing", "the grant does not cover reading mail"),
        status=403,
        message=_text("insufficient (authentication scopes|permission)"),
    ),
    Rule(
        _says(OperatorActionError, "the Gmail API is not enabled in the Cloud project: enable it"),
        status=403,
        reasons=_API_OFF,
    ),
    Rule(
        _says(
            OperatorActionError,
            "the Pub/Sub topic refuses Gmail: grant roles/pubsub.publisher on it to "
            "gmail-api-push@system.gserviceaccount.com",
        ),
        status=403,
        calls=frozenset((WATCH,)),
    ),
    Rule(
        _says(HistoryExpiredError, "the history no longer reaches back to the checkpoint"),
        status=404,
        calls=frozenset((LIST_HISTORY,)),
    ),
    # A history id that Google never issued, or no longer knows (edge case 90).
    Rule(
        _says(HistoryExpiredError, "the checkpoint is no history id of this mailbox"),
        status=400,
        message=_text(r"history ?id"),
        calls=frozenset((LIST_HISTORY,)),
    ),
    Rule(_says(GoneError, "Google no longer has it"), status=404, calls=_READS),
    Rule(_says(ReauthoriseError, "the access token is refused"), status=401),
    Rule(_says(TransientError, "Google timed out"), status=408),
)


def failure(refusal: Refusal, call: str, now: datetime) -> GmailIngestError:
    """The error that a refused call means.

    Args:
        refusal: the parsed answer.
        call: the method's id in the discovery document, e.g. ``gmail.users.history.list``.
        now: UTC, to bound the retry time that Google names.
    """
    if refusal.status >= SERVER_ERROR:
        return TransientError(f"Google is failing ({refusal.summary})")
    # A server in front of the API answered. That proves nothing about a message, and not that it is
    # gone.
    if not refusal.is_api and refusal.status not in _TELLING_STATUSES:
        return TransientError(f"Google's answer is no API error ({refusal.summary})")
    for rule in RULES:
        if rule.matches(refusal, call):
            return rule.build(refusal, now)
    # Refused reads count together, whether they are for a message or for its thread.
    what = "the request" if call in _READS else call
    text = f"Google refuses {what} ({refusal.summary})"
    return RefusedByGoogleError(text, refusal.why(what))
