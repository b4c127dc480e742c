"""What a comparison asks of the store: the fake and Postgres give the same answers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.core.ledger.completeness import DayTally, Known, StoredMails
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import LeaseLostError, MailboxDisconnectedError, NotFoundError
from gmail_ingest.sync.mailbox.records import MessageRef, Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

DAY = date(2026, 5, 1)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATE = datetime(2026, 5, 1, 23, 59, 59, 999000, tzinfo=UTC)
CHECKED = datetime(2026, 5, 3, 4, 5, 6, tzinfo=UTC)


async def store(world, held, *messages):
    changes = [
        MessageChange(message.gmail_id, message.thread_id, 101, deleted=False, label_ids=())
        for message in messages
    ]
    await world.store.apply_history(held, changes, None)
    await world.store.save(held, [Stored(message) for message in messages])


def at(gmail_id, moment=NOON, labels=("INBOX",), history_id=200):
    return parsed(
        gmail_id, f"t-{gmail_id}", internal_date=moment, label_ids=labels, history_id=history_id
    )


async def test_stored_mails_come_by_utc_day_and_labels(world):
    """Equal day and labels make one set; a window is half-open (edge case 61)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    after = LATE + timedelta(milliseconds=1)
    await store(world, held, at("a"), at("b", LATE), at("c", labels=()), at("d", after))
    found = await world.store.stored_mails(mailbox, Window(NOON, after))
    assert sorted(found, key=lambda mails: len(mails.message_ids)) == [
        StoredMails(DAY, frozenset(), frozenset({"c"})),
        StoredMails(DAY, frozenset({"INBOX"}), frozenset({"a", "b"})),
    ]
    assert len(await world.store.stored_mails(mailbox, Window())) == 3
    days = {DAY: 3, DAY + timedelta(days=1): 1}
    assert await world.store.stored_days(mailbox) == days
    assert await world.store.stored_labels(mailbox, Window(NOON, after)) == {"INBOX": 2}


async def test_known_tells_fates_and_whether_the_row_is_there(world):
    """An id that nobody saw is absent, a stored one has its date."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await store(world, held, at("a"))
    change = MessageChange("b", "t-b", 101, deleted=False, label_ids=("SPAM",))
    await world.store.apply_history(held, [change], None)
    found = await world.store.known(mailbox, ["a", "b", "nobody"])
    assert found == {
        "a": Known("t-a", "stored", None, NOON),
        "b": Known("t-b", "left_out", "spam", None),
    }
    assert await world.store.known(mailbox, []) == {}


async def test_recall_puts_unknown_and_lost_ids_on_the_list(world):
    """They wait for the listing's fetch; recalled again, nothing changes (edge case 15)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    live = await lease(world, mailbox)
    await store(world, live, at("kept"))
    spam = MessageChange("freed", "t-freed", 101, deleted=False, label_ids=("SPAM",))
    await world.store.apply_history(live, [spam], None)
    refs = [MessageRef(message_id, f"t-{message_id}") for message_id in ("new", "freed", "kept")]
    assert await world.store.recall(held, refs) == 2
    assert await world.store.recall(held, refs) == 0
    due, _ = await world.store.due_messages(mailbox, "listing", 10)
    assert {message.message_id for message in due} == {"new", "freed"}
    assert await world.fate(mailbox, "kept") == ("stored", None)


async def test_correct_replaces_labels_even_of_the_same_history_id(world):
    """What was read again replaces a row of that history id that says otherwise, not one that
    history has brought further since.
    """
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    await store(world, held, at("same"), at("newer", history_id=300), at("equal"))
    counts = await world.store.correct(
        held,
        [
            at("same", labels=("STARRED", "INBOX")),
            at("newer", labels=("STARRED",)),
            at("equal"),
            at("unknown"),
        ],
        [],
    )
    assert (counts.updated, counts.deleted) == (1, 0)
    assert set(await world.labels(mailbox, "same")) == {"INBOX", "STARRED"}
    assert await world.labels(mailbox, "newer") == ("INBOX",)
    assert await world.labels(mailbox, "unknown") is None


async def test_correct_removes_what_is_gone_and_a_later_sight_brings_it_back(world):
    """Row and fate go together; it may be recalled, since no history called it deleted
    (edge case 3).
    """
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    await store(world, held, at("a"), at("b"))
    counts = await world.store.correct(held, [], ["a", "nobody"])
    assert (counts.updated, counts.deleted) == (0, 1)
    assert await world.labels(mailbox, "a") is None
    assert await world.fate(mailbox, "a") == ("gone", None)
    assert await world.fate(mailbox, "b") == ("stored", None)
    assert await world.store.recall(held, [MessageRef("a", "t-a")]) == 1


