import pytest

from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.kinds.lists import is_list
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core.gmail_json import part, resource, with_headers
from gmail_ingest_tests.core.report_set import failed
from gmail_ingest_tests.core.served_mail import OWNER, serve
from gmail_sandbox.forms import Forms
from gmail_sandbox.mail.mbox import MboxMessage

FORMS = [Forms(report=form) for form in ("container", "blocks", "inline", "attachmentId")]


def _served(*lines, forms=None):
    raw = "\r\n".join((f"To: {OWNER}", "Message-ID: <1@x.example>", *lines)).encode()
    return serve([MboxMessage(raw)], forms=forms)[0].parsed()


def _report(subject, kind, *fields, sender="postmaster@mx.example.org", forms=None):
    return _served(
        f"From: {sender}",
        f"Subject: {subject}",
        "Return-Path: <>",
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "Some words.",
        "--b",
        f"Content-Type: message/{kind}",
        "",
        *fields,
        "--b",
        "Content-Type: message/rfc822",
        "",
        f"From: {OWNER}",
        "Subject: Offer",
        "",
        "Original words.",
        "--b--",
        forms=forms,
    )


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms.report)
def test_failed_delivery_is_a_bounce(forms):
    """In each form that Gmail may serve it in: case 05 a, edge case 165."""
    message = _report(
        "Delivery Status Notification (Failure)",
        "delivery-status",
        "Reporting-MTA: dns; mx.crm.example",
        "",
        "Final-Recipient: rfc822; ann@customer.example",
        "Action: failed",
        "Status: 5.1.1",
        forms=forms,
    )
    assert (message.is_bounce, failed(message)) == (True, "ann@customer.example 5.1.1")
    assert message.text.strip() == "Some words."


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms.report)
@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_delivery_that_did_not_fail_is_no_bounce(action, forms):
    """Case 05 b and c, mail 32: who marks addresses by bounces keeps this one (edge case 166)."""
    message = _report(
        "Report on: Offer",
        "delivery-status",
        "Reporting-MTA: dns; mx.example.org",
        "",
        "Final-Recipient: rfc822; john@example.org",
        f"Action: {action}",
        forms=forms,
    )
    assert (message.content_kind, message.is_bounce) == ("delivery_report", False)


def test_complaint_is_no_bounce():
    """A spam complaint says that the mail arrived: case 05 e, mail 31, edge case 166."""
    message = _report("Abuse Report", "feedback-report", "Feedback-Type: abuse", "Version: 1", "")
    assert (message.content_kind, message.is_bounce) == ("complaint", False)


def test_read_receipt_is_no_bounce():
    """Somebody read the mail: case 05 g, edge case 166."""
    message = _report(
        "Read: offer",
        "disposition-notification",
        "Final-Recipient: rfc822;ann@customer.example",
        "Disposition: manual-action/MDN-sent-manually; displayed",
        sender="ann@customer.example",
    )
    assert (message.content_kind, message.is_bounce) == ("read_receipt", False)
    assert not message.is_auto_reply


def test_vacation_answer_with_an_empty_return_path_is_no_bounce():
    """A customer on holiday is not undeliverable: mail 33, edge case 169."""
    message = _served(
        "From: Bob Roe <bob@example.org>",
        "Subject: Out of Office AutoReply: Offer",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All",
        "",
        "I am out of the office until 10 March.",
    )
    assert (message.is_bounce, message.is_auto_reply) == (False, True)


def test_bounce_may_name_itself_automatic():
    """A header that proves the failure counts, whatever another says: mail 34, edge case 167."""
    message = _served(
        "From: postmaster@mx.example.org",
        "Subject: Undeliverable: Offer",
        "Return-Path: <>",
        "Auto-Submitted: auto-replied",
        "X-Failed-Recipients: john@example.org",
        "",
        "Your message could not be delivered to john@example.org.",
    )
    assert (message.is_bounce, message.is_auto_reply) == (True, True)
    assert failed(message) == "john@example.org -"


