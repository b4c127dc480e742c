"""What the mails of the reading benchmark are like, as SQL.

Holds: statements that make accounts, texts and blocks of mails. Add here: a property of mail that
a filter or a search depends on. Keep out: the order of work (``reads_data.py``).

Real mail is skewed: ``zipf`` picks the first of n things most often. Some words and one label have
exact frequencies, so that measured cases are what their names say:

* ``quartz`` is in every second mail, ``feldspar`` in one of 100, ``mica`` in one of 10,000;
* ``alpha`` is in every second mail and ``omega`` in the others: they never meet;
* ``garnet`` is in every second mail of the first half of the time, and in none since;
* ``pyrite`` is in all mail that is no promotion;
* ``opal`` is in three mails, ``Label_rare`` on one mail in 100,000.
"""

from __future__ import annotations

from gmail_ingest.adapters.postgres.mail.facets import LABEL_TRAITS

RARE_LABEL = "Label_rare"

#: ``u``: from 0 to 1, by mail and property. ``zipf``: from 1 to n, small numbers more often.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.u(i bigint, property int) RETURNS float8
LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, property) & 1073741823)::float8 / 1073741824 $$;
CREATE OR REPLACE FUNCTION pg_temp.zipf(i bigint, property int, n int) RETURNS int
LANGUAGE sql IMMUTABLE AS
$$ SELECT floor(power(n, pg_temp.u(i, property)))::int $$
"""
#: What is made again when the rows are there.
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE tablename IN ('emails', 'email_keys', 'participants', 'threads')
  AND indexname LIKE 'ix\\_%'
ORDER BY indexdef LIKE '%USING gin%' DESC, indexname
"""
TEXTS = """
CREATE UNLOGGED TABLE texts (id int PRIMARY KEY, text text NOT NULL);
CREATE UNLOGGED TABLE marked_texts (
    tenant_id text, text_id int, month int, mark text, vector tsvector,
    PRIMARY KEY (tenant_id, month, text_id))
"""
FORGET_TEXTS = "DROP TABLE texts, marked_texts"

ACCOUNTS = """
WITH tenant AS (INSERT INTO tenants (id) VALUES (%(tenant_id)s) RETURNING id
), integration AS (
    INSERT INTO integrations (tenant_id, auth_type, subject)
    SELECT id, 'service_account', 'reader' FROM tenant RETURNING id, tenant_id
)
INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)
SELECT tenant_id, id, 'owner' || n || '@' || tenant_id || '.test', 1
FROM integration, generate_series(1, %(mailboxes)s) AS n
"""
#: Each text with the marks of each month: five years, as ``_MAILS`` has them.
COPY_MARKED_TEXTS = (
    "COPY marked_texts (tenant_id, text_id, month, mark, vector) FROM STDIN (FORMAT BINARY)"
)
MARKED_TEXT_TYPES = ("text", "int4", "int4", "text", "tsvector")
MONTHS = 61

