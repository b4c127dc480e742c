"""The table of Google's refusals, fed with Google's own bodies."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.adapters.gmail import failures
from gmail_ingest.adapters.gmail.refusal import (
    FARTHEST_RETRY,
    next_pacific_midnight,
    read_refusal,
)
from gmail_ingest.errors import (
    AdminActionRequiredError,
    GmailIngestError,
    GoneError,
    HistoryExpiredError,
    MailboxUnavailableError,
    OperatorActionError,
    PageTokenInvalidError,
    ReauthoriseError,
    RefusedByGoogleError,
    SuspectAccountError,
    ThrottledError,
    TransientError,
    WatchTopicConflictError,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GET = failures.GET_MESSAGE
SECRET = "ann@example.com"


def body(code, reason, message="", status="", details=()):
    """An error body of the current generation."""
    error = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
        "status": status,
    }
    if details:
        error["details"] = list(details)
    return orjson.dumps({"error": error})


def old_body(code, reason, message=""):
    """An error body of the old generation: no status, no details."""
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return orjson.dumps({"error": {"errors": errors, "code": code, "message": message}})


def quota_info(limit):
    """The ErrorInfo that names whose quota is used up."""
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "metadata": {"quota_limit": limit},
    }


def judge(status, content, call=GET, headers=None):
    """The error for an answer."""
    return failures.failure(read_refusal(status, headers or {}, content), call, NOW)


TABLE = [
    (400, body(400, "invalidArgument", "Invalid id value"), GET, RefusedByGoogleError),
    (400, body(400, "invalidArgument", "Invalid pageToken"), GET, RefusedByGoogleError),
    (400, body(400, "x", "Invalid pageToken"), failures.LIST_MESSAGES, PageTokenInvalidError),
    (400, body(400, "x", "Invalid page token: y"), failures.LIST_HISTORY, PageTokenInvalidError),
    (400, body(400, "x", "Invalid startHistoryId"), failures.LIST_HISTORY, HistoryExpiredError),
    (400, body(400, "x", "Invalid startHistoryId"), GET, RefusedByGoogleError),
    (
        400,
        body(400, "failedPrecondition", "Mail service not enabled"),
        GET,
        MailboxUnavailableError,
    ),
    (400, body(400, "failedPrecondition", "Precondition check failed."), GET, SuspectAccountError),
    (400, body(400, "", "no", "FAILED_PRECONDITION"), GET, SuspectAccountError),
    (
        400,
        body(
            400, "invalidArgument", "Only one user push notification client allowed per developer"
        ),
        failures.WATCH,
        WatchTopicConflictError,
    ),
    (400, body(400, "invalidArgument", "Invalid token"), failures.GET_ATTACHMENT, TransientError),
    (404, body(404, "notFound"), failures.GET_ATTACHMENT, TransientError),
    (401, body(401, "authError", status="UNAUTHENTICATED"), GET, ReauthoriseError),
    (401, b"", GET, ReauthoriseError),
    (403, body(403, "domainPolicy"), GET, AdminActionRequiredError),
    (403, body(403, "forbidden", f"Delegation denied for {SECRET}"), GET, AdminActionRequiredError),
    (403, body(403, "insufficientPermissions"), GET, ReauthoriseError),
    *[
        (403, body(403, "forbidden", f"Metadata scope {words}"), call, ReauthoriseError)
        for words in ("does not support 'q' parameter", "doesn't allow format FULL")
        for call in (GET, failures.GET_THREAD, failures.LIST_MESSAGES)
    ],
    (403, old_body(403, "x", "Insufficient Permission"), GET, ReauthoriseError),
    (
        403,
        body(403, "forbidden", details=[{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]),
        GET,
        ReauthoriseError,
    ),
    (403, body(403, "accessNotConfigured"), GET, OperatorActionError),
    (
        403,
        body(403, "forbidden", details=[{"reason": "SERVICE_DISABLED"}]),
        GET,
        OperatorActionError,
    ),
    (
        403,
        body(403, "forbidden", "Error sending test message to Cloud PubSub projects/p/topics/t"),
        failures.WATCH,
        OperatorActionError,
    ),
    (403, body(403, "forbidden", "no reason given"), GET, RefusedByGoogleError),
    (404, body(404, "notFound", status="NOT_FOUND"), GET, GoneError),
    (404, body(404, "notFound"), failures.GET_THREAD, GoneError),
    (404, body(404, "notFound"), failures.LIST_HISTORY, HistoryExpiredError),
    (404, b"<html>not found</html>", GET, TransientError),
    (404, b"", failures.LIST_HISTORY, TransientError),
    (404, b'{"error": {"code": 404, "mess', GET, TransientError),
    (403, b"<html>sorry</html>", GET, TransientError),
    (302, b"", GET, TransientError),
    (408, body(408, "timeout"), GET, TransientError),
    (500, body(500, "backendError"), GET, TransientError),
    (502, b"<!DOCTYPE html><title>502</title>", GET, TransientError),
    (503, body(503, "backendError", status="UNAVAILABLE"), GET, TransientError),
    (504, b"", GET, TransientError),
]


@pytest.mark.parametrize(("status", "content", "call", "expected"), TABLE)
def test_failure_says_what_to_do(status, content, call, expected):
    """Status, reason and call decide the recovery, in both generations of bodies (edge cases 3,
    24, 30, 32 and 40).
    """
    error = judge(status, content, call)
    assert type(error) is expected
    assert SECRET not in str(error)


PER_USER = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of"
PER_PROJECT = "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service"


@pytest.mark.parametrize(
    ("status", "content", "scope"),
    [
        (403, body(403, "rateLimitExceeded", PER_USER), "mailbox"),
        (403, body(403, "rateLimitExceeded", PER_PROJECT), "project"),
        (
            403,
            body(403, "rateLimitExceeded", "", "", [quota_info("defaultPerMinutePerUser")]),
            "mailbox",
        ),
        (403, body(403, "x", "", "", [quota_info("defaultPerMinutePerProject")]), "project"),
        (403, old_body(403, "userRateLimitExceeded"), "mailbox"),
        (403, old_body(403, "quotaExceeded"), "mailbox"),
        (
            429,
            body(429, "rateLimitExceeded", "Too many concurrent requests for user."),
            "concurrency",
        ),
        (429, body(429, "rateLimitExceeded", "Resource has been exhausted"), "mailbox"),
        (429, b"<html>", "mailbox"),
        (429, b"", "mailbox"),
    ],
)
def test_failure_throttles_the_scope_that_google_named(status, content, scope):
    """A quota refusal of either status pauses the mailbox, the project or the concurrency
    (edge case 30).
    """
    error = judge(status, content)
    assert isinstance(error, ThrottledError)
    assert (error.scope, error.until) == (scope, None)


@pytest.mark.parametrize(
    ("message", "headers", "until"),
    [
        ("User-rate limit exceeded.  Retry after 2026-11-22T12:15:23.688Z", {}, "12:15:23.688"),
        ("x Retry after 2026-11-22T12:15:00Z (Mail sending)", {}, "12:15:00"),
        ("x", {"retry-after": "90"}, "12:01:30"),
        ("x", {"retry-after": "Sun, 22 Nov 2026 12:20:00 GMT"}, "12:20:00"),
        ("x Retry after 2026-11-22T12:15:00Z", {"retry-after": "90"}, "12:15:00"),
    ],
)
def test_failure_keeps_the_time_that_google_named(message, headers, until):
    """The text's time, or the header's seconds or date, is when to go on (edge case 31)."""
    error = judge(429, body(429, "rateLimitExceeded", message), headers=headers)
    assert isinstance(error, ThrottledError)
    assert error.until == datetime.fromisoformat(f"2026-11-22T{until}+00:00")


@pytest.mark.parametrize(
    ("message", "headers", "until"),
    [
        ("Retry after 9999-01-01T00:00:00Z", {}, NOW + FARTHEST_RETRY),
        ("", {"retry-after": "99999999999999999999"}, NOW + FARTHEST_RETRY),
        ("Retry after laterZ", {}, None),
        ("", {"retry-after": "soon"}, None),
        ("", {"retry-after": "-5"}, None),
    ],
)
def test_failure_bounds_or_ignores_an_absurd_time(message, headers, until):
    """No answer pauses a mailbox for more than a day, nor breaks the reader."""
    error = judge(429, body(429, "rateLimitExceeded", message), headers=headers)
    assert isinstance(error, ThrottledError)
    assert error.until == until


def test_failure_of_the_day_pauses_the_project_until_midnight_in_california():
    """The daily limit ends when Google's day does."""
    error = judge(403, body(403, "dailyLimitExceeded", "Daily Limit Exceeded"))
    assert isinstance(error, ThrottledError)
    assert error.scope == "project"
    assert error.until == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@given(st.integers(0, 20 * 366 * 24 * 60))
def test_pacific_midnight_is_ahead_and_within_the_longest_pause(minutes):
    """Also on the days of 23 and 25 hours."""
    now = NOW + timedelta(minutes=minutes)
    assert timedelta(0) < next_pacific_midnight(now) - now <= FARTHEST_RETRY


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 600) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "errors", "reason", "status", "message", "details", "code", "metadata"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(
    status=st.integers(300, 599),
    content=st.binary(max_size=40) | st.builds(orjson.dumps, JSON),
    call=st.sampled_from([GET, failures.LIST_HISTORY, failures.WATCH, "gmail.users.stop"]),
    retry_after=st.text(max_size=12),
)
def test_failure_has_an_error_for_any_answer(status, content, call, retry_after):
    """Whatever Google or a proxy answers becomes an error of this project, and never raises."""
    error = judge(status, content, call, {"retry-after": retry_after})
    assert isinstance(error, GmailIngestError)


@given(st.text(min_size=3, alphabet="abc@. 1é").filter(lambda text: " " in text or "@" in text))
def test_failure_text_quotes_no_words_of_google(words):
    """Sentences and odd reasons, which may hold an address, never reach an error's text."""
    error = judge(400, body(400, words, words, words))
    assert words not in str(error)
