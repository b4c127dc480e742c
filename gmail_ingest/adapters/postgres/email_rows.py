"""Rows of ``emails`` and ``threads`` as the CRM's values.

Holds: the columns and their reading. Keep out: which rows (``email_reads``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from gmail_ingest.adapters.postgres.email_views import (
    AttachmentView,
    EmailView,
    Person,
    ThreadSummary,
)
from gmail_ingest.core.addresses import fold_address

#: Of ``emails e`` and ``mailboxes m``, in the order of ``to_email``. Addresses come from
#: ``participants``, which a person's mail is also found by, so that both always agree. People and
#: files come as text: orjson reads it in a third of the time of the driver's own reader.
EMAIL_COLUMNS = """
e.gmail_id, m.address, e.thread_id, e.rfc_message_id, e.in_reply_to, e.subject,
(SELECT coalesce(json_agg(json_build_array(p.role, p.address, p.name) ORDER BY p.position), '[]')
        ::text FROM participants p WHERE p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id),
e.direction, e.internal_date, e.header_date, e.label_ids, e.snippet, e.text, e.html, e.reply_text,
e.size, e.is_auto_reply, e.is_bounce, e.is_list, e.has_attachment,
(SELECT coalesce(json_agg(json_build_array(
    a.part_id, a.filename, a.mime_type, a.size, a.content_id, a.inline) ORDER BY a.part_id), '[]')
        ::text FROM attachments a WHERE a.mailbox_id = e.mailbox_id AND a.gmail_id = e.gmail_id),
m.aliases
"""


def to_email(row: Sequence[Any]) -> EmailView:
    """Read a row of EMAIL_COLUMNS."""
    id_, mailbox, thread_id, rfc_message_id, in_reply_to, subject, people, *rest = row
    direction, internal_date, header_date, label_ids, *bodies_and_flags, attachments, aliases = rest
    snippet, text, html, reply_text, size, *flags = bodies_and_flags
    is_auto_reply, is_bounce, is_list, has_attachment = flags
    owners = _owners(mailbox, tuple(aliases))
    by_role: dict[str, list[Person]] = {}
    for role, address, name in orjson.loads(people):
        by_role.setdefault(role, []).append(Person(address, name, _fold(address) in owners))
    senders = by_role.get("from")
    return EmailView(
        id=id_,
        mailbox=mailbox,
        thread_id=thread_id,
        rfc_message_id=rfc_message_id,
        in_reply_to=in_reply_to,
        subject=subject,
        sender=senders[0] if senders else None,
        to=tuple(by_role.get("to", ())),
        cc=tuple(by_role.get("cc", ())),
        bcc=tuple(by_role.get("bcc", ())),
        reply_to=tuple(by_role.get("reply-to", ())),
        direction=direction,
        internal_date=_utc(internal_date),
        header_date=header_date,
        label_ids=tuple(label_ids),
        snippet=snippet,
        text=text,
        html=html,
        reply_text=reply_text,
        size=size,
        is_auto_reply=is_auto_reply,
        is_bounce=is_bounce,
        is_list=is_list,
        has_attachment=has_attachment,
        attachments=tuple(AttachmentView(*each) for each in orjson.loads(attachments)),
    )


#: A page names a few people again and again.
_fold = lru_cache(maxsize=16_384)(fold_address)


@lru_cache(maxsize=4096)
def _owners(address: str, aliases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold_address, (address, *aliases)))


def to_thread(row: Sequence[Any]) -> ThreadSummary:
    """Read a row of a thread: its id, address, subject, people, four dates and its count."""
    id_, mailbox, subject, participants, first, last, inbound, outbound, count = row
    return ThreadSummary(
        id=id_,
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
    # Sessions may have any time zone; the API has one.
    return moment.astimezone(UTC)
