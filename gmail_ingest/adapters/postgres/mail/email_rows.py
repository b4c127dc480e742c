"""Rows of ``emails`` and ``threads`` as the CRM's values.

Holds: the columns and their reading. Keep out: which rows (``email_reads``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from gmail_ingest.adapters.postgres.mail.email_views import (
    AttachmentView,
    EmailView,
    FailedRecipientView,
    Person,
    ThreadSummary,
)
from gmail_ingest.core.mail.addresses.addresses import fold_address

#: Columns of ``emails e`` and ``mailboxes m``, in the order of ``to_email``. People and files come
#: as text, because orjson parses it in a third of the driver's time. People come from the row of
#: the mail: to join ``participants``, which hold the same, was a third of a page's time.
EMAIL_COLUMNS = """
e.gmail_id, m.address, e.thread_id, e.rfc_message_id, e.in_reply_to, e.subject,
e.sender_address, e.sender_name, e.author::text, e.recipients::text, e.reply_to::text,
e.direction, e.internal_date, e.header_date, e.label_ids, e.snippet, e.text, e.html, e.reply_text,
e.signature, e.size, e.is_auto_reply, e.is_bounce, e.is_list, e.content_kind,
e.failed_recipients::text, e.has_attachment,
(SELECT coalesce(json_agg(json_build_array(
    a.part_id, a.filename, a.mime_type, a.size, a.content_id, a.inline) ORDER BY a.part_id), '[]')
        ::text FROM attachments a WHERE a.mailbox_id = e.mailbox_id AND a.gmail_id = e.gmail_id),
m.state = 'replaced', m.aliases
"""


def to_email(row: Sequence[Any]) -> EmailView:
    """Read a row of EMAIL_COLUMNS.

    It is unpacked in the order of the columns, which no type checker sees: a new column has the
    same place in both. The values are given by name, at 1.4 microseconds a mail.
    """
    message_id, mailbox, thread_id, rfc_message_id, in_reply_to, subject, *people, aliases = row
    sender_address, sender_name, written_by, recipients, reply_to, *rest = people
    direction, internal_date, header_date, label_ids, *bodies_and_flags = rest
    *bodies_and_flags, attachments, former_account = bodies_and_flags
    snippet, text, html, reply_text, signature, size, *flags = bodies_and_flags
    is_auto_reply, is_bounce, is_list, content_kind, failed, has_attachment = flags
    owners = _owners(mailbox, tuple(aliases))

    def person(address: str, name: str) -> Person:
        return Person(address, name, _fold(address) in owners)

    by_role: dict[str, list[Person]] = {"to": [], "cc": [], "bcc": []}
    for load in orjson.loads(recipients):
        by_role[load["role"]].append(person(load["address"], load["name"]))
    sender = person(sender_address, sender_name) if sender_address is not None else None
    author = orjson.loads(written_by) if written_by else None
    answer_to = orjson.loads(reply_to) if reply_to else ()
    return EmailView(
        id=message_id,
        mailbox=mailbox,
        thread_id=thread_id,
        rfc_message_id=rfc_message_id,
        in_reply_to=in_reply_to,
        subject=subject,
        sender=sender,
        author=person(author["address"], author["name"]) if author else sender,
        to=tuple(by_role["to"]),
        cc=tuple(by_role["cc"]),
        bcc=tuple(by_role["bcc"]),
        reply_to=tuple(
            person(participant["address"], participant["name"]) for participant in answer_to
        ),
        direction=direction,
        internal_date=_utc(internal_date),
        header_date=header_date,
        label_ids=label_ids,
        snippet=snippet,
        text=text,
        html=html,
        reply_text=reply_text,
        signature=signature,
        size=size,
        is_auto_reply=is_auto_reply,
        is_bounce=is_bounce,
        is_list=is_list,
        content_kind=content_kind,
        failed_recipients=tuple(FailedRecipientView(**load) for load in orjson.loads(failed))
        if failed
        else (),
        has_attachment=has_attachment,
        attachments=tuple(AttachmentView(*load) for load in orjson.loads(attachments)),
        former_account=former_account,
    )


#: A page names a few people again and again.
_fold = lru_cache(maxsize=16_384)(fold_address)


@lru_cache(maxsize=4096)
def _owners(address: str, aliases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold_address, (address, *aliases)))


def to_thread(row: Sequence[Any]) -> ThreadSummary:
    """Read a row of a thread: its id, address, subject, people, four dates and its count."""
    thread_id, mailbox, subject, participants, first, last, inbound, outbound, count = row
    return ThreadSummary(
        id=thread_id,
        mailbox=mailbox,
        subject=subject,
        participants=tuple(participants),
        first_date=_utc(first),
        last_date=_utc(last),
        last_inbound_at=_utc(inbound) if inbound else None,
        last_outbound_at=_utc(outbound) if outbound else None,
        message_count=count,
    )


def _utc(moment: datetime) -> datetime:
    # Sessions may have any time zone; the API shows UTC.
    return moment.astimezone(UTC)
