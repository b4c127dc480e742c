from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_cursor import Position
from gmail_ingest.adapters.postgres.reads.email_lists import Effort, MailList
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.postgres.email_worlds import START, Mail, expected, moved, store
from gmail_ingest_tests.postgres.worlds import lease

BOXES = ("ann@crm.test", "bob@crm.test")
PEOPLE = ("ann@shop.test", "o'neil\\@shop.test", "zoe@shop.test")
LABELS = ("INBOX", "SENT", "TRASH", "STARRED", "Label_7")
WORDS = ("alpha", "beta", "gamma")

FEW_DAYS = st.sampled_from([-400, 0, 1, 2, 40, 70])
MAIL = st.builds(
    Mail,
    mailbox=st.sampled_from(BOXES),
    number=st.just(0),
    day=FEW_DAYS,
    labels=st.frozensets(st.sampled_from(LABELS)),
    people=st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2).map(tuple),
    direction=st.sampled_from(["inbound", "outbound", "self"]),
    has_file=st.booleans(),
    words=st.lists(st.sampled_from(WORDS), unique=True).map(tuple),
)
MAILS = st.lists(MAIL, min_size=1, max_size=25).map(
    lambda mails: [replace(mail, number=number) for number, mail in enumerate(mails)]
)
MOMENT = FEW_DAYS.map(lambda day: START + timedelta(days=day))
FILTER = st.builds(
    EmailFilter,
    tenant_id=st.just(""),
    q=st.lists(st.sampled_from(WORDS), unique=True, max_size=2).map(" ".join),
    mailbox=st.sampled_from([None, None, *BOXES]),
    label=st.sampled_from([None, None, *LABELS, "Label_none"]),
    participant=st.sampled_from([None, None, *PEOPLE]),
    direction=st.sampled_from([None, None, "inbound", "self"]),
    since=st.none() | MOMENT,
    until=st.none() | MOMENT,
    has_attachment=st.sampled_from([None, None, True, False]),
    thread_id=st.sampled_from([None, None, None, "t1"]),
    include_spam_trash=st.booleans(),
)
#: How a page is found: facets merged soon, entries walked, mails looked at for words. A mailbox of
#: few facets is walked for one entry each: in vain, where the other's mail is newer.
WAYS = {
    "merge and look": (1_000, 15_000, 1_000),
    "walk and index": (0, 15_000, 1),
    "walk in vain": (0, 1, 2),
}
_tenants = count()


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def way(request) -> Effort:
    """Each way that a page may be found."""
    few, walk, looked_at = request.param
    return Effort(few, 1, walk, walk, looked_at)


async def listed(reads, wanted, limit=3):
    """The whole list, page by page."""
    found, cursor = [], None
    while True:
        page = await reads.page(wanted, limit=limit, cursor=cursor)
        assert len(page.emails) <= limit
        found += [f"{email.mailbox} {email.id}" for email in page.emails]
        cursor = page.next_cursor
        if cursor is None:
            return found


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mails=MAILS, filters=st.lists(FILTER, min_size=5, max_size=5), hasty=st.booleans())
async def test_pages_by_cursor_are_the_list_that_a_plain_filter_gives(
    database, way, mails, filters, hasty
):
    """Whatever is filtered and searched, and however it is found, pages of three put together are
    the mails of a brute-force model, newest first (edge case 49).
    """
    tenant = f"tenant-{next(_tenants)}"
    order = await store(database, mails, tenant)
    reads = PostgresEmailReads(database.engine, effort=way, search_seconds=0.0 if hasty else 60.0)
    for mail_filter in filters:
        wanted = replace(mail_filter, tenant_id=tenant)
        everything = expected(mails, order, wanted)
        assert await listed(reads, wanted) == everything
        page = await reads.page_at(wanted, limit=3, offset=2)
        assert [f"{email.mailbox} {email.id}" for email in page.emails] == everything[2:5]
        assert page.total == len(everything)


async def test_cursor_paging_goes_through_ties(database):
    """Mails of one moment in two mailboxes each come once, whatever the page size."""
    mails = [Mail(box, number) for box in BOXES for number in range(4)]
    order = await store(database, mails)
    reads = PostgresEmailReads(database.engine)
    wanted = EmailFilter("acme")
    for limit in (1, 2, 3, 5, 8):
        assert await listed(reads, wanted, limit) == expected(mails, order, wanted)


