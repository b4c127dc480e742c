"""Parsed messages made up for tests of storage and sync."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gmail_ingest.core.mail.message import Attachment, ParsedMessage, Participant

_PLAIN = ParsedMessage(
    gmail_id="",
    thread_id="",
    history_id=10,
    rfc_message_id="<made-up@example.com>",
    in_reply_to=None,
    references=(),
    subject="Quarterly figures",
    sender=Participant("from", "ann@example.com", "Ann"),
    author=Participant("from", "ann@example.com", "Ann"),
    participants=(
        Participant("from", "ann@example.com", "Ann"),
        Participant("to", "bob@example.com", "Bob"),
    ),
    direction="inbound",
    internal_date=datetime(2026, 5, 1, 12, tzinfo=UTC),
    header_date_raw="Fri, 1 May 2026 12:00:00 +0000",
    label_ids=("INBOX", "UNREAD"),
    is_unsent=False,
    snippet="They are attached.",
    text="They are attached.\n",
    html="",
    reply_text="They are attached.",
    signature="",
    size=4321,
    is_auto_reply=False,
    is_bounce=False,
    is_list=False,
    content_kind="mail",
    failed_recipients=(),
    attachments=(Attachment("2", "figures.pdf", "application/pdf", 4000, None, inline=False),),
    sanitized=False,
    search_text="Quarterly figures\nAnn ann@example.com\nThey are attached.",
)


def parsed(gmail_id: str, thread_id: str = "t1", **changes: Any) -> ParsedMessage:
    """A message like any other, except for ``changes``."""
    by_sender = {"author": changes["sender"]} if "sender" in changes else {}
    return replace(_PLAIN, gmail_id=gmail_id, thread_id=thread_id, **by_sender | changes)
