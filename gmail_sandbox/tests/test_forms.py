"""The sandbox serves what is not known of Gmail in every form that reports name."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.forms import Forms, FormsInUse

ENCLOSED = (
    b"Content-Type: multipart/mixed; boundary=m\n\n--m\n\nSee\n--m\n"
    b"Content-Type: message/rfc822\n\nSubject: pump\n\nbroken\n--m--\n"
)
STATUS = b"Reporting-MTA: dns; a\n\nFinal-Recipient: rfc822; b@x.example\n\nFinal-Recipient: c\n"
REPORT = (
    b"Content-Type: multipart/report; boundary=r\n\n--r\n\nFailed\n--r\n"
    b"Content-Type: message/delivery-status\n\n" + STATUS + b"\n--r\n"
    b"Content-Type: message/global-headers\n\nSubject: x\n--r--\n"
)


def served(raw: bytes, **forms: Any) -> dict[str, Any]:
    """Return the payload of a mail, with the bytes to be fetched as ``fetched``."""
    spool = Spool()
    try:
        forms_in_use = FormsInUse(Forms(**forms))
        box = Mailbox("me@crm.example", spool=spool, clock=Clock(), forms=forms_in_use)
        message = box.deliver(raw)
        payload: dict[str, Any] = orjson.loads(box.render(message, "full"))["payload"]
        for part in payload.get("parts", ()):
            if "attachmentId" in part["body"]:
                part["fetched"] = box.attachment(message.id, part["body"]["attachmentId"])
        return payload
    finally:
        spool.close()


def content(part: dict[str, Any]) -> tuple[int, bytes | None, bytes | None, list[Any]]:
    """Return size, inline data, fetched data and children of a part."""
    data = part["body"].get("data")
    inline = None if data is None else base64.urlsafe_b64decode(data + "==")
    below = [content(child) for child in part.get("parts", ())]
    return part["body"]["size"], inline, part.get("fetched"), below


MAIL = b"Subject: pump\n\nbroken"
BELOW = [(6, b"broken", None, [])]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("container", (0, None, None, BELOW)),
        ("attachmentId", (21, None, MAIL, [])),
        ("both", (21, None, MAIL, BELOW)),
        ("inline", (21, MAIL, None, [])),
    ],
)
def test_an_enclosed_mail_comes_in_each_form(form: str, expected: tuple[Any, ...]) -> None:
    """Parts, an attachment id, both, or its source (edge case 159)."""
    assert content(served(ENCLOSED, enclosed_mail=form)["parts"][1]) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("container", (0, None, None, [(len(STATUS), STATUS, None, [])])),
        (
            "blocks",
            (
                0,
                None,
                None,
                [
                    (21, b"Reporting-MTA: dns; a", None, []),
                    (36, b"Final-Recipient: rfc822; b@x.example", None, []),
                    (19, b"Final-Recipient: c\n", None, []),
                ],
            ),
        ),
        ("inline", (len(STATUS), STATUS, None, [])),
        ("attachmentId", (len(STATUS), None, STATUS, [])),
    ],
)
def test_a_delivery_status_comes_in_each_form(form: str, expected: tuple[Any, ...]) -> None:
    """One text below it, one for each recipient, data, or an attachment id (edge case 159)."""
    assert content(served(REPORT, report=form)["parts"][1]) == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("inline", (10, b"Subject: x", None, [])),
        ("attachmentId", (10, None, b"Subject: x", [])),
    ],
)
def test_global_headers_come_in_each_form(form: str, expected: tuple[Any, ...]) -> None:
    """Data, or an attachment id (edge case 159)."""
    assert content(served(REPORT, global_headers=form)["parts"][2]) == expected


@pytest.mark.parametrize("parameter", [b"", b"; boundary=other"])
@pytest.mark.parametrize(
    ("form", "mime_type", "data"),
    [
        ("text", "text/plain", b"--m\n\none\n--m--\n"),
        ("inline", "multipart/mixed", b"--m\n\none\n--m--\n"),
        ("empty", "multipart/mixed", None),
    ],
)
def test_a_multipart_without_its_boundary_comes_in_each_form(
    parameter: bytes, form: str, mime_type: str, data: bytes | None
) -> None:
    """A text of everything, the same under its own type, or nothing (edge case 159)."""
    raw = b"Content-Type: multipart/mixed" + parameter + b"\n\n--m\n\none\n--m--\n"
    payload = served(raw, lost_boundary=form)
    size = len(data or b"")
    assert (payload["mimeType"], content(payload)) == (mime_type, (size, data, None, []))


@pytest.mark.parametrize(
    ("form", "subject"), [("utf8", "ü"), ("latin1", "Ã¼"), ("replaced", "\ufffd\ufffd")]
)
def test_header_bytes_come_in_each_form(form: str, subject: str) -> None:
    """As UTF-8, as Latin-1, or replaced (edge case 159)."""
    headers = served("Subject: ü\n\nx".encode(), header_bytes=form)["headers"]
    assert headers == [{"name": "Subject", "value": subject}]


def test_forms_are_chosen_while_the_sandbox_runs(http_call: Any) -> None:
    """POST /sandbox/forms changes what it names, keeps the rest, and refuses other words."""
    before = http_call.admin("GET", "forms")
    changed = http_call.admin("POST", "forms", {"report": "inline"})
    assert (before["report"], changed) == ("container", {**before, "report": "inline"})
    assert http_call.call("POST", "/sandbox/forms", b'{"report": "other"}').status == 400


@pytest.mark.parametrize("labels", [["SCHEDULED"], []])
def test_scheduled_mail_carries_the_labels_of_the_form(http_call: Any, labels: list[str]) -> None:
    """Neither DRAFT nor SENT, and what the configuration says (edge case 159)."""
    http_call.admin("POST", "forms", {"scheduledLabels": labels})
    http_call.admin("POST", "mailboxes", {"address": "ann@shop.example"})
    path = "/sandbox/mailboxes/ann@shop.example"
    made = http_call.call("POST", f"{path}/deliver?scheduled=true", b"Subject: Tomorrow\n\nHi")
    assert made.json()["messages"][0].get("labelIds", []) == labels
    listed = http_call.admin("GET", "mailboxes/ann@shop.example/messages")
    assert listed["messages"][0]["labelIds"] == labels
