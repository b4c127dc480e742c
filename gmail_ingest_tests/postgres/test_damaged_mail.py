"""Whatever arrived in whatever shape, Postgres takes it as it was parsed."""

from dataclasses import replace
from random import Random

from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.core.mutations import mutated
from gmail_ingest_tests.core.served_mail import seeded
from gmail_ingest_tests.postgres.worlds import lease

COPIES = 3


async def test_damaged_mail_is_stored_as_it_was_parsed(database):
    """No NUL, surrogate, over-long header or key of a damaged message fails its batch, and each
    text is read back as it was (edge cases 2, 41, 42, 52, 53).
    """
    others = [mail.message for mail in seeded()]
    damaged = [
        replace(
            served.parsed(mutated(served.message, others, Random(f"{number}:{copy}"))),
            gmail_id=f"{number:08x}{copy:08x}",
        )
        for number, served in enumerate(seeded())
        for copy in range(COPIES)
    ]

    names = ("gmail_id", "thread_id", "subject", "text", "html", "snippet", "rfc_message_id")
    expected = [
        (
            *(getattr(message, name) for name in names),
            message.header_date_raw,
            list(message.label_ids),
            message.internal_date,
        )
        for message in damaged
    ]
    held = await lease(database, await database.connect())
    for start in range(0, len(damaged), 100):
        batch = [Stored(message) for message in damaged[start : start + 100]]
        counts = await database.store.save(held, batch)
        assert counts.stored == len(batch)
    found = await database.rows(
        "SELECT gmail_id, thread_id, subject, text, html, snippet, rfc_message_id,"
        " header_date, label_ids, internal_date FROM emails ORDER BY gmail_id"
    )
    assert found == expected
