"""Mails in a mail: forwarded as a file, returned in a report, collected in a digest.

Holds: ``EnclosedMail``, ``enclosed_mail`` and ``enclosed_file``.
Add here: another fact of an enclosed mail that its outer mail shows.
Keep out: where in the tree they stand (``parts``), how one is shown (``mail_text``).
Source: RFC 2046 section 5.2.1; case 17 e and f, mail 19: of 6,000 public mails, a few dozen hold a
mail without a file name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.parts.files import FilePart
from gmail_ingest.core.mail.parts.leaf import MAX_SIZE, BodyPart, Leaf
from gmail_ingest.core.mail.parts.text_parts import text_parts

_MAX_NAME_CHARS = 200
_MAX_FIELD_CHARS = 1_000
_FIELDS = (("From", "from"), ("Date", "date"), ("Subject", "subject"), ("To", "to"))


@dataclass(frozen=True, slots=True)
class EnclosedMail:
    """A mail in the mail.

    Attributes:
        fields: Name and value of the header fields that say whose mail it is.
        names: The names of the files in it, and subjects and senders of the mails in it.
        bodies: Its text, and that of the mails in it.
        calendars: The calendar files in it.
    """

    fields: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    bodies: tuple[BodyPart, ...]
    calendars: tuple[BodyPart, ...]


def enclosed_mail(leaf: Leaf, fetched: Mapping[str, bytes]) -> EnclosedMail:
    """Return what an enclosed mail says.

    Args:
        leaf: A part of type message/rfc822 or its like.
        fetched: Part id to raw bytes, for parts that came without their content.
    """
    headers = _headers(leaf)
    found = ((name, headers.decoded(field)) for name, field in _FIELDS) if headers else ()
    texts = text_parts(leaf.inner, fetched).texts
    return EnclosedMail(
        fields=tuple((name, value[:_MAX_FIELD_CHARS]) for name, value in found if value),
        names=tuple(dict.fromkeys(_names(leaf))),
        bodies=tuple(text.body() for text in texts),
        calendars=tuple(part.body() for part in leaf.inner if part.is_calendar),
    )


def _names(leaf: Leaf) -> Iterator[str]:
    for position, part in enumerate(leaf.inner):
        if part.filename:
            yield part.filename
        # The first part has the fields of the mail itself; later ones those of mails inside it.
        for field in ("subject", "from") if position else ():
            if field in part.headers:
                yield part.headers.decoded(field)[:_MAX_FIELD_CHARS]


def enclosed_file(file: FilePart, leaf: Leaf) -> FilePart:
    """Return an enclosed mail as a file.

    Args:
        file: The part as any other file.
        leaf: The part.

    Returns:
        The file, with the mail's subject as its name if it has none. Where Gmail gives no size, it
        is the sum of the parts' sizes.
    """
    known = file.attachment
    size = known.size or min(MAX_SIZE, sum(part.size for part in leaf.inner))
    return replace(
        file, attachment=replace(known, filename=known.filename or _name(leaf), size=size)
    )


def _name(leaf: Leaf) -> str:
    headers = _headers(leaf)
    subject = headers.decoded("subject") if headers else ""
    if not subject and leaf.parent is not None:
        subject = leaf.headers.decoded("content-description")
    return f"{subject[:_MAX_NAME_CHARS].strip() or 'message'}.eml"


def _headers(leaf: Leaf) -> Headers | None:
    """Return the header fields of the enclosed mail, wherever Gmail has put them."""
    inside = leaf.inner[0].headers if leaf.inner else None
    if inside is not None and ("from" in inside or "subject" in inside):
        return inside
    # The header fields of the root belong to the outer mail.
    return leaf.headers if leaf.parent is not None else inside
