from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.mail.search_terms import mark, month_query
from gmail_ingest.adapters.postgres.mail.threads import MAX_PARTICIPANTS
from gmail_ingest.adapters.postgres.sync.leases import fenced
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.message import Participant
from gmail_ingest.core.mail.words.search_query import parse_query
from gmail_ingest.errors import MailboxDisconnectedError
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def store(database, mailbox, *messages, origin="push"):
    held = await lease(database, mailbox, origin)
    return await database.store.save(held, [Stored(message) for message in messages])


async def test_save_writes_every_part_of_a_message(database):
    """Email, participants and attachments hold what was parsed."""
    mailbox = await database.connect()
    await store(database, mailbox, parsed("m1", references=("<a@b>", "<c@d>")))
    (email,) = await database.rows(
        'SELECT tenant_id, history_id, "references", sender_address, recipients, '
        "internal_date, label_ids, has_attachment, text FROM emails"
    )
    assert email == (
        "acme",
        10,
        ["<a@b>", "<c@d>"],
        "ann@example.com",
        [{"role": "to", "address": "bob@example.com", "name": "Bob"}],
        NOON,
        ["INBOX", "UNREAD"],
        True,
        "They are attached.\n",
    )
    people = await database.rows(
        "SELECT position, role, address, name FROM participants ORDER BY position"
    )
    assert people == [
        (0, "from", "ann@example.com", "Ann"),
        (1, "to", "bob@example.com", "Bob"),
    ]
    files = await database.rows("SELECT part_id, filename, size, inline FROM attachments")
    assert files == [("2", "figures.pdf", 4000, False)]


async def test_search_finds_words_of_body_and_subject(database):
    """A word of the search text finds the mail, wherever in it it stands; another does not."""
    mailbox = await database.connect()
    inside = parsed("m1", subject="Hello", search_text="Hello\nthe invoice")
    on_top = parsed("m2", subject="Invoice", search_text="Invoice\nplease pay")
    await store(database, mailbox, inside, on_top)
    marked, found = mark("acme", month_of(NOON)), {}
    for word in ("invoice", "pay", "hello"):
        rows = await database.rows(
            "SELECT gmail_id FROM emails WHERE search_vector @@ CAST(%s AS tsquery) ORDER BY 1",
            month_query(parse_query(word), marked),
        )
        found[word] = [gmail_id for (gmail_id,) in rows]
    assert found == {"invoice": ["m1", "m2"], "pay": ["m2"], "hello": ["m1"]}


async def test_huge_texts_and_headers_are_stored(database):
    """A body of megabytes, a long Message-ID, subject and References do not fail
    (edge cases 52, 53, 54).
    """
    mailbox = await database.connect()
    words = " ".join(f"w{number}-\U0001d54f{number}" for number in range(60_000))
    message = parsed(
        "m1",
        rfc_message_id="<" + "x" * 12_000 + "@example.com>",
        subject="s" * 100_000,
        references=tuple(f"<{number}@example.com>" for number in range(5_000)),
        text=words * 5,
        html="<p>" + "y" * 5_000_000,
        search_text=words.encode()[:350_000].decode(errors="ignore"),
    )
    assert (await store(database, mailbox, message)).stored == 1
    ((size,),) = await database.rows("SELECT length(text) FROM emails")
    assert size == len(words) * 5


async def test_thread_is_the_sum_of_its_messages(database):
    """Dates, counts and the subject come from internal dates, in whatever order mail is stored
    (edge case 49).
    """
    mailbox = await database.connect()
    reply = parsed(
        "m2",
        subject="Re: Offer",
        direction="outbound",
        internal_date=NOON + timedelta(hours=1),
        participants=(Participant("to", "eve@example.com", "Eve"),),
    )
    await store(database, mailbox, reply)
    await store(database, mailbox, parsed("m1", subject="Offer", internal_date=NOON))
    (thread,) = await database.rows(
        "SELECT subject, participants, first_date, last_date, last_inbound_at, "
        "last_outbound_at, message_count FROM threads"
    )
    assert thread == (
        "Offer",
        ["ann@example.com", "bob@example.com", "eve@example.com"],
        NOON,
        NOON + timedelta(hours=1),
        NOON,
        NOON + timedelta(hours=1),
        2,
    )