def test_invitation_is_no_automatic_answer():
    """Calendars send invitations for a person: mail 37, edge case 168."""
    message = _served(
        "From: Bob Roe <bob@example.org>",
        "Sender: Google Calendar <calendar-notification@google.com>",
        "Subject: Invitation: Demo",
        "Auto-Submitted: auto-generated",
        'Content-Type: multipart/alternative; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain",
        "",
        "Bob Roe invites you.",
        "--b",
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8",
        "",
        "BEGIN:VCALENDAR",
        "METHOD:REQUEST",
        "END:VCALENDAR",
        "--b--",
    )
    assert (message.is_auto_reply, message.is_bounce) == (False, False)
    assert message.content_kind == "invitation"


@pytest.mark.parametrize("submitted", ["auto-generated", "auto-replied"])
def test_answer_to_an_invitation_is_no_automatic_answer(submitted):
    """Bob accepted, whoever sent the mail for him: mail 37, edge case 168."""
    message = _served(
        "From: Bob Roe <bob@example.org>",
        "Subject: Accepted: Demo",
        f"Auto-Submitted: {submitted}",
        "Content-Type: text/calendar; method=REPLY; charset=utf-8",
        "",
        "BEGIN:VCALENDAR",
        "METHOD:REPLY",
        "BEGIN:VEVENT",
        "SUMMARY:Demo",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    assert (message.content_kind, message.is_auto_reply) == ("invitation", False)


def test_customer_behind_a_group_is_no_list():
    """The group wrote its own address into From: mail 39, edge case 171."""
    message = _served(
        "From: 'Bob Roe' via Support <support@crm.example>",
        "Subject: Question",
        "Reply-To: Bob Roe <bob@example.org>",
        "X-Original-Sender: bob@example.org",
        "X-Original-From: Bob Roe <bob@example.org>",
        "List-ID: <support.crm.example>",
        "Precedence: list",
        "",
        "Where is my order?",
    )
    assert (message.is_list, message.content_kind) == (False, "mail")


def test_exchange_header_alone_is_no_answer():
    """A person wrote through Exchange: case 05 j, edge case 168."""
    message = _served(
        "From: Ann Example <ann@customer.example>",
        "Subject: my answer from exchange",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "",
        "A person wrote this.",
    )
    assert (message.is_auto_reply, message.content_kind) == (False, "mail")


@pytest.mark.parametrize(
    ("author", "owners", "expected"),
    [
        ("bob@example.org", ["owner@crm.example"], False),
        ("bob@crm.example", ["owner@crm.example"], True),
        ("bob@example.org", ["owner@other.example"], True),
        ("bob@example.org", ["owner@gmail.com"], True),
        ("bob@example.org", ["owner@mail.crm.example"], False),
        ("bob@mail.crm.example", ["owner@crm.example"], True),
        ("bob@example.org", ["owner@gmail.com", "owner@crm.example"], False),
        ("", ["owner@crm.example"], True),
        ("bob@example.org", [], True),
    ],
)
def test_shared_inbox_is_no_list(author, owners, expected):
    """A customer who writes to a group of ours is no list's mail: mail 39, edge case 171."""
    fields = [
        {"name": "List-ID", "value": "<support.crm.example>"},
        {"name": "Precedence", "value": "list"},
        {"name": "X-Original-Sender", "value": "bob@example.org"},
    ]
    assert is_list(Headers(fields, TextCleaner()), author, owners) is expected


@pytest.mark.parametrize("report_type", ["delivery-status", "disposition-notification"])
def test_text_of_a_report_is_the_one_for_people(report_type):
    """The part for programs is nobody's text (edge case 44)."""
    payload = part(
        "multipart/report",
        headers={"Content-Type": f"multipart/report; report-type={report_type}"},
        parts=[
            part(body="For people.", part_id="0"),
            part(f"message/{report_type}", part_id="1", parts=[part(body="Status: 5.1.1")]),
        ],
    )
    parsed = parse_message(resource(payload), owner_addresses=[])
    assert parsed.is_bounce is (report_type == "delivery-status")
    assert parsed.text == "For people."


@pytest.mark.parametrize("name", ["Auto-Submitted", "Return-Path", "From", "List-Id", "Precedence"])
@pytest.mark.parametrize("value", ["", " ", ";", "<", "\x00", "=?utf-8?q?=00?=", "<" * 10_000, "@"])
def test_odd_headers_decide_nothing(name, value):
    """Whatever stands in a header, the mail is classified (edge case 170)."""
    parsed = parse_message(with_headers((name, value)), owner_addresses=[OWNER])
    assert (parsed.is_bounce, parsed.failed_recipients) == (False, ())
