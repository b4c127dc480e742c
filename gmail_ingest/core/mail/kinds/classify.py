"""What a mail is: a person's, a report, an automatic answer, a list's.

Holds: ``classify``, which decides between the neighbouring modules where several fit.
Add here: another kind, and its place among the others.
Keep out: how each is recognised (``reports``, ``automatic_answers``, ``lists``), what the CRM does
with such mail (exclusion rules).
Source: RFC 3834, RFC 6522; case 05, mail 31 to 34, 37 and 39.
"""

from typing import NamedTuple

from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.kinds.automatic_answers import is_automatic_answer, is_by_a_program
from gmail_ingest.core.mail.kinds.lists import is_list
from gmail_ingest.core.mail.kinds.reports import Mail, has_empty_return_path, report_of
from gmail_ingest.core.mail.message import ContentKind, FailedRecipient


class Classes(NamedTuple):
    """What a mail is. A tuple for the reason of ``leaf.BodyPart``.

    Attributes:
        kind: The one word for it.
        is_auto_reply: A program answered in a person's place.
        is_bounce: Delivery to somebody failed.
        is_list: It came through a list, or is bulk mail.
        failed_recipients: The recipients whom a bounce names.
    """

    kind: ContentKind
    is_auto_reply: bool
    is_bounce: bool
    is_list: bool
    failed_recipients: tuple[FailedRecipient, ...]


def classify(mail: Mail, content: ContentKind, cleaner: TextCleaner) -> Classes:
    """Return what a mail is.

    Args:
        mail: What tells it.
        content: What its parts make it: ``invitation``, ``encrypted``, ``unreadable`` or ``mail``.
        cleaner: Makes texts storable.

    Returns:
        The first kind that fits: report, invitation, automatic answer, encrypted or unreadable
        mail, notification; else ``mail``.
    """
    asks_no_reports = has_empty_return_path(mail.headers)
    report = report_of(mail, cleaner, asks_no_reports=asks_no_reports)
    comes_by_list = is_list(mail.headers, mail.author, mail.owners)
    answers = content != "invitation" and is_automatic_answer(
        mail.headers,
        mail.subject,
        # Reports have an empty Return-Path, too, but answer nobody.
        has_empty_return_path=report is None and asks_no_reports,
        is_list=comes_by_list,
        sender=mail.sender.address if mail.sender else "",
    )
    if report is not None:
        kind = report.kind
    elif content == "invitation":
        kind = content
    elif answers:
        kind = "automatic_answer"
    elif content == "mail" and is_by_a_program(mail.headers, has_empty_return_path=asks_no_reports):
        kind = "notification"
    else:
        kind = content
    return Classes(
        kind=kind,
        is_auto_reply=answers,
        is_bounce=report is not None and report.is_bounce,
        is_list=comes_by_list,
        failed_recipients=report.failed if report else (),
    )
