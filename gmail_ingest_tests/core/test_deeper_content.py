"""What lies one level deeper is readable, findable, or said to be unreadable: whole mails.

Holds: mails as they are delivered, read through the sandbox in every form of what is not known.
Add here: a mail whose text lies deeper. Keep out: the formats by themselves (``test_cms``,
``test_tnef``, ``test_invitations``, ``test_mime_reader``), reports (``test_reports``).
"""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.served_mail import serve
from gmail_ingest_tests.core.test_tnef import FILE, SIGNATURE, attribute
from gmail_sandbox.forms import Forms
from gmail_sandbox.mail.mbox import MboxMessage

HEAD = "From: Ann Example <ann@customer.example>\nTo: owner@crm.example\nSubject: FW: meeting\n"
EVENT = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VEVENT
DTSTART:20261203T090000Z
DTEND:20261203T100000Z
SUMMARY:project meeting
LOCATION:Room 5
DESCRIPTION:Bring the drawings.\\nJoin at https://meet.customer.example/abc
ORGANIZER:mailto:ann@customer.example
ATTENDEE{state}:mailto:owner@crm.example
END:VEVENT
END:VCALENDAR
"""
TOLD = (
    "When: 2026-12-03 09:00 to 10:00 (UTC)\nWhere: Room 5\nOrganizer: ann@customer.example\n"
    "Attendees: owner@crm.example\n\nBring the drawings.\nJoin at https://meet.customer.example/abc"
)
ENCLOSED = "From: Carl <carl@third.example>\nSubject: complaint\n\nThe pump is broken again.\n"
ENTITY = b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe, Ann\r\n"


def parsed(raw: str | bytes, **forms: Any) -> ParsedMessage:
    """Return a mail as it is read when it comes in these forms."""
    content = raw if isinstance(raw, bytes) else raw.encode()
    (served,) = serve([MboxMessage(content)], forms=Forms(**forms))
    return served.parsed()


def calendar_mail(method: str = "REQUEST", state: str = "", kind: str = "text/calendar") -> str:
    """Return a mail that is nothing but a calendar file."""
    fields = f"Content-Type: {kind}; charset=utf-8; method={method}\n\n"
    return HEAD + fields + EVENT.format(method=method, state=state)


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    """Return a multipart of these parts, with its field."""
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    field = f'Content-Type: multipart/{kind}; boundary="{boundary}"'
    return f"{field}\n\n{inner}--{boundary}--\n"


def sealed_mail(data: bytes, kind: str = "signed-data", name: str = "smime.p7m") -> str:
    """Return a mail of one S/MIME object."""
    fields = (
        f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="{name}"\n'
        "Content-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="{name}"\n\n'
    )
    return HEAD + fields + base64.encodebytes(data).decode()


def names(mail: ParsedMessage) -> list[tuple[str, str]]:
    """Return name and type of the files that a person would name."""
    return [
        (attachment.filename, attachment.mime_type)
        for attachment in mail.attachments
        if not attachment.inline
    ]


@pytest.mark.parametrize(
    "kind",
    ["text/calendar", "application/ics", "text/plain", "application/octet-stream; name=a.ics"],
)
def test_a_mail_that_is_only_a_calendar_file_has_its_words(kind: str) -> None:
    """Title, time, place and description are the text, and found (edge case 154, case 17 b)."""
    mail = parsed(calendar_mail(kind=kind))
    assert mail.text == f"Invitation: project meeting\n{TOLD}"
    assert mail.content_kind == "invitation"
    assert "Bring the drawings." in mail.search_text


@pytest.mark.parametrize(
    ("method", "state", "title"),
    [("CANCEL", "", "Cancelled"), ("REPLY", ";PARTSTAT=DECLINED", "Declined")],
)
def test_changes_and_answers_are_invitations(method: str, state: str, title: str) -> None:
    """What becomes of a meeting is of the same kind as its invitation (edge case 161)."""
    mail = parsed(calendar_mail(method, state))
    assert mail.text.startswith(f"{title}: project meeting\nWhen: 2026-12-03")
    assert (mail.content_kind, mail.is_auto_reply) == ("invitation", False)


def test_an_invitation_beside_a_text_is_found() -> None:
    """The text is the sender's, the words of the calendar are found (edge case 154, case 17 c)."""
    alternative = multipart(
        "alternative",
        "\nYou are invited to the review.",
        "Content-Type: text/calendar; method=REQUEST\n\n"
        + EVENT.format(method="REQUEST", state=""),
        boundary="a",
    )
    file = 'Content-Type: application/ics; name="invite.ics"\n'
    file += "Content-Disposition: attachment\n\nBEGIN:VCALENDAR\nEND:VCALENDAR"
    mail = parsed(HEAD + multipart("mixed", alternative, file))
    assert (mail.text, mail.reply_text) == ("You are invited to the review.",) * 2
    assert mail.content_kind == "invitation"
    assert "Room 5" in mail.search_text
    assert ("invite.ics", "application/ics") in names(mail)


