"""Mail that no person wrote to another: automatic answers, bounces, lists.

Holds: the three questions ``is_auto_reply``, ``is_bounce``, ``is_list``.
Add here: another header by which programs name themselves.
Keep out: what the CRM does with such mail (tenant settings).
Source: RFC 3834 (Auto-Submitted), RFC 3464 (delivery status), RFC 2369 and 2919 (lists).
"""

from collections.abc import Iterable

from gmail_ingest.core.headers import Headers
from gmail_ingest.core.message import Participant

_REPORTERS = frozenset({"mailer-daemon", "mail-daemon", "mailerdaemon"})


def is_auto_reply(headers: Headers) -> bool:
    """Tell whether a program sent the mail.

    Args:
        headers: The header fields of the mail.

    Returns:
        True for Auto-Submitted other than ``no``, X-Autoreply and its kin, and Precedence
        ``auto_reply``.
    """
    submitted = headers.first("auto-submitted").lower().partition(";")[0].strip()
    if submitted and submitted != "no":
        return True
    if "x-autoreply" in headers or "x-autorespond" in headers:
        return True
    return _precedence(headers) in {"auto_reply", "auto-reply"}


def is_bounce(headers: Headers, root_type: str, participants: Iterable[Participant]) -> bool:
    """Tell whether the mail reports that another could not be delivered.

    Args:
        headers: The header fields of the mail.
        root_type: MIME type of the whole mail, lower-cased.
        participants: Of the mail.

    Returns:
        True for a delivery status report, for mail of a mailer daemon, and for an empty
        Return-Path: unless the mail names itself an automatic answer (RFC 3834 lets these have
        one, too) or is a read receipt.
    """
    if root_type == "multipart/report":
        content_type = headers.first("content-type").lower()
        return "disposition-notification" not in content_type
    for participant in participants:
        if participant.role == "from" and participant.address.partition("@")[0] in _REPORTERS:
            return True
    if "return-path" not in headers or headers.first("return-path").strip("<> "):
        return False
    return not is_auto_reply(headers)


def is_list(headers: Headers) -> bool:
    """Tell whether the mail came through a list or is bulk mail.

    Args:
        headers: The header fields of the mail.

    Returns:
        True for List-Id, List-Unsubscribe, and Precedence ``list`` or ``bulk``.
    """
    if "list-id" in headers or "list-unsubscribe" in headers:
        return True
    return _precedence(headers) in {"list", "bulk"}


def _precedence(headers: Headers) -> str:
    return headers.first("precedence").lower()
