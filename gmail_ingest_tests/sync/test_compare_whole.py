"""What a comparison finds of a mailbox as a whole: dead labels, mail that vanished in a mass, and
mail that is to be sent later.

Holds: tests with the mailbox of ``test_compare.py``, in memory.
"""

from dataclasses import replace

import pytest

from gmail_ingest.sync.audit.dead_labels import ALWAYS_THERE
from gmail_ingest_tests.sync.test_compare import (
    DAY,
    NOON,
    WEEK,
    a_week,
    arrive,
    mail,
    proven,
    store_all,
    verify,
)


@pytest.fixture
async def mails(box):
    """A week of mail at Google, all of it stored."""
    return await a_week(box)


def label_dead(box, *ids):
    """Stored mails bear a label that Google has no more."""
    for message_id in ids:
        known = box.store.emails[1, message_id]
        box.store.emails[1, message_id] = replace(known, label_ids=("INBOX", "Label_9"))


@pytest.mark.parametrize("repair", [True, False])
async def test_dead_labels_are_counted_and_taken_off_without_fetching(mails, repair):
    """The list of labels tells it of all stored mail, also before the days that are compared
    (case 12, edge case 98).
    """
    arrive(mails, mail("old", NOON - 400 * DAY, "INBOX"))
    await store_all(mails)
    label_dead(mails, "m00", "old")
    mails.google.bare_labels = [set(ALWAYS_THERE)] * 2
    found = await verify(mails, repair=repair)
    assert (found.label_differences, found.open_label_differences) == (2, 0 if repair else 2)
    assert found.counts.updated == (2 if repair else 0)
    assert mails.google.fetched == []
    kept = {email.label_ids for email in mails.store.emails.values()}
    assert (("INBOX", "Label_9") in kept) is not repair


@pytest.mark.parametrize(
    "answers",
    [
        [set()],
        [{"Label_1"}, {"Label_1"}],
        [{"INBOX", "SENT"}] * 2,
        [set(ALWAYS_THERE), set()],
        [set(ALWAYS_THERE), {"Label_9", *ALWAYS_THERE}],
    ],
    ids=["empty", "no system labels", "some", "once", "there again"],
)
async def test_no_label_is_dead_by_half_a_list(mails, answers):
    """Labels that are missing from an answer in parts, or from one of two, stay where they are
    (case 12, edge case 98).
    """
    arrive(mails, mail("old", NOON - 400 * DAY, "INBOX"))
    await store_all(mails)
    label_dead(mails, "old")
    mails.google.bare_labels = list(answers)
    await verify(mails, repair=True)
    assert mails.store.emails[1, "old"].label_ids == ("INBOX", "Label_9")


async def test_gmails_own_labels_are_never_dead(mails):
    """A system label that is not listed is no label that somebody deleted."""
    arrive(mails, mail("old", NOON - 400 * DAY, "INBOX"))
    await store_all(mails)
    known = mails.store.emails[1, "old"]
    mails.store.emails[1, "old"] = replace(known, label_ids=("CATEGORY_FORUMS", "CHAT"))
    mails.google.bare_labels = [set(ALWAYS_THERE)] * 2
    await verify(mails, repair=True)
    assert mails.store.emails[1, "old"].label_ids == ("CATEGORY_FORUMS", "CHAT")


@pytest.fixture
async def emptied(box):
    """Sixty stored mails of a week, of which Google has three left, and a new one."""
    box.google.history_id = 500
    for number in range(60):
        arrive(box, mail(f"m{number:02}", NOON + number % 6 * DAY, "INBOX", "Label_1"))
    await store_all(box)
    for number in range(57):
        del box.google.messages[f"m{number:02}"]
    arrive(box, mail("new", NOON, "INBOX"))
    return box


