from __future__ import annotations

import psycopg
import pytest

from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.postgres.test_email_migration import upgrade_from

#: Two mailboxes with an entry of each former word in each fate.
FORMER_ROWS = """
INSERT INTO tenants (id) VALUES ('acme');
INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('acme', 'oauth', 'a@crm.test');
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT 'acme', id, address, 1 FROM integrations, unnest(ARRAY['a@crm.test', 'b@crm.test']) address;
INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, source, fate)
SELECT m.id, source || '-' || fate, 't', source, fate
FROM mailboxes m, unnest(ARRAY['live', 'listing', 'history']) source,
     unnest(ARRAY['pending', 'stored', 'excluded', 'gone', 'dead']) fate;
INSERT INTO listings (mailbox_id, source)
SELECT id, unnest(ARRAY['listing', 'history']) FROM mailboxes;
INSERT INTO leases (mailbox_id, source, holder, token, until)
SELECT id, unnest(ARRAY['live', 'listing', 'history']), '', 7, now() FROM mailboxes
"""


@pytest.fixture
def upgraded(empty_database_url):
    """A connection to a database of revision 0015 with such rows, brought to this release."""
    upgrade_from("0015", FORMER_ROWS, empty_database_url)
    with psycopg.connect(plain_url(empty_database_url), autocommit=True) as connection:
        yield connection


def test_every_origin_is_told_by_its_new_word(upgraded):
    """Whatever its fate, a message was seen by a push, a listing or a backfill from then on."""
    entries = upgraded.execute(
        "SELECT split_part(gmail_id, '-', 1), origin, count(*) FROM message_ledger GROUP BY 1, 2"
    ).fetchall()
    assert sorted(entries) == [
        ("history", "backfill", 10),
        ("listing", "listing", 10),
        ("live", "push", 10),
    ]
    listings = upgraded.execute("SELECT origin, count(*) FROM listings GROUP BY 1").fetchall()
    assert sorted(listings) == [("backfill", 2), ("listing", 2)]
    leases = upgraded.execute("SELECT origin, token, count(*) FROM leases GROUP BY 1, 2").fetchall()
    assert sorted(leases) == [("backfill", 7, 2), ("listing", 7, 2), ("push", 7, 2)]
