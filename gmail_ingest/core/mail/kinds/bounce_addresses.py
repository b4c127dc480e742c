"""Where the text of a delivery report names the recipients that failed.

Holds: ``named_places`` and ``places_in_prose``. Add here: another place in which a server names a
recipient. Keep out: words of failures (``report_phrases``), what the report says (``bounce_text``).
Source: docs/decisions/0007-bounces.md; gmail_ingest_tests/core/report_set: the reports of Google,
Exchange, Postfix, Exim, qmail, Sendmail, Courier, Domino, Amazon SES and the large providers.

An address counts only in the places where reports name a failed recipient: at the beginning of a
line with a reason or an introduction, in brackets behind a name, behind a label, or in the sentence
that says that delivery failed. All others are ignored, above all addresses to ask for help: a wrong
one would mark a good contact as dead.
"""

import re
from collections.abc import Iterator

from gmail_ingest.core.mail.addresses.address_list import parse_addresses
from gmail_ingest.core.mail.kinds.delivery_status import is_permanent
from gmail_ingest.core.mail.kinds.report_phrases import FAILED_TEXTS, one_form

#: Local parts of a server's own addresses, which are in each of its reports.
NOBODY = frozenset({"postmaster", "mailer-daemon", "hostmaster", "mailerdaemon"})

