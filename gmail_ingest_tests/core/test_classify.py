import pytest

from gmail_ingest.core.payload import parse_message
from gmail_ingest_tests.core.gmail_json import part, resource, with_headers


def flags(*pairs):
    parsed = parse_message(with_headers(("From", "a@x.example"), *pairs), owner_addresses=[])
    return parsed.is_auto_reply, parsed.is_bounce, parsed.is_list


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (("Auto-Submitted", "auto-replied"), (True, False, False)),
        (("auto-submitted", "auto-generated; x=y"), (True, False, False)),
        (("Auto-Submitted", "No"), (False, False, False)),
        (("X-Autoreply", "yes"), (True, False, False)),
        (("Precedence", "auto_reply"), (True, False, False)),
        (("Precedence", "Bulk"), (False, False, True)),
        (("Precedence", "list"), (False, False, True)),
        (("Precedence", "first-class"), (False, False, False)),
        (("List-Id", "<x.example>"), (False, False, True)),
        (("List-Unsubscribe", "<mailto:u@x.example>"), (False, False, True)),
        (("Return-Path", "<>"), (False, True, False)),
        (("Return-Path", "<a@x.example>"), (False, False, False)),
        (("X-Other", "x"), (False, False, False)),
    ],
)
def test_flags_follow_the_headers(header, expected):
    """Each header says one thing about the mail."""
    assert flags(header) == expected


def test_vacation_answer_with_empty_return_path_is_no_bounce():
    """RFC 3834 answers may have an empty Return-Path."""
    pairs = (("Return-Path", "<>"), ("Auto-Submitted", "auto-replied"))
    assert flags(*pairs) == (True, False, False)


@pytest.mark.parametrize("address", ["MAILER-DAEMON@x.example", "Mail-Daemon@x.example"])
def test_mail_of_a_daemon_is_a_bounce(address):
    """Old servers name themselves in From only."""
    message = with_headers(("From", f"Mail Delivery <{address}>"))
    assert parse_message(message, owner_addresses=[]).is_bounce


@pytest.mark.parametrize(
    ("report_type", "bounce"), [("delivery-status", True), ("disposition-notification", False)]
)
def test_delivery_report_is_a_bounce_and_a_read_receipt_is_not(report_type, bounce):
    """Both are multipart/report; the text for people is the text of the mail (edge case 44)."""
    payload = part(
        "multipart/report",
        headers={"Content-Type": f"multipart/report; report-type={report_type}"},
        parts=[
            part(body="For people.", part_id="0"),
            part(f"message/{report_type}", part_id="1", parts=[part(body="Status: 5.1.1")]),
        ],
    )
    parsed = parse_message(resource(payload), owner_addresses=[])
    assert parsed.is_bounce is bounce
    assert parsed.text == "For people."
