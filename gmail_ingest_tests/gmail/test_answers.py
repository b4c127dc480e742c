import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.adapters.gmail import answers
from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.errors import TransientError
from gmail_ingest.sync.mailbox.records import ListPage, MessageRef, Profile, Watch

READERS = [
    answers.profile,
    answers.aliases,
    answers.list_page,
    answers.history_page,
    answers.watch,
    answers.thread_messages,
    answers.attachment,
]


def test_history_page_flattens_each_typed_list():
    """Adds, deletes and label changes become records, with all labels that Google told."""
    message = {"id": "m1", "threadId": "t1", "labelIds": ["INBOX", "Label_1"]}
    page = answers.history_page(
        {
            "history": [
                {"id": "9", "messages": [message], "messagesAdded": [{"message": message}]},
                {"id": "10", "labelsAdded": [{"message": message, "labelIds": ["Label_1"]}]},
                {"id": "11", "messagesDeleted": [{"message": {"id": "m1", "threadId": "t1"}}]},
            ],
            "historyId": str(2**64 + 1),
            "nextPageToken": "p",
        }
    )
    labels = ("INBOX", "Label_1")
    assert page.records == (
        HistoryRecord(9, "added", "m1", "t1", labels),
        HistoryRecord(10, "labels", "m1", "t1", labels),
        HistoryRecord(11, "deleted", "m1", "t1", None),
    )
    assert (page.history_id, page.next_page_token) == (2**64 + 1, "p")


def test_history_page_reads_absent_labels_after_a_removal_as_none_left():
    """Gmail leaves empty lists out: after a removal that is news, after an add it is silence."""
    bare = {"message": {"id": "m1", "threadId": "t1"}}
    page = answers.history_page(
        {
            "history": [{"id": "1", "messagesAdded": [bare]}, {"id": "2", "labelsRemoved": [bare]}],
            "historyId": "2",
        }
    )
    assert [record.label_ids for record in page.records] == [None, ()]


def test_history_page_may_be_empty_and_still_go_on():
    """A page without records keeps its token and its history id (edge cases 4 and 5)."""
    page = answers.history_page({"historyId": "7", "nextPageToken": "p"})
    assert (page.records, page.history_id, page.next_page_token) == ((), 7, "p")


def test_list_page_may_be_empty():
    """Without ids Google sends no list at all."""
    assert answers.list_page({"resultSizeEstimate": 0}) == ListPage((), None)
    page = answers.list_page({"messages": [{"id": "m", "threadId": "t"}], "nextPageToken": "p"})
    assert page == ListPage((MessageRef("m", "t"),), "p")


def test_aliases_are_the_owners_confirmed_addresses():
    """The primary one is among them: the mailbox may be known under another (edge case 92); one
    that may turn out to be anybody's is not (edge case 58).
    """
    found = answers.aliases(
        {
            "sendAs": [
                {"sendAsEmail": "Ann@example.com", "isPrimary": True},
                {"sendAsEmail": "Sales@Example.com", "verificationStatus": "accepted"},
                {"sendAsEmail": "boss@example.com", "verificationStatus": "pending"},
            ]
        }
    )
    assert found == ("ann@example.com", "sales@example.com")
    assert answers.aliases({}) == ()


def test_profile_and_watch_are_read():
    """Numbers come as strings, the expiration in milliseconds, the address in any case."""
    assert answers.profile({"emailAddress": "Ann@Example.com", "historyId": "12"}) == Profile(
        "ann@example.com", 12
    )
    assert answers.watch({"historyId": "12", "expiration": "1431990098200"}) == Watch(
        12, datetime(2015, 5, 18, 23, 1, 38, 200000, tzinfo=UTC)
    )


@pytest.mark.parametrize(("data", "expected"), [("_-8", b"\xff\xef"), ("_-8=", b"\xff\xef")])
def test_attachment_is_decoded_with_and_without_padding(data, expected):
    """Gmail's base64url may lack its padding."""
    assert answers.attachment({"data": data}) == expected


@pytest.mark.parametrize("body", [b'{"messages": [{"id"', b"<html>502</html>", b"[]", b"\xff"])
def test_decode_calls_anything_but_an_object_transient(body):
    """A cut-off body, HTML or a list is no answer: the call is made again."""
    with pytest.raises(TransientError):
        answers.decode(body)


def test_decode_reads_no_content_as_an_empty_object():
    """users.stop answers 204 without a body."""
    assert answers.decode(b"") == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "message", "messages", "history", "labelIds", "data"])
            | st.sampled_from(["messagesAdded", "historyId", "expiration", "emailAddress"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("reader", READERS)
@given(answer=st.dictionaries(st.text(max_size=3), JSON, max_size=3) | JSON)
def test_readers_turn_any_shape_into_a_value_or_a_transient_error(reader, answer):
    """Whatever JSON comes, a reader gives its value or says that the answer is unreadable."""
    with contextlib.suppress(TransientError):
        assert answers.read(reader, answer) is not None
