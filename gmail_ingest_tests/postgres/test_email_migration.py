from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from gmail_ingest.adapters.postgres.engine import create_engine, transaction
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter, Person
from gmail_ingest.adapters.postgres.mail.facets import facet_ids, facet_of
from gmail_ingest.adapters.postgres.mail.search_terms import mark, search_vector
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.schema.migrate import _config, upgrade
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.core.mail.message import Attachment, ParsedMessage, Participant
from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.core.mail.words.search_text import search_text_of
from gmail_ingest.sync.audit.reread import Left
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import lease

#: Mail as the first release stored it.
OLD_MAIL = """
INSERT INTO tenants (id) VALUES ('acme');
INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('acme', 'oauth', 'a@crm.test');
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT 'acme', id, 'a@crm.test', 1 FROM integrations;
INSERT INTO emails (mailbox_id, gmail_id, tenant_id, thread_id, history_id, "references", subject,
    recipients, direction, internal_date, label_ids, snippet, text, html, reply_text, size,
    is_auto_reply, is_bounce, is_list, has_attachment, sanitized, search_vector)
SELECT m.id, 'm' || n, 'acme', 't1', 1, '{}', 'Offer ' || n, '[]', 'outbound',
    timestamptz '2026-01-31 23:30Z' + n * interval '1 hour',
    (ARRAY['{UNREAD,Label_9,INBOX,STARRED}', '{}', '{SPAM,SPAM}'])[n + 1]::text[],
    '', 'It''s here, at web' || chr(173) || 'shop', '', '', 1, false, false, false, n = 0, false,
    setweight(to_tsvector('simple', 'Offer ' || n), 'A') || to_tsvector('simple', 'it''s here')
FROM mailboxes m, generate_series(0, 2) AS n;
INSERT INTO participants (mailbox_id, gmail_id, position, tenant_id, role, address, name,
    internal_date)
SELECT mailbox_id, gmail_id, p, 'acme', (ARRAY['from', 'reply-to', 'to'])[p + 1],
    'o''ann@shop.test', '', internal_date
FROM emails, generate_series(0, 2) AS p WHERE p <> 1 OR gmail_id = 'm0'
"""


def upgrade_from(revision, rows, url):
    """Bring a database of an earlier revision, with these rows, to this release."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)
    engine.dispose()
    with psycopg.connect(plain_url(url)) as connection:
        connection.execute(rows)
    upgrade(url)


@pytest.fixture
def migrated(empty_database_url):
    """A database with mail of the first release, brought to this one."""
    upgrade_from("0002", OLD_MAIL, empty_database_url)
    return empty_database_url


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["m1", "m0"]),
        ({"label": "INBOX"}, ["m0"]),
        ({"label": "Label_9", "has_attachment": True}, ["m0"]),
        ({"direction": "outbound", "include_spam_trash": True}, ["m2", "m1", "m0"]),
        ({"direction": "inbound"}, []),
        ({"participant": "o'ann@shop.test"}, ["m1", "m0"]),
        ({"q": '"it\'s here" offer'}, ["m1", "m0"]),
        ({"q": "shop"}, ["m1", "m0"]),
        ({"q": "ann@shop.test webshop"}, ["m1", "m0"]),
        ({"q": '"offer 1"', "participant": "o'ann@shop.test"}, ["m1"]),
        ({"q": "ann@other.test"}, []),
        ({"q": "offer", "label": "SPAM", "include_spam_trash": True}, ["m2"]),
    ],
)
async def test_mail_of_the_first_release_is_listed_and_found(migrated, filters, found):
    """Mail that was stored before facets, marked words and words of our own has them."""
    engine = create_engine(migrated)
    page = await PostgresEmailReads(engine).page(
        EmailFilter("acme", **filters), limit=5, cursor=None
    )
    await engine.dispose()
    assert [email.id for email in page.emails] == found


async def test_mail_of_the_first_release_says_whom_to_answer(migrated):
    """A Reply-To that was stored among the participants only is in the mail's row."""
    engine = create_engine(migrated)
    page = await PostgresEmailReads(engine).page(EmailFilter("acme"), limit=5, cursor=None)
    await engine.dispose()
    answered = {email.id: email.reply_to for email in page.emails}
    assert answered == {"m0": (Person("o'ann@shop.test", "", is_owner=False),), "m1": ()}


async def test_migrated_facets_are_those_that_writing_makes(migrated):
    """A mail that comes with known labels takes the facet of the old mail, with the same traits."""
    engine = create_engine(migrated)
    facets = [
        facet_of("outbound", True, ["INBOX", "Label_9", "STARRED", "UNREAD"]),
        facet_of("outbound", False, []),
        facet_of("outbound", False, ["SPAM"]),
    ]
    async with transaction(engine) as connection:
        rows = await connection.execute(
            "SELECT id, mailbox_id, spam_or_trash FROM facets ORDER BY id"
        )
        known = await rows.fetchall()
        found = await facet_ids(connection, known[0][1], facets)
    await engine.dispose()
    assert set(found.values()) == {row[0] for row in known}
    assert {number: facet.traits for facet, number in found.items()} == {
        row[0]: row[0] & 0xFFFF for row in known
    }
    assert sum(row[2] for row in known) == 1


