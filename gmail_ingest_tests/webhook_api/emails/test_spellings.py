"""People whose domain can be written in two ways, in every list that asks for a person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest.core.mail.message import Participant
from gmail_ingest_tests.webhook_api.emails.test_emails import (
    ANN,
    KIM,
    START,
    add_mailboxes,
    ids,
    letter,
    store,
)

IN_LETTERS = Participant("from", "ann@b\u00fccher.test", "Ann")
IN_ASCII = Participant("from", "ann@xn--bcher-kva.test", "Ann")
LEE = "lee@xn--bcher-kva.test"


def mail(number, sender, **changes):
    """A letter from one to Kim, n hours after the first."""
    people = {"sender": sender, "author": sender, "participants": (sender, KIM)}
    return letter(number, **people, **changes)


@pytest.fixture
def spelt(api, engine, run):
    """Kim has mail of Ann's in both spellings; Lee, whose own address has two, a copy of one."""
    add_mailboxes(api, "kim@crm.test", LEE)
    old = START - timedelta(days=400)
    run(
        store(
            engine,
            "kim@crm.test",
            [
                mail(0, IN_LETTERS, rfc_message_id="<0@x>", search_text="the invoice"),
                mail(1, IN_ASCII, rfc_message_id="<1@x>", search_text="the invoice"),
                mail(2, ANN, rfc_message_id="<2@x>", search_text="the invoice"),
                mail(3, IN_LETTERS, rfc_message_id="<3@x>", internal_date=old, search_text="rare"),
                mail(4, IN_ASCII, rfc_message_id="<4@x>", internal_date=old, search_text="rare"),
            ],
        )
    )
    copy = {"gmail_id": "l0", "rfc_message_id": "<0@x>", "search_text": "the invoice"}
    lee = Participant("to", "lee@b\u00fccher.test", "")
    copied = mail(0, IN_LETTERS, **copy, internal_date=START + timedelta(seconds=1))
    run(store(engine, LEE, [replace(copied, participants=(IN_LETTERS, lee))]))
    return api


@pytest.mark.parametrize(
    "asked", ["ann@b\u00fccher.test", "Ann@BU\u0308CHER.test.", "ann@xn--bcher-kva.test"]
)
def test_a_person_is_found_in_both_spellings(spelt, asked):
    """In pages by cursor and offset, threads, words, and mail that is shown once: case 18 (edge
    case 186).
    """
    person = f"&participant={asked}"
    assert ids(spelt, person) == ["m1", "l0", "m0", "m4", "m3"]
    assert ids(spelt, f"{person}&offset=0&limit=2") == ["m1", "l0"]
    assert ids(spelt, f"{person}&threadId=t1") == ["m4", "m3"]
    assert ids(spelt, f"{person}&q=invoice") == ["m1", "l0", "m0"]
    assert ids(spelt, f"{person}&q=rare") == ["m4", "m3"]
    assert ids(spelt, f"{person}&mailbox={LEE}") == ["l0"]
    assert ids(spelt, f"{person}&unique=true") == ["m1", "l0", "m4", "m3"]


def test_people_are_shown_as_they_were_written(spelt):
    """Only the comparison has one form; an owner is known in either (edge case 186)."""
    listed = spelt.call("GET", "/api/emails?tenantId=tenant-1&participant=ann@b\u00fccher.test")
    shown = {email["id"]: email for email in listed.json()["emails"]}
    assert shown["m1"]["from"]["address"] == "ann@xn--bcher-kva.test"
    assert shown["m0"]["from"]["address"] == "ann@b\u00fccher.test"
    (lee,) = shown["l0"]["to"]
    assert lee["address"] == "lee@b\u00fccher.test"
    assert lee["isOwner"] is True
