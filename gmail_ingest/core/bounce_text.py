"""What a delivery report says to people, where it has no part for programs, or an empty one.

Holds: ``read_report_text``. Add here: another place in which a server names whom it did not reach.
Keep out: words (``report_phrases``), whether the mail is a report at all (``reports``).
Source: the reports of Google, Exchange, Postfix, Exim, qmail, Sendmail, Courier, Domino, Amazon
SES and the large providers; case 05, mail 34.

An address counts only where a report names whom it did not reach: at the beginning of a line, in
brackets behind a name, behind a label, or in the sentence that says so. Any other stays unread: a
wrong one would mark a good contact as dead.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from gmail_ingest.core.addresses import fold_address, parse_addresses
from gmail_ingest.core.delivery_status import MAX_RECIPIENTS, is_permanent, status_code_in
from gmail_ingest.core.message import FailedRecipient
from gmail_ingest.core.report_phrases import (
    DELAYED_SUBJECTS,
    DELAYED_TEXTS,
    DELIVERED_SUBJECTS,
    DELIVERED_TEXTS,
    FAILED_SUBJECTS,
    FAILED_TEXTS,
    one_form,
)

Verdict = Literal["failed", "delayed", "delivered"]

# What a server writes before the copy of the mail; the longest known reports have some thousand.
_MAX_CHARS = 20_000
_MAX_LINE = 500
_MAX_NAME = 80
_TAG = re.compile(r"^\s{0,3}(?:\[[^\]]{1,30}\]|\*{2,5}[^*]{1,20}\*{2,5}|external:|ext:)\s*")
_TAGGED = frozenset("[*e")
# Where the mail that failed is shown: its header fields, or a line that announces it.
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
_ADDRESS = re.compile(
    r"(?:\"[^\"\s@][^\"\n@]{0,60}\"|[^\s<>()\[\],;:\"'@|=]{1,64})@[^\s<>()\[\],;:\"'@|]{1,255}"
)
_BEFORE = re.compile(r"[\s>*\u2022\xb7'\"<(\[-]*(?:mailto:|smtp:|rfc822;)?\s?[<'\"]?")
_LABEL = re.compile(
    r"\s*(?:(?:final|original|failed|intended)[- ])?(?:recipients?|e-?mail|address|user|mailbox"
    r"|rcpt to|empf\xe4nger(?:adresse)?|destinataires?|destinatari[oi]|odbiorca|ontvanger"
    r"|mottagare|\u043f\u043e\u043b\u0443\u0447\u0430\u0442\u0435\u043b\u044c"
    r"|\u5b9b\u5148|\u6536\u4ef6\u4eba)(?: address| name)?\s*[:=\uff1a]"
    r"\s*(?:rfc822\s?;\s?|to:|\[?smtp:)?[<'\"]?$",
    re.IGNORECASE,
)
_RCPT = re.compile(r"(?:rcpt|recipient)\s{0,3}to\s{0,3}:\s{0,3}<?$", re.IGNORECASE)
_DATED = re.compile(r"\s(?:on|am|le|el|il|op|den|em|dne)\s[^\n]{0,12}\d")
_TO = re.compile(
    r"(?:^|[\s:])(?:to|for|an|f\xfcr|\xe0|\xe1|a|para|per|aan|voor|do|dla|till|til|\u043d\u0430"
    r"|\u0434\u043b\u044f|\u043a\u043e\u043c\u0443)[\s:]*[<'\"(*]{0,3}$",
    re.IGNORECASE,
)
_ENDS_OF_PROSE = (":", "-", ".", "=", "*", ">", "\uff1a", "\u3002", "!", "_", "|")
_NOBODY = frozenset({"postmaster", "mailer-daemon", "hostmaster", "mailerdaemon"})


@dataclass(frozen=True, slots=True)
class ReportText:
    """What a report says to people.

    Attributes:
        verdict: What became of the mail; None where the words are not known.
        by_subject: The subject says so.
        failed: Whom the mail did not reach, where the verdict is ``failed`` or unknown.
        is_permanent: It quotes a server that refused for good.
    """

    verdict: Verdict | None
    by_subject: bool
    failed: tuple[FailedRecipient, ...]
    is_permanent: bool


def read_report_text(subject: str, text: str, others: Collection[str]) -> ReportText:
    """Return what a report says to people.

    Args:
        subject: Of the report.
        text: Of the report, with or without a copy of the mail behind it.
        others: Addresses that are named in a report and did not fail: its recipients, its sender,
            and the owner of the mailbox.
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
        Address to enhanced status code; the only code of the text goes to an only address.
    """
    head = _own_words(text)
    if len(addresses) == 1:
        code = status_code_in(head)
        return dict.fromkeys(addresses, code) if code else {}
    found = {}
    lower = head.lower()
    places = sorted((lower.find(each), each) for each in addresses if each in lower)
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
    return _TAG.sub("", subject, count=1) if subject[:1] in _TAGGED else subject


def _own_words(text: str) -> str:
    kept: list[str] = []
    has_words = False
    for line in text[:_MAX_CHARS].replace("\xa0", " ").replace("\u2019", "'").split("\n"):
        # A report that begins with the copy has its words behind it.
        if has_words and _begins_copy(line):
            break
        has_words = has_words or bool(line.strip())
        kept.append(line[:_MAX_LINE])
    return "\n".join(kept)


def _begins_copy(line: str) -> bool:
    if line.removeprefix("> ").startswith(_COPIED_FIELDS):
        return True
    bare = line.strip()
    if not bare.startswith(_RULES) and not bare.endswith(":"):
        return False
    folded = bare[:_MAX_NAME].lower()
    return any(each in folded for each in _ANNOUNCEMENTS)


def _verdict_of_subject(subject: str) -> Verdict | None:
    for each in (subject, without_tag(subject)):
        # "Returned mail: warning: could not send" is a delay, though it begins as a failure.
        if DELAYED_SUBJECTS.begin(each):
            return "delayed"
        if FAILED_SUBJECTS.begin(each):
            return "failed"
        if DELIVERED_SUBJECTS.begin(each):
            return "delivered"
    return None


def _verdict_of_text(text: str) -> Verdict | None:
    if any(phrase in text for phrase in DELAYED_TEXTS):
        return "delayed"
    if any(phrase in text for phrase in FAILED_TEXTS):
        return "failed"
    return "delivered" if any(phrase in text for phrase in DELIVERED_TEXTS) else None


def _failed(head: str, others: Collection[str]) -> tuple[FailedRecipient, ...]:
    known = {fold_address(each) for each in others}
    places = _unless_known(_named_places(head), known) or _unless_known(
        _places_in_prose(head), known
    )
    codes = status_codes(head, places)
    return tuple(FailedRecipient(each, "failed", codes.get(each)) for each in places)


def _unless_known(addresses: Iterator[str], known: Collection[str]) -> list[str]:
    found: dict[str, None] = {}
    for address in addresses:
        if address.partition("@")[0] not in _NOBODY and fold_address(address) not in known:
            found[address] = None
        if len(found) == MAX_RECIPIENTS:
            break
    return list(found)


def _named_places(head: str) -> Iterator[str]:
    before = ""
    for line in map(str.rstrip, head.split("\n")):
        match = _ADDRESS.search(line) if "@" in line else None
        if match and "message-id" not in line.lower() and _is_named(line, match, before):
            address = _readable(match.group())
            if address:
                yield address
        before = line


def _is_named(line: str, match: re.Match[str], before: str) -> bool:
    start, rest = line[: match.start()], line[match.end() :]
    if _LABEL.match(start) or _RCPT.search(start):
        return True
    if _BEFORE.fullmatch(start):
        after = rest.lstrip("'\">)]")
        if after[:1] in {":", ";", "(", "[", "<", "|", ","} or _DATED.match(after):
            return True
        if after.strip():
            return is_permanent(after) or _has_failed(after)
        # A line of prose may wrap before an address.
        wraps = before.strip() and not before.endswith(_ENDS_OF_PROSE) and "@" not in before
        return not wraps or line[:2].isspace() or "<" in start
    # "Ann Roe (ann@x.example)", "Ann Roe <ann@x.example>" alone on a line.
    bracketed = start.endswith(("(", "<")) and rest[:1] in {")", ">"}
    return bracketed and len(start) <= _MAX_NAME and not rest[1:].split("<", 1)[0].strip(" :;,")


def _has_failed(text: str) -> bool:
    folded = one_form(text)
    return any(phrase in folded for phrase in FAILED_TEXTS)


def _places_in_prose(head: str) -> Iterator[str]:
    for paragraph in head.split("\n\n"):
        if "@" not in paragraph or not _has_failed(paragraph):
            continue
        line = " ".join(paragraph.split())
        matches = list(_ADDRESS.finditer(line))
        if len(matches) > 1:
            matches = [each for each in matches if _TO.search(line[: each.start()][-20:])]
        for match in matches:
            address = _readable(match.group())
            if address:
                yield address


def _readable(candidate: str) -> str:
    # A sentence's last mark is none of the address.
    return next((address for _, address in parse_addresses(candidate.rstrip(".!?*_"))), "")