def test_an_invitation_of_a_calendar_program_is_no_automatic_answer() -> None:
    """Google Calendar says that a program sent it, not that it answers (edge case 161, mail 37)."""
    calendar = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST"
    body = multipart("alternative", "\nBob Roe invites you.", calendar)
    mail = parsed(f"{HEAD}Auto-Submitted: auto-generated\n{body}")
    assert (mail.text, mail.content_kind) == ("Bob Roe invites you.", "invitation")


def test_a_broken_invitation_is_a_file_and_no_text() -> None:
    """A calendar file without an event is neither text nor lost (edge case 153)."""
    mail = parsed(f"{HEAD}Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n")
    assert (mail.text, mail.content_kind) == ("", "invitation")
    assert [attachment.mime_type for attachment in mail.attachments] == ["text/calendar"]


@pytest.mark.parametrize(
    "data",
    [
        sealed.signed_data(ENTITY),
        sealed.streamed_signed_data(ENTITY[:30], ENTITY[30:]),
        sealed.compressed_data(ENTITY),
    ],
)
def test_signed_data_is_read(data: bytes) -> None:
    """The text is that inside; neither signature nor wrapper is a file (edge case 155)."""
    mail = parsed(sealed_mail(data))
    assert (mail.text.strip(), mail.content_kind) == ("Grüße, Ann", "mail")
    assert mail.attachments == ()
    assert "Grüße" in mail.search_text


def test_a_whole_mail_of_signed_data_is_read_under_any_name() -> None:
    """A name makes no document of what the mail is; a signed document is a file (edge case 155)."""
    mail = parsed(sealed_mail(sealed.signed_data(ENTITY), name="Secure Mail.p7m"))
    assert (mail.text.strip(), mail.attachments) == ("Grüße, Ann", ())
    document = parsed(sealed_mail(sealed.signed_data(b"%PDF"), name="contract.pdf.p7m"))
    assert (document.text, document.content_kind) == ("", "mail")
    assert [attachment.filename for attachment in document.attachments] == ["contract.pdf.p7m"]


def test_files_in_signed_data_are_listed() -> None:
    """A file in it has its own name, and a part id below the object's (edge case 155)."""
    pdf = "Content-Type: application/pdf; name=offer.pdf\nContent-Transfer-Encoding: base64\n\nJVBE"
    inner = multipart("mixed", "Content-Type: text/html\n\n<p>See <b>offer</b></p>", pdf)
    mail = parsed(sealed_mail(sealed.signed_data(inner.encode())))
    assert (mail.text, mail.html) == ("See offer", "<p>See <b>offer</b></p>")
    assert [
        (attachment.part_id, attachment.filename, attachment.size)
        for attachment in mail.attachments
    ] == [("0.1", "offer.pdf", 3)]


def test_a_detached_signature_is_no_file() -> None:
    """Multipart/signed has the text of its first part (edge case 155)."""
    signature = 'Content-Type: application/pkcs7-signature; name="smime.p7s"\n'
    signature += "Content-Disposition: attachment; filename=smime.p7s\n\nMIA="
    mail = parsed(HEAD + multipart("signed", "\nHello", signature))
    assert (mail.text, names(mail), mail.content_kind) == ("Hello", [], "mail")


def test_a_cleartext_signature_is_taken_off() -> None:
    """Text and reply text are what was signed, as it was written (edge case 155)."""
    body = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello\n- -- price\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n"
    )
    mail = parsed(f"{HEAD}\n{body}")
    assert mail.text.strip() == "Hello\n-- price"
    assert "PGP" not in mail.search_text


ENCRYPTED = {
    "PGP/MIME": HEAD
    + multipart(
        "encrypted",
        "Content-Type: application/pgp-encrypted\n\nVersion: 1",
        'Content-Type: application/octet-stream; name="encrypted.asc"\n'
        "Content-Disposition: inline\n\n-----BEGIN PGP MESSAGE-----",
    ),
    "PGP in the text": f"{HEAD}\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n",
    "PGP/MIME that a server took apart": HEAD
    + multipart(
        "mixed", "\n", 'Content-Type: application/octet-stream; name="encrypted.asc"\n\nhQEM'
    ),
    "OpenPGP before it had parts": HEAD
    + "Content-Type: application/pgp; x-action=encrypt\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM",
    "S/MIME": sealed_mail(sealed.enveloped_data(ENTITY), "enveloped-data"),
    "S/MIME that does not say so": sealed_mail(sealed.enveloped_data(ENTITY), ""),
    "rights protection": HEAD
    + multipart(
        "mixed",
        "Content-Type: text/html\n\nThis message is protected.",
        "Content-Type: application/x-microsoft-rpmsg-message; name=message.rpmsg\n\nAAAA",
    ),
}


