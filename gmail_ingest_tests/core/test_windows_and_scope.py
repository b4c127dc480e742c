"""Windows of time, and which messages belong in the CRM."""

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.core.ledger.scope import left_out_reason
from gmail_ingest.core.ledger.windows import Window, last_days

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_window_query_is_in_epoch_seconds():
    """Gmail is asked in epoch seconds, one second wider on each side (edge case 61)."""
    window = Window(NOON, NOON + timedelta(days=1))
    start = int(NOON.timestamp())
    assert window.query() == f"after:{start - 1} before:{start + 86401}"
    assert Window().query() == ""


def test_window_contains_is_half_open():
    """The start belongs to the window, the end does not."""
    window = Window(NOON, NOON + timedelta(days=1))
    assert window.contains(NOON)
    assert not window.contains(NOON + timedelta(days=1))
    assert not window.contains(NOON - timedelta(seconds=1))


def test_last_days_stops_at_the_epoch():
    """A window longer than time itself starts where Gmail's search can still express it."""
    assert last_days(30, NOON).start == NOON - timedelta(days=30)
    assert last_days(10**6, NOON).start == datetime(1970, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (("INBOX", "UNREAD"), None),
        ((), None),
        (("DRAFT",), "draft"),
        (("DRAFT", "SENT"), None),
        (("SPAM",), "spam"),
        (("TRASH", "INBOX"), "trash"),
        (("CHAT",), "chat"),
        (("SCHEDULED",), "scheduled"),
        (("SCHEDULED", "SENT"), None),
        (("TRASH", "SENT"), "trash"),
    ],
)
def test_left_out_reason_is_named(labels, reason):
    """Drafts, mail to be sent later, chats, spam and trash stay out on arrival, each under its own
    name (case 06; edge cases 16 and 210).
    """
    assert left_out_reason(labels) == reason
