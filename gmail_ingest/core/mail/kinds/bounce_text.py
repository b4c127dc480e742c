"""What the text of a delivery report says, where its part for programs is missing or empty.

Holds: ``read_report_text``. Add here: another sign of where the copy of the mail begins.
Keep out: words (``report_phrases``), where addresses stand (``bounce_addresses``), whether the mail
is a report at all (``reports``).
Source: the reports of Google, Exchange, Postfix, Exim, qmail, Sendmail, Courier, Domino, Amazon
SES and the large providers; case 05, mail 34.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from gmail_ingest.core.mail.addresses.addresses import fold_address
from gmail_ingest.core.mail.kinds.bounce_addresses import NOBODY, named_places, places_in_prose
from gmail_ingest.core.mail.kinds.delivery_status import (
    MAX_RECIPIENTS,
    is_permanent,
    status_code_in,
)
from gmail_ingest.core.mail.kinds.report_phrases import (
    DELAYED_SUBJECTS,
    DELAYED_TEXTS,
    DELIVERED_SUBJECTS,
    DELIVERED_TEXTS,
    FAILED_SUBJECTS,
    FAILED_TEXTS,
    one_form,
)
from gmail_ingest.core.mail.message import FailedRecipient

Verdict = Literal["failed", "delayed", "delivered"]

# The server's own words stand before the copy of the mail: a few thousand characters at most.
_MAX_CHARS = 20_000
_MAX_LINE = 500
_MAX_NAME = 80
_TAG = re.compile(r"^\s{0,3}(?:\[[^\]]{1,30}\]|\*{2,5}[^*]{1,20}\*{2,5}|external:|ext:)\s*")
#: The first characters of subjects that may have a tag.
TAGGED = frozenset("[*e")
# Where the copy of the failed mail begins: its header fields, or a line that announces it.
_COPIED_FIELDS = (
    "Received:", "Return-Path:", "Message-ID:", "Message-Id:", "MIME-Version:", "DKIM-Signature:",
    "ARC-Seal:", "X-Received:", "Delivered-To:", "Content-Type:",
)  # fmt: skip
_ANNOUNCEMENTS = (
    "copy of", "original message", "returned message", "unsent message", "message header",
    "below this line", "message follows", "nachrichtenkopf", "urspr\xfcngliche nachricht",
    "message d'origine", "mensaje original", "messaggio originale", "mensagem original",
)  # fmt: skip
_RULES = ("--", "==", "__", "**", "> --")


@dataclass(frozen=True, slots=True)
class ReportText:
    """What the text of a report says.

    Attributes:
        verdict: What became of the mail; None where no known words say it.
        by_subject: The subject says so.
        failed: The failed recipients, where the verdict is ``failed`` or None.
        is_permanent: It quotes a server's permanent refusal.
    """

    verdict: Verdict | None
    by_subject: bool
    failed: tuple[FailedRecipient, ...]
    is_permanent: bool


def read_report_text(subject: str, text: str, others: Collection[str]) -> ReportText:
    """Return what the text of a report says.

    Args:
        subject: Of the report.
        text: Of the report, with or without a copy of the mail behind it.
        others: Addresses in the report that did not fail: its recipients, its sender, and the owner
            of the mailbox.
    """
    head = _own_words(text)
    folded = one_form(head)
    by_subject = _verdict_of_subject(one_form(subject[:_MAX_LINE]))
    verdict = by_subject or _verdict_of_text(folded)
    failed = () if verdict in {"delayed", "delivered"} else _failed(head, others)
    return ReportText(verdict, by_subject is not None, failed, is_permanent(head))


def status_codes(text: str, addresses: Collection[str]) -> dict[str, str]:
    """Return the status codes that a report's text gives to addresses.

    Args:
        text: Of the report.
        addresses: Lower-cased.

    Returns:
        Addresses to enhanced status codes. A single address gets the first code of the text.
    """
    head = _own_words(text)
    if len(addresses) == 1:
        code = status_code_in(head)
        return dict.fromkeys(addresses, code) if code else {}
    found = {}
    lower = head.lower()
    places = sorted((lower.find(address), address) for address in addresses if address in lower)
    for number, (place, address) in enumerate(places):
        end = places[number + 1][0] if number + 1 < len(places) else len(head)
        code = status_code_in(head[place:end])
        if code:
            found[address] = code
    return found


def without_tag(subject: str) -> str:
    """Return a subject without what gateways put before it (``[EXTERNAL]``, ``***SPAM***``).

    Args:
        subject: In the form of ``one_form``.
    """
    tag = _TAG.match(subject) if subject[:1] in TAGGED else None
    return subject[tag.end() :] if tag else subject


def _own_words(text: str) -> str:
    kept: list[str] = []
    has_words = False
    for line in text[:_MAX_CHARS].replace("\xa0", " ").replace("\u2019", "'").split("\n"):
        # If a report begins with the copy, its own words stand behind it.
        if has_words and _begins_copy(line):
            break
        has_words = has_words or bool(line.strip())
        kept.append(line[:_MAX_LINE].rstrip())
    return "\n".join(kept)


def _begins_copy(line: str) -> bool:
    if line.removeprefix("> ").startswith(_COPIED_FIELDS):
        return True
    bare = line.strip()
    if not bare.startswith(_RULES) and not bare.endswith(":"):
        return False
    folded = bare[:_MAX_NAME].lower()
    return any(announcement in folded for announcement in _ANNOUNCEMENTS)


def _verdict_of_subject(subject: str) -> Verdict | None:
    for wording in (subject, without_tag(subject)):
        # "Returned mail: warning: could not send" is a delay, though it begins as a failure.
        if DELAYED_SUBJECTS.begin(wording):
            return "delayed"
        if FAILED_SUBJECTS.begin(wording):
            return "failed"
        if DELIVERED_SUBJECTS.begin(wording):
            return "delivered"
    return None


def _verdict_of_text(text: str) -> Verdict | None:
    if any(phrase in text for phrase in DELAYED_TEXTS):
        return "delayed"
    if any(phrase in text for phrase in FAILED_TEXTS):
        return "failed"
    return "delivered" if any(phrase in text for phrase in DELIVERED_TEXTS) else None


def _failed(head: str, others: Collection[str]) -> tuple[FailedRecipient, ...]:
    known = {fold_address(other) for other in others}
    places = _unless_known(named_places(head), known) or _unless_known(places_in_prose(head), known)
    codes = status_codes(head, places)
    return tuple(FailedRecipient(place, "failed", codes.get(place)) for place in places)


def _unless_known(addresses: Iterable[str], known: Collection[str]) -> list[str]:
    found: dict[str, None] = {}
    for address in addresses:
        if address.partition("@")[0] not in NOBODY and fold_address(address) not in known:
            found[address] = None
        if len(found) == MAX_RECIPIENTS:
            break
    return list(found)
