"""A mail as the rest of the program sees it.

Holds: ``ParsedMessage`` and the values in it.
Add here: a field that the CRM reads, with where it comes from.
Keep out: how a field is found (``payload`` and its neighbours), storage.
Source: docs/google.md#messages-and-threads; docs/architecture.md#tables.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["from", "to", "cc", "bcc", "reply-to", "sender", "author"]
Direction = Literal["inbound", "outbound", "self"]
#: What a mail is. ``delivery_report``: says whether a mail was delivered; ``report``: figures for
#: administrators (TLS, DMARC); ``notification``: written by a program, not in answer to a mail;
#: ``unreadable``: its text is in a form that is not read (rich text in winmail.dat).
ContentKind = Literal[
    "mail",
    "invitation",
    "encrypted",
    "unreadable",
    "delivery_report",
    "read_receipt",
    "complaint",
    "report",
    "automatic_answer",
    "notification",
]


@dataclass(frozen=True, slots=True)
class Participant:
    """One address in one role.

    Attributes:
        role: The header field that names the address. ``author``: the writer of the mail, where
            none of these fields names that person.
        address: As written, lower-cased; never empty, at most 320 characters.
        name: The display name, decoded, on one line; ``""`` where there is none.
    """

    role: Role
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is a file. Gmail's attachment id is short-lived and therefore not here.

    Attributes:
        part_id: Gmail's position of the part in the message, stable.
        filename: As sent, on one line; never to be used as a path. ``""`` where it has none.
        mime_type: Lower-cased.
        size: Bytes.
        content_id: The Content-ID without angle brackets, as ``cid:`` links name it.
        inline: True where the part belongs to the text: shown inside it, or its signature.
    """

    part_id: str
    filename: str
    mime_type: str
    size: int
    content_id: str | None
    inline: bool


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """A recipient whom a mail did not reach, by a delivery report (RFC 3464).

    Attributes:
        address: Lower-cased, at most 320 characters.
        action: ``failed``.
        status: The enhanced status code (``5.1.1``, RFC 3463), None where none is given.
    """

    address: str
    action: str
    status: str | None


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """One Gmail message. Every text is valid UTF-8 without NUL and lone surrogates.

    Attributes:
        gmail_id: Gmail's id of the message in its mailbox.
        thread_id: Gmail's id of the thread.
        history_id: The last change of this message; 0 where Gmail sent none.
        rfc_message_id: The Message-ID as sent (brackets included, however malformed).
        in_reply_to: The first id of In-Reply-To.
        references: The ids of References, oldest first.
        subject: Decoded, on one line.
        sender: The first address of From.
        author: Who wrote it: the person behind a group, a form or a ticket system, else the sender.
        participants: Each address once a role.
        direction: Seen from the owner of the mailbox.
        internal_date: When Gmail took the message in, UTC; the date to sort by.
        header_date_raw: The Date header as sent, never interpreted.
        label_ids: Gmail's label ids.
        is_unsent: The owner wrote it, and it waits to be sent.
        snippet: Gmail's preview, HTML entities resolved.
        text: The plain text, made from the HTML where the mail has none; lines end with line feeds.
        html: The HTML as sent (not sanitised: it must be before a browser shows it).
        reply_text: What the sender wrote: text without quoted mail and signature.
        signature: The sender's signature, if it is marked as one; else ``""``.
        size: Gmail's estimate in bytes.
        is_auto_reply: A program answered in a person's place (RFC 3834 and its forerunners).
        is_bounce: A report that delivery to somebody failed.
        failed_recipients: The recipients whom a bounce names.
        content_kind: What the mail is.
        is_list: Came through a mailing list, or is bulk mail.
        attachments: The files.
        sanitized: True where characters or bytes had to be replaced to be storable.
        search_text: What full-text search indexes; bounded, see ``search_text``.
    """

    gmail_id: str
    thread_id: str
    history_id: int
    rfc_message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str
    sender: Participant | None
    author: Participant | None
    participants: tuple[Participant, ...]
    direction: Direction
    internal_date: datetime
    header_date_raw: str | None
    label_ids: tuple[str, ...]
    is_unsent: bool
    snippet: str
    text: str
    html: str
    reply_text: str
    signature: str
    size: int
    is_auto_reply: bool
    is_bounce: bool
    is_list: bool
    content_kind: ContentKind
    failed_recipients: tuple[FailedRecipient, ...]
    attachments: tuple[Attachment, ...]
    sanitized: bool
    search_text: str