async def test_cursor_paging_is_not_shifted_by_new_or_deleted_mail(database):
    """What arrives on top or goes meanwhile repeats nothing and hides nothing further down."""
    mails = [Mail(BOXES[0], number, day=number) for number in range(6)]
    order = await store(database, mails)
    reads = PostgresEmailReads(database.engine)
    first = await reads.page(EmailFilter("acme"), limit=2, cursor=None)
    assert [email.id for email in first.emails] == ["m005", "m004"]
    held = await lease(database, order[BOXES[0]])
    gone = MessageChange("m004", "t1", 50, deleted=True, label_ids=None)
    await database.store.apply_history(held, [gone], None)
    await store(database, [Mail("new@crm.test", 9, day=100)])
    second = await reads.page(EmailFilter("acme"), limit=2, cursor=first.next_cursor)
    assert [email.id for email in second.emails] == ["m003", "m002"]


@pytest.mark.parametrize("participant", [None, "ann@shop.test"])
async def test_lists_follow_labels(database, way, participant):
    """After a change of labels a mail is in the lists of the new ones and in none of the old."""
    mails = [Mail(BOXES[0], number, labels=frozenset({"INBOX"})) for number in range(3)]
    order = await store(database, mails)
    held = await lease(database, order[BOXES[0]])
    for labels in ({"STARRED", "Label_7"}, {"TRASH"}, {"INBOX", "UNREAD"}):
        history_id = 100 + len(mails)
        change = MessageChange("m001", "t1", history_id, deleted=False, label_ids=(*labels,))
        await database.store.apply_history(held, [change], None)
        mails = [moved(mail, labels) if mail.number == 1 else mail for mail in mails]
        mails.append(Mail(BOXES[0], len(mails), day=1))
        await database.store.save(held, [Stored(mails[-1].message())])
        for label in (None, "INBOX", "STARRED", "Label_7", "TRASH", "UNREAD"):
            wanted = EmailFilter("acme", label=label, participant=participant)
            reads = PostgresEmailReads(database.engine, effort=way)
            assert await listed(reads, wanted) == expected(mails, order, wanted)


async def test_totals_are_counted_up_to_a_bound(database):
    """A list by offset says its total up to the bound, and above it that it was not counted."""
    await store(database, [Mail(BOXES[0], number, words=("alpha",)) for number in range(6)])
    reads = PostgresEmailReads(database.engine)
    bounded = PostgresEmailReads(database.engine, most_counted=5)
    for q in ("", "alpha"):
        wanted = EmailFilter("acme", q, participant="ann@shop.test")
        page = await reads.page_at(wanted, limit=2, offset=0)
        assert page.total == 6
        page = await bounded.page_at(wanted, limit=2, offset=0)
        assert (page.total, len(page.emails)) == (None, 2)


async def test_an_offset_page_goes_on_by_cursor(database):
    """The cursor of a page by offset leads to the page behind it."""
    mails = [Mail(BOXES[0], number, day=number) for number in range(6)]
    await store(database, mails)
    reads = PostgresEmailReads(database.engine)
    page = await reads.page_at(EmailFilter("acme"), limit=2, offset=2)
    assert [email.id for email in page.emails] == ["m003", "m002"]
    behind = await reads.page(EmailFilter("acme"), limit=2, cursor=page.next_cursor)
    assert [email.id for email in behind.emails] == ["m001", "m000"]
    assert behind.next_cursor is None


FILTERS = {
    "mailbox": "a@b.test",
    "label": "Label_7",
    "participant": "c@d.test",
    "direction": "inbound",
    "since": datetime(2026, 1, 1, tzinfo=UTC),
    "until": datetime(2026, 2, 1, tzinfo=UTC),
    "has_attachment": True,
    "thread_id": "t1",
    "include_spam_trash": True,
}


@given(st.sets(st.sampled_from(sorted(FILTERS))), st.booleans(), st.booleans())
def test_statements_of_pages_are_put_together_once(names, has_trait, is_behind):
    """The statement that is kept for filters of a kind is the one that any of these would make."""
    filters = {name: FILTERS[name] for name in names}
    if has_trait and "label" in filters:
        filters["label"] = "INBOX"
    after = Position(datetime(2026, 1, 9, tzinfo=UTC), 3, "m3") if is_behind else None
    mails = MailList(EmailFilter("acme", **filters), after)
    query = mails.page(10).statement
    assert query == mails.compose_page().as_bytes()
