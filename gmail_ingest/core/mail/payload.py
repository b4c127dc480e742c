"""A Message resource of the Gmail API to a ``ParsedMessage``.

Holds: ``parse_message`` and ``missing_bodies``: the one place that reads raw Gmail JSON of a
message.
Add here: a field of the resource that the program needs.
Keep out: rules about a kind of content (the neighbours have one module each), fetching.
Source: https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages
"""

import html
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from gmail_ingest.core.ledger.scope import is_nowhere
from gmail_ingest.core.mail.addresses.addresses import direction_of, fold_address, participants_of
from gmail_ingest.core.mail.addresses.authors import author_of, with_author
from gmail_ingest.core.mail.clean_text import TextCleaner, single_line
from gmail_ingest.core.mail.containers.containers import opened
from gmail_ingest.core.mail.containers.wrappers import (
    WRAPPERS,
    Part,
    id_of,
    parts_to_fetch,
    type_of,
)
from gmail_ingest.core.mail.headers import Headers, message_ids
from gmail_ingest.core.mail.kinds.classify import classify
from gmail_ingest.core.mail.kinds.content_kind import kind_of_content
from gmail_ingest.core.mail.kinds.reports import Mail
from gmail_ingest.core.mail.message import ParsedMessage, Participant
from gmail_ingest.core.mail.parts.files import attachments_of
from gmail_ingest.core.mail.parts.leaf import size_of
from gmail_ingest.core.mail.parts.mail_text import read_mail
from gmail_ingest.core.mail.parts.part_tree import has_separate_content, sort_parts
from gmail_ingest.core.mail.parts.text_parts import has_words
from gmail_ingest.core.mail.reply.reply_text import read_reply
from gmail_ingest.core.mail.text.flowed import unmarked
from gmail_ingest.core.mail.words.search_text import search_text_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UINT64_END = 2**64
_MAX_DIGITS = 20
#: Delivered mail has at least one of them; mail that was never sent has none.
_TRAVELLED = ("received", "delivered-to", "x-received", "return-path")
_NO_BODIES: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MissingBody:
    """A text that Gmail did not send with the message, because it is too long to be inline.

    Attributes:
        part_id: Key for ``bodies`` of ``parse_message``.
        attachment_id: For ``attachments.get`` now; it soon expires.
        mime_type: Of the part.
        charset: The declared label, or None.
        size: Bytes in that charset.
    """

    part_id: str
    attachment_id: str
    mime_type: str
    charset: str | None
    size: int


def missing_bodies(message: Mapping[str, Any]) -> tuple[MissingBody, ...]:
    """Return the texts of a mail that must be fetched before it is complete.

    Args:
        message: A Message resource, format ``full``, as decoded JSON.

    Returns:
        The parts to read that have an attachment id instead of data: texts, with or without a file
        name; and, up to a bound, reports, enclosed mails of which Gmail gives no parts, and what
        ``wrappers.parts_to_fetch`` names.
    """
    payload = message.get("payload")
    # Sorting the parts is a tenth of all parsing, and few mails have anything to fetch.
    if not has_separate_content(payload):
        return ()
    cleaner = TextCleaner()
    parts = sort_parts(payload, _headers_of(payload, cleaner), cleaner)
    missing = [
        MissingBody(part.part_id, part.attachment_id, part.mime_type, part.charset, part.size)
        for part in parts.missing
        if part.attachment_id
    ]
    if not parts.types.isdisjoint(WRAPPERS):
        wrappers = parts_to_fetch(payload, has_text=any(map(has_words, parts.bodies)))
        missing.extend(map(_missing, wrappers))
    return tuple(missing)


