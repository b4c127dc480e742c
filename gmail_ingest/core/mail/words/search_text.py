"""The text of a mail that full-text search covers.

Holds: ``search_text_of`` and its bounds.
Add here: another field by which people look for mail.
Keep out: the tsvector itself and its language (the Postgres adapter).
Source: PostgreSQL refuses a tsvector above 1,048,575 bytes. The vector itself is bounded again, in
bytes (``adapters/postgres/mail/search_terms.py``); this keeps the work for one mail small.
"""

from collections.abc import Iterable

from gmail_ingest.core.mail.addresses.domains import spellings_of
from gmail_ingest.core.mail.message import Attachment, Participant

MAX_SEARCH_CHARS = 250_000
MAX_SEARCH_BYTES = 350_000

# A long header must not push the text out of the index.
_MAX_FIELD_CHARS = 20_000


def search_text_of(
    subject: str,
    participants: Iterable[Participant],
    attachments: Iterable[Attachment],
    text: str,
    also_found: str = "",
) -> str:
    """Return the text that the search vector of a mail is made of.

    Args:
        subject: Decoded.
        participants: Their names and addresses are found; an address in each spelling of its
            domain.
        attachments: Their file names are found.
        text: The whole text, quotes included.
        also_found: What else the mail holds, such as the mails that are enclosed.

    Returns:
        At most ``MAX_SEARCH_CHARS`` characters and ``MAX_SEARCH_BYTES`` of UTF-8; the end of the
        text is cut.
    """
    people: dict[str, None] = {}
    for participant in participants:
        if participant.name:
            people[participant.name] = None
        people[participant.address] = None
        for spelling in spellings_of(participant.address):
            people[spelling] = None
    files = [a.filename for a in attachments if a.filename]
    fields = (subject, " ".join(people), " ".join(files))
    joined = "\n".join((*(field[:_MAX_FIELD_CHARS] for field in fields if field), text))
    if also_found:
        joined = f"{joined}\n{also_found}"
    return _bounded(joined[:MAX_SEARCH_CHARS])


def _bounded(text: str) -> str:
    if text.isascii() or len(text) * 4 <= MAX_SEARCH_BYTES:
        return text
    return text.encode("utf-8")[:MAX_SEARCH_BYTES].decode("utf-8", "ignore")