async def test_mail_that_vanished_in_a_mass_is_not_removed(emptied):
    """Nothing goes, a person is asked, new mail is fetched, and what is gone is asked for one by
    one only until it is clear that it is too much (case 09, edge case 97).
    """
    found = await verify(emptied, repair=True)
    assert (found.missing, found.open_missing, found.counts.deleted) == (1, 0, 0)
    assert (found.vanished, found.open_vanished, found.withheld) == (57, 57, 57)
    assert "--accept-removals" in (found.error or "")
    assert not found.is_complete
    assert len(emptied.stored) == 61
    calls = [call for call in emptied.google.fetched if call.wanted[0].message_id != "new"]
    assert len(calls) == emptied.store.limits.floor + 1
    assert proven(emptied).isdisjoint(WEEK - {max(WEEK)})


async def test_a_question_that_waits_is_repeated_at_the_price_of_a_listing(emptied):
    """The next night says the same, and asks for no mail again; its labels are no difference."""
    await verify(emptied, repair=True)
    fetched = len(emptied.google.fetched)
    found = await verify(emptied, repair=True)
    assert (found.withheld, found.label_differences) == (57, 0)
    assert found.error
    assert len(emptied.google.fetched) == fetched
    assert len(emptied.stored) == 61


async def test_accepted_removals_are_done_once_and_days_are_whole(emptied):
    """What was not asked for yet is asked for now, and stays if Google gives it (edge case 99)."""
    await verify(emptied, repair=True)
    there = max(emptied.store.withheld)[1]
    assert emptied.store.withheld[1, there] == (False, False)
    arrive(emptied, mail(there, NOON, "INBOX"))
    emptied.google.unlisted.add(there)
    assert emptied.store.accept_removals(1) == 57
    found = await verify(emptied, repair=True)
    assert (found.counts.deleted, found.withheld, found.error) == (56, 0, None)
    assert emptied.stored == {"m57", "m58", "m59", "new", there}
    assert emptied.store.withheld == {}
    assert proven(emptied) == WEEK


async def test_withheld_mail_that_is_listed_again_is_kept(emptied):
    """An index that had lost its contents for a night asks for nothing any more."""
    gone = {f"m{number:02}": None for number in range(57)}
    await verify(emptied, repair=True)
    for number, message_id in enumerate(gone):
        arrive(emptied, mail(message_id, NOON + number % 6 * DAY, "INBOX", "Label_1"))
    found = await verify(emptied, repair=True)
    assert (found.withheld, found.open, found.error) == (0, 0, None)
    assert emptied.store.withheld == {}
    assert len(emptied.stored) == 61


async def test_a_verification_without_repair_tells_of_the_question_too(emptied):
    """It withholds nothing by itself, and shows what waits."""
    assert (await verify(emptied)).withheld == 0
    await verify(emptied, repair=True)
    found = await verify(emptied)
    assert (found.withheld, found.open_vanished) == (57, 57)
    assert found.error


async def test_an_ordinary_number_of_deletions_needs_nobody(mails):
    """Up to the floor all goes, and the days are whole at once."""
    for number in range(5):
        del mails.google.messages[f"m{number:02}"]
    found = await verify(mails, repair=True)
    assert (found.vanished, found.open, found.counts.deleted, found.error) == (5, 0, 5, None)
    assert found.proven_days == len(WEEK)
    assert proven(mails) == WEEK


async def test_verify_leaves_out_what_is_to_be_sent_later(mails):
    """Mail that waits to be sent is no hole, with a label or without; once it is sent it is
    (case 06; edge case 210).
    """
    unsent = mail("unsent", NOON, is_unsent=True)
    arrive(mails, unsent, mail("labelled", NOON, "SCHEDULED"))
    await verify(mails, repair=True)
    assert not mails.stored & {"unsent", "labelled"}
    found = await verify(mails)
    assert (found.listed, found.accounted, found.missing) == (12, 12, 0)
    arrive(mails, replace(unsent, label_ids=("SENT",), is_unsent=False))
    assert (await verify(mails)).missing == 1
    await verify(mails, repair=True)
    assert "unsent" in mails.stored