async def test_thread_participants_are_bounded(database):
    """A thread of a large list names a hundred addresses, those that wrote first."""
    mailbox = await database.connect()
    crowd = tuple(Participant("to", f"p{number:04}@example.com", "") for number in range(1_000))
    await store(database, mailbox, parsed("m1", participants=crowd))
    ((people,),) = await database.rows("SELECT participants FROM threads")
    assert people == [f"p{number:04}@example.com" for number in range(MAX_PARTICIPANTS)]


async def test_deletion_takes_everything_of_the_message_along(database):
    """Deleting one message shrinks its thread, deleting the last removes it."""
    mailbox = await database.connect()
    later = parsed("m2", internal_date=NOON + timedelta(hours=1))
    await store(database, mailbox, parsed("m1"), later)
    held = await lease(database, mailbox)
    await database.store.apply_history(
        held, [MessageChange("m2", "t1", 20, deleted=True, label_ids=None)], None
    )
    thread = "SELECT message_count, last_date FROM threads"
    assert await database.rows(thread) == [(1, NOON)]
    await database.store.apply_history(
        held, [MessageChange("m1", "t1", 21, deleted=True, label_ids=None)], None
    )
    assert await database.rows(thread) == []
    for table in ("emails", "participants", "attachments"):
        assert await database.rows(f"SELECT FROM {table}") == []


async def test_newer_copy_replaces_participants_and_attachments(database):
    """A message fetched anew has only the people and files of the newer copy."""
    mailbox = await database.connect()
    await store(database, mailbox, parsed("m1"))
    only = (Participant("from", "new@example.com", ""),)
    await store(database, mailbox, parsed("m1", history_id=11, participants=only, attachments=()))
    assert await database.rows("SELECT address FROM participants") == [("new@example.com",)]
    assert await database.rows("SELECT FROM attachments") == []
    assert await database.rows("SELECT participants FROM threads") == [(["new@example.com"],)]


async def test_live_and_listed_mail_of_one_thread_are_both_counted(database):
    """Two workers that write one thread at once leave a thread that counts both."""
    mailbox = await database.connect()
    live, listed = await lease(database, mailbox), await lease(database, mailbox, "listing")
    batches = [
        database.store.save(held, [Stored(parsed(f"{held.origin}-{number}"))])
        for number in range(10)
        for held in (live, listed)
    ]
    await asyncio.gather(*batches)
    assert await database.rows("SELECT message_count FROM threads") == [(20,)]


async def test_disconnect_waits_for_a_write_and_stops_the_next(database):
    """No write slips in after a disconnect has committed (edge case 72)."""
    mailbox = await database.connect()
    held = await lease(database, mailbox)
    async with fenced(database.engine, held):
        disconnect = asyncio.create_task(database.disconnect(mailbox))
        await _until_blocked(database)
        assert not disconnect.done()
    await disconnect
    with pytest.raises(MailboxDisconnectedError):
        await database.store.save(held, [Stored(parsed("m1"))])
    assert await database.rows("SELECT FROM emails") == []


async def test_takeover_waits_for_a_write(database):
    """A forced lease is granted when the old holder's transaction has ended (edge case 74)."""
    mailbox = await database.connect()
    held = await lease(database, mailbox)
    async with fenced(database.engine, held):
        takeover = asyncio.create_task(lease(database, mailbox))
        await _until_blocked(database)
        assert not takeover.done()
    assert (await takeover).token == held.token + 1


async def test_cancelled_save_leaves_nothing(database):
    """A worker that dies inside a batch leaves neither row nor fate (edge case 68)."""
    mailbox = await database.connect()
    held = await lease(database, mailbox)
    change = MessageChange("m1", "t1", 101, deleted=False, label_ids=())
    await database.store.apply_history(held, [change], 101)
    # The last thing that a batch writes is its threads: held up there, all else is written.
    async with database.engine.connect() as blocker:
        await blocker.exec_driver_sql("LOCK TABLE threads IN ACCESS EXCLUSIVE MODE")
        save = asyncio.create_task(database.store.save(held, [Stored(parsed("m1"))]))
        await _until_blocked(database)
        save.cancel()
        with pytest.raises(asyncio.CancelledError):
            await save
    assert await database.rows("SELECT FROM emails") == []
    assert await database.fate(mailbox, "m1") == ("pending", None)
    assert (await database.store.save(held, [Stored(parsed("m1"))])).stored == 1


async def _until_blocked(database):
    query = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while not await database.rows(query):
            pass
