"""Values derived from stored mail, derived again by the rules of this release.

Holds: ``READING``, ``read_again``, ``in_their_order``. Add here: another value that can be derived
from the stored columns. Keep out: what needs headers or bodies that are not stored, batches and SQL
(``adapters/postgres/sync/rereading.py``).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gmail_ingest.core.mail.addresses.addresses import direction_of
from gmail_ingest.core.mail.message import Attachment, Direction, Participant
from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest.core.mail.words.search_text import search_text_of

#: The version of the derived values; every mail that this release stores has it. Raise it when they
#: change, together with a migration that makes it the default of ``mailboxes.reading``: the service
#: then reads the mail of all older mailboxes again. Before reading 2, store the words of enclosed
#: mails and invitations in a column: they are only in the search index, and would be lost.
READING = 1


@dataclass(frozen=True, slots=True)
class StoredMail:
    """The stored values that a mail is read from."""

    subject: str
    text: str
    label_ids: tuple[str, ...]
    participants: tuple[Participant, ...]
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The values derived from them; the fields are those of ``ParsedMessage``."""

    direction: Direction
    reply_text: str
    signature: str
    search_text: str


def read_again(mail: StoredMail, owner_addresses: Collection[str]) -> Reading:
    """Return what this release says of a stored mail.

    Args:
        mail: As it is stored.
        owner_addresses: The mailbox's own addresses, as they are now.
    """
    files = in_their_order(mail.attachments)
    reply = read_reply(mail.text)
    return Reading(
        direction_of(mail.participants, mail.label_ids, owner_addresses),
        reply.text,
        reply.signature,
        search_text_of(mail.subject, mail.participants, files, mail.text),
    )


def in_their_order(files: Iterable[Attachment]) -> list[Attachment]:
    """Return files in the order that they have in the mail; the database keeps no order."""
    return sorted(files, key=_place)


def _place(file: Attachment) -> list[tuple[int, str]]:
    """Sort key of a file: part 10 comes after part 9, as Gmail counts them."""
    return [(len(number), number) for number in file.part_id.split(".")]
