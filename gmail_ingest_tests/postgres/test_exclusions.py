"""Exclusion rules on stored mail: hidden from every read, and shown again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gmail_ingest.adapters.postgres.engine import statement, transaction
from gmail_ingest.adapters.postgres.exclusions.mail_facts import read_mail
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads import email_reads
from gmail_ingest.core.exclusions.matching import facts_of
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.mail.message import Participant
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.exclusion_worlds import EVERYTHING, HIDE
from gmail_ingest_tests.postgres.worlds import lease


async def test_hiding_and_showing_leaves_every_row_as_it_was(acme):
    """Hidden mail keeps its text, people and words: nothing is lost by a rule (edge case 17)."""
    box = await acme.world.connect()
    for number in range(4):
        labels = ("INBOX", "STARRED") if number % 2 else ("INBOX",)
        await acme.save(box, parsed(f"m{number}", f"t{number // 2}", label_ids=labels))
    before = await acme.world.rows(EVERYTHING)
    await acme.put(HIDE)
    assert await acme.shown() == ["m0", "m2"]
    assert await acme.shown(participant="ann@example.com") == ["m0", "m2"]
    assert await acme.shown(q="quarterly") == ["m0", "m2"]
    assert await acme.world.rows("SELECT count(*) FROM emails") == [(4,)]
    assert await acme.world.fate(box, "m1") == ("hidden", "hide")
    await acme.drop("hide")
    assert await acme.world.rows(EVERYTHING) == before
    assert await acme.world.fate(box, "m1") == ("stored", None)


async def test_a_rule_of_one_mailbox_leaves_the_others_alone(acme):
    """The same mail in two mailboxes is hidden in one of them (edge case 64)."""
    boxes = [await acme.world.connect(f"{name}@crm.test") for name in ("kim", "lee")]
    await acme.put(replace(HIDE, mailbox="kim@crm.test"))
    for box in boxes:
        counts = await acme.save(box, parsed("m1", label_ids=("STARRED",)))
        assert (counts.stored, counts.hidden) == ((0, 1) if box == boxes[0] else (1, 0))
    assert await acme.shown(mailbox="kim@crm.test") == []
    assert await acme.shown(mailbox="lee@crm.test") == ["m1"]
    await acme.put(replace(HIDE, mailbox="lee@crm.test"))
    assert await acme.shown(mailbox="kim@crm.test") == ["m1"]
    assert await acme.shown(mailbox="lee@crm.test") == []


async def test_new_labels_are_decided_about_again(acme):
    """A label hides a stored mail, its end shows it; a newer answer of Google's does the same
    (edge case 64).
    """
    box = await acme.world.connect()
    await acme.put(HIDE)
    await acme.save(box, parsed("m1", history_id=10), parsed("m2", history_id=10))
    counts = await acme.relabel(box, "m1", 20, "INBOX", "STARRED")
    assert (counts.updated, counts.hidden) == (1, 1)
    assert await acme.shown() == ["m2"]
    assert await acme.world.fate(box, "m1") == ("hidden", "hide")
    assert (await acme.relabel(box, "m1", 20, "INBOX", "STARRED")).updated == 0
    await acme.relabel(box, "m1", 25, "TRASH", "STARRED")
    assert await acme.world.labels(box, "m1") == ("TRASH", "STARRED")
    assert await acme.shown() == ["m2"]
    await acme.relabel(box, "m1", 30, "INBOX")
    assert await acme.shown() == ["m1", "m2"]
    assert await acme.world.fate(box, "m1") == ("stored", None)
    await acme.save(box, parsed("m1", history_id=40, label_ids=("STARRED",)))
    await acme.save(box, parsed("m1", history_id=35))
    assert await acme.shown() == ["m2"]
    await acme.save(box, parsed("m1", history_id=50))
    assert await acme.shown() == ["m1", "m2"]


async def test_a_relabelled_mail_stays_hidden_until_the_job_has_come_to_it(acme):
    """Of a rule that was just deleted, nothing is shown in halves."""
    box = await acme.world.connect()
    await acme.put(HIDE)
    await acme.save(box, parsed("m1", label_ids=("STARRED",)))
    await acme.rules.delete("acme", "hide")
    await acme.relabel(box, "m1", 20, "INBOX")
    assert await acme.shown() == await acme.shown(participant="ann@example.com") == []
    assert (await acme.settle()).updated == 1
    assert await acme.shown() == await acme.shown(participant="ann@example.com") == ["m1"]


async def test_the_ledger_names_the_first_rule_and_its_time(acme):
    """Another rule that comes first by name takes over, with the time at which it did."""
    box = await acme.world.connect()
    await acme.save(box, parsed("m1", label_ids=("STARRED",)))
    await acme.put(replace(HIDE, name="b"))
    decided = "SELECT reason, decided_at FROM message_ledger"
    ((rule, first),) = await acme.world.rows(decided)
    assert rule == "b"
    await acme.put(replace(HIDE, name="c"))
    assert await acme.world.rows(decided) == [("b", first)]
    await acme.put(replace(HIDE, name="a"))
    ((rule, second),) = await acme.world.rows(decided)
    assert (rule, second > first) == ("a", True)
    await acme.drop("a", "b")
    assert await acme.world.fate(box, "m1") == ("hidden", "c")
    await acme.put(replace(HIDE, name="c", enabled=False))
    assert await acme.world.fate(box, "m1") == ("stored", None)


async def test_a_deleted_message_leaves_nothing_hidden_behind(acme):
    """Google's word is stronger than a rule: the rows go, and the ledger says so."""
    box = await acme.world.connect()
    await acme.put(HIDE)
    await acme.save(box, parsed("m1", label_ids=("STARRED",)))
    held = await lease(acme.world, box)
    change = MessageChange("m1", "t1", 30, deleted=True, label_ids=None)
    assert (await acme.world.store.apply_history(held, [change], None)).deleted == 1
    assert await acme.world.rows("SELECT FROM emails") == []
    assert await acme.world.fate(box, "m1") == ("gone", "deleted")


