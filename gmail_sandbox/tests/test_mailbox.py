import pytest

from gmail_sandbox.account.errors import (
    LabelConflictError,
    UnknownLabelError,
    UnknownMessageError,
    UnknownThreadError,
)
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.mail.mbox import MboxMessage
from gmail_sandbox.tests.letters import letter


@pytest.fixture
def spool():
    with Spool() as spool:
        yield spool


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def mailbox(spool, clock):
    return Mailbox("me@crm.example", spool=spool, clock=clock)


def test_deliver_dates_by_the_clock_in_whole_seconds(mailbox, clock):
    """Without a date of its own a message is dated by the sandbox's clock."""
    clock.advance(86_400)
    message = mailbox.deliver(letter())
    assert message.internal_date % 1000 == 0
    assert abs(message.internal_date / 1000 - clock.now()) < 5


def test_deliver_gives_ids_of_16_hex_digits_decided_by_the_seed(spool, clock):
    """The same seed gives the same ids, another seed others."""
    ids = [
        Mailbox("me@crm.example", spool=spool, clock=clock, seed=seed)
        .deliver(letter(), internal_date=1_700_000_000_000)
        .id
        for seed in (1, 1, 2)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(message_id) == 16 and int(message_id, 16) for message_id in ids)


def test_deliver_refuses_an_unknown_label(mailbox):
    """A label has to exist before a message carries it, and nothing is stored otherwise."""
    with pytest.raises(UnknownLabelError):
        mailbox.deliver(letter(), label_ids=("Label_9",))
    assert mailbox.messages_total == 0


def test_deliver_refuses_a_thread_id_that_is_none(mailbox):
    """A thread id is hex, so that it can stand in JSON as it is."""
    with pytest.raises(ValueError, match="hex"):
        mailbox.deliver(letter(), thread_id='"')


def test_deliver_threads_replies_by_their_headers(mailbox):
    """Replies join the thread of the message they name, whose id the thread has."""
    first = mailbox.deliver(letter(Message_ID="<a@x>"))
    second = mailbox.deliver(letter(Message_ID="<b@x>", In_Reply_To="<a@x>"))
    third = mailbox.deliver(letter(References="<unknown@x> <b@x>"))
    other = mailbox.deliver(letter())
    assert first.thread_id == second.thread_id == third.thread_id == first.id
    assert other.thread_id == other.id
    assert mailbox.threads_total == 2


def test_deliver_threads_siblings_of_an_unseen_message(mailbox):
    """Two answers to a message that is not there, and then that message, are one thread."""
    first = mailbox.deliver(letter(In_Reply_To="<lost@x>"))
    second = mailbox.deliver(letter(In_Reply_To="lost@x"))
    lost = mailbox.deliver(letter(Message_ID="<lost@x>"))
    assert first.thread_id == second.thread_id == lost.thread_id == first.id


def test_deliver_never_merges_threads(mailbox):
    """A message that could join two threads joins the nearest, and both stay."""
    one = mailbox.deliver(letter(Message_ID="<a@x>"))
    two = mailbox.deliver(letter(Message_ID="<b@x>"))
    joining = mailbox.deliver(letter(References="<a@x> <b@x>"))
    assert joining.thread_id == two.id
    assert mailbox.thread(one.id) == [one]


def test_deliver_threads_a_reply_to_a_deleted_message(mailbox):
    """While a thread lives, an answer to its deleted message still joins it."""
    mailbox.deliver(letter(Message_ID="<a@x>"))
    deleted = mailbox.deliver(letter(Message_ID="<b@x>", In_Reply_To="<a@x>"))
    mailbox.delete(deleted.id)
    assert mailbox.deliver(letter(In_Reply_To="<b@x>")).thread_id == deleted.thread_id


def test_deliver_begins_a_new_thread_when_the_old_one_is_gone(mailbox):
    """An answer to a thread of which nothing is left begins its own."""
    gone = mailbox.deliver(letter(Message_ID="<a@x>", References="<z@x>"))
    mailbox.delete(gone.id)
    reply = mailbox.deliver(letter(References="<z@x> <a@x>"))
    assert reply.thread_id == reply.id


def test_thread_is_oldest_first_by_internal_date(mailbox):
    """The order is by internal date, whatever the Date header says: edge case 49."""
    late = mailbox.deliver(letter(Message_ID="<a@x>"), internal_date=2000)
    early = mailbox.deliver(
        letter(References="<a@x>", Date="Fri, 1 Jan 2100 00:00:00 +0000"), internal_date=1000
    )
    assert mailbox.thread(late.thread_id) == [early, late]
    assert mailbox.thread_history_id(late.thread_id) == mailbox.history_id


