"""Mail of a tenant as a former release indexed it: what ``reindex`` reads again.

Holds: ``load``, ``new_mail``, and the words that are searched for. Keep out: measuring
(``reindex.py``).

Four fifths of the mail are in Latin letters and do not change. One fifth is in Japanese, where the
former release took each sentence for one word: it is rewritten.
"""

from __future__ import annotations

import random
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg

from gmail_ingest.adapters.postgres.engine import Connection, create_engine, statement
from gmail_ingest.adapters.postgres.mail.search_terms import mark, search_vector
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.months import month_of
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.sync.mailbox.records import Lease, Stored
from gmail_ingest_lab.benchmarks.figure import Progress

TENANT = "acme"
MAILBOXES = 10
#: In every hundredth mail: a Latin word, a sentence of Japanese, and a word in that sentence.
WORD, SENTENCE, WITHIN = "feldspar", "来週の打合せは京都支店で行います", "京都支店"
_BATCH = 200
#: 2026-05-01, in milliseconds.
_NEWEST_MS = 1_777_593_600_000
_LEASE = timedelta(hours=2)
_OWNERS = """
WITH tenant AS (INSERT INTO tenants (id) VALUES (%(tenant)s) RETURNING id
), integration AS (
    INSERT INTO integrations (tenant_id, auth_type, subject)
    SELECT id, 'service_account', 'reader' FROM tenant RETURNING id, tenant_id
)
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT tenant_id, id, 'owner' || n || '@acme.test', 1
FROM integration, generate_series(1, %(mailboxes)s) AS n RETURNING id
"""
_INDEX = """
CREATE INDEX ix_emails_search_vector ON emails USING gin (search_vector)
WITH (gin_pending_list_limit = 1024)
"""
_FORMER = """
UPDATE emails e SET search_vector = made.vector, reading = 0
FROM unnest(%s::text[], %b::tsvector[]) AS made (gmail_id, vector)
WHERE e.mailbox_id = %s AND e.gmail_id = made.gmail_id
"""


@dataclass(frozen=True, slots=True)
class Texts:
    """Different texts in both scripts, drawn once."""

    latin: Sequence[str]
    japanese: Sequence[str]

    @staticmethod
    def draw(seed: int) -> Texts:
        """Some hundred texts of each."""
        chance = random.Random(seed)
        syllables = ("ba", "co", "di", "fe", "gu", "ka", "lo", "mi", "ne", "pu", "ra", "so")
        words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(20_000)]
        signs = [*(chr(0x3042 + n) for n in range(80)), *(chr(0x4E00 + n) for n in range(2_000))]
        runs = ["".join(chance.choices(signs, k=chance.randint(1, 4))) for _ in range(20_000)]
        return Texts(
            [_text(chance, words, " ", chance.randint(60, 400)) for _ in range(400)],
            [
                "。\n".join(_text(chance, runs, "", 10) for _ in range(chance.randint(5, 40)))
                for _ in range(400)
            ],
        )


def _text(chance: random.Random, words: Sequence[str], between: str, count: int) -> str:
    drawn = (words[int(len(words) ** chance.random()) - 1] for _ in range(count))
    return between.join(drawn)


def new_mail(texts: Texts, number: int, total: int) -> ParsedMessage:
    """The mail of this number; mail with a number above ``total`` is newer than all before."""
    pool = texts.japanese if number % 5 == 1 else texts.latin
    text = pool[number // 5 % len(pool)]
    if number % 100 == 1:
        text = f"{text}\n{SENTENCE}\n{WORD}"
    person = number % 5_000
    headers = {
        "From": f"Person {person} <person{person}@shop.test>",
        "To": f"Owner <owner{number % MAILBOXES + 1}@acme.test>",
        "Subject": f"Case {number // 7}",
        "Message-ID": f"<{number}@shop.test>",
    }
    resource = {
        "id": f"{0x190000000000 + number:x}",
        "threadId": f"{0x180000000000 + number // 3:x}",
        "historyId": str(number + 1),
        "internalDate": str(_NEWEST_MS - 60_000 * (total - number)),
        "labelIds": ["INBOX", "UNREAD"] if number % 3 else ["INBOX"],
        "payload": {
            "mimeType": "text/plain",
            "headers": [
                {"name": name, "value": value}
                for name, value in (*headers.items(), ("Content-Type", "text/plain; charset=utf-8"))
            ],
            "body": {"data": urlsafe_b64encode(text.encode()).decode()},
        },
    }
    return parse_message(resource, owner_addresses=[f"owner{number % MAILBOXES + 1}@acme.test"])


async def load(database_url: str, texts: Texts, mails: int, progress: Progress) -> list[Lease]:
    """Store so many mails as a former release did; returns a lease of each mailbox."""
    engine = create_engine(database_url)
    try:
        store = PostgresMailStore(engine)
        async with statement(engine) as connection:
            wanted = {"tenant": TENANT, "mailboxes": MAILBOXES}
            found = await (await connection.execute(_OWNERS, wanted)).fetchall()
            ids = sorted(row[0] for row in found)
        leases = [
            await store.acquire_lease(mailbox_id, "push", "bench", _LEASE, force=True)
            for mailbox_id in ids
        ]
        async with statement(engine) as connection:
            await connection.execute("DROP INDEX ix_emails_search_vector")
        for start in range(0, mails, _BATCH * MAILBOXES):
            progress("storing mail", start, mails)
            numbers = range(start, min(mails, start + _BATCH * MAILBOXES))
            for index, lease in enumerate(leases):
                batch = [new_mail(texts, n, mails) for n in numbers if n % MAILBOXES == index]
                # Its words follow, as the former release had them.
                await store.save(
                    lease, [Stored(replace(message, search_text="")) for message in batch]
                )
                async with statement(engine) as connection:
                    await _make_former(connection, lease.mailbox_id, batch)
        async with statement(engine) as connection:
            await connection.execute(_INDEX)
            await connection.execute("UPDATE mailboxes SET reading = 0, read_to = ''")
            await connection.execute("VACUUM (ANALYZE)")
        return leases
    finally:
        await engine.dispose()


async def _make_former(
    connection: Connection, mailbox_id: int, mails: Sequence[ParsedMessage]
) -> None:
    vectors = [
        search_vector(
            mark(TENANT, month_of(mail.internal_date)),
            former_words_of(mail.search_text),
            [person.address for person in mail.participants],
        )
        for mail in mails
    ]
    await connection.execute(_FORMER, ([mail.gmail_id for mail in mails], vectors, mailbox_id))


def waiting(connection: psycopg.Connection) -> float | None:
    """Seconds that the longest wait for a lock has taken until now, None if nobody waits."""
    row = connection.execute(
        "SELECT extract(epoch FROM clock_timestamp() - min(waitstart))::float8 "
        "FROM pg_locks WHERE NOT granted"
    ).fetchone()
    return row[0] if row else None
