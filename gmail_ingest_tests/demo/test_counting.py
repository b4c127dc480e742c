from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest_lab.demo.audit import GoogleMessage, audit
from gmail_ingest_lab.demo.counting import Count, count
from gmail_ingest_lab.demo.plan import PAST_DAYS, DemoOptions, range_of_the_past

LABELS = st.sampled_from([{"INBOX"}, {"SENT"}, {"TRASH"}, {"SPAM", "INBOX"}, set()])


def message(number, *labels, age=0):
    """A message of one mailbox."""
    return GoogleMessage("a@x.example", f"m{number}", "t", frozenset(labels), 1_000 - age)


@given(
    st.lists(st.tuples(LABELS, st.integers(0, 2_000)), max_size=20),
    st.sets(st.integers(0, 30)),
    st.none() | st.integers(-1_500, 1_500),
)
def test_count_is_never_more_than_whole(mail, rows, since):
    """Whatever was trashed, deleted or came in between, no count exceeds 100 % (edge case 111)."""
    truth = [message(i, *labels, age=age) for i, (labels, age) in enumerate(mail)]
    found = count(truth, {f"m{number}" for number in rows}, since)
    assert 0 <= found.stored <= found.at_google
    assert 0 <= found.older_stored <= found.older
    assert found.at_google + found.older == sum(message.in_scope for message in truth)


def test_count_leaves_out_what_was_trashed_or_deleted():
    """Rows of mail that went to the trash, or is gone at Google, count nowhere (edge case 111)."""
    truth = [message(1, "INBOX"), message(2, "TRASH")]
    found = count(truth, {"m1", "m2", "deleted"}, None)
    assert found == Count(at_google=1, stored=1)
    assert found.whole


def test_count_tells_mail_before_the_window_apart():
    """Older mail is not expected until somebody asks for it, and is not counted as if it were."""
    truth = [message(1, "INBOX"), message(2, "INBOX", age=500), message(3, "SENT", age=900)]
    assert count(truth, {"m1", "m3"}, 800) == Count(1, 1, older=2, older_stored=1)
    assert count(truth, {"m1", "m3"}, None) == Count(3, 2)


def test_audit_does_not_expect_mail_before_the_window_but_allows_it():
    """Mail that only a backfill brings is neither missing nor unknown."""
    old = message(1, "INBOX", age=500)
    assert audit([old], [], {}, since=800).clean
    assert audit([old], [], {}).missing == 1


@given(st.dates(date(2024, 1, 1), date(2060, 1, 1)))
def test_range_of_the_past_holds_all_seeded_mail(today):
    """The printed range needs no care for decades: it holds the mail, and no day to come."""
    start, end = range_of_the_past(today)
    newest, oldest = (today - timedelta(days=days) for days in PAST_DAYS)
    assert start <= oldest < newest < end <= today
    assert start.day == end.day == 1


def test_an_mbox_is_not_split_into_recent_and_older_mail(tmp_path):
    """Mail of one's own comes whole with the initial sync."""
    assert DemoOptions(messages=100).past == 40
    assert DemoOptions(messages=100, mbox=tmp_path / "own.mbox").past == 0
