import pytest

from gmail_ingest.core.mail.kinds.delivery_status import (
    MAX_RECIPIENTS,
    failed_of,
    read_delivery_status,
)
from gmail_ingest.core.mail.payload import missing_bodies, parse_message
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.growth import assert_linear
from gmail_ingest_tests.core.report_set import OWNER, failed, samples

_REPORT = "message/delivery-status"


def _container(text, mime_type):
    return part(mime_type, part_id="1", parts=[part(body=text, part_id="1.0")])


def _inline(text, mime_type):
    return part(mime_type, text, part_id="1")


def _blocks(text, mime_type):
    children = [part(body=block) for block in text.split("\n\n")]
    return part(mime_type, part_id="1", parts=children)


def _windows_lines(text, mime_type):
    return part(mime_type, text.replace("\n", "\r\n"), part_id="1")


def _by_id(_, mime_type):
    return part(mime_type, part_id="1", attachment_id="a1")


def _read(text, shape, mime_type, bodies, content_type):
    payload = part(
        "multipart/report",
        headers={"From": "postmaster@mx.example", "To": OWNER, "Content-Type": content_type},
        parts=[part(body="For people.", part_id="0"), shape(text, mime_type)],
    )
    return parse_message(resource(payload), owner_addresses=[OWNER], bodies=bodies)


@pytest.mark.parametrize("shape", [_container, _inline, _blocks, _windows_lines, _by_id])
@pytest.mark.parametrize("sample", samples("delivery_status"), ids=lambda sample: sample.name)
def test_delivery_status_says_who_failed(sample, shape):
    """However Gmail serves the part, only who failed is a failure: case 05, edge case 165."""
    bodies = {"1": sample.text.encode()} if shape is _by_id else {}
    message = _read(
        sample.text, shape, _REPORT, bodies, "multipart/report; report-type=delivery-status"
    )
    assert message.content_kind == "delivery_report"
    assert message.is_bounce is (sample.expected != "no")
    assert failed(message) == sample.expected.removeprefix("no")


@pytest.mark.parametrize(
    ("mime_type", "content_type"),
    [
        ("message/global-delivery-status", "multipart/report; report-type=global-delivery-status"),
        ("message/delivery-status", "multipart/report"),
        (
            "Message/Delivery-Status",
            'Multipart/Report; boundary="b"; Report-Type="Delivery-Status"',
        ),
    ],
)
def test_delivery_status_has_several_names(mime_type, content_type):
    """A report in UTF-8, one that does not name its type, and capitals (edge case 165)."""
    text = "Final-Recipient: rfc822; john@example.org\nAction: failed\nStatus: 5.1.1\n"
    message = _read(text, _container, mime_type, {}, content_type)
    assert failed(message) == "john@example.org 5.1.1"


def test_report_that_comes_apart_is_fetched():
    """Without its content nobody knows whether delivery failed (edge case 165)."""
    payload = part("multipart/report", parts=[part(body="x", part_id="0"), _by_id("", _REPORT)])
    missing = missing_bodies(resource(payload))
    assert [(part.part_id, part.attachment_id, part.mime_type) for part in missing] == [
        ("1", "a1", _REPORT)
    ]


def test_report_inside_an_enclosed_mail_is_not_this_mail():
    """Who sends a report on, as a file, reports nothing (edge case 166)."""
    enclosed = part(
        "message/rfc822",
        part_id="1",
        parts=[_inline("Final-Recipient: rfc822; a@b.example\nAction: failed\n", _REPORT)],
    )
    payload = part(
        "multipart/mixed",
        headers={"From": "ann@customer.example", "Return-Path": "<>"},
        parts=[part(body="See below."), enclosed],
    )
    message = parse_message(resource(payload), owner_addresses=[OWNER])
    assert (message.is_bounce, failed(message)) == (False, "")


def test_recipients_of_a_report_are_bounded():
    """A hostile report names a million (edge case 165)."""
    block = "Final-Recipient: rfc822; r{0}@example.org\nAction: failed\nStatus: 5.1.1\n\n"
    text = "".join(block.format(number) for number in range(2 * MAX_RECIPIENTS))
    assert len(failed_of(read_delivery_status(text))) == MAX_RECIPIENTS


@pytest.mark.parametrize(
    "piece",
    [
        "Final-Recipient: rfc822;",
        "Final-Recipient: rfc822; <\n ",
        "Action: \n\n",
        ":",
        " \n",
        "Diagnostic-Code: 5.1.\n\t",
        "a" * 61,
        "Original-Recipient: +2B+3D(\n",
    ],
)
def test_read_delivery_status_takes_linear_time(piece):
    """Ten times the text takes about ten times the time, whatever it holds (edge case 165)."""
    assert_linear(lambda size: read_delivery_status(piece * (size // len(piece))), 30_000)