@pytest.mark.parametrize("raw", ENCRYPTED.values(), ids=ENCRYPTED.keys())
def test_encrypted_mail_is_said_to_be_that(raw: str) -> None:
    """So that nobody takes it for empty; control parts are no files (edge case 156, mail 40)."""
    mail = parsed(raw)
    assert mail.content_kind == "encrypted"
    assert "application/pgp-encrypted" not in {
        attachment.mime_type for attachment in mail.attachments
    }


def test_outlooks_own_format_is_read_or_said_to_be_unreadable() -> None:
    """Its text and files, where it has a text; else the kind says it (edge cases 156, 160)."""
    fields = (
        "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    )
    bodies = (SIGNATURE + attribute(0x0002800C, b"Hello\0") + FILE, SIGNATURE + FILE)
    opened, closed = (
        parsed(HEAD + multipart("mixed", fields + base64.encodebytes(body).decode()))
        for body in bodies
    )
    assert (opened.text, opened.content_kind) == ("Hello", "mail")
    assert names(opened) == [("šbersi~1.pdf", "application/octet-stream")]
    assert (closed.text, closed.content_kind) == ("", "unreadable")
    assert names(closed) == [("winmail.dat", "application/ms-tnef")]


def test_old_signed_text_is_read() -> None:
    """OpenPGP text under a type of its own is a text (edge case 155)."""
    body = "-----BEGIN PGP SIGNED MESSAGE-----\n\nHello\n-----BEGIN PGP SIGNATURE-----\n\niQEz"
    mail = parsed(f"{HEAD}Content-Type: application/pgp; x-action=sign\n\n{body}")
    assert (mail.text, mail.content_kind) == ("Hello", "mail")


def test_a_mail_in_an_enclosed_mail_is_found() -> None:
    """Subject, sender and words of each are found, however deep they lie (edge case 157)."""
    middle = f"Subject: middle\nContent-Type: message/rfc822\n\n{ENCLOSED}"
    mail = parsed(HEAD + multipart("mixed", "\nSee", f"Content-Type: message/rfc822\n\n{middle}"))
    assert names(mail) == [("middle.eml", "message/rfc822")]
    for words in ("complaint", "carl@third.example", "The pump is broken again."):
        assert words in mail.search_text


ENCLOSED_FORMS = ["container", "attachmentId", "both", "inline"]


@pytest.mark.parametrize("form", ENCLOSED_FORMS)
def test_a_mail_in_a_mail_is_a_file_and_found_in_every_form(form: str) -> None:
    """Named by its subject, its words found (edge cases 157, 159, case 17 f, mail 19)."""
    enclosed = f"Content-Type: message/rfc822\nContent-Disposition: inline\n\n{ENCLOSED}"
    mail = parsed(HEAD + multipart("mixed", "\nSee below.", enclosed), enclosed_mail=form)
    assert mail.text == "See below."
    assert names(mail) == [("complaint.eml", "message/rfc822")]
    assert "The pump is broken again." in mail.search_text


@pytest.mark.parametrize("form", ENCLOSED_FORMS)
def test_a_mail_that_is_only_another_is_read_in_every_form(form: str) -> None:
    """Neither text nor file is missing (edge cases 157, 159, case 17 e)."""
    mail = parsed(f"{HEAD}Content-Type: message/rfc822\n\n{ENCLOSED}", enclosed_mail=form)
    assert names(mail) == [("complaint.eml", "message/rfc822")]
    assert "The pump is broken again." in mail.text
    assert "The pump is broken again." in mail.search_text


@pytest.mark.parametrize("form", ENCLOSED_FORMS)
def test_the_mails_of_a_digest_are_files_and_found_in_every_form(form: str) -> None:
    """Each by its subject, though its part names no type (edge cases 157, 159)."""
    mails = [f"\nSubject: {subject}\n\nwords of {subject}" for subject in ("one", "two")]
    digest = multipart("digest", *mails, boundary="d")
    mail = parsed(HEAD + multipart("mixed", "\nThis week:", digest), enclosed_mail=form)
    assert names(mail) == [("one.eml", "message/rfc822"), ("two.eml", "message/rfc822")]
    assert mail.text == "This week:"
    assert "words of one" in mail.search_text
    assert "words of two" in mail.search_text


def test_an_invitation_in_an_enclosed_mail_is_found() -> None:
    """A forwarded invitation's words are found, and shown if it is all (edge cases 153, 157)."""
    invitation = calendar_mail().replace("FW: meeting", "meeting")
    mail = parsed(f"{HEAD}Content-Type: message/rfc822\n\n{invitation}")
    assert names(mail) == [("meeting.eml", "message/rfc822")]
    assert f"Invitation: project meeting\n{TOLD}" in mail.text
    beside = multipart("mixed", "\nSee below.", f"Content-Type: message/rfc822\n\n{invitation}")
    found = parsed(HEAD + beside)
    assert (found.text, "Room 5" in found.search_text) == ("See below.", True)


def test_an_invitation_beside_an_empty_text_is_fetched_and_read() -> None:
    """An empty line is no text, so that the file's words are the text (edge case 154)."""
    file = "Content-Type: text/calendar; method=REQUEST; name=invite.ics\n\n"
    file += EVENT.format(method="REQUEST", state="")
    mail = parsed(HEAD + multipart("mixed", "\n \n", file))
    assert mail.text == f"Invitation: project meeting\n{TOLD}"
    assert mail.content_kind == "invitation"


def test_an_enclosed_mail_that_is_signed_is_found() -> None:
    """Signed data in an enclosed mail is looked into where it came along (edge cases 155, 157)."""
    inner = sealed_mail(sealed.signed_data(ENTITY)).replace("FW: meeting", "signed")
    enclosed = f"Content-Type: message/rfc822\n\n{inner}"
    mail = parsed(HEAD + multipart("mixed", "\nSee", enclosed), enclosed_mail="inline")
    assert (mail.text, names(mail)) == ("See", [("signed.eml", "message/rfc822")])
    assert "Grüße" in mail.search_text


@pytest.mark.parametrize("parameter", ["", "; boundary=other"])
@pytest.mark.parametrize("form", ["text", "inline"])
def test_a_multipart_without_its_boundary_is_read_in_every_form(parameter: str, form: str) -> None:
    """Text, HTML and file are found by the lines that divide it (edge cases 158, 159)."""
    pdf = "Content-Type: application/pdf; name=offer.pdf\n\n%PDF"
    whole = multipart("mixed", "\nHello", "Content-Type: text/html\n\n<p>Bye</p>", pdf)
    mail = parsed(HEAD + whole.replace('; boundary="b"', parameter), lost_boundary=form)
    assert mail.text == "Hello\nBye"
    assert names(mail) == [("offer.pdf", "application/pdf")]


def test_a_multipart_whose_content_did_not_come_is_said_to_be_unreadable() -> None:
    """Where Gmail gives nothing of it, the kind says that there was more (edge cases 158, 159)."""
    mail = parsed(f"{HEAD}Content-Type: multipart/mixed\n\n--b\n\nHello", lost_boundary="empty")
    assert (mail.text, mail.content_kind) == ("", "unreadable")


REPORT = HEAD + multipart(
    "report; report-type=delivery-status",
    "\nYour message could not be delivered.",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
    "Final-Recipient: rfc822; bob@x.example\nAction: failed\nStatus: 5.1.1",
    "Content-Type: message/global-headers\n\nSubject: Offer",
)
REPORT_FORMS = [
    {"report": report, "global_headers": headers}
    for report, headers in itertools.product(
        ["container", "blocks", "inline", "attachmentId"], ["inline", "attachmentId"]
    )
]


@pytest.mark.parametrize("forms", REPORT_FORMS, ids=str)
def test_a_report_has_its_text_and_no_files_in_every_form(forms: dict[str, str]) -> None:
    """Its control parts are neither text nor files, wherever their content is (edge case 159)."""
    mail = parsed(REPORT, **forms)
    assert (mail.text, names(mail)) == ("Your message could not be delivered.", [])
    assert "Reporting-MTA" not in mail.text


@pytest.mark.parametrize("form", ["utf8", "latin1", "replaced"])
def test_8_bit_header_fields_come_in_every_form_without_harm(form: str) -> None:
    """Addresses are right in each, names as far as Gmail lets them through (edge case 159)."""
    mail = parsed("From: Jürgen <j@x.example>\nSubject: Bär\n\nHi", header_bytes=form)
    assert mail.sender is not None
    assert (mail.sender.address, mail.text) == ("j@x.example", "Hi")
