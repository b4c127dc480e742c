"""Which lines are quoted: those that begin with ``>``, with exceptions.

Holds: ``begins_own_line`` (a ``>`` that marks no quote), ``is_wrapped_quote`` (a line of a quote
that lost its mark) and ``other_mark``.
Add here: another mark of quoted lines.
Keep out: what introduces a quote (``reply_introductions``), the order of marks (``reply_text``).
Source: RFC 3676 section 4.5 (quote marks); the marks of Outlook, The Bat and East Asian programs;
mbox files, which write ">From " for a line that begins with "From ".
"""

import re
from collections.abc import Sequence
from typing import Final

_MAX_CHARS: Final = 300
# "JD> text", "| text", and the wide mark of East Asian programs.
_OTHER_MARK = re.compile(r"\|(?= |$)|\uff1e|[A-Z]{1,3}>(?= |$)")
_OPEN_LINK = re.compile(r"<[^<>\s]*$")
# "we need / >10 units": a sign in a sentence that was wrapped there.
_AMOUNT = re.compile(r">\d")
_WRAPPED_CHARS: Final = 40
_SENTENCE_ENDS: Final = (".", "!", "?", ":", "\uff1a")
_OPEN_PARENTHESIS = re.compile(r"[(<]https?://[^\s()<>]*$")
_PROMPT: Final = (">>> ", "> > > ")


def begins_own_line(lines: Sequence[str], number: int) -> bool:
    """Say whether a line that begins with ``>`` is no quoted line.

    Args:
        lines: All lines, stripped.
        number: The number of the line.

    Returns:
        True for a line that closes a link or an address which broke in the line above, for an
        amount (``>10 units``) within a paragraph, for decoration (``>>> sale <<<``), and for a
        line that was escaped in an mbox file.
    """
    line = lines[number]
    above = lines[number - 1] if number else ""
    below = lines[number + 1] if number + 1 < len(lines) else ""
    if line.endswith("<<"):
        return True
    if line.startswith(">From "):
        return not above.startswith(">") and not below.startswith(">")
    if len(above) >= _WRAPPED_CHARS and not below.startswith(">") and _AMOUNT.match(line):
        return not above.startswith(">") and not above.endswith(_SENTENCE_ENDS)
    opened = _OPEN_LINK.search(above[-_MAX_CHARS:]) is not None
    # Bob / < / bob@x.example / > wrote:
    closed = above.count("<") == above.count(">")
    opened = opened or (closed and number > 1 and lines[number - 2].endswith("<"))
    if not above or not opened:
        return False
    # If this line is broken as well, the next line closes it.
    breaks_again = _OPEN_LINK.search(line[-_MAX_CHARS:]) is not None
    return breaks_again or line.endswith((":", "\uff1a")) or not below.startswith(">")


def is_wrapped_quote(lines: Sequence[str], number: int) -> bool:
    """Say whether a line without a mark is the rest of the quoted line above it.

    Args:
        lines: All lines, stripped.
        number: The number of a line below a quoted one.
    """
    line = lines[number]
    below = lines[number + 1] if number + 1 < len(lines) else ""
    if not below.startswith(">") or len(line) > _MAX_CHARS:
        return False
    if line.endswith((") >", "> >")):
        return True
    opened = _OPEN_PARENTHESIS.search(lines[number - 1][-_MAX_CHARS:]) is not None
    return opened and " " not in line and line.endswith((")", ">"))


def is_deep(line: str) -> bool:
    """Say whether a line is quoted three deep; a Python prompt looks the same.

    Args:
        line: A stripped line.
    """
    return line.startswith(_PROMPT) or line == ">>>"


def other_mark(line: str) -> str:
    """Return the mark of a quote that a line begins with, other than ``>``; ``""`` for none.

    Args:
        line: A stripped line below an introduction; elsewhere these are no marks of a quote.
    """
    found = _OTHER_MARK.match(line)
    # A row of a table has a bar at either end.
    return found[0] if found and not line.endswith(" |") else ""
