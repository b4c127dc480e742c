"""The machine-readable part of a delivery report: what became of the mail for each recipient.

Holds: ``read_delivery_status``. Add here: another field, or another way of writing one.
Keep out: where the part stands in a mail (``part_tree``), reports without it (``bounce_text``).
Source: RFC 3464 (fields), RFC 3463 (status codes), RFC 6533 (addresses in UTF-8), RFC 3461
(xtext).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gmail_ingest.core.mail.addresses.address_list import parse_addresses
from gmail_ingest.core.mail.message import FailedRecipient

Outcome = Literal["failed", "other", "unknown"]

#: The most recipients that are read from one report; no server takes as many for one mail.
MAX_RECIPIENTS = 1_000
_MAX_VALUE = 1_000
_FIELD = re.compile(r"\s{0,3}([A-Za-z][A-Za-z0-9-]{1,60})[ \t]{0,3}:(.*)", re.DOTALL)
# In this order: the address that failed, then the one that the sender wrote.
_RECIPIENTS = ("final-recipient", "original-recipient", "x-actual-recipient", "remote-recipient")
# A recipient has these once: a second one begins the next recipient, also without a blank line.
_ONCE = frozenset({"final-recipient", "original-recipient", "action"})
_ABOUT_A_RECIPIENT = frozenset({*_RECIPIENTS, "action", "status"})
_FAILED = frozenset({"failed", "failure", "fail"})
_NOT_FAILED = frozenset(
    {"delayed", "delay", "delivered", "deliverable", "delivery", "relayed", "expanded"}
)
_TYPE = re.compile(r"\s*([A-Za-z0-9-]{1,30})\s*;")
_UTF8_LETTER = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
# Only the characters that RFC 3461 must escape: "ann+AB@x.example" has a tag, not an escape.
_XTEXT = {"+2b": "+", "+2B": "+", "+3d": "=", "+3D": "="}
_XTEXT_LETTER = re.compile(r"\+(?:2[Bb]|3[Dd])")
# Not within a longer number, and only with an existing subject (0 to 7): hosts and versions have
# dots, too.
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-7]\.\d{1,3})(?![\w]|\.\d)")
_REPLY_CODE = re.compile(r"(?:^|[;\s])([245])\d\d(?![\d.])")


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a report says of one recipient.

    Attributes:
        address: ``""`` where none can be read.
        outcome: ``unknown`` where neither action nor codes decide: with a transient status the
            server may still be trying, or may have given up.
        status: The enhanced status code, or None.
    """

    address: str
    outcome: Outcome
    status: str | None


def read_delivery_status(text: str) -> list[RecipientStatus]:
    """Return what a delivery report says of each recipient.

    Args:
        text: The content of a message/delivery-status part.

    Returns:
        At most ``MAX_RECIPIENTS`` in their order; nothing for text that holds no such fields.
    """
    found: list[RecipientStatus] = []
    for fields in _recipients(text):
        # The first block is about the report itself.
        if _ABOUT_A_RECIPIENT.isdisjoint(fields):
            continue
        found.append(_status_of(fields))
        if len(found) == MAX_RECIPIENTS:
            break
    return found


def failed_of(
    statuses: Iterable[RecipientStatus], outcome: Outcome = "failed"
) -> tuple[FailedRecipient, ...]:
    """Return the recipients that were not reached, each address once.

    Args:
        statuses: Of one report.
        outcome: Of the recipients to return; ``unknown`` where the report's text says that they
            failed.
    """
    failed: dict[str, FailedRecipient] = {}
    for status in statuses:
        if status.outcome == outcome and status.address and status.address not in failed:
            failed[status.address] = FailedRecipient(status.address, "failed", status.status)
    return tuple(failed.values())


def status_code_in(text: str) -> str | None:
    """Return the first enhanced status code in a server's words, or None.

    Args:
        text: Such as ``smtp; 550 5.1.1 unknown user``.
    """
    match = _STATUS.search(text)
    return match.group(1) if match else None


def is_permanent(text: str) -> bool:
    """Tell whether a server's words hold a reply code of a permanent failure.

    Args:
        text: Such as ``550 no such user``.
    """
    code = status_code_in(text)
    if code is not None:
        return code[0] == "5"
    match = _REPLY_CODE.search(text)
    return match is not None and match.group(1) == "5"


def _recipients(text: str) -> Iterator[dict[str, str]]:
    current: dict[str, str] = {}
    for block in _blocks(text):
        # Some servers put a blank line between a recipient and its action.
        goes_on = "action" not in current and not any(name in _RECIPIENTS for name, _ in block)
        if current and not goes_on:
            yield current
            current = {}
        for name, value in block:
            if name in _ONCE and name in current:
                yield current
                current = {}
            current.setdefault(name, value)
    if current:
        yield current


def _blocks(text: str) -> Iterator[list[tuple[str, str]]]:
    block: list[tuple[str, str]] = []
    for line in _unfolded(text):
        match = _FIELD.match(line)
        if match:
            block.append((match.group(1).lower(), match.group(2).strip()))
        elif not line.strip() and block:
            yield block
            block = []
    if block:
        yield block


def _unfolded(text: str) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for line in text.splitlines():
        folded = held and line[:1] in {" ", "\t"} and line.strip() and not _starts_field(line)
        if not folded:
            if held:
                yield " ".join(held)
            held, size = [], 0
        if size < _MAX_VALUE:
            held.append(line[:_MAX_VALUE].strip())
            size += len(held[-1])
    if held:
        yield " ".join(held)


def _starts_field(line: str) -> bool:
    return line.lstrip().lower().startswith(("final-recipient:", "action:", "status:"))


def _status_of(fields: dict[str, str]) -> RecipientStatus:
    diagnostic = fields.get("diagnostic-code", "")
    status = status_code_in(fields.get("status", "")) or status_code_in(diagnostic)
    addresses = (_address(name, fields[name]) for name in _RECIPIENTS if name in fields)
    return RecipientStatus(
        next((address for address in addresses if address), ""),
        _outcome(fields.get("action", ""), status, diagnostic),
        status,
    )


def _outcome(action: str, status: str | None, diagnostic: str) -> Outcome:
    word = next(iter(action.lower().split(maxsplit=1)), "").strip(".;,\"'()")
    if word in _FAILED:
        return "failed"
    # Some servers have words of their own ("expired", "hard-bounce"): there the codes decide.
    if word in _NOT_FAILED or (status is not None and status[0] == "2"):
        return "other"
    is_final = status[0] == "5" if status is not None else is_permanent(diagnostic)
    return "failed" if is_final else "unknown"


def _address(name: str, value: str) -> str:
    kind = ""
    # Some name the type twice.
    for _ in range(2):
        match = _TYPE.match(value)
        if match is None:
            break
        kind = match.group(1).lower()
        value = value[match.end() :]
    if kind == "utf-8":
        value = _UTF8_LETTER.sub(_letter, value)
    elif name == "original-recipient":
        value = _XTEXT_LETTER.sub(lambda found: _XTEXT[found.group()], value)
    return next((person.address for person in parse_addresses(value)), "")


def _letter(found: re.Match[str]) -> str:
    number = int(found.group(1), 16)
    return chr(number) if 0x20 < number < 0xD800 or 0xDFFF < number < 0x110000 else found.group()
