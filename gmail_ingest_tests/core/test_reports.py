import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.kinds.bounce_text import read_report_text
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core.gmail_json import part, resource
from gmail_ingest_tests.core.report_set import OWNER, failed, read, samples

WORDED = samples("worded_bounces")


@pytest.mark.parametrize("sample", WORDED, ids=lambda sample: sample.name)
def test_bounce_is_read_in_words(sample):
    """Without a part for programs a report says in words whom it did not reach (edge case 167)."""
    message = read(sample)
    assert message.is_bounce
    assert message.content_kind == "delivery_report"
    assert failed(message) == sample.expected


@pytest.mark.parametrize("status", ["Status: 4.2.2", "Action: expired\nStatus: 4.2.2"])
def test_a_status_that_tells_nothing_leaves_it_to_the_words(status):
    """A server that gave up may have no more than a transient code for it (edge case 217)."""
    fields = f"Final-Recipient: rfc822; john@example.org\n{status}\n"
    assert failed(_with_status("Undelivered Mail Returned to Sender", fields)) == (
        "john@example.org 4.2.2"
    )
    assert not _with_status("Your mail", fields).is_bounce
    assert not _with_status("Delayed mail", fields).is_bounce


def _with_status(subject, fields):
    payload = part(
        "multipart/report",
        headers={"From": "postmaster@mx.example", "To": OWNER, "Subject": subject},
        parts=[part(body="For people.", part_id="0"),
               part("message/delivery-status", fields, part_id="1")],
    )  # fmt: skip
    return parse_message(resource(payload), owner_addresses=[OWNER])


@pytest.mark.parametrize("sample", samples("other_reports"), ids=lambda sample: sample.name)
def test_report_is_no_bounce_unless_delivery_failed(sample):
    """Delays, receipts, complaints and figures: case 05, mail 31, mail 32 (edge case 166)."""
    message = read(sample)
    assert (message.content_kind, message.is_bounce) == (sample.expected, False)
    assert failed(message) == ""


@pytest.mark.parametrize(
    "piece",
    [
        "a@b.example ",
        "<a@b.example>:\n",
        "could not be delivered\n\n",
        "x" * 64 + "@",
        "--- ",
        '"',
        "\n",
        "to a@b: ",
        "Recipient: <",
        "5.1.",
    ],
)
def test_read_report_text_takes_linear_time(piece):
    """A hundred times the text takes no more than what is read of it (edge case 167)."""

    def seconds(size):
        start = time.process_time()
        read_report_text("Mail delivery failed", piece * (size // len(piece)), ())
        return time.process_time() - start

    seconds(1_000)
    assert seconds(2_000_000) < 20 * max(seconds(20_000), 0.005)


EXCHANGE = """<p><b>Delivery has failed to these recipients or groups:</b></p>
<p><a href="mailto:john@example.org">John Roe (john@example.org)</a><br>Not found.</p>
<p>Generating server: ex1</p><p>john@example.org<br>Returned '550 5.1.1 no'</p>"""
GMAIL = """<h2>Address not found</h2><p>Your message wasn't delivered to <b>john@example.org</b>
because the address couldn't be found.</p><p>550 5.1.1 no</p>"""


@pytest.mark.parametrize("markup", [EXCHANGE, GMAIL])
def test_bounce_without_plain_text_is_read(markup):
    """Exchange and Gmail write HTML: what a reader sees of it counts (edge case 167)."""
    headers = {"Return-Path": "<>", "From": "postmaster@example.org"}
    message = parse_message(
        resource(part("text/html", markup, headers=headers)), owner_addresses=[OWNER]
    )
    assert (message.is_bounce, failed(message)) == (True, "john@example.org 5.1.1")


_WORDS = st.sampled_from(
    [
        *(
            "Final-Recipient: ",
            "rfc822;",
            "utf-8; \\x{41}",
            "Action: failed",
            "Status: 5.1.1",
            "\n",
        ),
        *("<a@b.example>", "b@c.example", ":", "\n\n", "could not be delivered", "\n", "550 5.1.1"),
        *("Recipient: ", "(", '"', "--- copy of", "\ud800", "\x00", "é", "@", "A (c@d.example)"),
    ]
)


@given(st.lists(_WORDS, max_size=30), st.sampled_from(["delivery-status", "feedback-report", "x"]))
def test_report_of_anything_is_read(words, kind):
    """Whom a report names is an address with a dot, and failed (edge case 170)."""
    text = "".join(words)
    payload = part(
        "multipart/report",
        headers={"Content-Type": f"multipart/report; report-type={kind}", "From": "MAILER-DAEMON"},
        parts=[
            part(body=text.encode("utf-8", "replace")),
            part(f"message/{kind}", text.encode("utf-8", "replace")),
        ],
    )
    message = parse_message(resource(payload), owner_addresses=[OWNER])
    assert all(
        failed_recipient.action == "failed" for failed_recipient in message.failed_recipients
    )
    assert message.is_bounce or not message.failed_recipients
    assert all(
        "." in failed_recipient.address.partition("@")[2]
        for failed_recipient in message.failed_recipients
    )
