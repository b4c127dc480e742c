"""`gmail-ingest db upgrade` as a person runs it: a process of its own, on a database with mail.

A process that tests or migrates has imported what a fresh one has not: what a migration takes from
such imports is seen here only. A new revision is tried without being named here.
"""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.schema import migrations
from gmail_ingest.adapters.postgres.schema.migrate import _config, current_revision
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.postgres.test_email_migration import OLD_MAIL

_SCRIPT = ScriptDirectory(next(iter(migrations.__path__)))
REVISIONS = [script_revision.revision for script_revision in _SCRIPT.walk_revisions()][::-1]
#: Mail of the first release, then a mail that was stored at each later revision.
_FIRST = ["m0", "m1", "m2"]
_COPY = """
INSERT INTO {table}
SELECT (jsonb_populate_record(stored, jsonb_build_object('gmail_id', %s::text))).*
FROM {table} stored WHERE gmail_id = 'm0'
"""


@pytest.fixture(scope="module")
def upgraded(postgres, administration, tmp_path_factory):
    """The command's exit code on a database of each revision, what all commands said, and that
    database's address. The databases go with the session's server: to drop each takes a second.
    """
    ladder = "ladder"
    administration.execute(f"CREATE DATABASE {ladder}")
    names = []
    for revision in REVISIONS:
        _climb(postgres.url(ladder), revision)
        names.append(f"at_{revision}")
        administration.execute(f"CREATE DATABASE {names[-1]} TEMPLATE {ladder} STRATEGY FILE_COPY")
    urls = [postgres.url(name) for name in names]
    data_dir = tmp_path_factory.mktemp("data")
    codes, output = _run_commands(urls, data_dir)
    found = [(code, output, url) for code, url in zip(codes, urls, strict=True)]
    return dict(zip(REVISIONS, found, strict=True))


def _climb(url, revision):
    """Bring the database to a revision, and store a mail as it was stored then."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)
    with psycopg.connect(plain_url(url)) as connection:
        if revision == REVISIONS[0]:
            connection.execute(OLD_MAIL)
            return
        for table in ("emails", "participants", "email_keys"):
            if connection.execute("SELECT to_regclass(%s)", (table,)).fetchone() != (None,):
                connection.execute(_COPY.format(table=table), (f"r{revision}",))


def _run_commands(urls, data_dir):
    """The command's exit code on each database, and what all of them said."""
    program = [sys.executable, "-m", "gmail_ingest_tests.postgres.upgrade_commands"]
    done = subprocess.run(
        [*program, str(data_dir), *urls], capture_output=True, text=True, check=True, timeout=300
    )
    codes = [int(line) for line in done.stdout.splitlines() if line.lstrip("-").isdecimal()]
    assert len(codes) == len(urls), done.stderr
    return codes, done.stderr


@pytest.mark.parametrize("revision", REVISIONS)
async def test_command_upgrades_a_database_with_mail(upgraded, revision):
    """From every revision the command leads to the newest, and all mail is there, read and found
    (edge case 106).
    """
    code, output, url = upgraded[revision]
    assert code == 0, output
    assert current_revision(url) == REVISIONS[-1]
    stored = _FIRST + [
        f"r{stored_revision}" for stored_revision in REVISIONS[1 : REVISIONS.index(revision) + 1]
    ]
    engine = create_engine(url)
    reads = PostgresEmailReads(engine)
    everything = EmailFilter("acme", include_spam_trash=True)
    words = EmailFilter("acme", include_spam_trash=True, q="webshop ann@shop.test")
    for wanted in (everything, words):
        page = await reads.page(wanted, limit=50, cursor=None)
        assert sorted(email.id for email in page.emails) == stored
    labelled = await reads.page(EmailFilter("acme", label="Label_9"), limit=50, cursor=None)
    assert {email.reply_to[0].address for email in labelled.emails} == {"o'ann@shop.test"}
    await engine.dispose()
