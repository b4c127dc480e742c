from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.core.ledger.history_records import MessageChange
from gmail_ingest.core.mail.message import Attachment, FailedRecipient, ParsedMessage, Participant
from gmail_ingest.sync.mailbox.records import Stored
from webhook_api.emails.bodies import EmailPageBody, ThreadBody

START = datetime(2026, 3, 1, tzinfo=UTC)
ANN = Participant("from", "ann@shop.test", "Ann")
KIM = Participant("to", "kim@crm.test", "Kim")

MESSAGE = ParsedMessage(
    gmail_id="m1",
    thread_id="t1",
    history_id=1,
    rfc_message_id="<1@shop.test>",
    in_reply_to=None,
    references=(),
    subject="Offer for paper",
    sender=ANN,
    author=Participant("author", "lou@shop.test", "Lou"),
    participants=(
        ANN,
        Participant("reply-to", "desk@shop.test", "Desk"),
        Participant("reply-to", "kim@crm.test", ""),
        KIM,
        Participant("cc", "lee@crm.test", ""),
    ),
    direction="inbound",
    internal_date=START,
    header_date_raw="Sun, 1 Mar 2026 00:00:00 +0000",
    label_ids=("INBOX", "UNREAD"),
    is_unsent=False,
    snippet="Dear Kim",
    text="Dear Kim, an invoice follows.",
    html="<p>Dear Kim</p>",
    reply_text="Dear Kim",
    signature="Lou, sales",
    size=2048,
    is_auto_reply=False,
    is_bounce=False,
    is_list=False,
    content_kind="delivery_report",
    failed_recipients=(FailedRecipient("max@shop.test", "failed", "5.1.1"),),
    attachments=(),
    sanitized=False,
    search_text="offer for paper dear kim an invoice follows",
)
FILE = Attachment("2", "offer.pdf", "application/pdf", 1000, None, inline=False)


def add_mailboxes(api, *addresses):
    """Give tenant-1 mailboxes of these addresses."""
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-1')")
    for address in addresses:
        api.database.execute(
            "WITH i AS (INSERT INTO integrations (tenant_id, auth_type, subject)"
            " VALUES ('tenant-1', 'oauth', %(a)s) RETURNING id)"
            " INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)"
            " SELECT 'tenant-1', id, %(a)s, 1 FROM i",
            {"a": address},
        )


def letter(number, **changes):
    """Message number n, n hours after the first, in thread t(n // 3)."""
    values = {
        "gmail_id": f"m{number}",
        "thread_id": f"t{number // 3}",
        "internal_date": START + timedelta(hours=number),
        "subject": f"Letter {number}",
        "search_text": f"letter {number}",
    }
    return replace(MESSAGE, **{**values, **changes})


MAIL = [
    letter(0),
    letter(1, attachments=(FILE,)),
    letter(2, direction="outbound", label_ids=("SENT",)),
    letter(3, label_ids=("INBOX", "TRASH")),
    letter(4, search_text="letter 4: the invoice of march"),
    letter(5, participants=(replace(ANN, address="bob@shop.test"), KIM)),
    letter(6, label_ids=("SPAM",), participants=()),
]


@pytest.fixture
def mail(api, engine, run):
    """A tenant with two mailboxes, which both have a thread of the same id."""
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-1'), ('tenant-2')")
    api.database.execute(
        "INSERT INTO integrations (tenant_id, auth_type, subject) VALUES ('tenant-1', 'oauth', 'k')"
    )
    for address in ("kim@crm.test", "lee@crm.test"):
        api.database.execute(
            "INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)"
            " SELECT 'tenant-1', id, %s, 1 FROM integrations",
            [address],
        )
    run(store(engine, "kim@crm.test", MAIL))
    run(store(engine, "lee@crm.test", [letter(0, gmail_id="z0", internal_date=START)]))
    return api