async def test_labels_are_dropped_in_batches(world):
    """Those that stored mail has are known, and go, a batch at a time (case 12, edge case 98)."""
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    await store(
        world,
        held,
        at("a", labels=("INBOX", "Label_1")),
        at("b", LATE, labels=("Label_1", "Label_2")),
        at("c", NOON - timedelta(days=700), labels=("Label_1",)),
        at("d", labels=("Label_3", "SENT")),
    )
    before = await world.store.user_labels(mailbox, "Label_")
    assert before == {"Label_1", "Label_2", "Label_3"}
    dead = {"Label_1", "Label_2"}
    assert await world.store.count_labelled(mailbox, dead) == 3
    done = [(await world.store.drop_labels(held, dead, 2)).updated for _ in range(3)]
    assert done == [2, 1, 0]
    assert await world.store.count_labelled(mailbox, dead) == 0
    assert await world.store.stored_labels(mailbox, Window(NOON - timedelta(days=999), LATE)) == {
        "INBOX": 1,
        "Label_3": 1,
        "SENT": 1,
    }


@pytest.mark.parametrize("step", ["recall", "correct", "reconciled", "drop_labels"])
async def test_repairs_are_fenced(world, step):
    """A worker that lost its lease repairs nothing, nor does one of a disconnected mailbox
    (edge cases 72 and 74).
    """
    arguments = {
        "recall": ([MessageRef("m", "t")],),
        "correct": ([], ["m"]),
        "reconciled": (),
        "drop_labels": (["Label_1"], 5),
    }
    mailbox = await world.connect()
    held = await lease(world, mailbox, "listing")
    newer = await lease(world, mailbox, "listing")
    work = getattr(world.store, step)
    with pytest.raises(LeaseLostError):
        await work(held, *arguments[step])
    await world.disconnect(mailbox)
    with pytest.raises(MailboxDisconnectedError):
        await work(newer, *arguments[step])


async def test_reset_history_asks_for_a_reconciliation_once(world):
    """The wish is kept until it was fulfilled (edge case 3)."""

    async def wanted():
        (mailbox,) = await world.store.mailboxes("acme", None)
        return mailbox.reconcile_wanted

    mailbox = await world.connect()
    assert not await wanted()
    held = await lease(world, mailbox)
    await world.store.reset_history(held, 500, Window(start=NOON))
    assert await wanted()
    assert await world.store.synced_from(mailbox) == NOON
    await world.store.reconciled(held)
    assert not await wanted()


async def test_synced_from_is_the_earliest_window(world):
    """Nothing listed, or a window without beginning, has no first day."""
    mailbox = await world.connect()
    assert await world.store.synced_from(mailbox) is None
    held = await lease(world, mailbox)
    for start in (NOON, NOON - timedelta(days=5)):
        await world.store.reset_history(held, 500, Window(start=start))
    assert await world.store.synced_from(mailbox) == NOON - timedelta(days=5)
    await world.store.reset_history(held, 500, Window())
    assert await world.store.synced_from(mailbox) is None


def tally(offset, **counts):
    return DayTally(DAY + timedelta(days=offset), **({"listed": 2, "accounted": 2} | counts))


async def test_coverage_merges_days_in_a_row(database):
    """Ranges of equal proof, with their sums; a hole in the days or in the proof parts them."""
    mailbox = await database.connect()
    other = await database.connect("b@example.com")
    days = [tally(0), tally(1), tally(2, accounted=1, missing=1), tally(3), tally(6)]
    await database.store.record(mailbox, days, CHECKED + timedelta(days=9))
    await database.store.record(mailbox, [tally(1, dead=1)], CHECKED)
    await database.store.record(other, [tally(1)], NOON)
    coverage = PostgresCoverage(database.engine)
    first, second = await coverage.ranges("acme", None, None)
    assert first.address == "a@example.com"
    rows = [
        (
            (day_range.start - DAY).days,
            (day_range.end - DAY).days,
            day_range.proven,
            day_range.days,
            day_range.listed,
        )
        for day_range in first.ranges
    ]
    assert rows == [
        (0, 2, True, 2, 4),
        (2, 3, False, 1, 2),
        (3, 4, True, 1, 2),
        (6, 7, True, 1, 2),
    ]
    assert (first.ranges[0].dead, first.ranges[0].checked_at) == (1, CHECKED)
    assert (first.ranges[1].accounted, first.ranges[1].missing) == (1, 1)
    # Compared before it was over.
    assert [day_range.proven for day_range in second.ranges] == [False]
    inside = await coverage.ranges("acme", DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert [len(mailbox.ranges) for mailbox in inside] == [1, 1]


async def test_coverage_is_recomputed_by_the_newest_comparison(database):
    """A day that was proven and is not any more loses its proof."""
    mailbox = await database.connect()
    await database.store.record(mailbox, [tally(0)], CHECKED)
    await database.store.record(mailbox, [tally(0, accounted=1, pending=1)], CHECKED)
    ((found,),) = [
        coverage.ranges
        for coverage in await PostgresCoverage(database.engine).ranges("acme", None, None)
    ]
    assert (found.proven, found.pending) == (False, 1)


async def test_coverage_of_a_disconnected_mailbox_is_neither_written_nor_shown(database):
    """After a disconnect nothing more is written (edge case 72)."""
    mailbox = await database.connect()
    await database.disconnect(mailbox)
    await database.store.record(mailbox, [tally(0)], CHECKED)
    assert await database.rows("SELECT count(*) FROM coverage") == [(0,)]
    coverage = PostgresCoverage(database.engine)
    assert await coverage.ranges("acme", None, None) == []
    with pytest.raises(NotFoundError):
        await coverage.ranges("nobody", None, None)
