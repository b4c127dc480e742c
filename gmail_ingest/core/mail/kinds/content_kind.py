"""What a mail is by its content: an invitation, encrypted, or in a form that is not read.

Holds: ``kind_of_content``.
Add here: another form whose text cannot be read, or that asks for an answer of its own.
Keep out: reports and automatic answers (``classify``), the reading of calendars
(``calendar_text``), the opening of signed data (``containers``).
Source: RFC 6047 (invitations by mail), RFC 8551 and RFC 3156 (encrypted mail), and Microsoft's
message.rpmsg and winmail.dat (MS-OXORMMS, MS-OXTNEF).
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from gmail_ingest.core.mail.calendar.calendar_text import CalendarText
from gmail_ingest.core.mail.containers.cms import open_cms
from gmail_ingest.core.mail.containers.wrappers import (
    TNEF_TYPES,
    content_of,
    field,
    is_mail_by_name,
    lower,
    own_parts,
    sealed_parts,
    type_of,
)
from gmail_ingest.core.mail.message import ContentKind
from gmail_ingest.core.mail.parts.part_types import SEALED_MAILS
from gmail_ingest.core.mail.text.pgp_text import MARK, is_encrypted

_ENCRYPTED = frozenset(
    {
        "multipart/encrypted",
        "application/pgp-encrypted",
        "application/x-microsoft-rpmsg-message",
    }
)
_OCTETS = "application/octet-stream"
# Servers on the way may take PGP/MIME apart, so that only the file name is left as a sign.
_PGP_NAMES = (".asc", ".pgp", ".gpg")
_MAYBE_SEALED = SEALED_MAILS | {_OCTETS}
# The last: a multipart whose content did not come, for want of its boundary.
_UNREAD = TNEF_TYPES | {"multipart/*"}
_TELLING = _ENCRYPTED | _UNREAD | _MAYBE_SEALED
# Not PUBLISH, which shows a calendar to anybody (a ticket, a timetable); these address the
# recipient.
_ASKING = frozenset({"REQUEST", "REPLY", "CANCEL", "COUNTER", "DECLINECOUNTER", "ADD", "REFRESH"})


def kind_of_content(
    payload: object,
    types: AbstractSet[str],
    text: str,
    calendars: Sequence[CalendarText] = (),
    fetched: Mapping[str, bytes] | None = None,
) -> ContentKind:
    """Return what a mail is by its content.

    Args:
        payload: ``payload`` of a Message, its wrappers opened.
        types: The MIME types of its own parts.
        text: Its own text, not that of calendars or enclosed mails.
        calendars: Its calendar files.
        fetched: Part id to raw bytes, for parts that came without their content.

    Returns:
        ``invitation`` for an invitation, its change or cancellation, an answer to one, and a mail
        with only a calendar file. ``encrypted``: S/MIME, OpenPGP and Microsoft's rights protection.
        ``unreadable``: the only text is in winmail.dat or in a multipart whose content did not
        come, or S/MIME data is not what its type says. Else ``mail``.
    """
    if MARK in text and is_encrypted(text):
        return "encrypted"
    if not types.isdisjoint(_TELLING):
        kind = _kind_of_parts(payload, types, text, fetched or {})
        if kind != "mail":
            return kind
    if calendars and (
        not text.strip() or any(calendar.method in _ASKING for calendar in calendars)
    ):
        return "invitation"
    return "mail"


def _kind_of_parts(
    payload: object, types: AbstractSet[str], text: str, fetched: Mapping[str, bytes]
) -> ContentKind:
    if not types.isdisjoint(_ENCRYPTED):
        return "encrypted"
    if not types.isdisjoint(_MAYBE_SEALED):
        for part in sealed_parts(payload):
            kind = _kind_of_sealed(part, fetched)
            if kind != "mail":
                return kind
    if text.strip():
        return "mail"
    if _OCTETS in types and any(map(_is_pgp_file, own_parts(payload))):
        return "encrypted"
    return "mail" if types.isdisjoint(_UNREAD) else "unreadable"


def _is_pgp_file(part: Mapping[str, Any]) -> bool:
    return type_of(part) == _OCTETS and lower(part.get("filename")).endswith(_PGP_NAMES)


def _kind_of_sealed(part: Mapping[str, Any], fetched: Mapping[str, bytes]) -> ContentKind:
    says = field(part, "content-type").lower()
    if "certs-only" in says:
        return "mail"
    data = content_of(part, fetched)
    if data:
        kind = open_cms(data).kind
        if kind == "encrypted":
            return "encrypted"
        return "unreadable" if is_mail_by_name(part) else "mail"
    return "unreadable" if "signed-data" in says or "compressed-data" in says else "encrypted"
