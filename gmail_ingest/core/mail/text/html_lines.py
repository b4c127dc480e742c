"""Lines of a mail's text, and who wrote each.

Holds: ``Line`` and ``Part``; ``introduction_start``, ``is_introduction``, ``begins_quoted``,
``is_banner`` and ``nothing_own``: what the words of lines show.
Add here: another fact that the words of lines show.
Keep out: marks of markup (``html_marks``), words of a language (``reply_marks``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from gmail_ingest.core.mail.reply.reply_marks import DATE
from gmail_ingest.core.mail.reply.reply_text import Reply, read_reply

# The longest introduction, and the longest head of a quoted mail.
_INTRODUCTION_LINES: Final = 4
_HEAD_LINES: Final = 20
_LONGEST_LINE: Final = 300
_BLANK_LINES: Final = 3

_ENDS_INTRODUCTION: Final = (":", "\uff1a", "--")
# Characters that right-to-left text and bold type leave behind the colon.
_BEHIND_COLON: Final = " \t*\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
# The number of signs: an address and a date.
_BOTH: Final = 2
_OWN_WORD: Final = "x"


class Part(Enum):
    """Who wrote a line, and what it is part of."""

    OWN = 0
    QUOTED = 1
    FORWARDED = 2
    INTRODUCTION = 3
    SIGNATURE = 4
    LOOSE_SIGNATURE = 5


_QUOTED: Final = (Part.QUOTED, Part.FORWARDED)
_SIGNATURES: Final = (Part.SIGNATURE, Part.LOOSE_SIGNATURE)


class Evidence(Enum):
    """What the markup says about an introduction above a quote."""

    NONE = 0
    CONTAINER = 1
    NAMED = 2


# Without evidence in the markup, the lines must also introduce a quote that has no marks.
_QUOTE_BELOW: Final = {
    Evidence.NONE: ("", "x"),
    Evidence.CONTAINER: ("> x",),
    Evidence.NAMED: ("> x",),
}


class Line(NamedTuple):
    """A line of the mail, stripped on its right, and its part."""

    text: str
    part: Part = Part.OWN

    @property
    def is_quoted(self) -> bool:
        """Whether somebody else wrote it, here or in a forwarded mail."""
        return self.part in _QUOTED

    @property
    def is_signature(self) -> bool:
        """Whether it stands in a signature."""
        return self.part in _SIGNATURES

    @property
    def is_own(self) -> bool:
        """Whether it has words of the sender's own outside a signature."""
        return bool(self.text) and (self.part is Part.OWN or self.part is Part.INTRODUCTION)


def introduction_start(lines: Sequence[Line], quote: int, evidence: Evidence) -> int:
    """Return where the introduction of a quote starts.

    Args:
        lines: Lines of a mail; only a few above the quote are read.
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
    if not words or max(map(len, words)) > _LONGEST_LINE or not _has_date_or_colon(words):
        return quote
    for length in range(len(words), 0, -1):
        if _only_quoted("\n".join([*words[-length:], *_QUOTE_BELOW[evidence]])):
            return end - length
    return end - 1 if _may_introduce(words[-1], evidence) else quote


def is_introduction(lines: Sequence[Line]) -> bool:
    """Whether lines that begin as quoted mail are only its introduction."""
    words = [line.text for line in lines if line.text]
    return 0 < len(words) <= _INTRODUCTION_LINES and _ends_introduction(words[-1])


def _may_introduce(line: str, evidence: Evidence) -> bool:
    signs = ("@" in line) + (DATE.search(line) is not None)
    if not _ends_introduction(line):
        return evidence is Evidence.NAMED and signs == _BOTH
    return evidence is Evidence.NAMED or (evidence is Evidence.CONTAINER and signs > 0)


def _ends_introduction(line: str) -> bool:
    return line.rstrip(_BEHIND_COLON).endswith(_ENDS_INTRODUCTION)


def begins_quoted(lines: Sequence[Line]) -> bool:
    """Whether lines begin with the head of a mail: then all of them are quoted."""
    # Orange's program writes ">" before the header fields, and not before the mail.
    head = [line.text[:_LONGEST_LINE].lstrip("> ") for line in lines if line.text][:_HEAD_LINES]
    if not head:
        return False
    return is_banner(head[0]) or (_has_date_or_colon(head) and _only_quoted("\n".join(head)))


def _has_date_or_colon(lines: Sequence[str]) -> bool:
    # Most lines have neither, and the other checks take ten times as long.
    return any(":" in line or DATE.search(line) for line in lines) or "\uff1a" in lines[-1]


def is_banner(line: str) -> bool:
    """Whether a line has words between dashes, as above forwarded mail; no date or address."""
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
    """Whether a text that stands below the sender's words has only quotes and signatures."""
    return _below_own_words(text).text == _OWN_WORD


def _only_quoted(text: str) -> bool:
    return _below_own_words(text) == Reply(_OWN_WORD, "")


def _below_own_words(text: str) -> Reply:
    # Without own words above, the lines below an introduction could be an answer.
    return read_reply(f"{_OWN_WORD}\n\n{text}")
