"""What the sender wrote: text without the mail it answers and without the signature.

Holds: ``strip_quotes``.
Add here: the order in which marks of quoted mail count; a new kind of mark.
Keep out: words of a language (``reply_marks``), HTML (``html_text`` marks its quotes first).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md; RFC 3676 section 4.3 (the
signature delimiter).

Each line is looked at a fixed number of times, and only lines of bounded length meet a pattern:
the libraries that were compared need more than seconds for one hostile line.
"""

from gmail_ingest.core.reply_marks import (
    BANNERS,
    DATE,
    ENDS_WITH_ADDRESS,
    FORWARD_INTRODUCTIONS,
    FROM_FIELDS,
    OPENING,
    OTHER_FIELDS,
    WROTE,
)

# Nobody types more; what follows is a log or a list.
MAX_REPLY_CHARS = 500_000

_MAX_MARK_CHARS = 300
_MAX_INTRODUCTION_LINES = 3
_MAX_FIELD_LINES = 8
_MAX_BANNER_LINES = 15
_MIN_OTHER_FIELDS = 2
_MIN_RULE_CHARS = 20

_COLONS = (":", "\uff1a")
_RULES = "-_*="
_FIELDS = FROM_FIELDS | OTHER_FIELDS


def strip_quotes(text: str) -> str:
    """Return the part of a mail's text that its sender wrote.

    Args:
        text: Plain text, lines ended by line feeds; past ``MAX_REPLY_CHARS`` it is not looked at.

    Returns:
        The text without quoted lines (wherever they stand, so that answers between quotes
        remain), the lines that introduce them, and everything below the banner or header block
        of a quoted or forwarded mail, the delimiter of a signature or a list's footer.
        ``""`` where nothing is the sender's own, as in a mail that is only forwarded.
    """
    written = text[:MAX_REPLY_CHARS].split("\n")
    lines = [line.strip() for line in written]
    kept: list[str] = []
    answered = False
    for number, line in enumerate(lines):
        if not line:
            # One blank line stands for any number of them.
            if kept and kept[-1]:
                kept.append("")
            continue
        if line[0] == ">":
            if not answered:
                _drop_introduction(kept)
            answered = True
            continue
        answered = False
        # Nine of ten lines have nothing that could end the sender's text: no call for those.
        is_mark = line[0] in _RULES or ":" in line or "\uff1a" in line
        if is_mark and len(line) <= _MAX_MARK_CHARS and _ends_own_text(lines, number, kept):
            if kept or not _answer_may_follow(lines, number):
                break
            continue
        kept.append(written[number].rstrip())
    return "\n".join(kept).strip("\n")


def _ends_own_text(lines: list[str], number: int, kept: list[str]) -> bool:
    line = lines[number]
    if line[0] in _RULES and (line == "--" or _is_banner(line) or _starts_footer(lines, number)):
        return True
    if line.endswith(_COLONS):
        if line[:-1].rstrip().lower() in FORWARD_INTRODUCTIONS:
            return True
        if _introduces_the_rest(lines, number, kept):
            return True
    # Hardly a line has a colon, and most of them meet nothing else here.
    if not kept or (":" not in line and "\uff1a" not in line):
        return False
    if _field(line) in FROM_FIELDS and _is_header_block(lines, number):
        _drop_rule(kept)
        return True
    return False


def _answer_may_follow(lines: list[str], number: int) -> bool:
    # Outlook Express put its banner above marked quotes, and people answered below them.
    return any(line.startswith(">") for line in lines[number + 1 : number + 1 + _MAX_BANNER_LINES])


def _is_banner(line: str) -> bool:
    words = line.strip("-_*=: \t").lower()
    return words in BANNERS or words.startswith("forwarded by ")


def _starts_footer(lines: list[str], number: int) -> bool:
    if len(lines[number]) < _MIN_RULE_CHARS or lines[number].strip("_"):
        return False
    below = lines[number + 1] if number + 1 < len(lines) else ""
    return "mailing list" in below[:_MAX_MARK_CHARS].lower()


def _field(line: str) -> str:
    name, colon, _ = line[:40].replace("\uff1a", ":").partition(":")
    return name.strip("* \t").lower() if colon else ""


def _is_header_block(lines: list[str], number: int) -> bool:
    below = lines[number + 1 : number + 1 + _MAX_FIELD_LINES]
    return sum(_field(line) in OTHER_FIELDS for line in below) >= _MIN_OTHER_FIELDS


def _drop_rule(kept: list[str]) -> None:
    while kept and not kept[-1].strip(_RULES):
        kept.pop()


def _introduces_the_rest(lines: list[str], number: int, kept: list[str]) -> bool:
    # With ">" below, the quoted lines end by themselves, and the sender may go on after them.
    following = next((line for line in lines[number + 1 : number + 4] if line), "")
    if following.startswith(">"):
        return False
    block = _block([*kept[-_MAX_INTRODUCTION_LINES:], lines[number]])
    length = _introduction_length(block)
    # With nothing above it, what follows is an answer below a quote without marks.
    if not 0 < length <= len(kept):
        return False
    words = " ".join(block[len(block) - length :])
    if not DATE.search(words) or not ("@" in words or OPENING.match(words)):
        return False
    del kept[len(kept) - (length - 1) :]
    return True


def _drop_introduction(kept: list[str]) -> None:
    blanks = 0
    while blanks < len(kept) and blanks < _MAX_INTRODUCTION_LINES and not kept[-1 - blanks]:
        blanks += 1
    end = len(kept) - blanks
    length = _introduction_length(_block(kept[max(0, end - _MAX_INTRODUCTION_LINES) : end]))
    while length < end and _field(kept[end - length - 1]) in _FIELDS:
        length += 1
    if length:
        del kept[end - length :]


def _block(lines: list[str]) -> list[str]:
    """Return the last lines that stand together without a blank one, in their order."""
    block: list[str] = []
    for line in map(str.strip, reversed(lines[-_MAX_INTRODUCTION_LINES:])):
        if not line or len(line) > _MAX_MARK_CHARS:
            break
        block.insert(0, line)
    return block


def _introduction_length(block: list[str]) -> int:
    """Return how many lines at the end of a block introduce a quote; 0 for none."""
    if not block or not block[-1].endswith(_COLONS):
        return 0
    last = block[-1][:-1]
    if not WROTE.search(last) and not ENDS_WITH_ADDRESS.search(last):
        return 0
    for length in range(len(block), 1, -1):
        if OPENING.match(block[-length]) and DATE.search(" ".join(block[-length:])):
            return length
    wraps = len(block) > 1 and not DATE.search(last) and DATE.search(block[-2])
    return 2 if wraps and "@" in " ".join(block[-2:]) else 1
