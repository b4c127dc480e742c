from itertools import pairwise

import pytest

from gmail_sandbox.account.errors import HistoryExpiredError
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.tests.letters import letter


@pytest.fixture
def spool():
    with Spool() as spool:
        yield spool


@pytest.fixture
def mailbox(spool):
    return Mailbox("me@crm.example", spool=spool, clock=Clock())


def test_history_says_what_was_added_in_googles_shape(mailbox):
    """A delivery is one record, with ids as strings and the message told twice."""
    start = mailbox.history_id
    message = mailbox.deliver(letter())
    reference = {"id": message.id, "threadId": message.thread_id}
    assert list(mailbox.history(start)) == [
        {
            "id": str(message.history_id),
            "messages": [reference],
            "messagesAdded": [{"message": reference | {"labelIds": ["INBOX", "UNREAD"]}}],
        }
    ]


def test_history_starts_after_the_start(mailbox):
    """The start is excluded, so the current history id gives nothing."""
    first = mailbox.deliver(letter())
    second = mailbox.deliver(letter())
    assert [record["id"] for record in mailbox.history(first.history_id)] == [
        str(second.history_id)
    ]
    assert len(mailbox.history(mailbox.history_id)) == 0


def test_history_label_records_carry_all_labels_and_the_changed_ones(mailbox):
    """A label change says all labels of the message and, apart, those that changed: edge case 9."""
    message = mailbox.deliver(letter())
    start = mailbox.history_id
    mailbox.modify(message.id, add=["TRASH"], remove=["INBOX"])
    added, removed = mailbox.history(start)
    assert added["labelsAdded"][0]["labelIds"] == ["TRASH"]
    assert added["labelsAdded"][0]["message"]["labelIds"] == ["INBOX", "TRASH", "UNREAD"]
    assert removed["labelsRemoved"][0]["labelIds"] == ["INBOX"]
    assert removed["labelsRemoved"][0]["message"]["labelIds"] == ["TRASH", "UNREAD"]


def test_history_keeps_an_addition_whose_message_is_gone(mailbox):
    """Added and deleted in one window are both told: edge case 14."""
    start = mailbox.history_id
    message = mailbox.deliver(letter())
    mailbox.delete(message.id)
    assert [sorted(record) for record in mailbox.history(start)] == [
        ["id", "messages", "messagesAdded"],
        ["id", "messages", "messagesDeleted"],
    ]


def test_history_of_draft_saves_is_a_storm(mailbox):
    """Each save adds a draft and deletes the last one; sending does so once more: edge case 16."""
    start = mailbox.history_id
    draft = mailbox.autosave_draft(None, letter())
    draft = mailbox.autosave_draft(draft.id, letter())
    mailbox.send_draft(draft.id)
    changes = [
        next(key for key in r if key.startswith("messages") and key != "messages")
        for r in mailbox.history(start)
    ]
    assert changes == [
        "messagesAdded",
        "messagesAdded",
        "messagesDeleted",
        "messagesAdded",
        "messagesDeleted",
    ]


def test_history_filters_by_type_and_label(mailbox):
    """A label filter misses the message that lost the label: edge case 11."""
    start = mailbox.history_id
    message = mailbox.deliver(letter())
    mailbox.modify(message.id, remove=["INBOX"])
    assert len(mailbox.history(start, types=["messageAdded"])) == 1
    assert len(mailbox.history(start, types=["messageAdded", "labelRemoved"])) == 2
    assert len(mailbox.history(start, label_id="INBOX")) == 1


def test_history_slices_like_a_list(mailbox):
    """Pages can be cut from it without the rest being built."""
    start = mailbox.history_id
    for _ in range(5):
        mailbox.deliver(letter())
    records = mailbox.history(start)
    assert records[1:3] == list(records)[1:3]
    assert records[-1]["id"] == str(mailbox.history_id)


def test_history_expires(mailbox):
    """A start before the horizon is refused, the horizon itself is not: edge case 3."""
    start = mailbox.history_id
    first = mailbox.deliver(letter())
    second = mailbox.deliver(letter())
    mailbox.expire_history(first.history_id)
    assert [r["id"] for r in mailbox.history(first.history_id)] == [str(second.history_id)]
    with pytest.raises(HistoryExpiredError):
        mailbox.history(start)
    mailbox.expire_history()
    with pytest.raises(HistoryExpiredError):
        mailbox.history(first.history_id)
    assert len(mailbox.history(mailbox.history_id)) == 0


def test_deliver_without_history_moves_the_id_and_refuses_older_starts(mailbox):
    """What was not recorded cannot look like a quiet time to a client: edge case 4."""
    start = mailbox.history_id
    mailbox.deliver(letter(), record_history=False)
    assert mailbox.history_id > start
    with pytest.raises(HistoryExpiredError):
        mailbox.history(start)
    assert len(mailbox.history(mailbox.history_id)) == 0


def test_history_ids_grow_by_gaps_and_some_mailboxes_pass_2_to_the_53(spool):
    """Ids need 64 bits, and their gaps are not even: edge case 10."""
    mailboxes = [Mailbox(f"user{n}@crm.example", spool=spool, clock=Clock()) for n in range(30)]
    large = [m for m in mailboxes if m.history_id > 2**53]
    assert 0 < len(large) < 30
    ids = [large[0].deliver(letter()).history_id for _ in range(20)]
    gaps = {later - earlier for earlier, later in pairwise(ids)}
    assert min(gaps) > 0
    assert len(gaps) > 3
    assert ids[-1] < 2**64


def test_message_history_id_is_that_of_its_last_change(mailbox):
    """A message says the record that last changed it."""
    message = mailbox.deliver(letter())
    mailbox.deliver(letter())
    mailbox.modify(message.id, add=["STARRED"])
    assert message.history_id == mailbox.history_id
