"""Stored mail read again: what comes of it, and what is left by any end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.engine import transaction
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.sync.leases import fenced
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.core.mail.message import Attachment, Participant
from gmail_ingest.core.mail.reading import READING
from gmail_ingest.sync.audit.reread import Batch, Left
from gmail_ingest_tests.postgres.rereading_worlds import (
    TEXTS,
    mail,
    reread,
    save,
    save_formerly,
    search,
)
from gmail_ingest_tests.postgres.worlds import lease

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUERIES = (
    "明日の会議は三時からです",
    "会議",
    "合同",
    "السَّلَامُ",
    "السلام",
    "words",
    "견적서를",
    "견적서",
    "-会議",
)


async def test_words_of_stored_mail_are_found_when_it_is_read_again(database):
    """Mail that a former release stored is found as if this one had (case 03, edge case 199)."""
    mailbox = await database.connect()
    await save_formerly(
        database, mailbox, *(mail(message_id, text) for message_id, text in TEXTS.items())
    )
    assert await search(database, "会議") == {"m2"}
    assert await reread(database) == [Batch(5, 4, 0), Batch(0, 0, 0)]
    assert await search(database, "会議") == {"m1", "m2"}
    assert await search(database, "السلام") == {"m3"}
    assert await search(database, "견적서") == {"m5"}
    vectors = "SELECT search_vector::text FROM emails ORDER BY gmail_id"
    made = await database.rows(vectors)
    await database.change("DELETE FROM emails")
    await database.change("DELETE FROM message_ledger")
    await save(database, mailbox, *(mail(message_id, text) for message_id, text in TEXTS.items()))
    assert await database.rows(vectors) == made


async def test_no_search_finds_less_while_mail_is_read_again(database):
    """With each batch a search finds at least what it found before; at the end what this release
    finds (edge case 199).
    """
    mailbox = await database.connect()
    await save_formerly(
        database, mailbox, *(mail(message_id, text) for message_id, text in TEXTS.items())
    )
    found = {query: await search(database, query) for query in QUERIES}
    assert found["明日の会議は三時からです"] == {"m1"}
    assert found["السَّلَامُ"] == {"m3"}
    assert found["견적서를"] == {"m5"}
    rereads = PostgresRereads(database.engine, batch=1)
    while await rereads.read_next():
        now = {query: await search(database, query) for query in QUERIES}
        for query in QUERIES[:-1]:
            assert found[query] <= now[query], query
        found = now
    assert found == {
        "明日の会議は三時からです": {"m1"},
        "会議": {"m1", "m2"},
        "合同": {"m2"},
        "السَّلَامُ": {"m3"},
        "السلام": {"m3"},
        "words": {"m4"},
        "견적서를": {"m5"},
        "견적서": {"m5"},
        "-会議": {"m3", "m4", "m5"},
    }


async def test_former_words_are_asked_for_while_mail_of_the_tenant_has_them(database):
    """When a tenant's mail is read, its searches ask for what this release indexes only, whatever
    is left of another's (edge case 199).
    """
    mailbox = await database.connect()
    await database.connect("other@example.com", tenant="other")
    await save_formerly(database, mailbox, mail("m1", TEXTS["m1"]))
    sentence = "明日の会議は三時からです"
    assert await search(database, sentence) == {"m1"}
    assert await search(database, f"-{sentence}") == set()
    await database.change("UPDATE mailboxes SET reading = 1 - (tenant_id = 'other')::int")
    assert await search(database, sentence) == set()
    assert await search(database, f"-{sentence}") == {"m1"}


EVERYWHERE = {
    "email": "SELECT direction, label_ids, history_id, reply_text, subject FROM emails",
    "facet": "SELECT f.direction, f.label_ids, f.has_attachment FROM emails e"
    " JOIN facets f ON f.id = e.facet_id",
    "key": "SELECT f.direction, k.internal_date FROM email_keys k"
    " JOIN facets f ON f.id = k.facet_id",
    "people": "SELECT p.address, p.role, f.direction FROM participants p"
    " JOIN facets f ON f.id = p.facet_id ORDER BY position",
    "thread": "SELECT last_inbound_at, last_outbound_at, message_count FROM threads",
}


async def test_direction_is_right_wherever_it_is_kept(database):
    """A mail with the owner in From and without SENT, which a former release took for the owner's,
    is inbound afterwards in its row, facet, key, people and thread, as if it were stored now (case
    04, edge case 200).
    """
    mailbox = await database.connect()
    owner = Participant("from", "a@example.com", "Ann")
    others = (owner, Participant("to", "group@example.com", ""))
    inbound = mail("m1", "Own words\n\n> quoted", participants=others)
    inbound = replace(inbound, reply_text="Own words", direction="inbound")
    await save(database, mailbox, inbound)
    expected = {name: await database.rows(query) for name, query in EVERYWHERE.items()}
    assert expected["thread"] == [(NOON, None, 1)]
    await database.change("DELETE FROM emails")
    await database.change("DELETE FROM message_ledger")
    await database.change("DELETE FROM email_keys")
    await database.change("DELETE FROM participants")
    await database.change("DELETE FROM threads")
    outbound = replace(inbound, direction="outbound", reply_text="")
    await save_formerly(database, mailbox, outbound)
    assert await database.rows(EVERYWHERE["thread"]) == [(None, NOON, 1)]
    assert (await reread(database))[0] == Batch(1, 1, 0)
    found = {name: await database.rows(query) for name, query in EVERYWHERE.items()}
    assert found == expected
    reads = PostgresEmailReads(database.engine)
    for direction, ids in (("inbound", ["m1"]), ("outbound", [])):
        listed = EmailFilter("acme", direction=direction)
        page = await reads.page(listed, limit=5, cursor=None)
        assert [email.id for email in page.emails] == ids


async def test_reply_text_and_signature_are_those_of_this_release(database):
    """What the sender wrote is found anew in the stored text (edge case 200)."""
    mailbox = await database.connect()
    text = "Own words\n\n-- \nAnn Lee"
    await save_formerly(database, mailbox, mail("m1", text))
    parts = "SELECT text, reply_text, signature FROM emails"
    assert await database.rows(parts) == [(text, text, "")]
    assert (await reread(database))[0] == Batch(1, 1, 0)
    assert await database.rows(parts) == [(text, "Own words", "Ann Lee")]


async def test_mail_that_a_rule_hides_stays_hidden(database):
    """What is hidden is read again and shown nowhere (edge case 200)."""
    mailbox = await database.connect()
    await save_formerly(database, mailbox, replace(mail("m1", TEXTS["m1"]), direction="outbound"))
    bit = "UPDATE emails SET facet_id = facet_id | (1::bigint << 62)"
    await database.change(bit)
    await database.change("DELETE FROM email_keys")
    await reread(database)
    assert await search(database, "会議") == set()
    ((direction, is_hidden),) = await database.rows(
        "SELECT direction, facet_id & (1::bigint << 62) <> 0 FROM emails"
    )
    assert (direction, is_hidden) == ("inbound", True)
    assert await database.rows("SELECT FROM email_keys") == []


async def test_mail_that_is_as_it_was_is_not_written(database):
    """A mail in Latin letters costs no version of its row (edge case 200)."""
    mailbox = await database.connect()
    plain = mail("m1", "Plain words")
    await save_formerly(database, mailbox, plain)
    rows = "SELECT ctid::text, xmin::text FROM emails"
    before = await database.rows(rows)
    assert (await reread(database))[0] == Batch(1, 0, 0)
    assert await database.rows(rows) == before


async def test_mail_of_this_release_is_passed_over(database):
    """What this release stored stays, also where it knew more than is stored: the text of an
    enclosed mail (edge case 200).
    """
    mailbox = await database.connect()
    await save_formerly(database, mailbox, mail("m1", TEXTS["m1"]))
    enclosed = replace(mail("m2", "See below"), search_text="See below 見積書")
    await save(database, mailbox, enclosed)
    assert await reread(database, batch=1) == [
        Batch(1, 1, 0),
        Batch(0, 0, 0),
        Batch(0, 0, 0),
    ]
    assert await search(database, "見積書") == {"m2"}


async def test_what_is_left_survives_any_end(database):
    """A batch that is rolled back is read again, one that is committed is not; mail that goes or
    comes meanwhile disturbs nothing (edge case 200).
    """
    mailbox = await database.connect()
    mails = [mail(f"m{number}", TEXTS["m1"]) for number in range(6)]
    await save_formerly(database, mailbox, *mails)
    rereads = PostgresRereads(database.engine, batch=2)
    assert await rereads.read_next() == Batch(2, 2, 0)
    assert await rereads.left() == Left(1, 4, 6)
    await database.change("ALTER TABLE mailboxes RENAME COLUMN read_to TO away")
    with pytest.raises(Exception, match="read_to"):
        await rereads.read_next()
    await database.change("ALTER TABLE mailboxes RENAME COLUMN away TO read_to")
    await database.change("DELETE FROM emails WHERE gmail_id IN ('m1', 'm3')")
    await save(database, mailbox, mail("m9", TEXTS["m1"]))
    assert await reread(database, batch=2) == [Batch(2, 2, 0), Batch(1, 1, 0), Batch(0, 0, 0)]
    assert await search(database, "会議") == {"m0", "m2", "m4", "m5", "m9"}
    assert await rereads.left() == Left(0, 0, 7)


async def test_mailboxes_that_others_hold_are_left_for_later(database):
    """Who writes to a mailbox is not waited for: another mailbox comes first (edge case 200)."""
    first, second = [await database.connect(f"{name}@example.com") for name in "ab"]
    for mailbox in (first, second):
        await save_formerly(database, mailbox, mail(f"m{mailbox}", TEXTS["m1"]))
    rereads = PostgresRereads(database.engine)
    held = await lease(database, first)
    async with fenced(database.engine, held):
        assert await rereads.read_next() == Batch(1, 1, 0)
        assert await rereads.read_next() == Batch(0, 0, 0)
        assert await rereads.read_next() is None
        assert not await rereads.is_done()
        left = "SELECT id FROM mailboxes WHERE reading < %s"
        assert await database.rows(left, READING) == [(first,)]
    assert await rereads.read_next() == Batch(1, 1, 0)


async def test_a_batch_holds_only_its_mailbox(database):
    """While a batch is open, other mailboxes are written and all mail is read (edge case 200)."""
    first, second = [await database.connect(f"{name}@example.com") for name in "ab"]
    await save_formerly(database, first, mail("m1", TEXTS["m1"]))
    async with transaction(database.engine) as connection:
        await connection.execute("SELECT FROM mailboxes WHERE id = %s FOR NO KEY UPDATE", (first,))
        await connection.execute("UPDATE emails SET reading = 1 WHERE gmail_id = 'm1'")
        await save(database, second, mail("m2", TEXTS["m2"]))
        assert await search(database, "三時") == {"m2"}


async def test_a_batch_is_bounded_in_bytes(database):
    """Long mails come one by one, however many a batch may have (edge case 200)."""
    mailbox = await database.connect()
    texts = [TEXTS["m1"] * 10, TEXTS["m1"] * 10, "a", "b"]
    mails = [mail(f"m{number}", text) for number, text in enumerate(texts)]
    await save_formerly(database, mailbox, *mails)
    batches = await reread(database, batch_bytes=300)
    assert [batch.read for batch in batches] == [1, 1, 2, 0]


async def test_all_mail_of_former_releases_can_be_read_again(database):
    """What a former release still stored when the end was reached is found by another beginning
    (edge case 201).
    """
    mailbox = await database.connect()
    await save_formerly(database, mailbox, mail("m1", TEXTS["m1"]))
    await database.change("UPDATE mailboxes SET reading = %s", READING)
    rereads = PostgresRereads(database.engine)
    assert await rereads.is_done()
    await rereads.begin_again()
    assert await rereads.left() == Left(1, 1, 1)
    assert await reread(database) == [Batch(1, 1, 0), Batch(0, 0, 0)]


async def test_new_mailboxes_have_nothing_to_read_again(database):
    """A mailbox that is connected now bears the reading of this release (edge case 201)."""
    await database.connect()
    rereads = PostgresRereads(database.engine)
    assert await rereads.is_done()
    assert await rereads.read_next() is None


async def test_people_and_files_are_words_in_their_order(database):
    """Names, addresses and file names are found as before: the vector is the same to the last
    place (edge case 200).
    """
    mailbox = await database.connect()
    people = tuple(
        Participant(role, f"p{number}@shop.test", name)
        for number in range(12)
        for role, name in (("to", ""), ("cc", f"山田 {number}"))
    )
    files = tuple(
        Attachment(part, f"見積書-{part}.pdf", "application/pdf", 1, None, inline=False)
        for part in ("2", "3.1", "3.2", "9", "10", "10.1")
    )
    crowd = mail("m1", "", participants=people, attachments=files)
    old = mail("m2", TEXTS["m2"], internal_date=NOON - timedelta(days=100))
    await save(database, mailbox, crowd, old)
    vectors = "SELECT gmail_id, search_vector::text FROM emails ORDER BY 1"
    expected = await database.rows(vectors)
    await database.change("DELETE FROM emails")
    await database.change("DELETE FROM message_ledger")
    await save_formerly(database, mailbox, crowd, old)
    assert await database.rows(vectors) != expected
    await reread(database)
    assert await database.rows(vectors) == expected