async def store(engine, address, messages):
    """Store messages as a sync does."""
    keeper = PostgresMailStore(engine)
    boxes = {mailbox.address: mailbox for mailbox in await keeper.mailboxes("tenant-1", None)}
    minute = timedelta(minutes=1)
    lease = await keeper.acquire_lease(boxes[address].id, "push", "test", minute, force=False)
    changes = [
        MessageChange(message.gmail_id, message.thread_id, 1, deleted=False, label_ids=("INBOX",))
        for message in messages
    ]
    await keeper.apply_history(lease, changes, None)
    await keeper.save(lease, [Stored(message) for message in messages])
    await keeper.release_lease(lease)


def ids(api, query="", tenant="tenant-1"):
    """The ids that a list answers, in its order."""
    answer = api.call("GET", f"/api/emails?tenantId={tenant}{query}")
    assert answer.status_code == 200, answer.text
    page = EmailPageBody.model_validate(answer.json())
    if page.total is not None:
        assert len(page.emails) == min(page.limit, max(0, page.total - page.offset))
    return [email.id for email in page.emails]


def test_emails_are_listed_newest_first_without_spam_and_trash(mail):
    """Newest internal date first, whatever Date says, in a stable order: edge case 49."""
    assert ids(mail) == ["m5", "m4", "m2", "m1", "z0", "m0"]
    assert ids(mail, "&includeSpamTrash=true") == ["m6", "m5", "m4", "m3", "m2", "m1", "z0", "m0"]


def test_emails_pages_follow_each_other_without_gap_or_repeat(mail):
    """Pages of two put together are the list, and each knows the total."""
    pages = [ids(mail, f"&limit=2&offset={offset}") for offset in (0, 2, 4, 6)]
    assert pages == [["m5", "m4"], ["m2", "m1"], ["z0", "m0"], []]
    page = mail.call("GET", "/api/emails?tenantId=tenant-1&limit=2&offset=9").json()
    assert (page["emails"], page["total"], page["limit"], page["offset"]) == ([], 6, 2, 9)


def test_emails_pages_follow_each_other_by_cursor(mail):
    """Cursors lead through the whole list, and only with the filters that they came from."""
    found, cursor = [], ""
    while cursor is not None:
        query = f"&limit=2&cursor={cursor}" if cursor else "&limit=2"
        page = mail.call("GET", f"/api/emails?tenantId=tenant-1{query}").json()
        found.append([email["id"] for email in page["emails"]])
        assert page["total"] is None
        if page["nextCursor"]:
            other = f"/api/emails?tenantId=tenant-1&label=INBOX&cursor={page['nextCursor']}"
            refused = mail.call("GET", other)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["field"] == "cursor"
        cursor = page["nextCursor"]
    assert found == [["m5", "m4"], ["m2", "m1"], ["z0", "m0"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("&q=invoice", ["m4"]),
        ("&q=%22of march%22", ["m4"]),
        ("&q=letter -1", ["m5", "m4", "m2", "z0", "m0"]),
        ("&q=%22%29%28 %26 %7C ! ' :*", []),
        ("&mailbox=Lee@crm.test", ["z0"]),
        ("&label=SENT", ["m2"]),
        ("&label=TRASH&includeSpamTrash=true", ["m3"]),
        ("&participant=Bob@shop.test", ["m5"]),
        ("&direction=outbound", ["m2"]),
        ("&from=2026-03-01T02:00:00Z&to=2026-03-01T05:00:00Z", ["m4", "m2"]),
        ("&from=2026-03-01T03:00:00%2B01:00&to=2026-03-01T05:00:00", ["m4", "m2"]),
        ("&hasAttachment=true", ["m1"]),
        ("&threadId=t1", ["m5", "m4"]),
        ("&threadId=t1' OR true --", []),
    ],
)
def test_emails_are_filtered(mail, query, found):
    """Each filter narrows as it says, and takes hostile text as text."""
    assert ids(mail, query) == found


def test_emails_of_a_tenant_are_its_own(mail):
    """Another tenant sees nothing, and an unknown one is 404."""
    assert ids(mail, tenant="tenant-2") == []
    assert mail.call("GET", "/api/emails/thread/t0?tenantId=tenant-2").status_code == 404


