"""Plain text with folded lines that the reader joins again (format=flowed).

Holds: ``line_ends_of``, ``unfolded``, and the mark of a line that only looks quoted.
Add here: another way in which senders break the rules of format=flowed.
Keep out: text without that parameter, what is a quote (``reply_quotes``).
Source: RFC 3676 (format=flowed and DelSp); case 01.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gmail_ingest.core.mail.headers import parameters_of
from gmail_ingest.core.mail.reply.reply_text import read_reply

#: Put before a sender's own line that begins with ">". In flowed text such a line has a blank
#: before it, which unfolding removes. No other text has this character (``TextCleaner``), and
#: ``unmarked`` removes it.
OWN_LINE = "\x00"

_STARTS = (">", " ")
_QUOTE_MARKS = re.compile(r">(?: ?>)*")
_SIGNATURE = "-- "
_MAX_INTRODUCTION_LINES = 3
_MAX_INTRODUCTION_CHARS = 1_000
# Mailing lists put a rule and their footer below whatever stood there.
_RULES = "-_=*~#"
_RULE = re.compile(rf"([{_RULES}])\1{{9,}}\s*")


class LineEnds(NamedTuple):
    """Whether lines that end with a blank go on, and whether that blank goes (DelSp)."""

    flow: bool
    drop_blanks: bool


def line_ends_of(content_type: str) -> LineEnds:
    """Tell how the lines of a text/plain part are meant.

    Args:
        content_type: The value of the field, parameters in any notation.
    """
    # Parameters are read only for the few mails that may be flowed.
    lowered = content_type.lower()
    if "flow" not in lowered and "format*" not in lowered:
        return LineEnds(flow=False, drop_blanks=False)
    parameters = parameters_of(content_type)
    return LineEnds(
        flow=parameters.get("format", "").strip().lower() == "flowed",
        drop_blanks=parameters.get("delsp", "").strip().lower() == "yes",
    )


def unfolded(text: str, *, drops_blank: bool) -> str:
    """Return a flowed text with its paragraphs on one line each.

    Args:
        text: Lines ended by line feeds, without NUL.
        drops_blank: True for ``DelSp=yes``: the blank at which a line was folded is dropped.

    Returns:
        The text without space-stuffing, with folded lines of the same quote depth joined. Quoted
        lines begin with one ``>`` a level and a blank. A sender's own line that begins with ``>``
        has ``OWN_LINE`` in front. Some programs stuff their quotes as well (one flowed mail in
        twenty of a public corpus): no quote is in the first column then, and an introduction stands
        above one. Such lines get no ``OWN_LINE``.
    """
    lines: list[str] = []
    pieces: list[str] = []
    open_depth = 0
    has_quotes = False
    for line in text.split("\n"):
        depth, content = _split(line) if line[:1] in _STARTS else (0, line)
        has_quotes = has_quotes or depth > 0
        goes_on = content[-1:] == " "
        # Only a line that is joined to a neighbour needs the look.
        stands_alone = (goes_on or bool(pieces)) and _stands_alone(content)
        if pieces and (stands_alone or depth != open_depth):
            lines.append(_shown(open_depth, "".join(pieces).rstrip(" ")))
            pieces = []
        if goes_on and not stands_alone:
            pieces.append(content[:-1] if drops_blank else content)
            open_depth = depth
        else:
            lines.append(_shown(depth, "".join((*pieces, content)) if pieces else content))
            pieces = []
    if pieces:
        lines.append(_shown(open_depth, "".join(pieces).rstrip(" ")))
    joined = "\n".join(lines)
    if OWN_LINE in joined and not has_quotes and _is_quoting(lines):
        return unmarked(joined)
    return joined


def unmarked(text: str) -> str:
    """Return a text as a reader sees it, without ``OWN_LINE``.

    Args:
        text: A text that may be of ``unfolded``.
    """
    return text.replace(OWN_LINE, "") if OWN_LINE in text else text


def _is_quoting(lines: Sequence[str]) -> bool:
    """Tell whether an introduction of a quote stands above lines that are marked as the sender's
    own.
    """
    for number, line in enumerate(lines[1:], 1):
        if not line.startswith(OWN_LINE) or lines[number - 1].startswith(OWN_LINE):
            continue
        above = "\n".join(lines[max(0, number - _MAX_INTRODUCTION_LINES) : number])
        if len(above) <= _MAX_INTRODUCTION_CHARS:
            # The reply is "x" alone if the lines above are an introduction.
            return read_reply(f"x\n\n{above.strip()}\n> y").text == "x"
    return False


def _split(line: str) -> tuple[int, str]:
    """Return how deep a line is quoted, and what it says without marks and stuffing."""
    # Old programs put blanks between the marks of a quoted quote.
    marks = _QUOTE_MARKS.match(line)
    if marks is None:
        return 0, line.removeprefix(" ")
    return marks.group().count(">"), line[marks.end() :].removeprefix(" ")


def _stands_alone(content: str) -> bool:
    if content == _SIGNATURE or not content or content.isspace():
        return True
    return content[0] in _RULES and _RULE.fullmatch(content) is not None


def _shown(depth: int, content: str) -> str:
    if content.isspace():
        content = ""
    if depth:
        return f"{'>' * depth} {content}" if content else ">" * depth
    # Only a quote has two marks with a blank between.
    return OWN_LINE + content if content[:1] == ">" and content[:3] != "> >" else content
