"""What the database does for the mail of one person, in one spelling and in two."""

from __future__ import annotations

import psycopg

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_lists import MailList
from gmail_ingest_tests.conftest import plain_url
from gmail_ingest_tests.postgres.email_worlds import Mail, store

_FILL = """
INSERT INTO participants
    (mailbox_id, gmail_id, position, tenant_id, role, address, name, internal_date, facet_id)
SELECT p.mailbox_id, 'x' || n, 0, p.tenant_id, 'from',
    CASE n % 1000 WHEN 0 THEN 'ann@b\u00fccher.test' WHEN 1 THEN 'ann@xn--bcher-kva.test'
         ELSE 'p' || n % 5000 || '@shop.test' END,
    '', p.internal_date - n * interval '1 minute', p.facet_id
FROM (SELECT * FROM participants LIMIT 1) AS p, generate_series(1, 100000) AS n
"""


async def test_mail_of_a_person_is_found_by_the_index(database, database_url):
    """Of a hundred thousand mails no more than those of the person are read, in one spelling or
    two (edge case 219).
    """
    await store(database, [Mail("kim@crm.test", 1)])
    with psycopg.connect(plain_url(database_url), autocommit=True) as connection:
        connection.execute(_FILL)
        connection.execute("ANALYZE participants")
        for person in ("p7@shop.test", "ann@b\u00fccher.test"):
            statement, arguments = MailList(EmailFilter("acme", participant=person)).emails(50)
            rows = connection.execute(b"EXPLAIN " + statement, arguments)
            plan = "\n".join(row[0] for row in rows)
            assert "Seq Scan on participants" not in plan
            assert "ix_participants_tenant_address_date" in plan
