from __future__ import annotations

import psycopg
import pytest

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.mail.facets import facet_of
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest_lab.benchmarks.reads_data import MAIN, load
from gmail_ingest_tests.conftest import plain_url

MAILS = 1_000


@pytest.fixture
def loaded(database_url):
    """A database with a small load of the reading benchmark."""
    load(plain_url(database_url), MAILS, lambda _what, _share: None)
    return database_url


def test_benchmark_mail_is_as_the_service_would_have_stored_it(loaded, engine, run):
    """Facets, keys, people and marked words of made mail agree with what writing and reading
    compute, so that figures on it are figures of the service.
    """
    with psycopg.connect(plain_url(loaded)) as connection:
        facets = connection.execute(
            "SELECT id, digest, direction, has_attachment, spam_or_trash, label_ids FROM facets"
        ).fetchall()
        (labelled,) = connection.execute("SELECT count(*) FROM facet_labels").fetchone()
        mails = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE NOT spam_or_trash AND i %% 100 = 42)"
            " FROM (SELECT history_id AS i, spam_or_trash"
            "       FROM emails e JOIN facets f ON f.id = e.facet_id"
            " WHERE e.tenant_id = %s) AS mail",
            [MAIN],
        ).fetchone()
    for number, digest, direction, has_attachment, spam_or_trash, label_ids in facets:
        facet = facet_of(direction, has_attachment, label_ids)
        assert (facet.digest, facet.spam_or_trash, facet.traits) == (
            digest,
            spam_or_trash,
            number & 0xFFFF,
        )
    assert labelled == sum(len(row[-1]) + 1 for row in facets)
    assert mails[0] == MAILS

    async def scenario():
        reads = PostgresEmailReads(engine, search_seconds=60.0)
        for filters, total in (
            ({"include_spam_trash": True}, MAILS),
            ({"q": "feldspar"}, mails[1]),
            ({"q": "alpha omega"}, 0),
            ({"q": "opal", "include_spam_trash": True}, 3),
            ({"q": "pyrite", "label": "CATEGORY_PROMOTIONS"}, 0),
        ):
            page = await reads.page_at(EmailFilter(MAIN, **filters), limit=1, offset=0)
            assert page.total == total

    run(scenario())
