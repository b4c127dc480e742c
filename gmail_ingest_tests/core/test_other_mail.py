"""Mail as other programs send it, read from raw bytes through the sandbox.

Holds: a table of whole mails with what a person would say of each, in the two ways in which Gmail
gives content: along with the mail, and apart.
Add here: a mail of a shape that was read wrong.
Keep out: rules of one module (each has its own tests), reply text, reports.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.served_mail import serve
from gmail_sandbox.forms import Forms
from gmail_sandbox.mail.mbox import MboxMessage

HEAD = b"From: Ann <ann@customer.example>\r\nTo: owner@crm.example\r\nSubject: Offer\r\n"
HEAD += b"MIME-Version: 1.0\r\n"
DISPOSITION = "Content-Disposition"
B64 = {"Content-Transfer-Encoding": "base64"}


class Mail(NamedTuple):
    """A mail, and what is right: text, files with their ``inline``, words, and what it is."""

    name: str
    entity: bytes
    text: str
    files: Sequence[tuple[str, bool]] = ()
    found: str = ""
    kind: str = "mail"


def entity(content_type: str, body: str | bytes = b"", **fields: str) -> bytes:
    named = {"Content-Type": content_type, **{k.replace("_", "-"): v for k, v in fields.items()}}
    raw = body.encode() if isinstance(body, str) else body
    if named.get("Content-Transfer-Encoding") == "base64":
        raw = base64.encodebytes(raw)
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value)
    return head.encode() + b"\r\n" + raw


def multi(kind: str, *parts: bytes) -> bytes:
    # A boundary of its own for each level.
    boundary = f"b{sum(map(len, parts))}"
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return entity(f'multipart/{kind}; boundary="{boundary}"', body + f"--{boundary}--".encode())


def text(body: str) -> bytes:
    return entity("text/plain; charset=utf-8", body)


def html(body: str) -> bytes:
    return entity("text/html; charset=utf-8", body)


def file(content_type: str, name: str, body: str | bytes = b"%PDF" * 300, **fields: str) -> bytes:
    disposition = {DISPOSITION: f'attachment; filename="{name}"'}
    return entity(f'{content_type}; name="{name}"', body, **(disposition | fields | B64))


def picture(name: str = "logo.png", **fields: str) -> bytes:
    return file("image/png", name, **fields)


def calendar(*lines: str, method: str = "REQUEST") -> str:
    event = ("BEGIN:VEVENT", *lines, "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", f"METHOD:{method}", *event, "END:VCALENDAR"))


SIGNED = sealed.signed_data(b"Content-Type: text/plain\r\n\r\nThe sealed words")
INNER = "From: Bob <bob@supplier.example>\r\nSubject: Pump\r\n"
DEMO = calendar("SUMMARY:Demo day", "LOCATION:Hall 5")
LOGO = [("logo.png", True)]

MAILS = [
    Mail("empty text, named HTML", multi("mixed", text("\r\n\r\n"), entity(
        'text/html; name="body.html"', "<p>Words here</p>", Content_Disposition="inline")),
        "Words here", [("body.html", False)]),
    Mail("one part of no type", entity('application/octet-stream; name="message.txt"', "Words"),
         "Words", [("message.txt", False)]),
    Mail("file of no type", multi("mixed", text("Words"), file(
        "application/octet-stream", "notes.txt", "Notes")), "Words", [("notes.txt", False)]),
    Mail("Exchange's pieces", multi("mixed", text("Before"), file("application/pdf", "a.pdf"), file(
        "text/plain", "ATT00001.txt", "after")), "Before\nafter", [("a.pdf", False)]),
    Mail("Apple Mail's pieces", multi("mixed", text("One"), picture("IMG_1.png"), text("Two")),
         "One\nTwo", [("IMG_1.png", False)]),
    Mail("log beside a text", multi("mixed", text("See the log."), entity(
        "text/plain; name=server.log", "error 17", Content_Disposition="inline")),
        "See the log.", [("server.log", False)]),
    Mail("the second of a srcset", multi("related", html(
        '<img srcset="cid:a@x 1x, cid:b@x 2x">Hi'), picture("a.png", Content_ID="<a@x>"),
        picture("b.png", Content_ID="<b@x>")), "Hi", [("a.png", True), ("b.png", True)]),
    Mail("Gmail's own id", multi("related", html('<img src="cid:ii_1">Hi'),
                                 picture(X_Attachment_Id="ii_1")), "Hi", LOGO),
    Mail("id with a comment", multi("related", html('<img src="cid:l@x">Hi'),
                                    picture(Content_ID="<l@x> (logo)")), "Hi", LOGO),
    Mail("id in quotes", multi("related", html('<img src="cid:l@x">Hi'),
                               picture(Content_ID='"<l@x>"')), "Hi", LOGO),
    Mail("id without brackets", multi("related", html('<img src="cid:l@x">Hi'),
                                      picture(Content_ID="l@x")), "Hi", LOGO),
    Mail("id with two strokes", multi("related", html('<img src="cid://l@x">Hi'),
                                      picture(Content_ID="<l@x>")), "Hi", LOGO),
    Mail("by its name", multi("related", html('<img src="logo.png">Hi'), picture()), "Hi", LOGO),
    Mail("another place of its name", multi("related", html(
        '<img src="https://x.example/logo.png">Hi'), picture()), "Hi", [("logo.png", False)]),
    Mail("picture of no type", multi("related", html('<img src="cid:p">Hi'), file(
        "application/octet-stream", "a.JFIF", Content_ID="<p>"), file(
        "application/octet-stream", "b.heic", Content_ID="<q>")),
        "Hi", [("a.JFIF", True), ("b.heic", False)]),
    Mail("calendar as a file", multi("mixed", text("Join us"), file(
        "application/ics", "invite.ics", DEMO)), "Join us", [("invite.ics", False)],
        "Demo day Hall 5", "invitation"),
    Mail("calendar of no type", multi("mixed", html("Join us"), file(
        "application/octet-stream", "invite.ics", DEMO)), "Join us", [("invite.ics", False)],
        "Demo day Hall 5", "invitation"),
    Mail("calendar as a text", multi("mixed", text("Join us"), file(
        "text/plain", "Meeting.ICS", DEMO)), "Join us", [("Meeting.ICS", False)],
        "Demo day Hall 5", "invitation"),
    Mail("timetable", multi("mixed", text("Your ticket"), file(
        "text/calendar", "trip.ics", calendar("SUMMARY:Train 12", method="PUBLISH"))),
        "Your ticket", [("trip.ics", False)], "Train 12"),
    Mail("calendar beside an empty text", multi("alternative", text("\r\n"), entity(
        "text/calendar; method=REQUEST", calendar("SUMMARY:Demo"))), "Invitation: Demo",
        [("invite.ics", True)], "Demo", "invitation"),
    Mail("calendar in UTF-16", entity("text/calendar; charset=utf-16", calendar(
        "SUMMARY:Café").encode("utf-16"), **B64), "Invitation: Café", [("invite.ics", True)],
        "Café", "invitation"),
    Mail("calendar of a forwarded mail", multi("mixed", text("fyi"), entity(
        "message/rfc822", INNER.encode() + multi("alternative", text(""), entity(
            "text/calendar; method=REQUEST", DEMO)))), "fyi", [("Pump.eml", False)], "Demo Hall 5"),
    Mail("signed mail, forwarded", multi("mixed", text("fyi"), entity(
        "message/rfc822", INNER.encode() + entity(
            "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", SIGNED, **B64))),
        "fyi", [("Pump.eml", False)], "sealed words"),
    Mail("three mails deep", multi("mixed", text("fyi"), entity(
        "message/rfc822", "Subject: One\r\nContent-Type: message/rfc822\r\n\r\nSubject: Two\r\n"
        f"Content-Type: message/rfc822\r\n\r\n{INNER}\r\nunicorn")), "fyi", [("One.eml", False)],
        "Two Pump unicorn"),
    Mail("forwarded mail in base64", multi("mixed", text("fyi"), file(
        "message/rfc822", "old.eml", f"{INNER}\r\nunicorn")), "fyi", [("old.eml", False)],
        "unicorn"),
    Mail("flowed, percent-encoded", entity(
        "text/plain; format*=us-ascii''fl%6Fwed; charset=utf-8", "one \r\ntwo"), "one two"),
    Mail("flowed, DelSp, Chinese", entity(
        "TEXT/PLAIN; CHARSET=UTF-8; DELSP=YES; FORMAT=FLOWED", "这是 \r\n测试"), "这是测试"),
    Mail("label in pieces", entity("text/plain; charset*0=koi; charset*1=8-r",
                                   "Привет".encode("koi8-r"), **B64), "Привет"),
    Mail("extended label", entity("text/plain; charset*=''koi8-r", "Привет".encode("koi8-r"),
                                  **B64), "Привет"),
    Mail("UTF-8 under Latin-1", entity("text/plain; charset=iso-8859-1", "5 € café", **B64),
         "5 € café"),
    Mail("Japanese without a label", entity("text/plain", "こんにちは".encode("iso-2022-jp"),
                                       **B64), "こんにちは"),
    Mail("UTF-16 under UTF-8", entity("text/plain; charset=utf-8", "Hello Ann".encode("utf-16-le"),
                                      **B64), "Hello Ann"),
]  # fmt: skip


def words(parsed: ParsedMessage) -> set[str]:
    return set(parsed.search_text.replace("\n", " ").split(" "))


@pytest.fixture(scope="module", params=["along", "apart", "sources apart"])
def read(request: pytest.FixtureRequest) -> list[ParsedMessage]:
    """All mails, read from content that comes along or apart."""
    large = (1 << 20) if request.param == "along" else 0
    forms = Forms(enclosed_mail="attachmentId") if request.param == "sources apart" else Forms()
    raws = [MboxMessage(raw=HEAD + mail.entity, internal_date=1_700_000_000_000) for mail in MAILS]
    return [mail.parsed() for mail in serve(raws, large_body_bytes=large, forms=forms)]


@pytest.mark.parametrize("number", range(len(MAILS)), ids=[mail.name for mail in MAILS])
def test_mail_of_other_programs_is_read_as_a_person_reads_it(
    read: list[ParsedMessage], number: int
) -> None:
    """Cases 02, 07 and 17, mail 22: text, files, words and kind are the same in each form in which
    content comes (edge cases 212 to 215).
    """
    mail, parsed = MAILS[number], read[number]
    files = [(attachment.filename, attachment.inline) for attachment in parsed.attachments]
    assert (parsed.text.strip(), files, parsed.content_kind) == (
        mail.text,
        list(mail.files),
        mail.kind,
    )
    assert set(mail.found.split()) <= words(parsed)
