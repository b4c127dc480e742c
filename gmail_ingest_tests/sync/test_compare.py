"""The comparison with what Google lists, on a mailbox in memory: every way to differ."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gmail_ingest.core.ledger.fates import Entry
from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import (
    HistoryExpiredError,
    NotFoundError,
    PageTokenInvalidError,
    ReauthoriseError,
    RejectedRequestError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.sync.conftest import QUICK

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST, END = date(2026, 5, 1), date(2026, 5, 8)
DAY = timedelta(days=1)


class Watched(Unlimited):
    """A limiter that allows everything and notes as what it was spent."""

    def __init__(self):
        self.origins = set()

    async def reserve(self, mailbox_id, units, origin):
        """Note the origin."""
        self.origins.add(origin)
        return await super().reserve(mailbox_id, units, origin)


def mail(gmail_id, moment=NOON, *labels, **more):
    return parsed(gmail_id, f"t{gmail_id}", internal_date=moment, label_ids=labels, **more)


async def a_week(box):
    """A week of mail at Google, all of it stored."""
    box.google.history_id = 500
    for number in range(12):
        arrive(box, mail(f"m{number:02}", NOON + number % 6 * DAY, "INBOX"))
    await store_all(box)
    return box


@pytest.fixture
async def mails(box):
    """A week of mail at Google, all of it stored."""
    return await a_week(box)


def arrive(box, *messages):
    box.google.messages |= {message.gmail_id: message for message in messages}


async def store_all(box):
    lease = await box.lease("listing")
    messages = list(box.google.messages.values())
    await box.store.save(lease, [Stored(message) for message in messages])
    await box.store.release_lease(lease)


def verifying(box, limiter=None, policy=QUICK):
    return Verify(
        box.store, lambda _: box.google, policy, limiter=limiter or Unlimited(), mailboxes_at_once=1
    )


async def verify(box, *, repair=False, limiter=None, progress=None, policy=QUICK):
    use_case = verifying(box, limiter, policy)
    plans = await use_case.plan("acme", start=FIRST, end=END)
    (found,) = await use_case.run("acme", plans, holder="v", repair=repair, progress=progress)
    return found


def proven(box):
    """The days that are proven complete."""
    return {day for (_, day), (_, yes) in box.store.days.items() if yes}


WEEK = {FIRST + number * DAY for number in range(7)}


async def test_verify_proves_days_that_are_whole(mails):
    """Nothing differs: every day is proven, at the price that was told before (edge case 60)."""
    found = await verify(mails)
    assert (found.days, found.proven_days, found.listed, found.accounted) == (7, 7, 12, 12)
    assert (found.found, found.open, found.is_complete) == (0, 0, True)
    assert proven(mails) == WEEK
    assert mails.google.units_spent <= found.estimated_units
    assert found.counts.units == mails.google.units_spent
    assert mails.google.fetched == []


async def test_verify_takes_no_lease_and_spends_as_a_backfill(mails):
    """It reads beside a sync that has both leases, and leaves live mail its reserve."""
    await mails.lease("push", holder="other")
    await mails.lease("listing", holder="other")
    limiter = Watched()
    found = await verify(mails, limiter=limiter)
    assert found.is_complete
    assert limiter.origins == {"listing"}


async def test_verify_finds_a_missing_id_and_its_day(mails):
    """An id that the ledger lost opens its own day only; the others stay proven."""
    del mails.store.entries[1, "m03"]
    found = await verify(mails)
    assert (found.missing, found.open_missing, found.is_complete) == (1, 1, False)
    assert proven(mails) == WEEK - {FIRST + 3 * DAY}
    tally, _ = mails.store.days[1, FIRST + 3 * DAY]
    assert (tally.listed, tally.accounted, tally.missing) == (2, 1, 1)


async def test_repair_fetches_what_is_missing(mails):
    """Unknown ids, lost rows and ids that were wrongly left out are all stored in the end."""
    del mails.store.entries[1, "m03"]
    del mails.store.emails[1, "m04"]
    arrive(mails, mail("new", NOON + DAY))
    mails.store.entries[1, "freed"] = Entry("tfreed", "push", "left_out", "spam")
    arrive(mails, mail("freed", NOON, "INBOX"))
    found = await verify(mails, repair=True)
    assert (found.missing, found.open, found.is_complete) == (4, 0, True)
    assert mails.stored == set(mails.google.messages)
    assert proven(mails) == WEEK
    again = await verify(mails)
    assert (again.found, again.listed, again.is_complete) == (0, 14, True)


async def test_repair_of_a_window_that_was_never_synced_is_a_backfill(box):
    """Everything that Google lists of it is fetched."""
    for number in range(30):
        arrive(box, mail(f"m{number:02}", NOON + number % 7 * DAY, "INBOX"))
    found = await verify(box, repair=True)
    assert (found.missing, found.open, found.listed) == (30, 0, 30)
    assert len(box.stored) == 30


async def test_verify_leaves_out_what_labels_exclude(mails):
    """Spam, trash, drafts and chats that were never stored are no hole; a sent draft is
    (edge cases 15 and 16).
    """
    arrive(
        mails,
        mail("spam", NOON, "SPAM"),
        mail("bin", NOON, "TRASH"),
        mail("draft", NOON, "DRAFT"),
        mail("chat", NOON, "CHAT"),
        mail("sent", NOON, "DRAFT", "SENT"),
    )
    found = await verify(mails)
    assert (found.listed, found.accounted, found.missing) == (13, 12, 1)
    await verify(mails, repair=True)
    assert "sent" in mails.stored
    assert not mails.stored & {"spam", "bin", "draft", "chat"}


async def test_verify_counts_stored_mail_in_the_trash(mails):
    """Stored mail keeps its row there, and Google lists it with the trash."""
    arrive(mails, mail("m00", NOON, "TRASH", history_id=600))
    mails.store.emails[1, "m00"] = mails.google.messages["m00"]
    found = await verify(mails)
    assert (found.listed, found.accounted, found.is_complete) == (12, 12, True)


async def test_verify_counts_what_waits_and_what_was_given_up(mails):
    """A day with a pending id is not proven; one with a dead letter is, since it is known
    (edge case 2).
    """
    for message_id, fate in (("m00", "pending"), ("m01", "dead")):
        del mails.store.emails[1, message_id]
        mails.store.entries[1, message_id] = replace(mails.store.entries[1, message_id], fate=fate)
    found = await verify(mails)
    assert (found.pending, found.dead, found.missing, found.open) == (1, 1, 0, 1)
    assert proven(mails) == WEEK - {FIRST}
    assert mails.store.days[1, FIRST + DAY][0].dead == 1


async def test_verify_asks_before_it_calls_a_mail_gone(mails):
    """Stored and not listed: one is gone at Google, one is only missing in its index
    (edge cases 13 and 62).
    """
    del mails.google.messages["m02"]
    mails.google.unlisted.add("m03")
    found = await verify(mails)
    assert (found.vanished, found.open_vanished) == (1, 1)
    assert [call.wanted[0].message_id for call in mails.google.fetched] == ["m02", "m03"]
    assert proven(mails) == WEEK - {FIRST + 2 * DAY}


async def test_repair_removes_what_is_gone(mails):
    """Its row goes, and its fate says so; what is only unlisted stays (edge case 3)."""
    del mails.google.messages["m02"]
    mails.google.unlisted.add("m03")
    found = await verify(mails, repair=True)
    assert (found.vanished, found.open, found.counts.deleted) == (1, 0, 1)
    assert mails.fate("m02") == "gone"
    assert mails.stored == {f"m{number:02}" for number in range(12)} - {"m02"}
    assert proven(mails) == WEEK


async def test_verify_finds_label_differences_without_fetching(mails):
    """Labels are compared by listing each label: here one too many, there one too few."""
    emails = mails.store.emails
    emails[1, "m00"] = replace(emails[1, "m00"], label_ids=("INBOX", "Label_9"))
    emails[1, "m01"] = replace(emails[1, "m01"], label_ids=())
    found = await verify(mails)
    assert (found.label_differences, found.open_label_differences) == (2, 2)
    assert (found.missing, proven(mails)) == (0, WEEK)
    assert mails.google.fetched == []
    assert not found.is_complete


async def test_repair_reads_labels_again(mails):
    """The labels are Google's afterwards, also where no history id says that they changed."""
    emails = mails.store.emails
    emails[1, "m00"] = replace(emails[1, "m00"], label_ids=("INBOX", "Label_9"))
    arrive(mails, mail("m01", NOON + DAY, "INBOX", "STARRED"))
    found = await verify(mails, repair=True)
    assert (found.label_differences, found.open, found.counts.updated) == (2, 0, 2)
    assert emails[1, "m00"].label_ids == ("INBOX",)
    assert emails[1, "m01"].label_ids == ("INBOX", "STARRED")


