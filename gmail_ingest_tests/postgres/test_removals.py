"""Removals that wait for a person: the fake and Postgres withhold alike (edge cases 97 and 99)."""

from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.adapters.postgres.sync.removals import PostgresRemovals
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.removals import RemovalLimits
from gmail_ingest.errors import NotFoundError
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

IDS = [f"m{number:02}" for number in range(40)]


def deletions(ids, history_id=300):
    """What history says of deleted messages."""
    return [
        MessageChange(message_id, f"t{message_id}", history_id, deleted=True, label_ids=None)
        for message_id in ids
    ]


async def mailbox_with_mail(world, ids=IDS):
    """A mailbox with these mails stored, and its lease."""
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    mails = [parsed(message_id, f"t{message_id}", history_id=200) for message_id in ids]
    known = [
        MessageChange(message_id, f"t{message_id}", 101, deleted=False, label_ids=())
        for message_id in ids
    ]
    await world.store.apply_history(held, known, None)
    await world.store.save(held, [Stored(mail) for mail in mails])
    return mailbox, held


async def accept(world, mailbox):
    """A person agrees; how many they agreed to."""
    if hasattr(world, "engine"):
        return (await PostgresRemovals(world.engine).accept("acme")).count
    return world.store.accept_removals(mailbox)


async def stored(world, mailbox):
    """Ids of stored mails."""
    return {message_id for message_id in IDS if await world.labels(mailbox, message_id) is not None}


async def test_a_mass_of_deletions_in_history_is_withheld_and_the_checkpoint_moves(world):
    """Mail and fates stay, ids are kept, new mail comes in, and history goes on (case 09)."""
    mailbox, held = await mailbox_with_mail(world)
    new = MessageChange("new", "tnew", 301, deleted=False, label_ids=("INBOX",))
    counts = await world.store.apply_history(held, [*deletions(IDS[:30]), new], 400)
    assert (counts.deleted, counts.gone, counts.discovered) == (0, 0, 1)
    assert await stored(world, mailbox) == set(IDS)
    assert await world.fate(mailbox, IDS[0]) == ("stored", None)
    assert await world.store.withheld_removals(mailbox) == set(IDS[:30])
    (known,) = await world.store.mailboxes("acme", None)
    assert known.checkpoint == 400
    again = await world.store.apply_history(held, deletions(IDS[:30]), 400)
    assert again.deleted == 0
    assert await world.store.withheld_removals(mailbox) == set(IDS[:30])


async def test_small_pages_of_deletions_add_up(world):
    """Ten and ten are removed; the next one is one too many, and all that follow wait."""
    mailbox, held = await mailbox_with_mail(world)
    for start in (0, 10):
        page = deletions(IDS[start : start + 10])
        assert (await world.store.apply_history(held, page, None)).deleted == 10
    for message_id in IDS[20:23]:
        assert (await world.store.apply_history(held, deletions([message_id]), None)).deleted == 0
    assert await stored(world, mailbox) == set(IDS[20:])
    assert await world.store.withheld_removals(mailbox) == set(IDS[20:23])
    assert await world.store.removal_room(mailbox) == 0


async def test_an_acceptance_is_for_what_is_withheld_and_for_nothing_else(world):
    """What waits is handed out for removal once; the next mass asks again (edge case 99)."""
    mailbox, held = await mailbox_with_mail(world)
    assert await accept(world, mailbox) == 0
    assert await world.store.admit_removals(held, IDS[:21], IDS[:2]) == frozenset()
    assert await accept(world, mailbox) == 21
    assert await world.store.withheld_removals(mailbox) == frozenset()
    waiting = await world.store.accepted_removals(mailbox, 50)
    assert waiting == [(message_id, message_id not in IDS[:2]) for message_id in IDS[:21]]
    assert len(await world.store.accepted_removals(mailbox, 5)) == 5
    await world.store.correct(held, (), IDS[:21])
    await world.store.settle_removals(held, IDS[:21])
    assert await world.store.accepted_removals(mailbox, 50) == []
    assert await world.store.removal_room(mailbox) == 20
    assert await accept(world, mailbox) == 0
    more = [f"x{number}" for number in range(21)]
    assert await world.store.admit_removals(held, more) == frozenset()
    assert await world.store.withheld_removals(mailbox) == set(more)


async def test_one_decision_is_for_all(world):
    """As many as may go go all; one more, and none does."""
    mailbox, held = await mailbox_with_mail(world)
    assert await world.store.admit_removals(held, IDS[:20]) == set(IDS[:20])
    assert await world.store.admit_removals(held, []) == frozenset()
    assert await world.store.withheld_removals(mailbox) == frozenset()
    assert await world.store.admit_removals(held, IDS[20:21]) == frozenset()
    assert await world.store.withheld_removals(mailbox) == {IDS[20]}


async def test_an_id_that_was_not_asked_for_is_confirmed_by_history(world):
    """Gmail's own word on a withheld mail counts, whenever it comes."""
    mailbox, held = await mailbox_with_mail(world)
    await world.store.admit_removals(held, IDS[:30], IDS[:30])
    await world.store.apply_history(held, deletions(IDS[:1]), None)
    await accept(world, mailbox)
    found = await world.store.accepted_removals(mailbox, 2)
    assert found == [(IDS[0], True), (IDS[1], False)]


async def test_yesterdays_removals_count_no_more(database):
    """The share is one of a day."""
    mailbox, held = await mailbox_with_mail(database)
    await database.store.admit_removals(held, IDS[:20])
    assert await database.store.removal_room(mailbox) == 0
    await database.change("UPDATE removals SET hour = hour - %s", timedelta(days=1))
    assert await database.store.removal_room(mailbox) == 20
    await database.store.admit_removals(held, IDS[:1])
    assert await database.rows("SELECT mails FROM removals") == [(1,)]


async def test_limits_are_the_deployments(database):
    """Share and floor are those that the store was made with."""
    mailbox, _ = await mailbox_with_mail(database)
    strict = PostgresMailStore(database.engine, RemovalLimits(share=0.5, floor=0))
    assert await strict.removal_room(mailbox) == 20
    assert await database.store.removal_room(mailbox) == 20
    wide = PostgresMailStore(database.engine, RemovalLimits(share=1.0, floor=0))
    assert await wide.removal_room(mailbox) == 40


async def test_an_acceptance_is_of_one_mailbox_if_it_is_named(database):
    """The other one's removals wait on; a mailbox that nobody knows is said to be unknown."""
    both = [await database.connect(f"{name}@example.com") for name in ("a", "b")]
    for mailbox in both:
        await database.store.admit_removals(await lease(database, mailbox), IDS)
    removals = PostgresRemovals(database.engine)
    with pytest.raises(NotFoundError):
        await removals.accept("acme", "c@example.com")
    done = await removals.accept("acme", "b@example.com")
    assert (done.count, done.job_id is None) == (40, False)
    assert len(await database.store.withheld_removals(both[0])) == 40
    assert await database.store.withheld_removals(both[1]) == frozenset()
    wanted = "SELECT id FROM mailboxes WHERE reconcile_wanted_at IS NOT NULL"
    assert await database.rows(wanted) == [(both[1],)]
    assert await database.rows("SELECT mailbox_ids FROM sync_queue") == [([both[1]],)]
