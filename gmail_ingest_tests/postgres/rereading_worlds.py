"""Mail as a former release stored it, and reading it again.

Holds: what the tests of reading again share. Keep out: expectations.
"""

from __future__ import annotations

from dataclasses import replace

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.mail.search_terms import mark, search_vector
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.core.mail.words.search_text import search_text_of
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

TEXTS = {
    "m1": "明日の会議は三時からです。",
    "m2": "会議 三時 合同",
    "m3": "السَّلَامُ عَلَيْكُمْ",
    "m4": "Plain words, café",
    "m5": "견적서를 보내드립니다",
}


def mail(gmail_id, text="", **changes):
    """A mail whose search text is that of its fields."""
    changes = {"reply_text": text} | changes
    message = parsed(gmail_id, thread_id=f"t-{gmail_id}", text=text, **changes)
    found = search_text_of(message.subject, message.participants, message.attachments, text)
    return replace(message, search_text=found)


async def save(database, mailbox, *messages):
    """Store mail as this release does."""
    held = await lease(database, mailbox)
    await database.store.save(held, [Stored(message) for message in messages])


async def save_formerly(database, mailbox, *messages):
    """Store mail as a former release did: with its words, of no reading."""
    await save(database, mailbox, *messages)
    for message in messages:
        marked = mark("acme", month_of(message.internal_date))
        people = [person.address for person in message.participants]
        vector = search_vector(marked, former_words_of(message.search_text), people)
        await database.change(
            "UPDATE emails SET reading = 0, search_vector = %b::tsvector WHERE gmail_id = %s",
            vector,
            message.gmail_id,
        )
    await database.change("UPDATE mailboxes SET reading = 0, read_to = '' WHERE id = %s", mailbox)


async def search(database, query, **filters):
    """Gmail ids that a search finds."""
    reads = PostgresEmailReads(database.engine)
    page = await reads.page(EmailFilter("acme", q=query, **filters), limit=50, cursor=None)
    return {email.id for email in page.emails}


async def reread(database, **options):
    """Read all that is left again; returns the mails of each batch."""
    rereads, batches = PostgresRereads(database.engine, **options), []
    while batch := await rereads.read_next():
        batches.append(batch)
    return batches
