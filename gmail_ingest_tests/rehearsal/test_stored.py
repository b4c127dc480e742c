import pytest

from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.sync.mailbox import records
from gmail_ingest_lab.rehearsal.stored import Stored, Undone
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import MINUTE, PostgresWorld, lease


@pytest.fixture
async def world(engine):
    """A mailbox with two mails of one thread, and the lease given back."""
    world = PostgresWorld(engine)
    mailbox = await world.connect()
    held = await lease(world, mailbox)
    await world.store.save(held, [records.Stored(parsed("m1")), records.Stored(parsed("m2"))])
    await world.store.release_lease(held)
    return world


@pytest.fixture
def stored(database_url):
    """What a rehearsal reads of the database."""
    return Stored(plain_url(database_url))


@pytest.mark.usefixtures("world")
def test_stored_finds_nothing_amiss_in_what_a_sync_wrote(stored):
    """Mail as the store writes it is right, nothing is left to do, and no mailbox stands still."""
    assert (stored.wrong_threads(), stored.wrong_lists()) == (0, 0)
    assert stored.undone() == Undone(jobs=0, leases=0, waiting=0, dead=0)
    assert stored.undone().quiet
    assert stored.stopped() == []
    assert stored.texts("a@example.com").keys() == {"m1", "m2"}
    assert stored.fates("a@example.com") == {"m1": "stored", "m2": "stored"}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE email_keys SET facet_id = facet_id + 1 WHERE gmail_id = 'm1'",
        "DELETE FROM email_keys WHERE gmail_id = 'm1'",
        "UPDATE participants SET facet_id = facet_id + 1 WHERE gmail_id = 'm1'",
        "UPDATE emails SET label_ids = '{INBOX}' WHERE gmail_id = 'm1'",
        "UPDATE emails SET label_ids = label_ids || '{STARRED}' WHERE gmail_id = 'm1'",
    ],
)
async def test_stored_finds_a_mail_that_lists_would_misjudge(world, stored, damage):
    """Each copy of what lists filter by is compared with the mail's own labels."""
    await world.change(damage)
    assert stored.wrong_lists() == 1


@pytest.mark.parametrize(
    "damage",
    ["UPDATE threads SET message_count = 1", "DELETE FROM threads", "DELETE FROM emails"],
)
async def test_stored_finds_a_thread_that_does_not_count_its_mail(world, stored, damage):
    """A thread without its mail is wrong, and so is mail without its thread."""
    await world.change(damage)
    assert stored.wrong_threads() == 1


async def test_stored_knows_what_is_still_to_be_done(world, stored):
    """Jobs, leases, ids that wait and messages given up are each counted."""
    await world.queue.enqueue("acme", "incremental")
    ((mailbox,),) = await world.rows("SELECT id FROM mailboxes")
    await world.store.acquire_lease(mailbox, "push", "worker", MINUTE, force=False)
    await world.change("UPDATE message_ledger SET fate = 'pending' WHERE gmail_id = 'm1'")
    await world.change("UPDATE message_ledger SET fate = 'dead' WHERE gmail_id = 'm2'")
    assert stored.undone() == Undone(jobs=1, leases=1, waiting=1, dead=1)
    assert not stored.undone().quiet


async def test_stored_tells_former_accounts_and_names_apart(world, stored):
    """A renamed mailbox goes by its first name; the mail of an account that was replaced is no
    living mailbox's, and is asked for as such (edge cases 91 and 92).
    """
    (mailbox,) = await world.store.living("acme")
    await world.store.rename(mailbox.id, "b@example.com")
    await world.store.rename(mailbox.id, "c@example.com")
    assert stored.texts("a@example.com").keys() == {"m1", "m2"}
    assert {row.mailbox for row in stored.rows()} == {"a@example.com"}
    held = await lease(world, mailbox.id)
    await world.store.replace_account(held, 30, Window())
    assert stored.former("a@example.com") == {"m1", "m2"}
    assert list(stored.rows()) == []
    assert stored.stopped() == []
