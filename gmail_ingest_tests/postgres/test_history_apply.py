from __future__ import annotations

import pytest

from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.sync.mailbox.records import Counts, Gone, Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease


def change(message_id, history_id, labels=("INBOX",), *, deleted=False, thread="t1"):
    return MessageChange(message_id, thread, history_id, deleted, labels)


async def test_apply_history_makes_new_ids_due(world):
    """An archived, a sent and an inbox message are all pending, a draft is left out by name
    (edge cases 11, 12).
    """
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    page = [
        change("m1", 101, ("CATEGORY_UPDATES",)),
        change("m2", 102, ("SENT",), thread="t2"),
        change("m3", 103),
        change("m4", 104, ("DRAFT",)),
    ]
    counts = await world.store.apply_history(held, page, None)
    assert (counts.discovered, counts.left_out) == (4, 1)
    due, sizes = await world.store.due_messages(mailbox, "push", 10)
    assert [message.message_id for message in due] == ["m2", "m3", "m1"]
    assert [message.attempts for message in due] == [0, 0, 0]
    assert dict(sizes) == {"t1": 3, "t2": 1}
    assert await world.fate(mailbox, "m4") == ("left_out", "draft")


async def test_apply_history_again_changes_nothing(world):
    """The same page a second time counts nothing and leaves every fate."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    page = [
        change("m1", 101),
        change("m2", 102, ("SPAM",)),
        change("m3", 103, None, deleted=True),
    ]
    first = await world.store.apply_history(held, page, 110)
    assert (first.discovered, first.left_out, first.gone) == (3, 1, 1)
    again = await world.store.apply_history(held, page, 110)
    assert again == Counts()


async def test_apply_history_without_records_moves_the_checkpoint(world):
    """An empty last page refreshes the checkpoint (edge case 4)."""
    mailbox = await world.connect()
    await world.store.apply_history(await lease(world, mailbox), [], 150)
    (row,) = await world.store.mailboxes("acme", None)
    assert row.checkpoint == 150


async def test_checkpoint_never_moves_backwards(world):
    """An older run that ends later leaves the newer checkpoint (edge case 8)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.apply_history(held, [], 200)
    await world.store.apply_history(held, [], 150)
    (row,) = await world.store.mailboxes("acme", None)
    assert row.checkpoint == 200


async def test_history_ids_are_compared_as_numbers_of_any_length(world):
    """Ids of 30 digits are kept exactly, and 9 is before 10 (edge case 10)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    long = 10**29 + 1
    await world.store.apply_history(held, [change("m1", long - 1, ("SPAM",))], long)
    await world.store.apply_history(held, [change("m1", long)], None)
    (row,) = await world.store.mailboxes("acme", None)
    assert row.checkpoint == long
    assert await world.fate(mailbox, "m1") == ("pending", None)

    await world.store.apply_history(held, [change("m2", 109, ("SPAM",))], None)
    await world.store.apply_history(held, [change("m2", 1010)], None)
    await world.store.apply_history(held, [change("m2", 999, ("TRASH",))], None)
    assert await world.fate(mailbox, "m2") == ("pending", None)


async def test_unspam_of_a_message_that_was_left_out_makes_it_due(world):
    """A message that leaves spam is fetched, although it was never stored (edge case 15)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.apply_history(held, [change("m1", 101, ("SPAM",))], None)
    counts = await world.store.apply_history(held, [change("m1", 102)], None)
    assert counts.discovered == 1
    due, _ = await world.store.due_messages(mailbox, "push", 10)
    assert [message.message_id for message in due] == ["m1"]


async def test_change_after_a_404_makes_the_message_due(world):
    """A message that was not found is fetched again when history speaks of it later
    (edge case 13).
    """
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.apply_history(held, [change("m1", 101)], None)
    await world.store.save(held, [Gone("m1")])
    await world.store.apply_history(held, [change("m1", 101)], None)
    assert await world.fate(mailbox, "m1") == ("gone", None)
    await world.store.apply_history(held, [change("m1", 102)], None)
    assert await world.fate(mailbox, "m1") == ("pending", None)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
async def test_deletion_wins_whatever_the_page_split(world, order):
    """Added, relabelled and deleted over three pages ends as gone in any order (edge case 14)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    pages = [
        change("m1", 101),
        change("m1", 102, None, deleted=True),
        change("m1", 103, ("INBOX", "STARRED")),
    ]
    for index in order:
        await world.store.apply_history(held, [pages[index]], None)
    assert await world.fate(mailbox, "m1") == ("gone", "deleted")
    assert await world.store.next_due(mailbox, "push") is None


async def test_rotated_drafts_leave_no_rows(world):
    """Auto-saves of a draft leave ids that are left out or deleted only, the sent mail is due
    (edge case 16).
    """
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    for number in range(5):
        page = [change(f"d{number}", 101 + 2 * number, ("DRAFT",))]
        if number:
            page.append(change(f"d{number - 1}", 102 + 2 * number, None, deleted=True))
        await world.store.apply_history(held, page, None)
    sent = [change("d4", 120, None, deleted=True), change("s1", 121, ("SENT",))]
    await world.store.apply_history(held, sent, None)
    due, _ = await world.store.due_messages(mailbox, "push", 10)
    assert [message.message_id for message in due] == ["s1"]
    assert await world.fate(mailbox, "d0") == ("gone", "deleted")


async def test_labels_of_a_stored_message_follow_the_newest_change(world):
    """Newer labels replace older ones, an older page changes nothing (edge cases 8, 14)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.save(held, [Stored(parsed("m1", history_id=101))])
    counts = await world.store.apply_history(held, [change("m1", 105, ("TRASH",))], None)
    assert counts == Counts(updated=1)
    assert await world.store.apply_history(held, [change("m1", 103)], None) == Counts()
    assert await world.labels(mailbox, "m1") == ("TRASH",)
    assert await world.fate(mailbox, "m1") == ("stored", None)


async def test_deleting_a_stored_message_removes_its_row(world):
    """A permanent deletion removes the email, and the ledger says what became of it."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.save(held, [Stored(parsed("m1")), Stored(parsed("m2"))])
    page = [change("m1", 105, None, deleted=True)]
    assert await world.store.apply_history(held, page, None) == Counts(deleted=1)
    assert await world.labels(mailbox, "m1") is None
    assert await world.labels(mailbox, "m2") is not None
    assert await world.fate(mailbox, "m1") == ("gone", "deleted")


async def test_two_tenants_with_one_address_keep_their_own_ledgers(world):
    """The same Gmail id in two mailboxes has two fates (edge cases 57, 73)."""
    first = await world.connect(tenant="acme")
    second = await world.connect(tenant="other")
    for mailbox in (first, second):
        held = await lease(world, mailbox)
        await world.store.apply_history(held, [change("m1", 101)], 101)
    await world.store.save(await lease(world, first), [Stored(parsed("m1"))])
    assert await world.fate(first, "m1") == ("stored", None)
    assert await world.fate(second, "m1") == ("pending", None)
