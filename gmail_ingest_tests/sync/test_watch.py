from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import ReauthoriseError, TransientError, WatchTopicConflictError
from gmail_ingest.sync.accounts.watch import PAGE, RENEW_BELOW, renew_watches, start_watch
from gmail_ingest_tests.fakes.mail_store import MemoryMailStore
from gmail_ingest_tests.sync.google import MemoryMailboxClient

TOPIC = "projects/p/topics/t"
CALL = f"watch:{TOPIC}"


class Due:
    """Every mailbox of a store is due; ``below`` is what was asked for."""

    def __init__(self, store: MemoryMailStore) -> None:
        self.store = store
        self.below: list[timedelta] = []

    async def watches_due(self, below: timedelta, *, after: int, limit: int):
        """The next of them."""
        self.below.append(below)
        return [row for row in self.store.rows.values() if row.id > after][:limit]


@pytest.fixture
def world():
    """A store with two mailboxes, and each one's side at Google."""
    store = MemoryMailStore()
    made = [store.add_mailbox("acme", address, 100) for address in ("a@x.test", "b@x.test")]
    return store, {mailbox.id: MemoryMailboxClient(address=mailbox.address) for mailbox in made}


async def renew(store, google, topic=TOPIC, page=PAGE):
    """Renew all that is due."""
    due = Due(store)
    done = await renew_watches(due, store, lambda mailbox: google[mailbox.id], topic, page=page)
    assert set(due.below) == {RENEW_BELOW}
    return done


async def test_renew_watches_notes_the_new_end(world):
    """Each due mailbox is watched, and the end of its watch is kept."""
    store, google = world
    assert await renew(store, google) == (2, 0)
    for mailbox in store.rows.values():
        assert mailbox.watch_expires_at - datetime.now(UTC) > timedelta(days=6)
        assert google[mailbox.id].calls == [CALL, "profile", "aliases"]


async def test_renew_watches_reads_the_aliases_again(world):
    """A new send-as address is known within a day; where Google does not tell, the old ones stay
    (edge case 58).
    """
    store, google = world
    google[1].send_as = ("sales@x.test",)
    await renew(store, google)
    google[1].always["aliases"] = TransientError("503")
    assert await renew(store, google) == (2, 0)
    assert [mailbox.aliases for mailbox in store.rows.values()] == [("sales@x.test",), ()]


async def test_renew_watches_notices_another_primary_address(world):
    """Once a day the profile is read: a renamed account's mailbox has its new address, and the old
    one stays among its owner's (case 10, edge case 92).
    """
    store, google = world
    google[1].address, google[1].send_as = "new@x.test", ("sales@x.test",)
    await renew(store, google)
    assert store.rows[1].address == "new@x.test"
    assert store.rows[1].former_addresses == ("a@x.test",)
    assert store.rows[1].aliases == ("a@x.test", "sales@x.test")
    google[1].address = "a@x.test"
    await renew(store, google)
    assert (store.rows[1].address, store.rows[1].former_addresses) == ("a@x.test", ("new@x.test",))


async def test_addresses_are_read_again_without_a_topic(world):
    """Where nothing is watched, nothing else would notice a renamed account (case 10, edge case
    92).
    """
    store, google = world
    google[1].address, google[1].send_as = "new@x.test", ("sales@x.test",)
    google[2].always["profile"] = TransientError("503")
    assert await renew(store, google, "") == (0, 0)
    assert store.rows[1].address == "new@x.test"
    assert store.rows[1].aliases == ("a@x.test", "sales@x.test")
    assert google[1].calls == ["profile", "aliases"]


async def test_addresses_are_read_again_where_a_watch_fails(world):
    """A topic that refuses Gmail hides no new address (edge cases 24 and 92)."""
    store, google = world
    google[1].address = "new@x.test"
    google[1].always[CALL] = TransientError("503")
    assert await renew(store, google) == (1, 1)
    assert store.rows[1].address == "new@x.test"


async def test_renew_watches_lets_two_accounts_change_names(world):
    """An address that the first pass finds taken may be free after it (edge case 92)."""
    store, google = world
    google[1].address, google[2].address = "b@x.test", "c@x.test"
    await renew(store, google)
    assert [row.address for row in store.rows.values()] == ["b@x.test", "c@x.test"]


async def test_renew_watches_says_an_account_that_is_connected_twice(world):
    """The mailbox under the former address is a duplicate, which is not synced any more; the other
    goes on, and no mail is merged (case 10, edge case 93).
    """
    store, google = world
    google[1].address = "b@x.test"
    await renew(store, google)
    assert [row.state for row in store.rows.values()] == ["duplicate", "active"]
    assert store.failures[1][1] == "duplicate"
    assert store.rows[1].address == "a@x.test"


async def test_renew_watches_stops_nothing_on_hearsay(world):
    """While it cannot be asked whose an address is, both mailboxes go on (edge case 93)."""
    store, google = world
    google[1].address = "b@x.test"
    google[2].always["profile"] = TransientError("503")
    await renew(store, google)
    assert [row.state for row in store.rows.values()] == ["active", "active"]


async def test_renew_watches_never_touches_the_checkpoint(world):
    """The history id of a watch skips nothing: the checkpoint stays."""
    store, google = world
    await renew(store, google)
    assert {mailbox.checkpoint for mailbox in store.rows.values()} == {100}


async def test_renew_watches_puts_a_dead_grant_in_its_state(world):
    """A mailbox that needs a person is named as such, and the others are renewed (edge case 24)."""
    store, google = world
    google[1].always[CALL] = ReauthoriseError("dead")
    assert await renew(store, google) == (1, 1)
    assert [mailbox.state for mailbox in store.rows.values()] == ["needs_reauth", "active"]


async def test_renew_watches_counts_a_failure_and_goes_on(world):
    """A failed renewal stays visible as the old end, and is tried again (edge case 24)."""
    store, google = world
    google[2].failures[CALL].append(TransientError("503"))
    assert await renew(store, google) == (1, 1)
    assert store.rows[2].watch_expires_at is None
    assert store.rows[2].state == "active"
    assert await renew(store, google) == (2, 0)


async def test_renew_watches_with_nothing_due():
    """Without a mailbox nothing is done."""
    assert await renew(MemoryMailStore(), {}) == (0, 0)


async def test_start_watch_replaces_another_topic():
    """A watch on another topic is stopped first, then ours begins (edge case 24)."""
    google = MemoryMailboxClient()
    google.failures[CALL].append(WatchTopicConflictError("another topic"))
    await start_watch(google, TOPIC)
    assert google.calls == [CALL, "stop", CALL]


async def test_start_watch_gives_up_on_a_second_conflict():
    """A conflict that stays is an error and no loop."""
    google = MemoryMailboxClient()
    google.always[CALL] = WatchTopicConflictError("another topic")
    with pytest.raises(WatchTopicConflictError):
        await start_watch(google, TOPIC)
    assert google.calls == [CALL, "stop", CALL]


async def test_renew_watches_goes_on_past_an_error_that_nobody_foresaw():
    """A bug that one mailbox meets is counted, and all others of all pages are renewed
    (edge case 88).
    """
    store = MemoryMailStore()
    google = {
        store.add_mailbox("acme", f"{number}@x.test", 100).id: MemoryMailboxClient()
        for number in range(35)
    }
    google[17].always[CALL] = KeyError("a bug")
    assert await renew(store, google, page=10) == (34, 1)
    left = [row.id for row in store.rows.values() if row.watch_expires_at is None]
    assert left == [17]
