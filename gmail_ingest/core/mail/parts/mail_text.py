"""The text of a mail, wherever in the mail it is.

Holds: ``read_mail``: the order in which the texts of a mail count.
Add here: another place where the only text of a mail may stand.
Keep out: the tree of parts (``parts``), one text out of several renderings (``bodies``).
Source: case 17. What a person can read of a mail is its text; search finds the words of its other
parts as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gmail_ingest.core.mail.calendar.calendar_text import CalendarText, calendar_text
from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.parts.bodies import decoded_text, join_bodies
from gmail_ingest.core.mail.parts.enclosed import EnclosedMail
from gmail_ingest.core.mail.parts.leaf import BodyPart
from gmail_ingest.core.mail.parts.part_tree import SortedParts
from gmail_ingest.core.mail.parts.text_parts import INVISIBLE
from gmail_ingest.core.mail.text.pgp_text import MARK, without_armour
from gmail_ingest.core.mail.words.search_text import MAX_SEARCH_CHARS

_CALENDAR = "BEGIN:VCALENDAR"
# An invitation comes twice, for programs and as a file.
_MAX_CALENDARS = 10
#: Written above an enclosed mail, as Gmail does above a forwarded one.
BANNER = "---------- Forwarded message ---------"


class MailText(NamedTuple):
    """The text of a mail. A tuple for the reason of ``BodyPart``.

    Attributes:
        text: What a person reads; may have ``flowed.OWN_LINE`` in it.
        html: ``""`` where no part has any.
        also_found: Words that are not in the text, for search.
        has_own: The text is the sender's own, not made from another part of the mail.
        calendars: Its calendar files, as far as their content is known.
    """

    text: str
    html: str
    also_found: str
    has_own: bool
    calendars: tuple[CalendarText, ...] = ()


def read_mail(parts: SortedParts, fetched: Mapping[str, bytes], cleaner: TextCleaner) -> MailText:
    """Return what a mail says.

    Args:
        parts: Of the mail.
        fetched: Part id to raw bytes in the declared charset, for parts without inline data.
        cleaner: Makes texts storable, and notes replaced bytes.

    Returns:
        The mail's own text, without the marks of an OpenPGP signature. Where it has none: its
        invitation; else the enclosed mails, each below a banner and its header fields, so that
        nobody takes them for the sender's words; else its reports to programs.
    """
    bodies = join_bodies(parts.bodies, fetched, cleaner)
    html = bodies.html
    text = without_armour(bodies.text) if MARK in bodies.text else bodies.text
    if text.startswith(_CALENDAR):
        # Some programs send calendars as plain text.
        told = _calendar(text, "", cleaner)
        if told.text:
            return MailText(told.text, html, "", has_own=False, calendars=(told,))
    has_own = bool(text.strip(INVISIBLE))
    if not parts.enclosed and not parts.reports and not parts.calendars:
        return MailText(text, html, "", has_own)
    calendars = _calendars(parts.calendars, fetched, cleaner)
    invitation = _told(calendars)
    mails = _enclosed(parts.enclosed, fetched, cleaner)
    names = "\n".join(name for mail in parts.enclosed for name in mail.names)
    if has_own:
        found = "\n".join(filter(None, (invitation, *mails, names)))
        return MailText(text, html, found, has_own, calendars)
    if invitation:
        return MailText(invitation, html, "\n".join((*mails, names)), has_own, calendars)
    if mails:
        shown = "\n\n".join(f"{BANNER}\n{mail}" for mail in mails)
        return MailText(shown, html, names, has_own, calendars)
    reports = (decoded_text(part, fetched, cleaner) for part in parts.reports)
    return MailText("\n".join(reports), html, names, has_own, calendars)


def _told(calendars: Iterable[CalendarText]) -> str:
    return "\n\n".join(dict.fromkeys(calendar.text for calendar in calendars if calendar.text))


def _calendars(
    parts: Sequence[BodyPart], fetched: Mapping[str, bytes], cleaner: TextCleaner
) -> tuple[CalendarText, ...]:
    return tuple(
        _calendar(decoded_text(part, fetched, cleaner), part.content_type, cleaner)
        for part in parts[:_MAX_CALENDARS]
    )


def _calendar(source: str, content_type: str, cleaner: TextCleaner) -> CalendarText:
    told = calendar_text(source, content_type)
    # Quoted-printable values may decode to any character.
    return CalendarText(told.method, cleaner.clean(told.text))


def _enclosed(
    mails: Iterable[EnclosedMail], fetched: Mapping[str, bytes], cleaner: TextCleaner
) -> list[str]:
    read: list[str] = []
    length = 0
    for mail in mails:
        # A digest may hold hundreds; mails beyond the limit of the index are not read.
        if length > MAX_SEARCH_CHARS:
            break
        fields = "\n".join(f"{name}: {value}" for name, value in mail.fields)
        text = join_bodies(mail.bodies, fetched, cleaner).text
        calendars = _told(_calendars(mail.calendars, fetched, cleaner))
        said = "\n\n".join(filter(None, (text, calendars)))
        if fields or said:
            read.append(f"{fields}\n\n{said}".strip("\n"))
            length += len(read[-1])
    return read
