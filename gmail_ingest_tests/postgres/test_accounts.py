from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import LeaseLostError, MailboxDisconnectedError
from gmail_ingest.sync.mailbox.records import MessageRef, Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

WINDOW = Window(start=datetime(2026, 1, 1, tzinfo=UTC))


def added(message_id, history_id, label="INBOX"):
    """What history says of a message in the end."""
    return MessageChange(message_id, f"t{message_id}", history_id, False, (label,))


async def store(world, mailbox, *ids):
    """Stored mail, a day apart, the first the newest."""
    newest = datetime.now(UTC)
    held = await lease(world, mailbox)
    await world.store.apply_history(
        held,
        [added(message_id, 101) for message_id in ids],
        None,
    )
    await world.store.save(
        held,
        [
            Stored(
                parsed(
                    message_id,
                    f"t{message_id}",
                    history_id=101,
                    internal_date=newest - timedelta(days=number),
                )
            )
            for number, message_id in enumerate(ids)
        ],
    )


async def one(world, address):
    """The living mailbox of an address."""
    (found,) = [
        mailbox for mailbox in await world.store.living("acme") if mailbox.address == address
    ]
    return found


@pytest.mark.parametrize(
    ("mails", "limit", "places"), [(9, 3, (0, 4, 8)), (2, 5, (0, 1)), (1, 5, (0,)), (0, 5, ())]
)
async def test_sample_is_spread_over_the_mailbox(world, mails, limit, places):
    """The newest, the oldest and some between them, by their dates (edge case 91)."""
    mailbox = await world.connect()
    other = await world.connect("b@example.com")
    await store(world, other, "x1", "x2")
    await store(world, mailbox, *(f"m{number}" for number in range(mails)))
    assert await world.store.sample_ids(mailbox, limit) == [f"m{place}" for place in places]


async def test_knowing_counts_ids_by_living_mailbox(world):
    """Only the tenant's living mailboxes, each with as many of the ids as it knows."""
    one_, two = await world.connect(), await world.connect("b@example.com")
    foreign = await world.connect(tenant="globex")
    await store(world, one_, "m1", "m2")
    await store(world, two, "m2")
    await store(world, foreign, "m1")
    known = await world.store.knowing("acme", ["m1", "m2", "m3"])
    assert dict(known) == {one_: 2, two: 1}


async def test_reset_history_sets_the_checkpoint_whatever_it_was(world):
    """Expired history is the one way back (case 09, edge case 90), and what is known counts as
    older than what the new history says; whoever fetched before it writes nothing more.
    """
    mailbox = await world.connect()
    await store(world, mailbox, "m1")
    late = await lease(world, mailbox, "listing")
    held = await lease(world, mailbox)
    await world.store.apply_history(held, [], 10**20)
    await world.store.reset_history(held, 30, WINDOW)
    (row,) = await world.store.mailboxes("acme", None)
    assert (row.checkpoint, row.reconcile_wanted) == (30, True)
    with pytest.raises(LeaseLostError):
        await world.store.save(late, [Stored(parsed("m1", "tm1", history_id=200))])
    change = added("m1", 31, "STARRED")
    assert (await world.store.apply_history(held, [change], 31)).updated == 1
    await world.store.apply_history(held, [], 25)
    (row,) = await world.store.mailboxes("acme", None)
    assert row.checkpoint == 31