async def test_verify_calls_nothing_a_difference_that_history_names(mails):
    """What changed after the checkpoint is the sync's: labels, deletions, and an arrival that waits
    (edge case 7).
    """
    arrive(mails, mail("m00", NOON, "INBOX", "STARRED"), mail("fresh", NOON, "INBOX"))
    del mails.google.messages["m01"]
    mails.google.history_pages = [
        [
            HistoryRecord(200, "labels", "m00", "tm00", ("INBOX", "STARRED")),
            HistoryRecord(300, "deleted", "m01", "tm01", None),
        ],
        [HistoryRecord(400, "added", "fresh", "tfresh", ("INBOX",))],
    ]
    found = await verify(mails)
    assert (found.found, found.pending) == (0, 1)
    assert mails.google.fetched == []
    assert proven(mails) == WEEK - {FIRST}


async def test_verify_leaves_out_what_arrives_meanwhile(mails):
    """Mail that came after the comparison began is no part of it."""
    arrive(mails, mail("later", NOON, "INBOX"))
    mails.google.history_pages = [[HistoryRecord(501, "added", "later", "tlater", ("INBOX",))]]
    found = await verify(mails, repair=True)
    assert (found.found, found.pending, found.listed) == (0, 0, 12)
    assert proven(mails) == WEEK


