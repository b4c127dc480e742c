from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox.records import Counts, Failed, Gone, LeftOut, MessageRef, Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import MINUTE, lease

WINDOW = Window(start=datetime(2026, 1, 1, tzinfo=UTC))


async def discover(world, held, *ids):
    changes = [
        MessageChange(message_id, f"t-{message_id}", 101, deleted=False, label_ids=())
        for message_id in ids
    ]
    await world.store.apply_history(held, changes, None)


async def test_save_gives_each_id_its_fate(world):
    """Stored, left out, gone, retried and given up: each is counted, and none is due again."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1", "m2", "m3", "m4", "m5")
    later = datetime.now(UTC).replace(microsecond=0) + MINUTE
    counts = await world.store.save(
        held,
        [
            Stored(parsed("m1")),
            LeftOut("m2", "draft"),
            Gone("m3"),
            Failed("m4", "503", later),
            Failed("m5", "400", None),
        ],
    )
    counts.lag_seconds = None
    assert counts == Counts(stored=1, left_out=1, gone=1, retrying=1, dead=1)
    fates = [await world.fate(mailbox, f"m{number}") for number in range(1, 6)]
    assert fates == [
        ("stored", None),
        ("left_out", "draft"),
        ("gone", None),
        ("pending", None),
        ("dead", None),
    ]
    due, _ = await world.store.due_messages(mailbox, "push", 10)
    assert due == []
    assert await world.store.next_due(mailbox, "push") == later


async def test_failed_ids_are_due_again_with_their_attempts(world):
    """After a fault exactly the failed ids are due, with no new mail needed (edge case 1)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1", "m2", "m3")
    past = datetime.now(UTC) - MINUTE
    outcomes = [Stored(parsed("m1")), Failed("m2", "429", past), Failed("m3", "503", past)]
    await world.store.save(held, outcomes)
    due, _ = await world.store.due_messages(mailbox, "push", 10)
    assert [(message.message_id, message.attempts) for message in due] == [("m3", 1), ("m2", 1)]


async def test_an_attempt_knows_whether_google_missed_the_message_last(world):
    """Google's last word counts, not an earlier one, whatever the error says (edge case 13)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1", "m2")
    past = datetime.now(UTC) - MINUTE
    missed_by_round = []
    for outcomes in (
        [Failed("m1", "not found yet", past, missed=True), Failed("m2", "503", past)],
        [Failed("m1", "503", past), Failed("m2", "404", past, missed=True)],
    ):
        await world.store.save(held, outcomes)
        due, _ = await world.store.due_messages(mailbox, "push", 10)
        missed_by_round.append({message.message_id: message.missed for message in due})
    assert missed_by_round == [{"m1": True, "m2": False}, {"m1": False, "m2": True}]


async def test_dead_letter_stays_dead_and_blocks_nothing(world):
    """An id that was given up is not due again, and the checkpoint moves on (edge case 2)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1")
    await world.store.save(held, [Failed("m1", "400", None)])
    assert await world.store.save(held, [Failed("m1", "400", None)]) == Counts()
    await world.store.apply_history(held, [], 500)
    (row,) = await world.store.mailboxes("acme", None)
    assert row.checkpoint == 500
    assert await world.fate(mailbox, "m1") == ("dead", None)


async def test_save_again_changes_nothing(world):
    """The same batch a second time, and an older copy of a message, count nothing."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1", "m2", "m3")
    batch = [Stored(parsed("m1", history_id=105)), LeftOut("m2", "chat"), Gone("m3")]
    await world.store.save(held, batch)
    assert await world.store.save(held, batch) == Counts()
    older = parsed("m1", history_id=104, label_ids=("OLD",))
    assert await world.store.save(held, [Stored(older)]) == Counts()
    assert await world.labels(mailbox, "m1") == ("INBOX", "UNREAD")


async def test_newer_copy_of_a_stored_message_replaces_its_labels(world):
    """A message fetched again after a change brings its newer labels."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.save(held, [Stored(parsed("m1", history_id=105))])
    newer = parsed("m1", history_id=106, label_ids=("INBOX",))
    assert await world.store.save(held, [Stored(newer)]) == Counts(updated=1)
    assert await world.labels(mailbox, "m1") == ("INBOX",)


