"""A mail that several mailboxes of a tenant have, in lists of unique mail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest.core.message import Participant
from gmail_ingest_tests.webhook_api.test_emails import ANN, KIM, START, letter, store

LEE = "lee@crm.test"
BOSS = "boss@crm.test"


def mail(number, message_id, **changes):
    """A letter with a Message-ID, n hours after the first."""
    return letter(number, rfc_message_id=message_id, **changes)


@pytest.fixture
def shared(api, engine, run):
    """Two mails that Kim and Lee both have, one of them in Lee's trash, and three of their own."""
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-1')")
    for address in ("kim@crm.test", LEE):
        api.database.execute(
            "WITH i AS (INSERT INTO integrations (tenant_id, auth_type, subject)"
            " VALUES ('tenant-1', 'oauth', %(a)s) RETURNING id)"
            " INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)"
            " SELECT 'tenant-1', id, %(a)s, 1 FROM i",
            {"a": address},
        )
    own = [
        mail(0, "<both@x>"),
        mail(1, "<kim@x>"),
        mail(2, None),
        mail(3, "<trash@x>"),
        mail(4, "<same@x>", sender=replace(ANN, address="bob@shop.test")),
    ]
    second = timedelta(seconds=1)
    lees = [
        mail(0, "<both@x>", gmail_id="l0", internal_date=START + second, label_ids=("SENT",)),
        mail(2, None, gmail_id="l2"),
        mail(3, "<trash@x>", gmail_id="l3", label_ids=("TRASH",)),
        mail(4, "<same@x>", gmail_id="l4"),
        mail(5, "<kim@x>", gmail_id="l5", internal_date=START + timedelta(days=9)),
    ]
    run(store(engine, "kim@crm.test", own))
    run(store(engine, LEE, lees))
    return api


def listed(api, query=""):
    """Ids of the list of unique mail with their copies."""
    answer = api.call("GET", f"/api/emails?tenantId=tenant-1&unique=true{query}")
    assert answer.status_code == 200, answer.text
    emails = answer.json()["emails"]
    return {each["id"]: [copy["id"] for copy in each["copies"]] for each in emails}


def test_a_mail_of_two_mailboxes_is_listed_once(shared):
    """The first copy in the list stands for both, and names the other; mail without a Message-ID,
    of another sender or of another time is another mail (edge case 57).
    """
    assert listed(shared) == {
        "l5": [], "m4": [], "l4": [], "m3": [], "m2": [], "l2": [], "m1": [], "l0": ["m0"],
    }  # fmt: skip
    plain = shared.call("GET", "/api/emails?tenantId=tenant-1&limit=200").json()["emails"]
    assert len(plain) == 9
    assert {each["copies"] for each in plain} == {None}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("&label=INBOX&to=2026-03-01T00:30:00Z", {"m0": ["l0"]}),
        ("&label=SENT", {"l0": ["m0"]}),
        ("&mailbox=kim@crm.test&to=2026-03-01T00:30:00Z", {"m0": ["l0"]}),
        ("&q=%22letter%200%22", {"l0": ["m0"]}),
        ("&participant=ann@shop.test&to=2026-03-01T00:30:00Z", {"l0": ["m0"]}),
        ("&threadId=t0&to=2026-03-01T00:30:00Z&mailbox=kim@crm.test", {"m0": ["l0"]}),
        ("&from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:01Z", {"m0": ["l0"]}),
        ("&includeSpamTrash=true&from=2026-03-01T03:00:00Z&to=2026-03-01T04:00:00Z",
         {"l3": ["m3"]}),
    ],
)  # fmt: skip
def test_only_what_the_list_has_makes_a_mail_a_repetition(shared, query, found):
    """A copy that the filters leave out does not hide the one that they want (edge case 57)."""
    assert listed(shared, query) == found


def test_a_copy_with_other_words_hides_no_hit(shared, engine, run):
    """A list's footer is in one copy only: who searches for it finds that copy (edge case 57)."""
    people = (ANN, KIM, Participant("cc", BOSS, ""))
    run(store(engine, LEE, [mail(6, "<list@x>", gmail_id="l6", search_text="plain words")]))
    footer = mail(
        6, "<list@x>", gmail_id="m6", search_text="plain words and a footer", participants=people
    )
    run(store(engine, "kim@crm.test", [footer]))
    assert listed(shared, "&q=footer") == {"m6": ["l6"]}
    assert listed(shared, f"&participant={BOSS}") == {"m6": ["l6"]}
    assert listed(shared, "&q=plain") == {"l6": ["m6"]}


def test_pages_of_unique_mail_show_each_once(shared):
    """A repetition is left out also where its copy was on the page before (edge case 57)."""
    found, cursor = [], ""
    for _ in range(9):
        path = f"/api/emails?tenantId=tenant-1&unique=true&limit=1{cursor}"
        body = shared.call("GET", path).json()
        found += [each["id"] for each in body["emails"]]
        if body["nextCursor"] is None:
            break
        cursor = f"&cursor={body['nextCursor']}"
    assert found == ["l5", "l4", "m4", "m3", "l2", "m2", "m1", "l0"]


def test_unique_mail_has_no_offsets(shared):
    """Where the page begins is known only by going there."""
    answer = shared.call("GET", "/api/emails?tenantId=tenant-1&unique=true&offset=0")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "offset")
