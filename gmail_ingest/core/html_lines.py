"""Lines of a mail's text, and whose words each has.

Holds: ``Line`` and ``Part``; ``introduction_start``, ``begins_quoted``, ``is_banner`` and
``nothing_own``: what lines say of themselves.
Add here: another thing that the words of some lines tell.
Keep out: marks of markup (``html_marks``), words of a language (``reply_marks``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gmail_ingest.core.reply_marks import DATE
from gmail_ingest.core.reply_text import strip_quotes

# An introduction, and the head of a quoted mail, are no longer.
_INTRODUCTION_LINES: Final = 4
_HEAD_LINES: Final = 20
_LONGEST_LINE: Final = 300
_BLANK_LINES: Final = 3

_ENDS_INTRODUCTION: Final = (":", "\uff1a", "--")
# What right-to-left text and bold face leave behind the colon.
_BEHIND_COLON: Final = " \t*\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_OWN_WORD: Final = "x"


class Part(Enum):
    """Whose words a line has."""

    OWN = 0
    QUOTED = 1
    FORWARDED = 2
    INTRODUCTION = 3
    SIGNATURE = 4
    LOOSE_SIGNATURE = 5


class Evidence(Enum):
    """How sure the markup is that an introduction stands above a quote."""

    NONE = 0
    CONTAINER = 1
    NAMED = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the mail, stripped on its right, and whose words it has."""

    text: str
    part: Part = Part.OWN

    @property
    def is_quoted(self) -> bool:
        """Whether somebody else wrote it, here or in a forwarded mail."""
        return self.part is Part.QUOTED or self.part is Part.FORWARDED

    @property
    def is_signature(self) -> bool:
        """Whether it stands in a signature."""
        return self.part is Part.SIGNATURE or self.part is Part.LOOSE_SIGNATURE

    @property
    def is_own(self) -> bool:
        """Whether it has words of the sender's own outside a signature."""
        return bool(self.text) and (self.part is Part.OWN or self.part is Part.INTRODUCTION)


def introduction_start(lines: Sequence[Line], quote: int, evidence: Evidence) -> int:
    """Return where the introduction of a quote starts.

    Args:
        lines: Lines of a mail; of those above the quote a few are looked at.
        quote: Number of the quote's first line.
        evidence: What the markup says of the lines above it.

    Returns:
        A line number; ``quote`` itself where no introduction stands above it.
    """
    end = quote
    while end > max(0, quote - _BLANK_LINES) and not lines[end - 1].text:
        end -= 1
    first = end
    while first > max(0, end - _INTRODUCTION_LINES) and lines[first - 1].is_own:
        first -= 1
    words = [line.text.strip() for line in lines[first:end]]
    if not words or max(map(len, words)) > _LONGEST_LINE:
        return quote
    for length in range(len(words), 0, -1):
        if nothing_own("\n".join([*words[-length:], "> x"])):
            return end - length
    return end - 1 if _may_introduce(words[-1], evidence) else quote


def _may_introduce(line: str, evidence: Evidence) -> bool:
    if not line.rstrip(_BEHIND_COLON).endswith(_ENDS_INTRODUCTION):
        return False
    signs = ("@" in line) + (DATE.search(line) is not None)
    return evidence is Evidence.NAMED or signs > (evidence is Evidence.NONE)


def begins_quoted(lines: Sequence[Line]) -> bool:
    """Whether the first of some lines are the head of a mail: all of them are quoted then."""
    head = [line.text for line in lines if line.text][:_HEAD_LINES]
    if not head or len(head[0]) > _LONGEST_LINE:
        return False
    if is_banner(head[0]) or _may_introduce(head[0], Evidence.NONE):
        return True
    return nothing_own("\n".join(line[:_LONGEST_LINE] for line in head))


def is_banner(line: str) -> bool:
    """Whether a line is words between dashes, as above forwarded mail: no date, no address."""
    line = line.strip()
    words = line.strip("-= ")
    return (
        bool(words)
        and len(line) <= _LONGEST_LINE
        and line.startswith(("----", "===="))
        and line.endswith(("--", "=="))
        and not any(sign == "@" or sign.isdigit() for sign in words)
    )


def nothing_own(text: str) -> bool:
    """Whether nothing is left of a text below others without quoted mail and signatures."""
    # With a word above it, as nothing above an introduction makes an answer of what follows.
    return strip_quotes(f"{_OWN_WORD}\n\n{text}") == _OWN_WORD
