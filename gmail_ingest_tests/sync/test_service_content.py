"""Mail as people and programs really write it: from Google's answer to Postgres."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest_tests.sync.service import OWNER, TENANT, mail

HEAD = b"From: Ann <ann@example.net>\r\nTo: owner@example.com\r\nSubject: s\r\n"
COLUMNS = ("subject", "text", "html", "snippet", "sender_address", "sender_name", "header_date",
           "rfc_message_id", "sanitized", "recipients", "internal_date", "size")  # fmt: skip


def multi(kind, *parts):
    """A multipart of parts, each with its headers."""
    mark = kind.encode() + b"-mark"
    inner = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    head = b"Content-Type: multipart/" + kind.encode() + b"; boundary=" + mark
    return head + b"\r\n\r\n" + inner + b"--" + mark + b"--\r\n"


def part(kind, body, more=b""):
    """A part with its headers."""
    return b"Content-Type: " + kind + b"\r\n" + more + b"\r\n" + body


PLAIN = part(b"text/plain; charset=utf-8", b"the text")
RICH = part(b"text/html; charset=utf-8", b"<p>the text</p>")
NOTES = part(
    b"text/plain; name=notes.txt", b"not this",
    b"Content-Disposition: attachment; filename=notes.txt\r\n",
)  # fmt: skip
ENCLOSED = part(b"message/rfc822", HEAD + b"\r\nnot this")


async def stored(service, *raws, **options):
    """Deliver mail, sync, and return its rows in this order."""
    service.account()
    ids = [service.box(lambda box, raw=raw: box.deliver(raw, **options).id) for raw in raws]
    await service.connect()
    report = await service.sync()
    assert report.errors == []
    assert await service.agrees()
    rows = await service.rows(f"SELECT gmail_id, {', '.join(COLUMNS)} FROM emails")  # noqa: S608
    found = {row[0]: SimpleNamespace(**dict(zip(COLUMNS, row[1:], strict=True))) for row in rows}
    return [found[message_id] for message_id in ids]


async def test_nul_and_lone_surrogates_are_replaced_and_flagged(service):
    """In the subject, a name, a header and the body (edge cases 41 and 42)."""
    raw = (
        b'From: "A\x00nn" <ann@example.net>\r\nTo: owner@example.com\r\n'
        b"Subject: a\x00b =?utf-7?Q?+2AA-?=\r\nMessage-ID: <\x00@x>\r\n\r\nbody\x00end \xed\xa0\x80"
    )
    (row,) = await stored(service, raw)
    assert row.sanitized
    assert row.subject.startswith("a\ufffdb")
    assert row.text.startswith("body\ufffdend")
    assert (row.sender_name, row.sender_address) == ("A\ufffdnn", "ann@example.net")
    assert row.rfc_message_id == "<\ufffd@x>"


async def test_snippet_is_never_cut_inside_a_character(service):
    """A text of emoji gives a snippet of whole ones (edge case 42)."""
    (row,) = await stored(service, HEAD + b"\r\n" + "\U0001f600".encode() * 400)
    assert set(row.snippet) == {"\U0001f600"}
    assert not row.sanitized


CHARSETS = {
    b"iso-8859-1": (b"Caf\xe9", "Caf\u00e9"),
    b"windows-1252": (b"\x93Caf\xe9\x94", "\u201cCaf\u00e9\u201d"),
    b"iso-2022-jp": ("\u65e5\u672c".encode("iso-2022-jp"), "\u65e5\u672c"),
    b"shift_jis": ("\u65e5\u672c".encode("shift_jis"), "\u65e5\u672c"),
    b"koi8-r": ("\u041f\u0440".encode("koi8-r"), "\u041f\u0440"),
    b"utf-8": ("Gr\u00fc\u00dfe".encode(), "Gr\u00fc\u00dfe"),
    b"x-nonsense": (b"plain", "plain"),
}


@pytest.mark.parametrize("size", [10, 1_100_000])
async def test_text_is_read_in_its_charset_inline_and_apart(service, size):
    """Inline text is UTF-8 under its old label, a large one comes by id in the declared charset:
    both read the same (edge cases 43 and 45).
    """
    head = HEAD + b"Content-Transfer-Encoding: 8bit\r\n"
    rows = await stored(
        service,
        *[
            head + part(b"text/plain; charset=" + charset, body + b"\r\n" + b"x" * size)
            for charset, (body, _) in CHARSETS.items()
        ],
    )
    assert [row.text.split("\n")[0] for row in rows] == [text for _, text in CHARSETS.values()]
    assert not any(row.sanitized for row in rows)
    assert service.calls("messages.attachments.get") == (len(rows) if size > 1_000 else 0)


async def test_text_is_the_one_that_a_reader_sees(service):
    """Nested, beside files and enclosed mail, and in place of an empty rendering (edge cases 44
    and 46).
    """
    bodies = [
        multi("related", multi("alternative", PLAIN, RICH)),
        multi("mixed", multi("related", multi("alternative", PLAIN, RICH)), NOTES),
        multi("mixed", NOTES, PLAIN),
        multi("mixed", ENCLOSED, PLAIN),
        multi("alternative", part(b"text/plain", b" \r\n"), RICH),
        multi("alternative", part(b"text/plain", b""), multi("related", RICH)),
        multi("signed", PLAIN, part(b"application/pgp-signature", b"-----BEGIN")),
        part(b"text/html", b"<style>p {}</style><p>the text</p>"),
    ]
    rows = await stored(service, *[HEAD + body for body in bodies])
    assert [row.text.strip() for row in rows] == ["the text"] * len(bodies)
    assert not any("not this" in row.html for row in rows)


async def test_multiparts_without_parts_are_stored(service):
    """A container without boundary, without parts or cut off in its middle has what text there is
    (edge case 47).
    """
    rows = await stored(
        service,
        HEAD + b"Content-Type: multipart/mixed\r\n\r\nlost",
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n",
        HEAD + multi("mixed", PLAIN).removesuffix(b"--\r\n"),
        HEAD + b"Content-Type: ; ;;\r\nContent-Transfer-Encoding: nonsense\r\n\r\nthe text",
    )
    assert [row.subject for row in rows] == ["s"] * 4
    assert [row.text.strip() for row in rows[2:]] == ["the text"] * 2


DATES = [
    "Wed, 33 Sep 2007 12:00:00 +0000",
    "Mon, 1 Jan 2007 31:00:00 +0000",
    'Mon, 1 Jan 2007 10:00:00 -0200To: "jason"',
    "Mon, 1 Jan 2007 10:00:00 +1000 (AUSNSW)",
    "Fri, 1 Jan 2100 00:00:00 +0000",
]


async def test_dates_of_senders_are_kept_and_order_nothing(service):
    """Impossible and future dates are stored as sent; lists and threads go by internal date
    (edge cases 48 and 49).
    """
    now = datetime.now(UTC).replace(microsecond=0)
    service.account()
    ids = []
    for age, date in enumerate(DATES):
        raw = f"Date: {date}\r\n".encode() + mail("same")
        when = int((now - timedelta(hours=age)).timestamp() * 1000)
        ids.append(service.box(lambda box: box.deliver(raw, internal_date=when).id))  # noqa: B023
    await service.connect()
    await service.sync()
    rows = await service.rows(
        "SELECT gmail_id, header_date, internal_date FROM emails ORDER BY internal_date DESC"
    )
    assert [row[0] for row in rows] == ids
    assert [row[1] for row in rows] == DATES
    assert [row[2] for row in rows] == [now - timedelta(hours=age) for age in range(len(DATES))]
    assert await service.rows("SELECT max(last_date) FROM threads") == [now]


RECIPIENTS = {
    b"=?ISO-8859-1?Q?Moore=2C_Keith?= <k@x.example>": [("k@x.example", "Moore, Keith")],
    b'"=?utf-8?B?SsO8cmdlbg==?=" <j@x.example>': [("j@x.example", "J\u00fcrgen")],
    b"undisclosed-recipients:;": [],
    b"Team: a@x.example, B <b@x.example>;": [("a@x.example", ""), ("b@x.example", "B")],
    b"=?utf-8?Q?x=0D=0ABcc:_evil@x?= <c@x.example>": [("c@x.example", "x Bcc: evil@x")],
    b"": [],
    b"<>, @, , a@": [],
    b"A@X.Example, a@x.example": [("a@x.example", "")],
}


async def test_recipients_are_who_the_header_names(service):
    """Encoded and quoted names, groups, empty and hostile values (edge case 50)."""
    raws = [b"From: a@b.example\r\nTo: " + header + b"\r\n\r\nx" for header in RECIPIENTS]
    found = [
        [(recipient["address"], recipient["name"]) for recipient in row.recipients]
        for row in await stored(service, *raws)
    ]
    assert found == list(RECIPIENTS.values())


STRANGE = {
    b"": "",
    b"\r\nonly a body": "only a body",
    b"X-Only: this\r\n\r\nx": "x",
    b"Subject: s\r\n\r\nFrom: too late\r\n\r\nx": "From: too late\n\nx",
    b"Subject: s\r\nno header at all\r\n\r\nx": "no header at all\n\nx",
    b"__proto__: 1\r\nconstructor: 2\r\nReceived: a\r\nReceived: b\r\n\r\nx": "x",
    b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nx": "x",
}


async def test_mail_with_a_strange_header_is_stored(service):
    """Without sender, subject or id, with a blank line in the header, with repeated and odd names
    (edge cases 51 and 55).
    """
    rows = await stored(service, *STRANGE)
    assert [row.text for row in rows] == list(STRANGE.values())
    assert {row.rfc_message_id for row in rows} == {None}
    assert [row.sender_address for row in rows] == [*[None] * 6, "a@x.example"]


async def test_long_and_malformed_ids_and_headers_are_stored_whole(service):
    """A Message-ID of 12 KB, a subject of 100 KB, thousands of references, ids with two @
    (edge cases 52 and 56).
    """
    long_id = f"<{'x' * 12_000}@example.net>"
    references = " ".join(f"<{number}@example.net>" for number in range(3_000))
    rows = await stored(
        service,
        f"Message-ID: {long_id}\r\nReferences: {references}\r\n".encode() + mail("s" * 100_000),
        b"Message-ID: <a@b@c>\r\n" + mail("two"),
        b"Message-ID: [a]<b>@c\r\n" + mail("three"),
    )
    assert [row.rfc_message_id for row in rows] == [long_id, "<a@b@c>", "[a]<b>@c"]
    assert len(rows[0].subject) == 100_000
    counts = await service.rows('SELECT cardinality("references") FROM emails ORDER BY 1 DESC')
    assert counts[0] == 3_000


async def test_a_megabyte_of_different_words_is_stored_and_found(service):
    """The search index takes what it can; the text is whole (edge case 53)."""
    words = " ".join(f"word{number}-{number * 7919 % 1_000_003}" for number in range(120_000))
    (row,) = await stored(service, HEAD + b"\r\n" + words.encode())
    assert len(row.text) == len(words) > 1_500_000
    reads = PostgresEmailReads(service.engine)
    for query, hits in (("word7", 1), ("nothing", 0)):
        wanted = EmailFilter(TENANT, q=query)
        assert len((await reads.page(wanted, limit=9, cursor=None)).emails) == hits


async def test_size_is_googles_and_the_file_stays_there(service):
    """A message of 35 MB with a file is stored with its text, and the file is not fetched
    (edge case 54).
    """
    content = b"QUJD" * 18 + b"\r\n"
    file = part(
        b"application/zip; name=a.zip", content * (35_000_000 // len(content)),
        b"Content-Disposition: attachment; filename=a.zip\r\nContent-Transfer-Encoding: base64\r\n",
    )  # fmt: skip
    (row,) = await stored(service, HEAD + multi("mixed", PLAIN, file))
    assert row.text.strip() == "the text"
    assert row.size > 34_000_000
    assert service.calls("messages.attachments.get") == 0
    files = await service.rows("SELECT filename, size > 25000000, inline FROM attachments")
    assert files == [("a.zip", True, False)]


async def test_seeded_mail_of_every_kind_is_stored_valid(service):
    """Hundreds of invented mails, some of them broken, are stored: none is dropped, and all but the
    few without a From have their sender (edge cases 50 and 51).
    """
    service.account(messages=300)
    await service.connect()
    await service.sync()
    assert await service.agrees()
    senders = await service.rows("SELECT count(*) FROM emails WHERE sender_address IS NULL")
    assert senders[0] <= 3
    assert (await service.rows("SELECT count(*) FROM emails WHERE direction = 'outbound'"))[0] > 50
    assert OWNER not in await service.rows(
        "SELECT sender_address FROM emails WHERE direction = 'inbound'"
    )
