"""Plain text whose lines were folded to be joined again.

Holds: ``is_flowed``, ``unfolded``, and the mark of a line that only looks quoted.
Add here: another way in which senders break the rules of format=flowed.
Keep out: text without that parameter, what is a quote (``reply_text``).
Source: RFC 3676 (format=flowed and DelSp); case 01.
"""

import re
from collections.abc import Sequence

from gmail_ingest.core.headers import parameters_of
from gmail_ingest.core.reply_text import strip_quotes

#: In front of a sender's own line that begins with ">": in flowed text only the first column
#: tells a quote, and the blank that kept ">" out of it is gone. No text has this character
#: otherwise (``TextCleaner``), and none keeps it (``unmarked``).
OWN_LINE = "\x00"

_QUOTE_MARKS = re.compile(r">(?: ?>)*")
_SIGNATURE = "-- "
_MAX_INTRODUCTION_LINES = 3
_MAX_INTRODUCTION_CHARS = 1_000
# Mailing lists put a rule and their footer below whatever stood there.
_RULE = re.compile(r"([-_=*~#])\1{9,}\s*")


def is_flowed(content_type: str) -> tuple[bool, bool]:
    """Tell how the lines of a text/plain part are meant.

    Args:
        content_type: The value of the field, parameters in any notation.

    Returns:
        Whether lines that end with a blank go on, and whether that blank goes (DelSp).
    """
    # Parameters are read for the few mails that may be flowed only.
    lowered = content_type.lower()
    if "flow" not in lowered and "format*" not in lowered:
        return False, False
    parameters = parameters_of(content_type)
    flowed = parameters.get("format", "").strip().lower() == "flowed"
    return flowed, parameters.get("delsp", "").strip().lower() == "yes"


def unfolded(text: str, *, drops_blank: bool) -> str:
    """Return a flowed text with its paragraphs on one line each.

    Args:
        text: Lines ended by line feeds, without NUL.
        drops_blank: True for ``DelSp=yes``: the blank at which a line was folded is not the
            sender's.

    Returns:
        The text without stuffing, lines joined where one goes on in the next at the same quote
        depth. Quotes begin with one ``>`` a level and a blank. A sender's own line that begins
        with ``>`` has ``OWN_LINE`` in front: not where the program has stuffed its quotes as well,
        which shows by an introduction above them and by no quote in the first column (one flowed
        mail in twenty of a public corpus).
    """
    joined = _Joined()
    for line in text.split("\n"):
        # Old programs put blanks between the marks of a quoted quote.
        marks = _QUOTE_MARKS.match(line)
        depth = marks.group().count(">") if marks else 0
        content = line[marks.end() if marks else 0 :].removeprefix(" ")
        if not content.strip() or content == _SIGNATURE or _RULE.fullmatch(content):
            joined.stands_alone(depth, content)
        else:
            joined.goes_on(depth, content, drops_blank=drops_blank)
    joined.close()
    lines = joined.lines
    if joined.has_own and not joined.has_quotes and _is_quoting(lines):
        lines = [unmarked(line) for line in lines]
    return "\n".join(lines)


def unmarked(text: str) -> str:
    """Return a text as a reader sees it, without ``OWN_LINE``.

    Args:
        text: A text that may be of ``unfolded``.
    """
    return text.replace(OWN_LINE, "") if OWN_LINE in text else text


def _is_quoting(lines: Sequence[str]) -> bool:
    """Tell whether a line introduces as a quote what looks like lines of the sender's own."""
    for number, line in enumerate(lines[1:], 1):
        if not line.startswith(OWN_LINE) or lines[number - 1].startswith(OWN_LINE):
            continue
        above = "\n".join(lines[max(0, number - _MAX_INTRODUCTION_LINES) : number])
        if len(above) <= _MAX_INTRODUCTION_CHARS:
            # Nothing but the text above is left if that introduces nothing.
            return strip_quotes(f"x\n\n{above.strip()}\n> y") == "x"
    return False


class _Joined:
    """Lines as they are joined, and the one that may still go on."""

    __slots__ = ("_depth", "_pieces", "has_own", "has_quotes", "lines")

    def __init__(self) -> None:
        self.has_own = False
        self.has_quotes = False
        self.lines: list[str] = []
        self._pieces: list[str] = []
        self._depth = 0

    def goes_on(self, depth: int, content: str, *, drops_blank: bool) -> None:
        if depth != self._depth:
            self.close()
            self._depth = depth
        is_folded = content.endswith(" ")
        self._pieces.append(content[:-1] if is_folded and drops_blank else content)
        if not is_folded:
            self.close()

    def stands_alone(self, depth: int, content: str) -> None:
        self.close()
        self._add(depth, content if content == _SIGNATURE else content.rstrip())

    def close(self) -> None:
        if self._pieces:
            self._add(self._depth, "".join(self._pieces).rstrip(" "))
            self._pieces = []

    def _add(self, depth: int, content: str) -> None:
        if depth:
            self.has_quotes = True
            content = f"{'>' * depth} {content}" if content else ">" * depth
        elif content.startswith(">") and not content.startswith("> >"):
            # Only quoting makes two marks with a blank between.
            content = OWN_LINE + content
            self.has_own = True
        self.lines.append(content)
