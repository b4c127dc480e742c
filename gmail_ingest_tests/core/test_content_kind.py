"""What cannot be read is said to be that, and an invitation to be one."""

from __future__ import annotations

from typing import Any

import pytest

from gmail_ingest.core.mail.calendar.calendar_text import CalendarText
from gmail_ingest.core.mail.kinds.content_kind import kind_of_content
from gmail_ingest_tests.core import sealed
from gmail_ingest_tests.core.gmail_json import part

P7M = "application/pkcs7-mime"


def _sealed(kind: str = "", data: bytes | None = None, mime_type: str = P7M) -> dict[str, Any]:
    fields = {"Content-Type": f"{mime_type}; smime-type={kind}"}
    return part(mime_type, data, headers=fields, filename="smime.p7m")


@pytest.mark.parametrize(
    ("types", "text", "expected"),
    [
        ({"multipart/encrypted", "application/pgp-encrypted"}, "", "encrypted"),
        ({"multipart/mixed", "application/pgp-encrypted"}, "", "encrypted"),
        ({"application/x-microsoft-rpmsg-message", "text/html"}, "Open it there", "encrypted"),
        ({"text/plain"}, "-----BEGIN PGP MESSAGE-----\nhQEM", "encrypted"),
        ({"application/ms-tnef"}, " \n", "unreadable"),
        ({"application/vnd.ms-tnef", "multipart/mixed"}, "", "unreadable"),
        ({"multipart/mixed", "multipart/*"}, "", "unreadable"),
        ({"application/ms-tnef", "text/plain"}, "Hello", "mail"),
        ({"text/plain", "application/octet-stream"}, "Hello", "mail"),
        ({"text/plain"}, "", "mail"),
        (set(), "", "mail"),
    ],
)
def test_the_types_of_the_parts_tell_what_is_not_read(
    types: set[str], text: str, expected: str
) -> None:
    """OpenPGP, rights protection and Outlook's own format, with or without text (edge case 156)."""
    assert kind_of_content(part(), frozenset(types), text) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (_sealed("enveloped-data"), "encrypted"),
        (_sealed("authEnveloped-data"), "encrypted"),
        (_sealed(), "encrypted"),
        (_sealed(data=sealed.enveloped_data(b"x")), "encrypted"),
        (
            _sealed(data=sealed.enveloped_data(b"x"), mime_type="application/x-pkcs7-mime"),
            "encrypted",
        ),
        (_sealed("signed-data", b"nonsense"), "unreadable"),
        (_sealed("signed-data"), "unreadable"),
        (_sealed("certs-only"), "mail"),
        (part(P7M, b"x", filename="contract.pdf.p7m"), "mail"),
    ],
)
def test_sealed_data_that_stays_closed_is_told(payload: dict[str, Any], expected: str) -> None:
    """Encrypted by its type or its content; certificates and documents are not (edge case 156)."""
    assert kind_of_content(payload, frozenset({payload["mimeType"]}), "") == expected


def test_fetched_data_tells_what_it_is() -> None:
    """A type that leaves it open is told from the bytes that were fetched (edge case 156)."""
    payload = part("application/octet-stream", filename="smime.p7m", part_id="0", attachment_id="A")
    fetched = {"0": sealed.enveloped_data(b"x")}
    types = frozenset({"application/octet-stream"})
    assert kind_of_content(payload, types, "", (), fetched) == "encrypted"
    assert kind_of_content(payload, types, "", (), {"0": b"nonsense"}) == "unreadable"


@pytest.mark.parametrize(
    ("method", "text", "expected"),
    [
        ("REQUEST", "Join us", "invitation"),
        ("CANCEL", "Join us", "invitation"),
        ("COUNTER", "Join us", "invitation"),
        ("REPLY", "Bob accepts", "invitation"),
        ("PUBLISH", "Your ticket", "mail"),
        ("", "Your ticket", "mail"),
        ("PUBLISH", "", "invitation"),
        ("", " \n", "invitation"),
    ],
)
def test_a_calendar_that_speaks_to_the_recipient_is_an_invitation(
    method: str, text: str, expected: str
) -> None:
    """By its method, and where the mail is nothing but a calendar file (edge case 161)."""
    calendars = [CalendarText(method, "Event")]
    assert kind_of_content(part(), frozenset({"text/calendar"}), text, calendars) == expected