_MAILS = """
CREATE TEMP TABLE mail AS
WITH boxes AS (
    SELECT row_number() OVER (ORDER BY id) AS n, id, address FROM mailboxes
    WHERE tenant_id = %(tenant_id)s
), drawn AS (
    SELECT i, pg_temp.zipf(i, 1, %(mailboxes)s) AS box,
           -- Mail grows: half of it is of the last third of five years.
           timestamptz '2025-12-31 00:00Z'
               - interval '1 second' * 157680000 * (1 - power(1 - (i + 0.5) / %(mails)s, 0.6))
               - interval '1 second' * floor(pg_temp.u(i, 2) * 864000) AS internal_date,
           CASE WHEN pg_temp.u(i, 3) < 0.25 THEN 'outbound'
                WHEN pg_temp.u(i, 3) < 0.252 THEN 'self' ELSE 'inbound' END AS direction,
           pg_temp.u(i, 4) < 0.15 AS has_attachment,
           (pg_temp.u(i, 5) * %(texts)s)::int %% %(texts)s AS text_id
    FROM generate_series(%(start)s::bigint, %(end)s::bigint - 1) AS i
)
SELECT d.*, b.id AS mailbox_id, b.address AS owner, to_hex(x'190000000000'::bigint + i) AS gmail_id,
       to_hex(x'180000000000'::bigint + (i / 40) * 10 + (pg_temp.u(i, 6) * 10)::int) AS thread_id,
       'person' || pg_temp.zipf(i, 7, 20000) || '@shop.test' AS person,
       ARRAY(SELECT DISTINCT
                 'owner' || pg_temp.zipf(i * 5 + n, 8, 25) || '@' || %(tenant_id)s || '.test'
             FROM generate_series(1, (pg_temp.u(i, 9) * 3)::int) AS n) AS copied
FROM drawn d JOIN boxes b ON b.n = d.box
"""
_LABELS = f"""
ALTER TABLE mail ADD label_ids text[], ADD words text[];
UPDATE mail SET
label_ids = ARRAY(SELECT label COLLATE "C" FROM unnest(
    CASE WHEN direction = 'inbound' THEN ARRAY[
        CASE WHEN pg_temp.u(i, 10) < 0.40 THEN 'INBOX' WHEN pg_temp.u(i, 10) < 0.43 THEN 'TRASH'
             WHEN pg_temp.u(i, 10) < 0.44 THEN 'SPAM' END,
        CASE WHEN pg_temp.u(i, 11) < 0.08 THEN 'UNREAD' END,
        CASE WHEN pg_temp.u(i, 12) < 0.30 THEN 'IMPORTANT' END,
        (ARRAY['CATEGORY_PERSONAL', 'CATEGORY_UPDATES', 'CATEGORY_PROMOTIONS', 'CATEGORY_FORUMS',
               'CATEGORY_SOCIAL'])[pg_temp.zipf(i, 13, 5)]]
    ELSE ARRAY['SENT'] END || ARRAY[
        CASE WHEN pg_temp.u(i, 14) < 0.01 THEN 'STARRED' END,
        CASE WHEN pg_temp.u(i, 15) < 0.30 THEN 'Label_' || pg_temp.zipf(i, 16, 25) END,
        CASE WHEN i %% 100000 = 77777 THEN '{RARE_LABEL}' END]) AS label
    WHERE label IS NOT NULL ORDER BY 1),
words = ARRAY['no' || i, 'case' || (i / 7), CASE WHEN pg_temp.u(i, 17) < 0.5 THEN 'quartz' END,
    CASE WHEN i %% 100 = 42 THEN 'feldspar' END, CASE WHEN i %% 10000 = 4242 THEN 'mica' END,
    CASE WHEN pg_temp.u(i, 18) < 0.5 THEN 'alpha' ELSE 'omega' END,
    CASE WHEN pg_temp.u(i, 19) < 0.5 AND internal_date < '2023-07-01' THEN 'garnet' END,
    CASE WHEN i IN (777, %(mails)s / 2, %(mails)s - 7) THEN 'opal' END];
UPDATE mail SET words = words || 'pyrite'::text WHERE NOT 'CATEGORY_PROMOTIONS' = ANY(label_ids)
"""  # noqa: S608 - this module's own words
_DIGEST = """md5(concat_ws(E'\\n', direction, has_attachment::text,
    nullif(array_to_string(label_ids, E'\\n'), '')))"""
_TRAITS = " | ".join(
    [
        "spam_or_trash::int",
        "(has_attachment::int << 1)",
        "(CASE direction WHEN 'outbound' THEN 4 WHEN 'self' THEN 8 ELSE 0 END)",
        *(
            f"(CASE WHEN '{label}' = ANY(label_ids) THEN {bit} ELSE 0 END)"
            for label, bit in LABEL_TRAITS.items()
        ),
    ]
)
_FACETS = f"""
INSERT INTO facets
    (id, mailbox_id, tenant_id, digest, direction, has_attachment, spam_or_trash, label_ids)
SELECT nextval('facet_numbers') << 16 | {_TRAITS}, f.* FROM (
    SELECT DISTINCT ON (mailbox_id, digest) mailbox_id, %(tenant_id)s, {_DIGEST} AS digest,
           direction, has_attachment, label_ids && ARRAY['TRASH', 'SPAM'] AS spam_or_trash,
           label_ids
    FROM mail ORDER BY mailbox_id, digest) AS f
WHERE NOT EXISTS (
    SELECT FROM facets k WHERE k.mailbox_id = f.mailbox_id AND k.digest = f.digest)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - this module's own words
#: Addresses of a mail: from, to, and the copied.
_PEOPLE = """(CASE WHEN m.direction = 'inbound' THEN ARRAY[m.person, m.owner]
    ELSE ARRAY[m.owner, m.person] END || m.copied)"""
_EMAILS = f"""
INSERT INTO emails (mailbox_id, gmail_id, tenant_id, thread_id, history_id, rfc_message_id,
    "references", subject, sender_address, sender_name, recipients, direction, internal_date,
    header_date, label_ids, snippet, text, html, reply_text, size, is_auto_reply, is_bounce,
    is_list, has_attachment, sanitized, search_vector, facet_id)
