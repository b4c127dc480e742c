"""Reports, people and directions of mail that a former release read wrongly."""

from pathlib import Path

import orjson

from gmail_ingest.core.ledger.scope import left_out_reason
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core import case_inputs
from gmail_ingest_tests.core.case_inputs import author_of, people_of, read_case
from gmail_ingest_tests.core.served_mail import OWNER


def flags_of(name):
    message = read_case(name)
    assert not message.is_list
    return message.content_kind, message.is_bounce, message.is_auto_reply


def failed(name):
    return [
        (failed_recipient.address, failed_recipient.status)
        for failed_recipient in read_case(name).failed_recipients
    ]


def test_the_author_behind_a_group_is_the_customer():
    """Case 04 a: inbound, by the customer, and no mail of a list."""
    message = read_case("04-a")
    assert author_of(message) == ("ann@customer.example", "Ann Customer")
    assert people_of(message, "from") == [("support@crm.example", "'Ann Customer' via Support")]
    assert (message.direction, message.is_list) == ("inbound", False)


def test_the_author_behind_a_web_form_is_the_visitor():
    """Case 04 b: inbound though From is the owner's own address."""
    message = read_case("04-b")
    assert author_of(message) == ("ben@visitor.example", "Ben Visitor")
    assert people_of(message, "from") == [("owner@crm.example", "Shop website")]
    assert message.direction == "inbound"


def test_a_customer_behind_a_google_group_is_no_list():
    """Mail 39: the original sender is the author, and the rule ``list`` does not hide the mail."""
    message = read_case("mail-39")
    assert author_of(message) == ("bob@example.org", "Bob Roe")
    assert not message.is_list


def test_a_failed_delivery_is_a_bounce():
    """Case 05 a: with the address that failed, and why."""
    assert flags_of("05-a")[:2] == ("delivery_report", True)
    assert failed("05-a") == [("ann@customer.example", "5.1.1")]


def test_a_delay_is_no_bounce():
    """Case 05 b: the server still tries."""
    assert flags_of("05-b")[:2] == ("delivery_report", False)
    assert failed("05-b") == []


def test_a_delivery_is_no_bounce():
    """Case 05 c: it did arrive."""
    assert flags_of("05-c")[:2] == ("delivery_report", False)
    assert failed("05-c") == []


def test_an_abuse_report_is_no_bounce():
    """Case 05 e: somebody called a mail spam."""
    assert flags_of("05-e")[:2] == ("complaint", False)


def test_a_read_receipt_is_no_bounce():
    """Case 05 g: somebody read the mail."""
    assert flags_of("05-g") == ("read_receipt", False, False)


def test_a_header_of_exchange_alone_makes_no_automatic_answer():
    """Case 05 j: Exchange puts it on mail of people."""
    assert flags_of("05-j") == ("mail", False, False)


def test_a_complaint_is_no_bounce():
    """Mail 31: a feedback report of a provider."""
    assert flags_of("mail-31")[:2] == ("complaint", False)


def test_a_delivery_notice_is_no_bounce():
    """Mail 32: delivered, as its status says."""
    assert flags_of("mail-32")[:2] == ("delivery_report", False)
    assert failed("mail-32") == []


def test_an_out_of_office_answer_is_no_bounce():
    """Mail 33: though its Return-Path is empty."""
    assert flags_of("mail-33") == ("automatic_answer", False, True)


def test_a_bounce_may_name_itself_automatic():
    """Mail 34: both are true, and the address is told."""
    assert flags_of("mail-34") == ("delivery_report", True, True)
    assert failed("mail-34") == [("john@example.org", None)]


def test_an_invitation_is_no_automatic_answer():
    """Mail 37: a calendar program sent it for a person."""
    assert flags_of("mail-37") == ("invitation", False, False)


def test_mail_that_is_scheduled_stays_out():
    """Case 06: by its label, and without it for it is nowhere and the owner's."""
    content = (Path(case_inputs.__file__).parent / "06.json").read_bytes()
    message = orjson.loads(content)
    assert left_out_reason(message["labelIds"]) == "scheduled"
    assert parse_message(message | {"labelIds": []}, owner_addresses=[OWNER]).is_unsent


def test_addresses_keep_their_quotes_and_two_people_are_two():
    """Case 18 a: quoted local parts, and commas that were forgotten."""
    message = read_case("18-a")
    assert people_of(message, "from", "reply-to") == [('"front desk"@hotel.example', "")] * 2
    assert people_of(message, "to") == [
        ('"ann example"@customer.example', "Ann Example"),
        ("owner@crm.example", ""),
    ]
    assert people_of(message, "cc") == [("ben@x.example", "Ben"), ("carl@y.example", "Carl")]
    assert people_of(message, "bcc") == [("dora@x.example", ""), ("emil@y.example", "")]


def test_a_name_keeps_its_equals_sign():
    """Mail 24: no blanks are put around it."""
    assert people_of(read_case("mail-24"), "from") == [("info@example.com", "A=B Consulting")]


def test_words_in_angle_brackets_are_no_part_of_the_address():
    """Mail 25: the address stands behind them."""
    people = people_of(read_case("mail-25"), "from")
    assert people == [("postmaster@example.org", "Mail System")]


def test_two_people_without_a_comma_are_two():
    """Mail 27: each with the own name."""
    people = people_of(read_case("mail-27"), "to")
    assert people == [("bob@example.org", "Bob Roe"), ("ann@example.org", "Ann Lee")]


def test_a_quoted_local_part_is_whole():
    """Mail 29: the sign of an address stands inside its quotes."""
    assert people_of(read_case("mail-29"), "from") == [('"bob@home"@example.org', "Bob")]


def test_an_encoded_word_with_raw_letters_is_read():
    """Mail 30: encoded letters and raw ones in one word."""
    assert read_case("mail-30").subject == "Angebot f\u00fcr M\u00fcller"
