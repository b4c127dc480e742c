"""The MIME types of a mail's parts, by use.

Holds: sets of types by use, and ``text_type``.
Add here: a type that is no file although it is no plain text, or the other way round.
Keep out: decisions that look at more than the type (``parts``, ``files``).
Source: IANA's registry of media types; RFC 2045 (an invalid type is read as text/plain).
"""

ALTERNATIVE = "multipart/alternative"
REPORT = "multipart/report"
SIGNED = "multipart/signed"
ENCRYPTED = "multipart/encrypted"

#: A mail in the mail; news articles are the same thing.
ENCLOSED_MAILS = frozenset({"message/rfc822", "message/global", "message/news"})

#: What a mail program shows as the mail itself.
BODIES = frozenset({"text/plain", "text/html"})

#: Written by programs for programs. Nobody attached them, and the text of a report says the same.
CONTROL = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/global-delivery-status",
        "message/global-disposition-notification",
        "message/global-headers",
        "message/tracking-status",
        "text/rfc822-headers",
        "text/rfc822-header",
        "application/pgp-encrypted",
    }
)
#: Those from which reports are read.
REPORTS = CONTROL - {"application/pgp-encrypted"}

#: Signatures of the text; nobody attached them. Some programs name them "smime.p7s", some call them
#: attachments, so neither name nor disposition decides.
SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/x-pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
#: A whole mail, signed or encrypted together with its files.
SEALED_MAILS = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})

CALENDARS = frozenset(
    {"text/calendar", "application/ics", "application/calendar", "text/x-vcalendar"}
)
#: Renderings of the same text for other programs.
RENDERINGS = frozenset({"text/x-amp-html", "text/watch-html"})
#: How other parts are laid out (picture messages of telephones), or what Macintosh keeps of a file.
LAYOUT = frozenset({"application/smil", "application/applefile"})

_HTML = frozenset({"text/html", "application/xhtml+xml"}) | RENDERINGS
# Text for programs, not for people.
_NO_READING = frozenset({"text/rtf", "text/css", "text/javascript", "text/ecmascript"})
# What people keep in files, though a text viewer shows it.
_DATA = frozenset(
    {
        "text/csv",
        "text/tab-separated-values",
        "text/comma-separated-values",
        "text/vcard",
        "text/x-vcard",
        "text/directory",
        "text/xml",
        "text/x-moz-deleted",
    }
)


def text_type(mime_type: str) -> str:
    """Return the text type as which a person can read a part of this type.

    Args:
        mime_type: Lower-cased; may be no type at all.

    Returns:
        ``text/html`` or ``text/plain``; ``""`` if it is no text to read.
    """
    if mime_type in {"text/plain", "text/html"}:
        return mime_type
    if mime_type in _HTML:
        return "text/html"
    if mime_type in CALENDARS or mime_type in CONTROL or mime_type in _NO_READING:
        return ""
    return "text/plain" if mime_type.startswith("text/") or "/" not in mime_type else ""


def is_data(mime_type: str) -> bool:
    """Tell whether a text of this type is a file if it has a name.

    Args:
        mime_type: Lower-cased.
    """
    return mime_type in _DATA