_MAX_NAME = 80
# Letters of scripts without blanks may touch an address; other letters may be part of it.
_TOUCHING = "\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_ADDRESS = re.compile(
    rf"(?:\"[^\"\s@][^\"\n@]{{0,60}}\"|[^\s<>()\[\],;:\"'@|={_TOUCHING}]{{1,64}})"
    rf"@[^\s<>()\[\],;:\"'@|{_TOUCHING}]{{1,255}}"
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
# Chinese and Japanese servers put no colon behind a label; brackets of theirs enclose an address.
_WIDE_LABEL = re.compile(
    r".{0,40}(?:\u5b9b\u5148|\u6536\u4ef6\u4eba(?:\u90ae\u4ef6\u5730\u5740)?|\u6536\u4ef6\u8005)"
    r"[\s:\uff1a(\uff08<\[\u3010]{0,5}$"
)
_RCPT = re.compile(r"(?:rcpt|recipient)\s{0,3}to\s{0,3}:\s{0,3}<?$", re.IGNORECASE)
_DATED = re.compile(r"\s(?:on|am|le|el|il|op|den|em|dne)\s[^\n]{0,12}\d")
_TO = re.compile(
    r"(?:^|[\s:])(?:to|for|an|f\xfcr|\xe0|\xe1|a|para|per|aan|voor|do|dla|till|til|\u043d\u0430"
    r"|\u0434\u043b\u044f|\u043a\u043e\u043c\u0443)[\s:]*[<'\"(*]{0,3}$",
    re.IGNORECASE,
)
_AND = re.compile(r"[>'\")\s,;]*(?:and|und|et|y|e|en|i|och|og|ja|oraz)?[<'\"(\s]*", re.IGNORECASE)
# Words before an address to ask for help, which is no failed recipient.
_CONTACT = re.compile(
    r"contact|help|support|assist|questions?|write to|send .{0,20}mail|kontakt|hilfe|fragen|wenden"
    r"|contacter|ayuda|contacte|aiuto|contatt|ajuda|hulp|vragen|pomoc|yard\u0131m"
    r"|\u043f\u043e\u043c\u043e\u0449|\u554f\u3044\u5408|\u8054\u7cfb|\u806f\u7d61",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s|\u3002")
_CODE = re.compile(r"\s*[<#(]?\s*[45]\d\d\b|\s*#")


def named_places(head: str) -> Iterator[str]:
    """Yield the addresses that stand where servers list failed recipients.

    Args:
        head: What a report says before the copy of the mail, in lines of a bounded length.
    """
    lines = head.split("\n")
    listed = False
    has_one = head.count("@") == 1
    for number, line in enumerate(lines):
        match = _ADDRESS.search(line) if "@" in line else None
        if match is None or "message-id" in line.lower():
            # The lines from an address to the next one give the reason.
            continue
        after = lines[number + 1] if number + 1 < len(lines) else ""
        before = next((line for line in lines[max(0, number - 3) : number][::-1] if line), "")
        is_only = has_one and _stands_apart(lines, number)
        listed = is_only or _is_named(line, match, before, after, listed=listed)
        address = _readable(match.group()) if listed else ""
        if address:
            yield address


def places_in_prose(head: str) -> Iterator[str]:
    """Yield the addresses in sentences that say that delivery failed.

    Args:
        head: As of ``named_places``.
    """
    for paragraph in head.split("\n\n"):
        if "@" not in paragraph:
            continue
        for sentence in _SENTENCE_END.split(" ".join(paragraph.split())):
            if "@" in sentence and _has_failed(sentence):
                yield from _in_sentence(sentence)


def _in_sentence(sentence: str) -> Iterator[str]:
    matches = list(_ADDRESS.finditer(sentence))
    end = -1
    for match in matches:
        before = sentence[max(0, match.start() - 40) : match.start()]
        goes_on = end >= 0 and _AND.fullmatch(sentence[end : match.start()][:40]) is not None
        if not _CONTACT.search(before) and (len(matches) == 1 or goes_on or _TO.search(before)):
            end = match.end()
            address = _readable(match.group())
            if address:
                yield address
        else:
            end = -1


def _is_named(line: str, match: re.Match[str], before: str, after: str, *, listed: bool) -> bool:
    start, rest = line[: match.start()], line[match.end() :]
    if _LABEL.match(start) or _RCPT.search(start) or _WIDE_LABEL.match(start):
        return True
    asks = _CONTACT.search(start) or _CONTACT.search(before)
    if _BEFORE.fullmatch(start):
        reason = rest.lstrip("'\">)]")
        if reason[:1] in {":", ";", "(", "[", "<", "|", ","} or _DATED.match(reason):
            return True
        if reason.strip():
            return is_permanent(reason) or _has_failed(reason)
        return not asks and _is_of_a_list(line, before, after, listed=listed)
    # "Ann Roe (ann@x.example)", "Ann Roe <ann@x.example>" alone on a line.
    bracketed = not asks and start.endswith(("(", "<")) and rest[:1] in {")", ">"}
    return bracketed and len(start) <= _MAX_NAME and not rest[1:].split("<", 1)[0].strip(" :;,")


def _stands_apart(lines: list[str], number: int) -> bool:
    """Tell whether a line is only an address in brackets, and not the last line of a signature."""
    line = lines[number].strip()
    between = number == 0 or not lines[number - 1].strip()
    asks = any(map(_CONTACT.search, lines[max(0, number - 3) : number]))
    return line.startswith("<") and line.endswith(">") and between and not asks


def _is_of_a_list(line: str, before: str, after: str, *, listed: bool) -> bool:
    """Tell whether an address alone on its line is listed; it may also be wrapped prose."""
    if _CODE.match(after) or is_permanent(after) or _has_failed(after):
        return True
    if line[:1].isspace() or before.endswith((":", "\uff1a")):
        return True
    # "----- The following addresses had permanent fatal errors -----"
    if before.strip().startswith("--") and any(map(str.isalpha, before)):
        return True
    return _has_failed(before) or (listed and "@" in before)


def _has_failed(text: str) -> bool:
    folded = one_form(text)
    return any(phrase in folded for phrase in FAILED_TEXTS)


def _readable(candidate: str) -> str:
    # The mark that ends a sentence is not part of the address. A name without a dot is no domain.
    found = parse_addresses(candidate.rstrip(".!?*_"))
    return next(
        (person.address for person in found if "." in person.address.rpartition("@")[2]), ""
    )
