"""A ledger of a former release, brought to the fates and reasons of this one."""

from __future__ import annotations

import psycopg
import pytest

from gmail_ingest.core.ledger.fates import FATES
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.postgres.test_email_migration import upgrade_from

LEDGER = """
INSERT INTO tenants (id) VALUES ('acme');
INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('acme', 'oauth', 'a@crm.test');
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT 'acme', id, 'a@crm.test', 1 FROM integrations;
INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, source, fate, rule, attempts, error)
SELECT m.id, said.* FROM mailboxes m, (VALUES
    ('waits', 't', 'live', 'pending', NULL, 0, NULL),
    ('changed', 't', 'live', 'pending', 'changed', 0, NULL),
    ('failed', 't', 'live', 'pending', NULL, 1, 'Google is failing (500)'),
    ('missed', 't', 'live', 'pending', NULL, 1, 'not found yet'),
    ('stored', 't', 'live', 'stored', NULL, 0, NULL),
    ('rule', 't', 'live', 'excluded', 'newsletters', 0, NULL),
    ('draft', 't', 'live', 'excluded', 'draft', 0, NULL),
    ('scheduled', 't', 'live', 'excluded', 'scheduled', 0, NULL),
    ('chat', 't', 'live', 'excluded', 'chat', 0, NULL),
    ('spam', 't', 'live', 'excluded', 'spam', 0, NULL),
    ('trash', 't', 'live', 'excluded', 'trash', 0, NULL),
    ('outside', 't', 'live', 'excluded', 'outside_range', 0, NULL),
    ('nameless', 't', 'live', 'excluded', NULL, 0, NULL),
    ('deleted', 't', 'live', 'gone', 'deleted', 0, NULL),
    ('gone', 't', 'live', 'gone', NULL, 0, NULL),
    ('dead', 't', 'live', 'dead', NULL, 8, 'not found yet')
) AS said;
INSERT INTO listings (mailbox_id, counts) SELECT id, '{"listed": 9, "excluded": 4}' FROM mailboxes;
INSERT INTO sync_jobs (id, tenant_id, kind, counts) VALUES
    ('11111111-1111-1111-1111-111111111111', 'acme', 'historical', '{"stored": 5, "excluded": 4}'),
    ('22222222-2222-2222-2222-222222222222', 'acme', 'exclusions', '{"excluded": 3}'),
    ('33333333-3333-3333-3333-333333333333', 'acme', 'initial', '{}');
INSERT INTO job_months (job_id, month, counts)
VALUES ('11111111-1111-1111-1111-111111111111', '2026-01-01', '{"excluded": 0}');
INSERT INTO facets (id, mailbox_id, tenant_id, digest, direction, has_attachment, hidden, label_ids)
SELECT 1, id, 'acme', 'd', 'inbound', false, true, '{SPAM}' FROM mailboxes
"""


@pytest.fixture
def migrated(empty_database_url):
    """A connection to a ledger of revision 0015 after its upgrade."""
    upgrade_from("0015", LEDGER, empty_database_url)
    with psycopg.connect(plain_url(empty_database_url)) as connection:
        yield connection


def test_each_entry_has_the_fate_that_it_had(migrated):
    """What a tenant's rule hides is hidden, what was never stored is left out, for its reason."""
    rows = migrated.execute("SELECT gmail_id, fate, reason FROM message_ledger").fetchall()
    assert {key: (fate, reason) for key, fate, reason in rows} == {
        "waits": ("pending", None),
        "changed": ("pending", "changed"),
        "failed": ("pending", None),
        "missed": ("pending", None),
        "stored": ("stored", None),
        "rule": ("hidden", "newsletters"),
        "draft": ("left_out", "draft"),
        "scheduled": ("left_out", "scheduled"),
        "chat": ("left_out", "chat"),
        "spam": ("left_out", "spam"),
        "trash": ("left_out", "trash"),
        "outside": ("left_out", "outside_range"),
        "nameless": ("left_out", None),
        "deleted": ("gone", "deleted"),
        "gone": ("gone", None),
        "dead": ("dead", None),
    }


def test_what_google_did_not_find_is_known_without_its_text(migrated):
    """The next attempt knows of the last 404; its text stays for whoever asks (edge case 13)."""
    rows = migrated.execute("SELECT gmail_id, error FROM message_ledger WHERE missed").fetchall()
    assert rows == [("missed", "not found yet")]


def test_counts_of_jobs_keep_their_sum(migrated):
    """No count of a former release is lost, and none keeps its name."""
    rows = migrated.execute(
        "SELECT kind, counts FROM sync_jobs UNION ALL SELECT 'month', counts FROM job_months"
        " UNION ALL SELECT 'listing', counts FROM listings"
    ).fetchall()
    assert dict(rows) == {
        "historical": {"stored": 5, "left_out": 4},
        "exclusions": {"hidden": 3},
        "initial": {},
        "month": {"left_out": 0},
        "listing": {"listed": 9, "left_out": 4},
    }


def test_the_database_knows_the_fates_of_the_code(migrated):
    """No former word is taken any more, and no index asks for one."""
    ((check,),) = migrated.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = 'ck_message_ledger_fate_known'"
    ).fetchall()
    assert set(check.split("'")[1::2]) == set(FATES)
    definitions = migrated.execute(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'message_ledger'"
    ).fetchall()
    assert not [text for (text,) in definitions if "excluded" in text]
    assert migrated.execute("SELECT spam_or_trash FROM facets").fetchall() == [(True,)]
