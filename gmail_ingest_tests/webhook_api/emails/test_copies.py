"""A mail that several mailboxes of a tenant have, in lists of unique mail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest.core.mail.message import Participant
from gmail_ingest_tests.webhook_api.emails.test_emails import (
    ANN,
    KIM,
    START,
    add_mailboxes,
    letter,
    store,
)

LEE = "lee@crm.test"
BOSS = "boss@crm.test"


def mail(number, message_id, **changes):
    """A letter with a Message-ID, n hours after the first."""
    return letter(number, rfc_message_id=message_id, **changes)


@pytest.fixture
def shared(api, engine, run):
    """Two mails that Kim and Lee both have, one of them in Lee's trash, and three of their own."""
    add_mailboxes(api, "kim@crm.test", LEE)
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
    return {email["id"]: [copy["id"] for copy in email["copies"]] for email in emails}


def test_a_mail_of_two_mailboxes_is_listed_once(shared):
    """The first copy in the list stands for both, and names the other; mail without a Message-ID,
    of another sender or of another time is another mail (edge case 57).
    """
    assert listed(shared) == {
        "l5": [], "m4": [], "l4": [], "m3": [], "m2": [], "l2": [], "m1": [], "l0": ["m0"],
    }  # fmt: skip
    plain = shared.call("GET", "/api/emails?tenantId=tenant-1&limit=200").json()["emails"]
    assert len(plain) == 9
    assert {email["copies"] for email in plain} == {None}


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
        found += [email["id"] for email in body["emails"]]
        if body["nextCursor"] is None:
            break
        cursor = f"&cursor={body['nextCursor']}"
    assert found == ["l5", "l4", "m4", "m3", "l2", "m2", "m1", "l0"]


def test_different_mails_with_one_message_id_are_all_shown(shared, engine, run):
    """A sender gives one Message-ID to several parcels: each is in a line of its own, whether it
    differs by subject, Date or text, and in one mailbox or in two (case 15, edge case 102).
    """
    other_date = "Sun, 1 Mar 2026 07:00:09 +0000"
    kims = [
        mail(6, "<parcel@x>", gmail_id="p1", subject="Parcel 1"),
        mail(6, "<parcel@x>", gmail_id="p2", subject="Parcel 2"),
        mail(7, "<dates@x>", gmail_id="d1", subject="Parcel"),
        mail(8, "<texts@x>", gmail_id="t1", subject="Parcel", text="Your parcel 1\nBye"),
        mail(9, "<twice@x>", gmail_id="w1", subject="Parcel", text="Here it is."),
        mail(9, "<twice@x>", gmail_id="w2", subject="Parcel", text="Here it is."),
    ]
    lees = [
        mail(6, "<parcel@x>", gmail_id="p3", subject="Parcel 3"),
        mail(7, "<dates@x>", gmail_id="d2", subject="Parcel", header_date_raw=other_date),
        mail(8, "<texts@x>", gmail_id="t2", subject="Parcel", text="Your parcel 12\nBye"),
        mail(9, "<twice@x>", gmail_id="w3", subject="Parcel", text="Here it is."),
    ]
    run(store(engine, "kim@crm.test", kims))
    run(store(engine, LEE, lees))
    found = listed(shared, "&from=2026-03-01T06:00:00Z")
    twice = {name: found.pop(name) for name in ("w1", "w2", "w3") if name in found}
    lone = {key: [] for key in ("p1", "p2", "p3", "d1", "d2", "t1", "t2")}
    assert {name: copies for name, copies in found.items() if name != "l5"} == lone
    # Of two that nothing tells apart each has its line, and the third is the copy of one of them.
    assert sorted(name for mail_, copies in twice.items() for name in (mail_, *copies)) == [
        "w1", "w2", "w3",
    ]  # fmt: skip


def test_what_is_added_on_the_way_makes_no_other_mail(shared, engine, run):
    """A list's tag and footer, and a gateway's banner, are in one copy only (edge case 102)."""
    text = "Dear all,\n\nwe meet at nine.\n"
    direct = mail(6, "<meet@x>", gmail_id="a1", subject="Meeting", text=text)
    listed_text = f"CAUTION: from outside\n{text}\n____\nUnsubscribe here"
    by_list = mail(6, "<meet@x>", gmail_id="a2", subject="[team] Meeting", text=listed_text)
    run(store(engine, "kim@crm.test", [direct]))
    run(store(engine, LEE, [by_list]))
    assert listed(shared, "&from=2026-03-01T06:00:00Z&to=2026-03-02T00:00:00Z") == {"a2": ["a1"]}


def test_unique_mail_has_no_offsets(shared):
    """Where the page begins is known only by going there."""
    answer = shared.call("GET", "/api/emails?tenantId=tenant-1&unique=true&offset=0")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "offset")