async def test_verify_with_expired_history_takes_differences_as_they_are(mails):
    """No sync will learn of them from history either (edge case 3)."""
    del mails.store.entries[1, "m03"]
    mails.google.always["history:0"] = HistoryExpiredError("404")
    assert (await verify(mails, repair=True)).missing == 1
    assert mails.stored == set(mails.google.messages)


@pytest.mark.parametrize(("current", "error"), [(0, None), (10**6, "refused")])
async def test_verify_takes_a_refused_start_for_expired_where_google_is_behind_it(
    mails, current, error
):
    """Only if Google's own history id is below the start; others are told (edge case 90)."""
    del mails.store.entries[1, "m03"]
    mails.google.always["history:0"] = RejectedRequestError("refused")
    mails.google.history_id = current
    assert (await verify(mails, repair=True)).error == error
    assert ((1, "m03") in mails.store.entries) == (error is None)


async def test_verify_counts_a_mail_at_midnight_once(box):
    """Google's bounds overlap by a second: a mail counts on its own day, and one whose day nobody
    knows counts once (edge case 61).
    """
    midnight = datetime(2026, 5, 3, tzinfo=UTC)
    arrive(box, mail("before", midnight - timedelta(milliseconds=500), "INBOX"))
    arrive(box, mail("after", midnight, "INBOX"))
    await store_all(box)
    arrive(box, mail("lost", midnight + timedelta(milliseconds=100), "INBOX"))
    found = await verify(box)
    listed = {day: tally.listed for (_, day), (tally, _) in box.store.days.items()}
    assert (found.listed, found.open_missing, sum(listed.values())) == (3, 1, 3)
    assert listed[date(2026, 5, 3)] + listed[date(2026, 5, 2)] == 3