def test_an_email_has_what_a_crm_shows(mail):
    """People with names, both bodies, reply text, dates, labels, flags and files."""
    (shown,) = mail.call("GET", "/api/emails?tenantId=tenant-1&hasAttachment=true").json()["emails"]
    assert shown == {
        "id": "m1",
        "gmailId": "m1",
        "mailbox": "kim@crm.test",
        "threadId": "t0",
        "rfcMessageId": "<1@shop.test>",
        "inReplyTo": None,
        "subject": "Letter 1",
        "from": {"address": "ann@shop.test", "name": "Ann", "isOwner": False},
        "author": {"address": "lou@shop.test", "name": "Lou", "isOwner": False},
        "to": [{"address": "kim@crm.test", "name": "Kim", "isOwner": True}],
        "cc": [{"address": "lee@crm.test", "name": "", "isOwner": False}],
        "bcc": [],
        "replyTo": [
            {"address": "desk@shop.test", "name": "Desk", "isOwner": False},
            {"address": "kim@crm.test", "name": "", "isOwner": True},
        ],
        "direction": "inbound",
        "internalDate": "2026-03-01T01:00:00Z",
        "headerDate": "Sun, 1 Mar 2026 00:00:00 +0000",
        "labelIds": ["INBOX", "UNREAD"],
        "snippet": "Dear Kim",
        "text": "Dear Kim, an invoice follows.",
        "html": "<p>Dear Kim</p>",
        "replyText": "Dear Kim",
        "signature": "Lou, sales",
        "size": 2048,
        "isAutoReply": False,
        "isBounce": False,
        "isList": False,
        "contentKind": "delivery_report",
        "failedRecipients": [{"address": "max@shop.test", "action": "failed", "status": "5.1.1"}],
        "hasAttachment": True,
        "attachments": [
            {
                "partId": "2",
                "filename": "offer.pdf",
                "mimeType": "application/pdf",
                "size": 1000,
                "contentId": None,
                "inline": False,
            }
        ],
        "copies": None,
        "formerAccount": False,
    }


def test_a_thread_is_read_oldest_first_with_its_summary(mail):
    """All visible messages of the thread in its mailbox, in the order they came."""
    answer = mail.call("GET", "/api/emails/thread/t0?tenantId=tenant-1")
    thread = ThreadBody.model_validate(answer.json())
    assert [email.id for email in thread.emails] == ["m0", "m1", "m2"]
    assert thread.thread.message_count == 3
    assert thread.thread.mailbox == "kim@crm.test"
    assert thread.thread.last_outbound_at == START + timedelta(hours=2)
    other = "/api/emails/thread/t0?tenantId=tenant-1&mailbox=lee@crm.test"
    assert [email["id"] for email in mail.call("GET", other).json()["emails"]] == ["z0"]


def test_a_thread_hides_spam_and_trash(mail):
    """Trash is shown on request only, and a thread of nothing else is 404."""
    path = "/api/emails/thread/{}?tenantId=tenant-1{}"
    shown = mail.call("GET", path.format("t1", "")).json()["emails"]
    assert [email["id"] for email in shown] == ["m4", "m5"]
    assert mail.call("GET", path.format("t2", "")).status_code == 404
    assert mail.call("GET", path.format("t2", "&includeSpamTrash=true")).status_code == 200


def test_deleting_data_removes_all_mail_and_counts_it(mail):
    """Disconnecting with deleteData leaves no row of the mail and says how many: edge case 66."""
    done = mail.call("DELETE", "/api/integrations/tenant-1?deleteData=true").json()
    assert done["deleted"]["emails"] == 8
    assert done["deleted"]["message_ledger"] == 8
    assert done["deleted"]["attachments"] == 1
    assert done["deleted"]["mailboxes"] == 2
    tables = ("emails", "email_keys", "facets", "facet_labels", "threads", "participants")
    for table in (*tables, "attachments", "message_ledger", "mailboxes"):
        count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        assert mail.database.execute(count).fetchone() == (0,), table
    assert ids(mail) == []