async def test_message_deleted_while_it_was_fetched_is_not_stored(world):
    """A fetch that ends after the deletion leaves no row (edge case 14)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await discover(world, held, "m1")
    deletion = MessageChange("m1", "t1", 110, deleted=True, label_ids=None)
    await world.store.apply_history(held, [deletion], None)
    assert await world.store.save(held, [Stored(parsed("m1"))]) == Counts()
    assert await world.labels(mailbox, "m1") is None
    assert await world.fate(mailbox, "m1") == ("gone", "deleted")


async def test_stored_message_is_not_given_up_by_a_slower_worker(world):
    """Outcomes of a fetch that lost the race leave the stored message alone (edge case 74)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.save(held, [Stored(parsed("m1"))])
    late = [Failed("m1", "503", None), Gone("m1"), LeftOut("m1", "trash")]
    assert await world.store.save(held, late) == Counts()
    assert await world.fate(mailbox, "m1") == ("stored", None)


async def test_lag_is_that_of_the_newest_live_message(world):
    """Live mail reports how long it took from Google to the row, listed mail does not."""
    mailbox = await world.connect()
    now = datetime.now(UTC)
    old = Stored(parsed("m1", internal_date=now - timedelta(days=3)))
    new = Stored(parsed("m2", internal_date=now - timedelta(seconds=30)))
    live = await world.store.save(await lease(world, mailbox), [old, new])
    assert live.lag_seconds is not None
    assert 30 <= live.lag_seconds < 60
    listed = Stored(parsed("m3", internal_date=now))
    counts = await world.store.save(await lease(world, mailbox, "listing"), [listed])
    assert counts.lag_seconds is None


async def test_due_messages_are_limited_to_the_newest_threads(world):
    """The newest threads come first, each origin by itself."""
    mailbox = await world.connect()
    listing_lease = await lease(world, mailbox, "listing")
    listing = await world.store.open_listing(listing_lease, WINDOW)
    refs = [MessageRef(f"m{number}", f"t{number // 2}") for number in range(8)]
    await world.store.apply_list_page(listing_lease, listing, refs, None)
    due, sizes = await world.store.due_messages(mailbox, "listing", 3)
    assert [message.message_id for message in due] == ["m7", "m6", "m5"]
    assert dict(sizes) == {"t3": 2, "t2": 2}
    assert await world.store.due_messages(mailbox, "push", 3) == ([], {})
    assert all(0 <= message.age < 60 for message in due)


async def test_listing_goes_on_where_it_stopped(world):
    """A listing that was interrupted is opened again at its page token, then ends."""
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    listing = await world.store.open_listing(held, WINDOW)
    assert (listing.window, listing.page_token, listing.done) == (WINDOW, None, False)
    await world.store.apply_list_page(held, listing, [MessageRef("m1", "t1")], "page-2")
    resumed = await world.store.open_listing(held, Window())
    assert (resumed.id, resumed.window, resumed.page_token) == (listing.id, WINDOW, "page-2")
    ended, counts = await world.store.apply_list_page(
        held, resumed, [MessageRef("m1", "t1"), MessageRef("m2", "t2")], None
    )
    assert ended.done
    assert counts == Counts(listed=2, discovered=1)
    assert (await world.store.open_listing(held, Window())).id != listing.id