def parse_message(
    message: Mapping[str, Any],
    *,
    owner_addresses: Collection[str],
    bodies: Mapping[str, bytes] = _NO_BODIES,
) -> ParsedMessage:
    """Return a Gmail message as the rest of the program sees it.

    Args:
        message: A Message resource, format ``full``, as decoded JSON. Whatever is missing or of
            another shape than documented gets a safe default; nothing raises.
        owner_addresses: The mailbox's own addresses, send-as aliases included.
        bodies: Part id to raw bytes in the declared charset, for ``missing_bodies``.

    Returns:
        The message. A message without ``internalDate`` gets 1970, never the Date header, which is
        only the sender's claim.
    """
    cleaner = TextCleaner()
    payload = message.get("payload")
    headers = _headers_of(payload, cleaner)
    parts = sort_parts(payload, headers, cleaner, bodies)
    if not parts.types.isdisjoint(WRAPPERS):
        inside = opened(payload, bodies)
        if inside is not payload:
            payload, parts = inside, sort_parts(inside, headers, cleaner, bodies)
    mail = read_mail(parts, bodies, cleaner)
    text = unmarked(mail.text)
    attachments = attachments_of(parts.files, mail.html, text)
    reply = read_reply(mail.text)
    participants = participants_of(headers)
    subject = headers.decoded("subject")
    label_ids = _label_ids(message.get("labelIds"), cleaner)
    gmail_id = cleaner.identifier(message.get("id"))
    sender = next((p for p in participants if p.role == "from"), None)
    direction = direction_of(participants, label_ids, owner_addresses)
    author = author_of(headers, participants, direction, owner_addresses)
    participants = with_author(participants, author)
    own_text = mail.text if mail.has_own else ""
    classes = classify(
        Mail(
            headers=headers,
            root_type=_root_type(payload, cleaner),
            participants=participants,
            sender=sender,
            subject=subject,
            text=own_text,
            attachments=attachments,
            parts=parts,
            owners=owner_addresses,
            author=author.address if author else "",
            bodies=bodies,
        ),
        kind_of_content(payload, parts.types, own_text, mail.calendars, bodies),
        cleaner,
    )
    return ParsedMessage(
        gmail_id=gmail_id,
        thread_id=cleaner.identifier(message.get("threadId")) or gmail_id,
        history_id=_number(message.get("historyId")),
        rfc_message_id=headers.first("message-id") or None,
        in_reply_to=next(iter(message_ids(headers.first("in-reply-to"))), None),
        references=message_ids(headers.first("references")),
        subject=subject,
        sender=sender,
        author=author,
        participants=participants,
        direction=direction,
        internal_date=_instant(message.get("internalDate")),
        header_date_raw=headers.first("date") or None,
        label_ids=label_ids,
        is_unsent=is_nowhere(label_ids) and _is_kept_back(sender, headers, owner_addresses),
        snippet=cleaner.clean(html.unescape(cleaner.clean(message.get("snippet")))),
        text=text,
        html=mail.html,
        reply_text=reply.text if text is mail.text else unmarked(reply.text),
        signature=reply.signature if text is mail.text else unmarked(reply.signature),
        size=size_of(message.get("sizeEstimate")),
        is_auto_reply=classes.is_auto_reply,
        is_bounce=classes.is_bounce,
        is_list=classes.is_list,
        content_kind=classes.kind,
        failed_recipients=classes.failed_recipients,
        attachments=attachments,
        search_text=search_text_of(subject, participants, attachments, text, mail.also_found),
        sanitized=cleaner.replaced,
    )


def _missing(part: Part) -> MissingBody:
    content = part["body"]
    return MissingBody(
        part_id=id_of(part),
        attachment_id=content["attachmentId"],
        mime_type=type_of(part),
        charset=None,
        size=size_of(content.get("size")),
    )


def _headers_of(payload: object, cleaner: TextCleaner) -> Headers:
    return Headers(payload.get("headers") if isinstance(payload, dict) else None, cleaner)


def _is_kept_back(sender: Participant | None, headers: Headers, owners: Collection[str]) -> bool:
    """Whether the owner wrote it and no server has handled it: it waits to be sent (case 06)."""
    if sender is None or any(name in headers for name in _TRAVELLED):
        return False
    return fold_address(sender.address) in {fold_address(owner) for owner in owners}


def _root_type(payload: object, cleaner: TextCleaner) -> str:
    if not isinstance(payload, dict):
        return ""
    return single_line(cleaner.clean(payload.get("mimeType"))).lower()


def _label_ids(value: object, cleaner: TextCleaner) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(dict.fromkeys(label for item in value if (label := cleaner.identifier(item))))


def _number(value: object) -> int:
    """Return an unsigned 64-bit number, which Google sends as a string; 0 for anything else."""
    number = _integer(value)
    return number if 0 <= number < _UINT64_END else 0


def _instant(milliseconds: object) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=_integer(milliseconds))
    except OverflowError:
        return _EPOCH


def _integer(value: object) -> int:
    if isinstance(value, str) and len(value) <= _MAX_DIGITS:
        try:
            return int(value)
        except ValueError:
            return 0
    return value if isinstance(value, int) else 0