async def test_migrated_words_are_those_that_writing_makes(database, database_url):
    """Vectors made anew of stored mail are the same to the last place of a word, in several
    mailboxes and batches, whatever mail lacks or has too much of.
    """
    vectors = "SELECT mailbox_id, gmail_id, search_vector::text FROM emails ORDER BY 1, 2"
    for address in ("a@crm.test", "b@crm.test"):
        held = await lease(database, await database.connect(address))
        await database.store.save(held, [Stored(message) for message in _any_mail()])
    written = await database.rows(vectors)
    with psycopg.connect(plain_url(database_url)) as connection:
        connection.execute("UPDATE emails SET search_vector = ''")
    _upgrade_again(database_url, "0007", "0008")
    assert await database.rows(vectors) == written


async def test_words_without_blanks_are_found_in_mail_of_a_former_release(empty_database_url):
    """A database of revision 0013 is upgraded without a row of mail being written; what was found
    is found at once, and words within a sentence when it is read again (case 03, edge case 199).
    """
    text = "明日の会議は三時からです。"
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        _upgrade_to(empty_database_url, "0002")
        connection.execute(OLD_MAIL)
        _upgrade_to(empty_database_url, "0013")
        marked = mark("acme", date(2026, 1, 1))
        vector = search_vector(marked, former_words_of(text), ["o'ann@shop.test"])
        stored = "UPDATE emails SET text = %s, search_vector = %b::tsvector WHERE gmail_id = 'm0'"
        connection.execute(stored, (text, vector))
        written = "SELECT gmail_id, ctid::text, xmin::text FROM emails ORDER BY 1"
        before = connection.execute(written).fetchall()
        upgrade(empty_database_url)
        assert connection.execute(written).fetchall() == before
    engine = create_engine(empty_database_url)
    reads, rereads = PostgresEmailReads(engine), PostgresRereads(engine)

    async def found(words):
        page = await reads.page(EmailFilter("acme", q=words), limit=5, cursor=None)
        return [email.id for email in page.emails]

    assert await found("明日の会議は三時からです") == ["m0"]
    assert await found("会議") == []
    assert await rereads.left() == Left(1, 3, 3)
    while await rereads.read_next():
        assert await found("明日の会議は三時からです") == ["m0"]
    assert await found("会議") == ["m0"]
    assert await found("三時から -会議") == []
    assert await rereads.left() == Left(0, 0, 3)
    await engine.dispose()


def _upgrade_to(database_url: str, revision: str) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)


def _any_mail() -> list[ParsedMessage]:
    plain = parsed("plain")
    people = tuple(
        Participant(role, f"p{number}@shop.test", name)
        for number in range(12)
        for role, name in (("to", ""), ("cc", f"Pat {number}"))
    )
    files = tuple(
        Attachment(part, f"file-{part}.pdf", "application/pdf", 1, None, inline=False)
        for part in ("2", "3.1", "3.2", "9", "10", "10.1")
    )
    kinds = [
        plain,
        parsed("bare", subject="", participants=(), attachments=(), text=""),
        parsed("crowd", participants=people, attachments=files),
        parsed("long", subject="s " * 30_000, text="\u65e5\u672c word " * 50_000),
        parsed("other-month", internal_date=plain.internal_date - timedelta(days=100)),
        *(parsed(f"m{number}", subject=f"Mail {number}") for number in range(200)),
    ]
    return [
        replace(
            kind,
            search_text=search_text_of(
                kind.subject, kind.participants, kind.attachments, kind.text
            ),
        )
        for kind in kinds
    ]


def _upgrade_again(database_url: str, before: str, revision: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        command.stamp(_config(connection), before)
        command.upgrade(_config(connection), revision)
    engine.dispose()


OLD_RULE = """
INSERT INTO tenants (id) VALUES ('acme');
INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('acme', 'oauth', 'a@crm.test');
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT 'acme', id, 'a@crm.test', 1 FROM integrations;
INSERT INTO exclusion_rules (tenant_id, name, enabled, criteria)
VALUES ('acme', 'scheduled', true, '{}');
INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, source, fate, rule)
SELECT id, 'm1', 't1', 'live', 'excluded', 'scheduled' FROM mailboxes
"""


def test_a_rule_of_a_name_that_became_built_in_goes_on_under_another(empty_database_url):
    """What a tenant's rule ``scheduled`` hides stays hidden by it (edge case 210)."""
    upgrade_from("0013", OLD_RULE, empty_database_url)
    with psycopg.connect(plain_url(empty_database_url)) as connection:
        names = connection.execute(
            "SELECT name FROM exclusion_rules UNION ALL SELECT reason FROM message_ledger"
        ).fetchall()
    assert names == [("scheduled.tenant",)] * 2