async def test_restarted_listing_begins_at_its_first_page(world):
    """A page token that Google refuses costs no id and makes no duplicate (edge case 40)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    listing = await world.store.open_listing(held, WINDOW)
    moved, _ = await world.store.apply_list_page(held, listing, [MessageRef("m1", "t1")], "stale")
    again = await world.store.restart_listing(held, moved)
    assert (again.id, again.page_token, again.done) == (listing.id, None, False)
    _, counts = await world.store.apply_list_page(held, again, [MessageRef("m1", "t1")], None)
    assert counts == Counts(listed=1)


async def test_reset_history_opens_a_listing_before_the_next_sync(world):
    """Expired history moves the checkpoint and leaves a window to list, never one without the
    other, and an older unfinished window is listed first (edge case 3).
    """
    mailbox = await world.connect()
    live = await lease(world, mailbox)
    held = await lease(world, mailbox, "listing")
    first = await world.store.open_listing(held, WINDOW)
    gap = Window(start=datetime(2026, 3, 1, tzinfo=UTC))
    await world.store.reset_history(live, 700, gap)
    (row,) = await world.store.mailboxes("acme", None)
    assert (row.checkpoint, row.state) == (700, "active")
    assert (await world.store.open_listing(held, Window())).id == first.id
    await world.store.apply_list_page(held, first, [], None)
    assert (await world.store.open_listing(held, Window())).window == gap


async def test_listing_takes_up_what_it_refutes(world):
    """A listed message is not in spam any more and not gone, but a deleted one, a chat and a
    stored one stay what they are (edge cases 3, 15).
    """
    mailbox = await world.connect()
    live = await lease(world, mailbox)
    left_out = {"spam": ("SPAM",), "chat": ("CHAT",)}
    page = [
        MessageChange(message_id, "t1", 101, deleted=False, label_ids=labels)
        for message_id, labels in left_out.items()
    ]
    page.append(MessageChange("deleted", "t1", 102, deleted=True, label_ids=None))
    await world.store.apply_history(live, page, None)
    await discover(world, live, "lost")
    await world.store.save(live, [Gone("lost"), Stored(parsed("stored"))])
    held = await lease(world, mailbox, "listing")
    listing = await world.store.open_listing(held, WINDOW)
    refs = [
        MessageRef(message_id, "t1") for message_id in ("spam", "chat", "deleted", "lost", "stored")
    ]
    _, counts = await world.store.apply_list_page(held, listing, refs, None)
    assert counts == Counts(listed=5, discovered=2)
    due, _ = await world.store.due_messages(mailbox, "listing", 10)
    assert {message.message_id for message in due} == {"spam", "lost"}


async def test_id_seen_while_listing_is_stored_once(world):
    """Mail that arrives during the initial sync is in both, and one row (edge case 7)."""
    mailbox = await world.connect()
    live = await lease(world, mailbox)
    held = await lease(world, mailbox, "listing")
    await discover(world, live, "m1")
    listing = await world.store.open_listing(held, WINDOW)
    _, counts = await world.store.apply_list_page(held, listing, [MessageRef("m1", "t-m1")], None)
    assert counts == Counts(listed=1)
    assert await world.store.next_due(mailbox, "listing") is None
    assert (await world.store.save(live, [Stored(parsed("m1"))])).stored == 1


async def test_a_label_change_between_fetch_and_save_is_not_lost(world):
    """Listed mail fetched before a change that the push lease applied is fetched again, and ends
    with the labels after the change (edge cases 8 and 14).
    """
    mailbox = await world.connect()
    listing = await lease(world, mailbox, "listing")
    live = await lease(world, mailbox, "push")
    opened = await world.store.open_listing(listing, WINDOW)
    await world.store.apply_list_page(listing, opened, [MessageRef("m1", "t1")], None)
    fetched = parsed("m1", history_id=50, label_ids=("INBOX", "UNREAD"))
    change = MessageChange("m1", "t1", 90, deleted=False, label_ids=("STARRED",))
    await world.store.apply_history(live, [change], 90)
    counts = await world.store.save(listing, [Stored(fetched)])
    assert (counts.stored, counts.retrying) == (0, 1)
    assert await world.labels(mailbox, "m1") is None
    due, _ = await world.store.due_messages(mailbox, "listing", 10)
    assert [(message.message_id, message.attempts) for message in due] == [("m1", 0)]
    again = parsed("m1", history_id=90, label_ids=("STARRED",))
    assert (await world.store.save(listing, [Stored(again)])).stored == 1
    assert await world.labels(mailbox, "m1") == ("STARRED",)


async def test_mail_that_leaves_spam_between_fetch_and_save_is_not_lost(world):
    """An exclusion older than the change that ended it is not final (edge case 15)."""
    mailbox = await world.connect()
    listing = await lease(world, mailbox, "listing")
    live = await lease(world, mailbox, "push")
    opened = await world.store.open_listing(listing, WINDOW)
    await world.store.apply_list_page(listing, opened, [MessageRef("m1", "t1")], None)
    change = MessageChange("m1", "t1", 90, deleted=False, label_ids=("INBOX",))
    await world.store.apply_history(live, [change], 90)
    counts = await world.store.save(listing, [LeftOut("m1", "spam", 50)])
    assert (counts.left_out, counts.retrying) == (0, 1)
    assert await world.fate(mailbox, "m1") == ("pending", None)
    await world.store.save(listing, [Stored(parsed("m1", history_id=50))])
    assert await world.fate(mailbox, "m1") == ("stored", None)