async def test_verify_reads_every_page_and_begins_again_after_a_refused_token(mails):
    """Small pages, one of whose tokens is refused once, are all read (edge cases 5 and 40)."""
    mails.google.page = 2
    mails.google.failures["list:all:1"].append(PageTokenInvalidError("400"))
    found = await verify(mails)
    assert (found.listed, found.is_complete) == (12, True)
    mails.google.always["list:all:1"] = PageTokenInvalidError("400")
    found = await verify(mails)
    assert "page tokens" in found.error


async def test_verify_cuts_days_that_hold_more_than_it_may_keep(box):
    """A window that was never synced is listed in pieces, each of them small (edge case 63)."""
    for number in range(28):
        arrive(box, mail(f"m{number:02}", NOON + number % 7 * DAY, "INBOX"))
    found = await verify(box, policy=replace(QUICK, most_listed=6))
    assert (found.missing, found.open_missing, found.listed, found.days) == (28, 28, 28, 7)


async def test_verify_of_a_label_that_was_just_deleted_goes_on(mails):
    """Google refuses to list it; whose it was, history tells."""
    mails.google.always["list:INBOX:0"] = RejectedRequestError("Invalid label")
    found = await verify(mails)
    assert (found.label_differences, found.is_complete) == (0, True)


async def test_repair_leaves_a_mailbox_to_the_sync_that_lists_it(mails):
    """The comparison goes on and tells what is open."""
    await mails.lease("listing", holder="other")
    del mails.store.entries[1, "m00"]
    del mails.google.messages["m11"]
    found = await verify(mails, repair=True)
    assert "another worker" in found.error
    assert (found.open_missing, found.open_vanished, found.days) == (1, 1, 7)
    assert proven(mails) == WEEK - {FIRST, FIRST + 5 * DAY}


async def test_repair_gives_the_lease_back(mails):
    """Whoever lists next need not wait."""
    del mails.store.entries[1, "m00"]
    await verify(mails, repair=True)
    await mails.store.acquire_lease(1, "listing", "next", timedelta(minutes=1), force=False)


@pytest.mark.parametrize(
    "error",
    [ReauthoriseError("dead"), ThrottledError("mailbox", NOON + 9999 * DAY), TransientError("503")],
)
async def test_verify_that_stops_keeps_the_days_it_did(mails, error):
    """What Google refuses is told, and days done before it stay proven (edge case 34)."""

    def after_some_days(_days):
        mails.google.always["list:all:0"] = error

    one_by_one = replace(QUICK, compared_together=2)
    found = await verify(mails, progress=after_some_days, policy=one_by_one)
    assert found.error == str(error)
    assert not found.is_complete
    assert 0 < len(proven(mails)) < 7


async def test_verify_of_a_day_that_is_not_over_proves_nothing(box):
    """More mail may come; what is there is compared all the same."""
    now = datetime.now(UTC)
    arrive(box, mail("now", now, "INBOX"))
    use_case = verifying(box)
    plans = await use_case.plan("acme", start=now.date())
    (found,) = await use_case.run("acme", plans, holder="v", repair=True)
    assert (found.days, found.listed, found.proven_days, found.open) == (1, 1, 0, 0)
    assert found.is_complete


async def test_plan_begins_with_the_first_whole_day_that_was_synced(box):
    """The rest of a day that was synced from noon on was never promised."""
    use_case = verifying(box)
    assert (await use_case.plan("acme"))[0].days == ()
    lease = await box.lease("listing")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    await box.store.open_listing(lease, Window(today - 3 * DAY + timedelta(hours=1)))
    (plan,) = await use_case.plan("acme")
    assert plan.days == tuple((today - n * DAY).date() for n in (2, 1, 0))
    assert plan.estimated_units > 0
    (plan,) = await use_case.plan("acme", since=today.date())
    assert plan.days == (today.date(),)
    assert box.google.calls == []


async def test_plan_of_a_tenant_without_mailboxes(box):
    """There is nothing to verify, and that is an error, not a proof."""
    with pytest.raises(NotFoundError):
        await verifying(box).plan("nobody")
