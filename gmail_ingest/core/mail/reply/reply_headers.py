"""The header block that mail programs put above a quoted or forwarded mail.

Holds: ``header_block`` (where a block of fields ends), ``may_start_block`` and
``is_known_field``.
Add here: another layout of such a block.
Keep out: names of fields (``reply_fields``), banners and introductions (``reply_introductions``).
Source: gmail_ingest_tests/core/reply_set: the blocks of Outlook ("From, Sent, To, Subject"),
Hotmail (Date or Subject first), Lotus Notes, Gmail's and Apple's forwards, Orange and La Poste
("Message du, De, A, Objet").

A word before a colon is no evidence: forms of orders and trips have them, too. A block counts if it
has an address and a date, or something else that only programs write; with unknown field names, by
its shape. Each look at a block reads at most ``_MAX_LINES`` lines.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gmail_ingest.core.mail.reply.reply_fields import (
    COPY,
    DATE,
    FIELD_KINDS,
    FORM_FIELDS,
    FROM,
    PASTED_FIELDS,
    SENT,
    SUBJECT,
    TO,
)
from gmail_ingest.core.mail.reply.reply_marks import BRACKETED, RULES, TIME, YEAR
from gmail_ingest.core.mail.reply.reply_marks import DATE as ANY_DATE

_MAX_LINES: Final = 20
_MAX_NAME_CHARS: Final = 40
_MAX_NAME_WORDS: Final = 4
_MAX_VALUE_CHARS: Final = 300
_FOLDED_CHARS: Final = 60
_MIN_FIELDS: Final = 3
_MAX_FOREIGN_LINES: Final = 8
_MIN_SHAPE: Final = 3
_MIN_SHAPE_AT_TOP: Final = 4

_KNOWN: Final = frozenset((FROM, SENT, DATE, TO, COPY, SUBJECT))
_ANSWERED = re.compile(
    r"(?:re|fwd?|aw|wg|sv|vs|tr|rv|res|enc|odp|antw|doorst|ynt|ilt|vb|ref|回复|答复|转发|回覆|轉寄|"
    r"ответ|hal|th|tl|פירוש|رد)\s?(?:\[\d+\])?\s?[:\uff1a]",
    re.IGNORECASE,
)
# "Message du 05/03/24 10:00", without a colon of its own: Orange and La Poste.
_MESSAGE_OF = re.compile(r"message du \d", re.IGNORECASE)
_NOT_IN_NAMES: Final = frozenset('0123456789<>()"/?!|\\=')
_WEEKDAY = re.compile(r"[^\W\d]{4,}, ")
_NUMBER = re.compile(r"\d+")
_ZONE = re.compile(r"\s[+-]\d{4}(?!\d)")
_DATED_VALUE_WORDS: Final = 3
_ONE_LINE: Final = frozenset((FROM, TO, SUBJECT))


@dataclass(slots=True)
class _Block:
    """A block, as far as it was read."""

    end: int
    kinds: dict[str, str] = field(default_factory=dict)
    values: list[str] = field(default_factory=list)
    unknown: int = 0
    refused: bool = False
    bold: bool = True
    spaced: bool = False


def is_known_field(line: str) -> bool:
    """Say whether a line is a field of a header, by its name.

    Args:
        line: A stripped line.
    """
    return _split(line)[0] in FIELD_KINDS


def may_start_block(lines: Sequence[str], start: int) -> bool:
    """Say, by a cheap look at the first word, whether a header block may start at a line.

    Args:
        lines: All lines, stripped.
        start: The number of the line.
    """
    line = lines[start]
    colon = line.find(":", 0, _MAX_NAME_CHARS + 1)
    if colon < 0 and line[:1] not in "Mm" and "\uff1a" not in line:
        return False
    if colon < 0 or "\uff1a" in line:
        starts = _split(line)[0] in FIELD_KINDS
    elif line[:colon].strip("*_ \t").lower() in FIELD_KINDS:
        starts = True
    else:
        # Below most lines with a colon, no other line has one.
        following = lines[start + 1] if start + 1 < len(lines) else ""
        if ":" not in following[: _MAX_NAME_CHARS + 1] and "\uff1a" not in following:
            return False
        starts = _may_be_foreign(lines, start)
    # A line within a block is not its start.
    return starts and not (start and _is_named(lines[start - 1]))


def header_block(
    lines: Sequence[str], start: int, *, above: str, at_top: bool, ruled: bool
) -> int | None:
    """Return the number of the line behind the header block that starts at a line.

    Args:
        lines: All lines, stripped.
        start: The number of the line to look at.
        above: The sender's last line above that is not blank; ``""`` for none.
        at_top: Whether nothing of the sender's own stands above it.
        ruled: Whether a rule or a banner stands above it.

    Returns:
        The number of the line behind the last field; None where no header block starts here.
    """
    if not may_start_block(lines, start):
        return None
    known = _split(lines[start])[0] in FIELD_KINDS
    if known and not at_top and _is_one_line(lines[start]):
        return start + 1
    block = _read(lines, start, known=known)
    if block.refused or (block.spaced and _starts_below(lines, start, block)):
        return None
    # A rule may belong to the text above it, as below a bare "--".
    ruled = ruled or (start > 0 and lines[start - 1] != "" and not lines[start - 1].strip(RULES))
    stands_alone = start == 0 or not lines[start - 1] or ruled
    pasted = above.endswith((":", "\uff1a")) and not ruled and SENT not in block.kinds
    if known:
        proven = not pasted and (
            _is_known(block, at_top=at_top, ruled=ruled)
            or (stands_alone and not at_top and _is_short(block, ruled=ruled))
        )
    else:
        proven = False
    if not proven and stands_alone and not pasted:
        proven = _has_shape(block, at_top=at_top, ruled=ruled)
    return block.end if proven else None


def _starts_below(lines: Sequence[str], start: int, block: _Block) -> bool:
    """Say whether the block below a blank line is complete without the line above it."""
    blanks = (number for number in range(start, block.end) if not lines[number])
    below = next((number + 1 for number in blanks if lines[number + 1]), None)
    if below is None:
        return False
    rest = _read(lines, below, known=True)
    return not rest.spaced and FROM in rest.kinds and _is_known(rest, at_top=False, ruled=False)


def _split(line: str) -> tuple[str, str]:
    """Return the name of a field in small letters, and its value; "" where a line has none."""
    if line[:1] in "Mm" and _MESSAGE_OF.match(line):
        return "message du", line[len("message du ") :]
    head = line[: _MAX_NAME_CHARS + 1]
    if "\uff1a" in head:
        head = head.replace("\uff1a", ":")
    head, colon, value = head.partition(":")
    if not colon:
        return "", ""
    name = head.strip("*_ \t").lower()
    if not name or "@" in name or value.startswith("//") or len(name.split()) > _MAX_NAME_WORDS:
        return "", ""
    if name not in FIELD_KINDS and not _NOT_IN_NAMES.isdisjoint(name):
        return "", ""
    return name, line[len(head) + 1 :].strip("*_ \t")[:_MAX_VALUE_CHARS]


def _is_named(line: str) -> bool:
    if ":" not in line[: _MAX_NAME_CHARS + 1] and "\uff1a" not in line:
        return False
    name = _split(line)[0]
    return name in FIELD_KINDS or name in PASTED_FIELDS or name.startswith("x-")


def _may_be_foreign(lines: Sequence[str], start: int) -> bool:
    if "@" not in "".join(lines[start : start + _MAX_FOREIGN_LINES]):
        return False
    fields = lines[start : start + _MIN_FIELDS]
    return len(fields) == _MIN_FIELDS and all(_split(line)[0] for line in fields)


def _read(lines: Sequence[str], start: int, *, known: bool) -> _Block:
    block = _Block(end=start)
    last = ""
    number = start
    while number < min(len(lines), start + _MAX_LINES):
        line = lines[number]
        name, value = _split(line)
        if not line:
            # HTML gives each field a paragraph of its own.
            following = _next_line(lines, number)
            if not known or _split(following)[0] not in FIELD_KINDS:
                break
            block.spaced = True
        elif name and (name in FIELD_KINDS or not _continues(last, line)):
            if not _take(block, line, name, value):
                break
            last = line
            block.end = number + 1
        elif last and _continues(last, line):
            block.values[-1] += " " + line[:_MAX_VALUE_CHARS]
            last = line
            block.end = number + 1
        else:
            break
        number += 1
    return block


def _take(block: _Block, line: str, name: str, value: str) -> bool:
    kind = FIELD_KINDS.get(name, "")
    if name in PASTED_FIELDS or name.startswith("x-"):
        block.refused = True
        return False
    if not kind:
        block.unknown += 1
        block.refused = block.refused or name in FORM_FIELDS
    elif kind in block.kinds:
        # A second From begins another mail's block; of other kinds a program may show two.
        if kind == FROM or len(block.values) > len(_KNOWN):
            return False
        kind = ""
    if kind:
        block.kinds[kind] = value
    block.bold = block.bold and line.startswith("*")
    block.values.append(value)
    return True


def _next_line(lines: Sequence[str], number: int) -> str:
    return next((line for line in lines[number : number + 3] if line), "")


def _continues(last: str, line: str) -> bool:
    """Say whether a line continues the value above, as folded lists of addresses do."""
    if not last or not line or len(line) > _MAX_VALUE_CHARS:
        return False
    if last.endswith((",", ";", "<", ":", "\uff1a", "[mailto:", "(")) or line[0] in "<[;,":
        return True
    return len(last) >= _FOLDED_CHARS and ("@" in line or line.endswith(";"))


def _dated(block: _Block, *kinds: str) -> bool:
    return any(
        YEAR.search(block.kinds[kind]) is not None and TIME.search(block.kinds[kind]) is not None
        for kind in kinds
        if kind in block.kinds
    )


def _has_address(block: _Block) -> bool:
    return any("@" in block.kinds.get(kind, "") for kind in (FROM, TO, COPY)) or any(
        BRACKETED.search(value) for value in block.values
    )


def _is_known(block: _Block, *, at_top: bool, ruled: bool) -> bool:
    kinds = block.kinds.keys() & _KNOWN
    if len(kinds) < _MIN_FIELDS or block.unknown > len(kinds):
        return False
    if at_top:
        # A form that a web site sends begins so, too, but does not have all of these.
        return {FROM, TO, SUBJECT} <= kinds and _dated(block, SENT, DATE) and _has_address(block)
    if not (ruled or block.bold or any(map(str.isdigit, block.kinds.get(SENT, "0")))):
        # Sent by post, perhaps.
        return False
    if kinds == {FROM, SENT, TO} and not block.unknown and _WEEKDAY.match(block.kinds[SENT]):
        # Windows 8 shows names without addresses, and the day of the week, as no parcel label does.
        return _dated(block, SENT)
    # Without a sender it is an invitation, or a search.
    if FROM not in kinds:
        return False
    if _has_address(block) and (
        any(_has_day(block.kinds.get(kind, "")) for kind in (SENT, DATE))
        or any(map(_is_date, block.values))
    ):
        return True
    if SUBJECT in kinds:
        # From, date and subject alone may be the note of a phone call.
        if _dated(block, SENT, DATE) and (ruled or kinds & {SENT, TO}):
            return True
        # Names without addresses and days without a time: only a rule or bold type is proof.
        if block.kinds.get(FROM) and {SENT, TO} <= kinds and (ruled or block.bold):
            return True
    return ruled and _has_address(block)


def _has_day(value: str) -> bool:
    # A month and a year ("March 2024") are no date of a mail.
    return ANY_DATE.search(value) is not None and len(_NUMBER.findall(value)) > 1


def _is_short(block: _Block, *, ruled: bool) -> bool:
    """Say whether a block has two fields with an address and a full date, as no form has."""
    kinds = block.kinds.keys() & _KNOWN
    dated = block.kinds.get(DATE, block.kinds.get(SENT, ""))
    return (
        len(kinds) >= 2
        and not block.unknown
        and bool(kinds & {FROM, TO})
        and _has_address(block)
        and _dated(block, SENT, DATE)
        and (ruled or _ZONE.search(dated) is not None or SENT in kinds)
    )


def _is_one_line(line: str) -> bool:
    """Say whether all fields of a block are on one line, because its line ends were lost."""
    if line.count(":") < len(_ONE_LINE) or "@" not in line or len(line) > _MAX_VALUE_CHARS:
        return False
    kinds = set()
    last = ""
    for word in line.lower().split():
        name = word.removesuffix(":").strip("*_")
        if word.rstrip("*_").endswith(":"):
            kinds.add(FIELD_KINDS.get(name, FIELD_KINDS.get(f"{last} {name}", "")))
        last = name
    dated = YEAR.search(line) is not None and TIME.search(line) is not None
    return dated and kinds >= _ONE_LINE and bool(kinds & {SENT, DATE})


def _has_shape(block: _Block, *, at_top: bool, ruled: bool) -> bool:
    """Say by its shape whether a block with unknown field names is a header block."""
    if len(block.values) < _MIN_FIELDS or block.spaced:
        return False
    addresses = sum(BRACKETED.search(value) is not None for value in block.values)
    dates = sum(_is_date(value) for value in block.values)
    if dates != 1 or not addresses:
        return False
    answers = any(_ANSWERED.match(value) for value in block.values)
    weight = min(addresses, 2) + dates + answers + ruled
    return weight >= (_MIN_SHAPE_AT_TOP if at_top else _MIN_SHAPE)


def _is_date(value: str) -> bool:
    """Say whether a value is only a full date, as in "mar. 5 marts 2024 10:00"."""
    if "@" in value or YEAR.search(value) is None or TIME.search(value) is None:
        return False
    return any(
        any(letter.isdigit() for letter in word) for word in value.split()[:_DATED_VALUE_WORDS]
    )