async def test_replaced_account_keeps_its_mail_and_takes_no_more(world):
    """Its mail stays, what waited is gone, its lease writes nothing, and the successor begins with
    a checkpoint and a listing of its own (case 09, edge case 91).
    """
    mailbox = await world.connect()
    await store(world, mailbox, "m1")
    held = await lease(world, mailbox)
    waits = added("m2", 102)
    await world.store.apply_history(held, [waits], 102)
    listing = await lease(world, mailbox, "listing")
    await world.store.open_listing(listing, WINDOW)
    successor = await world.store.replace_account(held, 30, WINDOW)
    assert await world.labels(mailbox, "m1") is not None
    assert await world.fate(mailbox, "m2") == ("gone", None)
    for late in (held, listing):
        with pytest.raises(MailboxDisconnectedError):
            await world.store.apply_list_page(
                late, await _listing(world, successor), [MessageRef("m3", "t3")], None
            )
    (row,) = await world.store.mailboxes("acme", None)
    assert (row.id, row.address, row.checkpoint) == (successor, "a@example.com", 30)
    assert (await _listing(world, successor)).window == WINDOW
    await world.store.set_mailbox_state(mailbox, "active", None)
    assert [mailbox.id for mailbox in await world.store.living("acme")] == [successor]


async def _listing(world, mailbox):
    return await world.store.open_listing(await lease(world, mailbox, "listing"), Window())


async def test_rename_keeps_former_addresses_among_the_aliases(world):
    """The mailbox has the new address, and the old one is the owner's, also after the aliases are
    read again, and after it is renamed back (case 10, edge case 92).
    """
    mailbox = await world.connect()
    assert await world.store.rename(mailbox, "a@example.com") == "same"
    assert await world.store.rename(mailbox, "new@example.com") == "renamed"
    await world.store.set_aliases(mailbox, ["sales@example.com", "new@example.com"])
    row = await one(world, "new@example.com")
    assert row.former_addresses == ("a@example.com",)
    assert row.aliases == ("a@example.com", "sales@example.com")
    await world.store.rename(mailbox, "a@example.com")
    row = await one(world, "a@example.com")
    assert row.former_addresses == ("new@example.com",)
    assert sorted(row.aliases) == ["new@example.com", "sales@example.com"]


async def test_rename_takes_no_address_of_another_mailbox(world):
    """The mailbox that has it keeps it, and the owner is known by it all the same (edge case 93);
    another tenant's mailbox is no hindrance.
    """
    mailbox = await world.connect()
    await world.connect("b@example.com")
    await world.connect("c@example.com", tenant="globex")
    assert await world.store.rename(mailbox, "b@example.com") == "taken"
    await world.store.set_aliases(mailbox, [])
    assert (await one(world, "a@example.com")).aliases == ("b@example.com",)
    assert await world.store.rename(mailbox, "c@example.com") == "renamed"


async def test_two_mailboxes_change_names_once_both_are_noted(world):
    """The second one that is noted renames both; what was noted of an account that has its former
    name back is forgotten (case 10, edge case 92).
    """
    one_, two = await world.connect("a@example.com"), await world.connect("b@example.com")
    assert await world.store.rename(one_, "b@example.com") == "taken"
    assert await world.store.rename(one_, "a@example.com") == "same"
    assert await world.store.rename(two, "a@example.com") == "taken"
    assert await world.store.rename(one_, "b@example.com") == "renamed"
    for mailbox, address, former in (
        (one_, "b@example.com", "a@example.com"),
        (two, "a@example.com", "b@example.com"),
    ):
        row = await one(world, address)
        assert (row.id, row.former_addresses) == (mailbox, (former,))


async def test_a_former_address_that_another_mailbox_has_is_no_longer_the_owners(world):
    """An address is given to somebody else: the daily reading takes it from the first (edge case
    92).
    """
    mailbox = await world.connect()
    await world.store.rename(mailbox, "new@example.com")
    await world.connect("a@example.com")
    await world.store.set_aliases(mailbox, [])
    assert (await one(world, "new@example.com")).aliases == ()


async def test_rename_takes_exclusion_rules_along(database):
    """A rule of one mailbox goes on to hold for it (edge cases 64 and 92)."""
    world = database
    mailbox = await world.connect()
    rules = PostgresExclusionRules(database.engine)
    rule = ExclusionRule("r", Criteria(domains=("x.test",)), "a@example.com", enabled=True)
    await rules.put("acme", rule)
    await world.store.rename(mailbox, "new@example.com")
    assert (await rules.one("acme", "r")).rule.mailbox == "new@example.com"
