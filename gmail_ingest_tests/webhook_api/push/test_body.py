import base64
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook_api.push.body import MalformedPushError, Notification, parse_push

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def wrap(data: str) -> bytes:
    return orjson.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"})


@given(
    address=st.emails().filter(lambda address: len(address) <= 320),
    history_id=st.integers(0, 10**30 - 1),
    quoted=st.booleans(),
    urlsafe=st.booleans(),
    padded=st.booleans(),
)
def test_parse_push_reads_every_spelling(address, history_id, quoted, urlsafe, padded):
    """Numbers, strings, both alphabets, 30 digits: edge case 10, edge case 21."""
    number = f'"{history_id}"' if quoted else str(history_id)
    text = f'{{"emailAddress": {orjson.dumps(address).decode()}, "historyId": {number}}}'.encode()
    data = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(text).decode()
    data = data if padded else data.rstrip("=")
    assert parse_push(wrap(data)) == Notification(address.lower(), history_id)


@given(st.binary(max_size=200) | JSON.map(orjson.dumps).filter(bool))
def test_parse_push_refuses_anything_else_by_its_own_error(body):
    """Whatever bytes come, there is a notification or a MalformedPushError, edge case 21."""
    with pytest.raises(MalformedPushError):
        parse_push(body)


@given(JSON)
def test_parse_push_refuses_any_data_by_its_own_error(inner):
    """Whatever the data holds, there is a notification or a MalformedPushError."""
    data = base64.b64encode(orjson.dumps(inner)).decode()
    with pytest.raises(MalformedPushError):
        parse_push(wrap(data))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"emailAddress": "kim@crm.test", "historyId": True}, "no_history_id"),
        ({"emailAddress": "kim@crm.test", "historyId": -4}, "no_history_id"),
        ({"emailAddress": "kim@crm.test", "historyId": 1.5}, "no_history_id"),
        ({"emailAddress": "kim@crm.test", "historyId": "9" * 31}, "no_history_id"),
        ({"emailAddress": "kim@crm.test"}, "no_history_id"),
        ({"emailAddress": "a" * 321, "historyId": 1}, "no_address"),
        ({"emailAddress": "a\0b@crm.test", "historyId": 1}, "no_address"),
        ({"historyId": 1}, "no_address"),
    ],
)
def test_parse_push_names_what_is_missing(fields, reason):
    """The reason is a fixed word, so that a log of it holds nothing private."""
    with pytest.raises(MalformedPushError) as caught:
        parse_push(wrap(base64.b64encode(orjson.dumps(fields)).decode()))
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-28T10:00:00.5Z", datetime(2026, 11, 28, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-28T10:00:00+02:00", datetime(2026, 11, 28, 8, tzinfo=UTC)),
        ("2026-11-28T10:00:00", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        (7, None),
        (None, None),
    ],
)
def test_parse_push_reads_when_it_was_sent(time, expected):
    """Pub/Sub's time of publishing is read where it is one, and never a reason to fail (edge case
    94).
    """
    data = base64.b64encode(b'{"emailAddress": "a@x.test", "historyId": 1}').decode()
    body = orjson.dumps({"message": {"data": data, "publishTime": time}})
    assert parse_push(body) == Notification("a@x.test", 1, expected)
