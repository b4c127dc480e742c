"""What a mail says, wherever it says it.

Holds: ``read_mail``: the order in which the texts of a mail count.
Add here: another place where the only text of a mail may stand.
Keep out: the tree of parts (``parts``), one text out of several renderings (``bodies``).
Source: case 17. What a person can read of a mail is its text, and what is in no text of it is
found all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gmail_ingest.core.bodies import decoded_text, join_bodies
from gmail_ingest.core.enclosed import EnclosedMail
from gmail_ingest.core.parts import SortedParts
from gmail_ingest.core.search_text import MAX_SEARCH_CHARS
from gmail_ingest.core.text import TextCleaner
from gmail_ingest.core.text_parts import INVISIBLE

#: Written above an enclosed mail, as Gmail does above a forwarded one.
BANNER = "---------- Forwarded message ---------"


@dataclass(frozen=True, slots=True)
class MailText:
    """The text of a mail.

    Attributes:
        text: What a person reads; may have ``flowed.OWN_LINE`` in it.
        html: ``""`` where no part has any.
        also_found: What is not in the text, and is found by search.
    """

    text: str
    html: str
    also_found: str


def read_mail(parts: SortedParts, fetched: Mapping[str, bytes], cleaner: TextCleaner) -> MailText:
    """Return what a mail says.

    Args:
        parts: Of the mail.
        fetched: Part id to raw bytes in the declared charset, for parts without inline data.
        cleaner: Makes texts storable, and notes replaced bytes.

    Returns:
        The mail's own text. Where it has none, the mails in it, each below a banner and the
        fields that say whose it is, so that nobody takes them for the sender's words; else what
        it reports to programs.
    """
    text, html = join_bodies(parts.bodies, fetched, cleaner)
    if not parts.enclosed and not parts.reports:
        return MailText(text, html, "")
    mails = _enclosed(parts.enclosed, fetched, cleaner)
    names = "\n".join(name for mail in parts.enclosed for name in mail.names)
    if text.strip(INVISIBLE):
        return MailText(text, html, "\n".join((*mails, names)))
    if mails:
        return MailText("\n\n".join(f"{BANNER}\n{mail}" for mail in mails), html, names)
    reports = (decoded_text(part, fetched, cleaner) for part in parts.reports)
    return MailText("\n".join(reports), html, names)


def _enclosed(
    mails: Iterable[EnclosedMail], fetched: Mapping[str, bytes], cleaner: TextCleaner
) -> list[str]:
    read: list[str] = []
    length = 0
    for mail in mails:
        # A digest may hold hundreds; what no index takes is not read.
        if length > MAX_SEARCH_CHARS:
            break
        fields = "\n".join(f"{name}: {value}" for name, value in mail.fields)
        text, _ = join_bodies(mail.bodies, fetched, cleaner)
        if fields or text:
            read.append(f"{fields}\n\n{text}".strip("\n"))
            length += len(read[-1])
    return read
