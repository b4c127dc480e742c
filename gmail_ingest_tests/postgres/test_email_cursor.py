from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_cursor import Position, decode_cursor, encode_cursor
from gmail_ingest.errors import InvalidInputError

WANTED = EmailFilter("acme", "offer", label="INBOX", since=datetime(2026, 1, 1, tzinfo=UTC))
POSITION = Position(datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC), 7, "18c3a1f00d")
POSITIONS = st.builds(
    Position,
    st.datetimes(timezones=st.just(UTC)),
    st.integers(1, 2**63 - 1),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
)


@given(POSITIONS)
def test_cursor_brings_its_position_back(position):
    """Any position survives the way to a caller and back, in characters that an address takes."""
    cursor = encode_cursor(position, WANTED)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert decode_cursor(cursor, WANTED) == position


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": "other"},
        {"q": "offers"},
        {"mailbox": "ann@crm.test"},
        {"label": None},
        {"participant": "ann@shop.test"},
        {"direction": "inbound"},
        {"since": None},
        {"until": datetime(2026, 5, 1, tzinfo=UTC)},
        {"has_attachment": False},
        {"thread_id": "t1"},
        {"include_spam_trash": True},
    ],
)
def test_cursor_is_refused_with_other_filters(change):
    """Each filter is part of what a cursor belongs to."""
    cursor = encode_cursor(POSITION, WANTED)
    with pytest.raises(InvalidInputError, match="other filters") as refused:
        decode_cursor(cursor, replace(WANTED, **change))
    assert refused.value.field == "cursor"


def test_cursor_of_another_release_is_refused():
    """A cursor of a form that is not known here says so."""
    cursor = "Ag" + encode_cursor(POSITION, WANTED)[2:]
    with pytest.raises(InvalidInputError, match="another release"):
        decode_cursor(cursor, WANTED)


@given(st.text() | st.text("ABCabc019_-", min_size=20))
def test_what_is_no_cursor_is_refused(text):
    """No text raises anything but the error that names the field."""
    with pytest.raises(InvalidInputError) as refused:
        decode_cursor(text, WANTED)
    assert refused.value.field == "cursor"


@given(st.data())
def test_a_changed_cursor_is_never_misread(data):
    """A cursor with one character changed is refused, or is the cursor of what it says."""
    cursor = encode_cursor(POSITION, WANTED)
    at = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:at] + data.draw(st.characters()) + cursor[at + 1 :]
    try:
        position = decode_cursor(changed, WANTED)
    except InvalidInputError:
        return
    assert encode_cursor(position, WANTED) == changed
