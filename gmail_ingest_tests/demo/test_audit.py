from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest_lab.demo.audit import GoogleMessage, Row, audit
from gmail_ingest_lab.demo.latency import MessageKey, PushWatch, percentile
from gmail_ingest_lab.demo.plan import MAILBOXES, bursts, split
from gmail_ingest_lab.demo.search_check import searchable_words

OWNERS = {"a@x.example": "acme"}
INBOX = frozenset({"INBOX"})
FIRST = GoogleMessage("a@x.example", "m1", "t1", INBOX)
SECOND = GoogleMessage("a@x.example", "m2", "t1", INBOX)


def row(message, tenant="acme"):
    """The row that this message should have."""
    return Row(tenant, message.mailbox, message.message_id, message.thread_id, message.labels)


def test_audit_of_equal_sides_is_clean():
    """Every message has its row: nothing to report."""
    found = audit([FIRST, SECOND], [row(FIRST), row(SECOND)], OWNERS)
    assert found.clean
    assert (found.at_google, found.stored) == (2, 2)


def test_audit_counts_a_missing_message():
    """A message without a row is missing, and its thread lacks a member no more than that."""
    found = audit([FIRST, SECOND], [row(FIRST)], OWNERS)
    assert (found.missing, found.stored, found.clean) == (1, 1, False)


def test_audit_counts_doubled_rows():
    """Two rows for one message are one too many."""
    assert audit([FIRST], [row(FIRST), row(FIRST)], OWNERS).doubled == 1


def test_audit_counts_a_row_of_a_tenant_that_does_not_own_the_mailbox():
    """Mail that crossed over to another tenant is found."""
    found = audit([FIRST], [row(FIRST), row(FIRST, "globex")], OWNERS)
    assert found.doubled == 2
    assert audit([FIRST], [row(FIRST, "globex")], OWNERS).doubled == 1


def test_audit_counts_rows_of_deleted_messages():
    """A row of a message that Google no longer has is unknown."""
    assert audit([FIRST], [row(FIRST), row(SECOND)], OWNERS).unknown == 1


def test_audit_wants_no_row_for_mail_out_of_scope_but_allows_one():
    """Spam needs no row; mail that was stored and then trashed keeps its row."""
    trashed = replace(FIRST, labels=frozenset({"TRASH"}))
    assert audit([trashed], [], OWNERS).clean
    assert audit([trashed], [row(trashed)], OWNERS).clean


def test_audit_counts_outdated_labels():
    """A row that missed a change of labels is found."""
    starred = replace(FIRST, labels=INBOX | {"STARRED"})
    assert audit([starred], [row(FIRST)], OWNERS).wrong_labels == 1


def test_audit_counts_a_thread_torn_apart():
    """Members of one thread that are stored under two are a wrong thread."""
    apart = replace(SECOND, thread_id="t2")
    found = audit([FIRST, SECOND], [row(FIRST), row(apart)], OWNERS)
    assert (found.wrong_threads, found.missing) == (1, 0)


def test_push_watch_measures_from_delivery_to_sight():
    """A message's time runs from before its delivery to the look that finds its row."""
    watch = PushWatch()
    watch.delivered("a@x.example", ["m1", "m2"], at=10.0)
    watch.seen([MessageKey("a@x.example", "m1"), MessageKey("a@x.example", "other")], at=12.5)
    assert watch.seconds == [2.5]
    assert set(watch.waiting) == {("a@x.example", "m2")}


def test_percentile_of_nothing_is_nothing():
    """No measurement, no number."""
    assert percentile([], 0.5) is None


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_percentile_is_a_value_that_enough_values_do_not_exceed(values, share):
    """The percentile is one of the values, and the least that covers the share."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


@given(st.integers(0, 500), st.integers(1, 20))
def test_bursts_deliver_everything(total, size):
    """All arriving mail is delivered, in bursts no larger than asked, evenly over mailboxes."""
    planned = bursts(total, size)
    assert sum(count for _, count in planned) == total
    assert all(1 <= count <= size for _, count in planned)
    shares = [sum(c for i, c in planned if i == index) for index in range(len(MAILBOXES))]
    assert shares == split(total, len(MAILBOXES))


def test_searchable_words_leaves_out_what_a_tokeniser_may_cut():
    """Only plain words are looked up: addresses, dates and joined words are indexed in parts."""
    subject = "Re: Invoice overdue! see crm.example/x and follow-up of 2024-01-01, thanks."
    assert searchable_words(subject) == ["Invoice", "overdue", "thanks"]