async def test_mail_saved_while_a_rule_is_made_is_hidden_in_the_end(acme):
    """A save that read the rules before the change commits before the job comes to its mail."""
    box = await acme.world.connect()
    held = await lease(acme.world, box)
    message = parsed("m1", label_ids=("STARRED",))
    async with transaction(acme.world.engine) as connection:
        # The save stops behind the rules that it has read, before it writes its mail.
        await connection.execute("LOCK TABLE emails IN EXCLUSIVE MODE")
        save = asyncio.create_task(acme.world.store.save(held, [Stored(message)]))
        await _waiting(acme, 1)
        await acme.rules.put("acme", HIDE)
        job = asyncio.create_task(acme.settle())
        await _waiting(acme, 2)
    assert (await save).stored == 1
    assert (await job).hidden == 1
    assert await acme.shown() == []


async def _waiting(acme, connections):
    """Return when so many connections wait for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while await acme.world.rows(query) != [(connections,)]:  # noqa: ASYNC110 - Postgres sets no event here
            await asyncio.sleep(0.01)


async def test_facts_of_stored_mail_are_those_of_the_message(acme):
    """The decision about old mail is the one about new mail, of the same facts."""
    people = [
        Participant(role, f"{role}@shop.test", role)
        for role in ("from", "to", "cc", "bcc", "reply-to", "sender")
    ]
    messages = [
        parsed("m1", sender=people[0], participants=tuple(people), is_list=True),
        parsed("m2", sender=None, participants=(), label_ids=(), is_bounce=True),
        parsed("m3", is_auto_reply=True),
    ]
    box = await acme.world.connect()
    await acme.save(box, *messages)
    async with statement(acme.world.engine) as connection:
        stored = await read_mail(connection, box, ["m1", "m2", "m3"])
    facts = {mail.gmail_id: mail.facts for mail in stored}
    assert facts == {message.gmail_id: facts_of(message) for message in messages}


async def test_a_repair_of_labels_asks_the_rules(acme):
    """Mail that a comparison with Google puts right is hidden or shown by its true labels."""
    box = await acme.world.connect()
    await acme.put(HIDE)
    await acme.save(box, parsed("m1"), parsed("m2", "t2", label_ids=("STARRED",)))
    held = await lease(acme.world, box, "listing")
    right = [parsed("m1", label_ids=("STARRED",)), parsed("m2", "t2")]
    await acme.world.store.correct(held, right, [])
    assert await acme.shown() == ["m2"]
    assert await acme.world.fate(box, "m1") == ("hidden", "hide")
    assert await acme.world.fate(box, "m2") == ("stored", None)
    threads = "SELECT thread_id FROM threads"
    assert await acme.world.rows(threads) == [("t2",)]


async def test_a_page_leaves_out_what_was_hidden_while_it_was_read(acme, monkeypatch):
    """A rule that comes between finding a mail and reading it wins (edge case 65)."""
    plain = email_reads.read_positions

    async def slowly(*page, **planning):
        found = await plain(*page, **planning)
        await acme.put(HIDE)
        return found

    box = await acme.world.connect()
    await acme.save(box, parsed("m1", label_ids=("STARRED",)), parsed("m2", "t2"))
    monkeypatch.setattr(email_reads, "read_positions", slowly)
    page = await acme.reads.page(EmailFilter("acme", unique=True), limit=5, cursor=None)
    assert [email.id for email in page.emails] == ["m2"]
