"""Bodies of mail.

Holds: response models, and how the views of ``adapters/postgres`` are written as these.
Keep out: routes.

A page is mostly text of mails. Reading it into models, only to write it again, took a third of a
request's CPU (1.7 of 5 ms for 50 mails). So the models only name the fields, and orjson writes the
views.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from fastapi import Response
from pydantic import Field

from gmail_ingest.adapters.postgres.mail.email_views import (
    AttachmentView,
    EmailCopy,
    EmailPage,
    EmailView,
    FailedRecipientView,
    Person,
    ThreadSummary,
    ThreadView,
)
from webhook_api.base.bodies import Model


class PersonBody(Model):
    """An address and its display name, which may be empty."""

    address: str
    name: str
    is_owner: bool = Field(
        description="The mailbox's own address or alias: nobody to make a contact of."
    )


class CopyBody(Model):
    """The same mail in another mailbox of the tenant."""

    mailbox: str
    id: str = Field(description="The same as `gmailId`.")
    gmail_id: str = Field(description="Gmail's id, unique within the mailbox.")


class AttachmentBody(Model):
    """A file of a message; its size is in bytes."""

    part_id: str
    filename: str = Field(description="As sent: never use it as a path.")
    mime_type: str
    size: int
    content_id: str | None
    inline: bool = Field(
        description="It belongs to the text, as a logo or a seal does: no file to a person."
    )


class FailedRecipientBody(Model):
    """Whom a mail did not reach, as a bounce says."""

    address: str
    action: str = Field(description="failed.")
    status: str | None = Field(
        description="The enhanced status code of RFC 3463, `5.1.1`; null where none is given."
    )


class EmailBody(Model):
    """A message."""

    id: str = Field(description="The same as `gmailId`.")
    gmail_id: str = Field(description="Gmail's id, unique within the mailbox.")
    mailbox: str
    thread_id: str
    rfc_message_id: str | None
    in_reply_to: str | None
    subject: str
    sender: PersonBody | None = Field(alias="from")
    author: PersonBody | None = Field(
        description="Who wrote it: the person behind a group, a web form or a ticket system; else "
        "the same as `from`, also for mail stored by a release that did not tell."
    )
    to: list[PersonBody]
    cc: list[PersonBody]
    bcc: list[PersonBody]
    reply_to: list[PersonBody]
    direction: str = Field(
        description="inbound, outbound or self, by Gmail's label SENT; never by From alone."
    )
    internal_date: datetime = Field(description="When Gmail took it in: what lists are sorted by.")
    header_date: str | None = Field(description="The Date header as sent.")
    label_ids: list[str]
    snippet: str
    text: str
    html: str = Field(description="As sent: sanitise it before a browser shows it.")
    reply_text: str = Field(
        description="What the sender wrote: `text` without quoted mail and signature. Empty where "
        "a mail is only forwarded."
    )
    signature: str = Field(
        description="The sender's, as far as it is marked as one, or a program added it; else "
        "empty."
    )
    size: int
    is_auto_reply: bool = Field(description="A program answered in a person's place.")
    is_bounce: bool = Field(description="A report that delivery to somebody failed.")
    is_list: bool = Field(description="It came through a mailing list, or is bulk mail.")
    content_kind: str | None = Field(
        description="mail, invitation, encrypted, unreadable, delivery_report, read_receipt, "
        "complaint, report, automatic_answer or notification; null for mail stored by a release "
        "that did not tell them apart."
    )
    failed_recipients: list[FailedRecipientBody] = Field(
        description="Whom a bounce says that it did not reach; empty where it names nobody, and "
        "for mail stored by a release that did not read it."
    )
    has_attachment: bool = Field(description="Whether any of `attachments` is not `inline`.")
    attachments: list[AttachmentBody]
    copies: list[CopyBody] | None = Field(
        description="Where else the tenant has it; null unless asked for with `unique=true`."
    )
    former_account: bool = Field(
        description="True: mail of an account that is no more, whose address another one has."
    )


class EmailPageBody(Model):
    """A page of a list, newest first."""

    emails: list[EmailBody]
    limit: int
    offset: int
    total: int | None = Field(
        description="Messages that match, on all pages; null where that was not counted: on pages "
        "by cursor (unless the first is the only one), and above 10,000."
    )
    next_cursor: str | None = Field(description="Asks for the next page; null at the end.")


class ThreadSummaryBody(Model):
    """A thread as one line."""

    id: str
    mailbox: str
    subject: str
    participants: list[str]
    first_date: datetime
    last_date: datetime
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    message_count: int


class ThreadBody(Model):
    """A thread with its messages, oldest first."""

    thread: ThreadSummaryBody
    emails: list[EmailBody]


_MODELS: dict[type[Any], type[Model]] = {
    Person: PersonBody,
    AttachmentView: AttachmentBody,
    FailedRecipientView: FailedRecipientBody,
    EmailCopy: CopyBody,
    EmailView: EmailBody,
    EmailPage: EmailPageBody,
    ThreadSummary: ThreadSummaryBody,
    ThreadView: ThreadBody,
}
#: The names in JSON of a view's fields, in order.
_NAMES = {
    view: [model.model_fields[name].alias or name for name in view._fields]
    for view, model in _MODELS.items()
}


def answer(view: EmailPage | ThreadView) -> Response:
    """A view as the body that its model describes."""
    written = orjson.dumps(view, default=_fields, option=orjson.OPT_UTC_Z)
    return Response(written, media_type="application/json")


def _fields(view: tuple[object, ...]) -> dict[str, object]:
    fields = dict(zip(_NAMES[type(view)], view, strict=True))
    if isinstance(view, EmailView | EmailCopy):
        fields["gmailId"] = view.id
    return fields