def test_delete_removes_a_message_from_every_read(mailbox):
    """A deleted message is found by no id, thread or search."""
    message = mailbox.deliver(letter())
    mailbox.delete(message.id)
    with pytest.raises(UnknownMessageError):
        mailbox.message(message.id)
    with pytest.raises(UnknownThreadError):
        mailbox.thread(message.id)
    assert mailbox.search() == []
    assert (mailbox.messages_total, mailbox.threads_total) == (0, 0)
    assert list(mailbox.message_ids()) == []


def test_delete_takes_the_right_one_of_equal_dates(mailbox):
    """Messages of one second are told apart."""
    messages = [mailbox.deliver(letter(), internal_date=1000) for _ in range(3)]
    mailbox.delete(messages[1].id)
    assert mailbox.search() == [messages[2], messages[0]]


def test_autosave_draft_gives_a_new_id_and_deletes_the_old(mailbox):
    """Each save is another message of the same thread: edge case 16."""
    first = mailbox.autosave_draft(None, letter(body="one"))
    second = mailbox.autosave_draft(first.id, letter(body="two"))
    assert list(mailbox.message_ids()) == [second.id]
    assert second.label_ids == {"DRAFT"}
    assert second.thread_id == first.thread_id


def test_send_draft_leaves_a_sent_message_with_a_new_id(mailbox):
    """Sending deletes the draft and adds the same mail as SENT: edge cases 12 and 16."""
    draft = mailbox.autosave_draft(None, letter(body="final"))
    sent = mailbox.send_draft(draft.id)
    assert sent.id != draft.id
    assert sent.label_ids == {"SENT"}
    assert (
        mailbox.render(sent, "raw").split(b'"raw"')[1]
        == (mailbox.render(draft, "raw").split(b'"raw"')[1])
    )
    with pytest.raises(UnknownMessageError):
        mailbox.send_draft(sent.id)


def test_changes_call_every_listener_and_no_change_calls_none(mailbox):
    """A listener hears of each change once, and of a modification without effect not at all."""
    heard = []
    mailbox.on_change.append(lambda changed: heard.append(changed.history_id))
    message = mailbox.deliver(letter())
    mailbox.modify(message.id, add=["STARRED"], remove=["UNREAD"])
    mailbox.modify(message.id, add=["STARRED"])
    draft = mailbox.autosave_draft(None, letter())
    mailbox.autosave_draft(draft.id, letter())
    mailbox.delete(message.id)
    assert len(heard) == 5
    assert heard == sorted(set(heard))


def test_load_makes_the_labels_that_messages_name(mailbox):
    """Names of user labels become labels once, ids of system labels stay."""
    messages = [MboxMessage(letter(), ("INBOX", "Deals")), MboxMessage(letter(), ("deals",))]
    assert mailbox.load(messages) == 2
    user = [label for label in mailbox.labels() if label["type"] == "user"]
    assert user == [
        {
            "id": "Label_1",
            "name": "Deals",
            "messageListVisibility": "show",
            "labelListVisibility": "labelShow",
            "type": "user",
        }
    ]
    assert mailbox.label("Label_1")["messagesTotal"] == 2


def test_label_counts_messages_and_threads(mailbox):
    """The counts tell messages from threads and read from unread."""
    mailbox.deliver(letter(Message_ID="<a@x>"))
    mailbox.deliver(letter(References="<a@x>"))
    mailbox.deliver(letter(), label_ids=("INBOX",))
    assert mailbox.label("INBOX") == {
        "id": "INBOX",
        "name": "INBOX",
        "type": "system",
        "messagesTotal": 3,
        "messagesUnread": 2,
        "threadsTotal": 2,
        "threadsUnread": 1,
    }


def test_rename_label_frees_the_old_name(mailbox):
    """A renamed label keeps its id, and its old name may be used again."""
    label_id = mailbox.create_label("Old")["id"]
    mailbox.rename_label(label_id, "New")
    assert mailbox.label(label_id)["name"] == "New"
    assert mailbox.create_label("Old")["id"] != label_id


@pytest.mark.parametrize("name", ["Taken", "taken", "INBOX", "inbox", " "])
def test_create_label_refuses_a_taken_name(mailbox, name):
    """A name is taken whatever its case, and the system's names always are."""
    mailbox.create_label("Taken")
    with pytest.raises(LabelConflictError):
        mailbox.create_label(name)


def test_rename_label_refuses_what_cannot_be_renamed(mailbox):
    """System labels keep their names, and an unknown label has none."""
    with pytest.raises(LabelConflictError):
        mailbox.rename_label("INBOX", "Mine")
    with pytest.raises(UnknownLabelError):
        mailbox.rename_label("Label_7", "Mine")


def test_modify_refuses_an_unknown_label_and_changes_nothing(mailbox):
    """A modification is applied whole or not at all."""
    message = mailbox.deliver(letter())
    with pytest.raises(UnknownLabelError):
        mailbox.modify(message.id, add=["STARRED", "Label_9"])
    assert message.label_ids == {"INBOX", "UNREAD"}