SELECT m.mailbox_id, m.gmail_id, %(tenant_id)s, m.thread_id, m.i,
    '<' || m.gmail_id || '@shop.test>', '{{}}', left(t.text, 50), {_PEOPLE}[1], 'Person',
    (SELECT jsonb_agg(jsonb_build_object('role', CASE position WHEN 2 THEN 'to' ELSE 'cc' END,
         'address', address, 'name', 'Person') ORDER BY position)
     FROM unnest({_PEOPLE}) WITH ORDINALITY AS p (address, position) WHERE position > 1),
    m.direction, m.internal_date,
    'Thu, 1 Jan 2026 00:00:00 +0000', m.label_ids, left(t.text, 120), t.text,
    '<html><body><div dir="ltr"><p>' || replace(t.text, ' b', '</p><p class="part"> b')
        || '</p></div></body></html>',
    left(t.text, 300), 3 * length(t.text), false, false, false, m.has_attachment, false,
    k.vector || array_to_tsvector(ARRAY[k.mark] || ARRAY(
        SELECT DISTINCT k.mark || ' ' || a FROM unnest(m.copied || m.owner || m.person) AS a)
        || ARRAY(SELECT k.mark || w FROM unnest(m.words) AS w WHERE w IS NOT NULL)),
    f.id
FROM mail m
JOIN texts t ON t.id = m.text_id
JOIN marked_texts k ON k.tenant_id = %(tenant_id)s AND k.text_id = m.text_id
    AND k.month = 12 * (extract(year FROM m.internal_date AT TIME ZONE 'UTC') - 2021)
        + extract(month FROM m.internal_date AT TIME ZONE 'UTC') - 1
JOIN facets f ON f.mailbox_id = m.mailbox_id AND f.digest = (
    SELECT {_DIGEST} FROM (SELECT m.direction, m.has_attachment, m.label_ids) AS facet)
ORDER BY m.i
"""  # noqa: S608 - this module's own words
_KEYS = """
INSERT INTO email_keys (mailbox_id, gmail_id, tenant_id, facet_id, internal_date)
SELECT e.mailbox_id, e.gmail_id, e.tenant_id, e.facet_id, e.internal_date
FROM mail m JOIN emails e USING (mailbox_id, gmail_id) ORDER BY m.i
"""
_PARTICIPANTS = f"""
INSERT INTO participants (mailbox_id, gmail_id, position, tenant_id, role, address, name,
    internal_date, facet_id)
SELECT m.mailbox_id, m.gmail_id, (p.position - 1)::int, %(tenant_id)s,
       (ARRAY['from', 'to', 'cc', 'cc', 'cc', 'cc'])[p.position], p.address, 'Person',
       m.internal_date, e.facet_id
FROM mail m JOIN emails e USING (mailbox_id, gmail_id),
     unnest({_PEOPLE}) WITH ORDINALITY AS p (address, position)
"""  # noqa: S608 - this module's own words
_ATTACHMENTS = """
INSERT INTO attachments (mailbox_id, gmail_id, part_id, filename, mime_type, size, inline)
SELECT mailbox_id, gmail_id, '2', 'offer.pdf', 'application/pdf', 40000, false
FROM mail WHERE has_attachment
"""
#: Statements that make mails ``start`` to ``end`` of a tenant, in a session of their own.
BLOCK = (
    _MAILS,
    *_LABELS.split(";"),
    "ANALYZE mail",
    _FACETS,
    _EMAILS,
    _KEYS,
    _PARTICIPANTS,
    _ATTACHMENTS,
)
FACET_LABELS = """
INSERT INTO facet_labels
    (tenant_id, label_id, spam_or_trash, direction, has_attachment, mailbox_id, facet_id)
SELECT f.tenant_id, label, f.spam_or_trash, f.direction, f.has_attachment, f.mailbox_id, f.id
FROM facets f, unnest(f.label_ids || ''::text) AS label
"""
THREADS = """
INSERT INTO threads (mailbox_id, thread_id, tenant_id, subject, participants, first_date, last_date,
    message_count)
SELECT mailbox_id, thread_id, min(tenant_id), min(subject), ARRAY[min(sender_address)],
       min(internal_date), max(internal_date), count(*)
FROM emails GROUP BY mailbox_id, thread_id
"""
