"""The signature below a mail: what a delimiter or a program's words set apart.

Holds: ``delimiter_of``, ``is_signature`` (is what stands below a delimiter one),
``program_signature`` and ``starts_footer``.
Add here: another mark of a signature.
Keep out: words of programs and lists (``signature_marks``), quoted mail (``reply_text``).
Source: RFC 3676 section 4.3 (the delimiter, two hyphens and a blank); default signatures of
mobile programs.

A signature without any mark ("Best regards, Ann") is the sender's text.
"""

import enum
import re
from collections.abc import Sequence
from typing import Final

from gmail_ingest.core.reply_marks import RULES
from gmail_ingest.core.signature_marks import (
    ADVERTISEMENT,
    CONTACT,
    DEVICE,
    FROM_SENT,
    LIST_FOOTER,
    NAMED_PROGRAM,
    OUTLOOK_MOBILE,
    SENT_FROM,
)

_MAX_LINES: Final = 15
_MAX_CHARS: Final = 1_500
_MAX_CARD_LINES: Final = 8
_MAX_CARD_CHARS: Final = 80
_MAX_BARE_CARD_LINES: Final = 3
_MAX_NAME_WORDS: Final = 5
_MIN_SENTENCE_WORDS: Final = 4
_MAX_PROGRAM_CHARS: Final = 200
_MAX_PROGRAM_WORDS: Final = 12
_MAX_PROGRAM_LINES: Final = 3
_MAX_SHORT_CHARS: Final = 40
_FOOTER_LINES: Final = 4
_MAX_FOOTER_CHARS: Final = 200

_SENTENCE_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", ":", "\uff1a", ",", ";")
_BRACKETS = "*_()<>[]\"' \t\u201c\u201d"
_LINK = re.compile(r"\s?[<(\[]\s*(?:https?://|www\.)[^\s<>()\[\]]*\s*[>)\]]")
_SENTENCE_PART = re.compile(r"[.,;:!?(\u2013\u2014]\s|[.!?]$")
# "-Ann", "--Ann Lee": a name behind a dash, as the last line.
_DASHED_NAME = re.compile(r"[-\u2013\u2014~]{1,2}\s?[^\W\d_a-z][\w.'\u2019]*(?: [^\W\d_a-z][\w.'\u2019]*){0,2}$")


class Delimiter(enum.Enum):
    """How sure a line is to begin a signature."""

    #: Two hyphens and a blank, as the RFC has it.
    STRICT = enum.auto()
    #: Two hyphens: the blank is easily lost on the way.
    BARE = enum.auto()
    #: Another rule, which people also draw inside a text.
    LOOSE = enum.auto()


def delimiter_of(written: str, line: str) -> Delimiter | None:
    """Return what kind of a signature's delimiter a line is, if any.

    Args:
        written: The line as it stands in the mail.
        line: The line, stripped, not empty.
    """
    if line.strip(RULES):
        return None
    if line == "--":
        return Delimiter.STRICT if written.rstrip("\r") == "-- " else Delimiter.BARE
    return Delimiter.LOOSE


def is_signature(kind: Delimiter, lines: Sequence[str], *, at_top: bool) -> bool:
    """Say whether the lines below a delimiter are a signature, and not the sender's text.

    Args:
        kind: What kind of delimiter stands above.
        lines: The lines below it, up to the next mark, as they stand in the mail.
        at_top: Whether nothing of the sender's own stands above.
    """
    if kind is Delimiter.STRICT:
        return True
    block = [line.strip() for line in lines[: 2 * _MAX_LINES]]
    filled = [line for line in block if line]
    if not filled:
        return kind is Delimiter.BARE
    if len(lines) > 2 * _MAX_LINES or len(filled) > _MAX_LINES:
        return False
    if sum(map(len, filled)) > _MAX_CHARS:
        return False
    if kind is Delimiter.BARE and block[0] and not at_top:
        return not _is_sentence(filled[0]) or _is_program_line(filled[0])
    return not at_top and (_is_card(filled) or _is_program_line(filled[0]))


def _is_sentence(line: str) -> bool:
    return len(line) > _MAX_CARD_CHARS or (
        line.endswith(_SENTENCE_ENDS[:7]) and len(line.split()) >= _MIN_SENTENCE_WORDS
    )


def _is_card(filled: Sequence[str]) -> bool:
    """Say whether lines are what is printed on a card: a name, and how to reach it."""
    if len(filled) > _MAX_CARD_LINES or any(len(line) > _MAX_CARD_CHARS for line in filled):
        return False
    name = filled[0]
    if name.endswith(_SENTENCE_ENDS) or len(name.split()) > _MAX_NAME_WORDS:
        return False
    if name[0].islower() or not name[0].isalpha():
        return False
    if any(CONTACT.search(line) for line in filled):
        return not any(line.endswith(("?", "!")) for line in filled)
    words = " ".join(filled).split()
    return len(filled) <= _MAX_BARE_CARD_LINES and len(words) > 1 and all(
        word[0].isupper() or not word[0].isalnum() for word in words
    )


def program_signature(kept: Sequence[str]) -> int:
    """Return how many lines at the end of a text a program put there; 0 for none.

    Args:
        kept: The lines of a text as they stand in the mail; the last one is not blank.
    """
    block: list[str] = []
    for line in reversed(kept[-_MAX_PROGRAM_LINES - 1 :]):
        if not line.strip():
            break
        block.insert(0, line.strip())
    if len(block) <= _MAX_PROGRAM_LINES and _is_program_line(block[0]):
        return len(block) if _may_end(kept[: -len(block)]) else 0
    above = block[-2] if len(block) > 1 else ""
    if not _is_program_line(block[-1]):
        return 1 if not above and len(kept) > 1 and _DASHED_NAME.match(block[-1]) else 0
    # Without a blank line above, a sentence must have ended there, or a greeting stand.
    ended = len(above) <= _MAX_SHORT_CHARS or above.endswith((".", "!", "?"))
    return 1 if ended and not above.endswith((":", "\uff1a")) else 0


def _may_end(above: Sequence[str]) -> bool:
    # "The footer says:" above it makes it a part of what the sender tells.
    last = next((line.strip() for line in reversed(above[-3:]) if line.strip()), "")
    return not last.endswith((":", "\uff1a"))


def _is_program_line(line: str) -> bool:
    if len(line) > _MAX_PROGRAM_CHARS:
        return False
    if OUTLOOK_MOBILE.match(line) or ADVERTISEMENT.search(line):
        return True
    bare = _LINK.sub("", line).strip(_BRACKETS)
    if NAMED_PROGRAM.match(bare):
        return True
    sentence = _SENTENCE_PART.split(bare, maxsplit=1)[0]
    if len(sentence.split()) > _MAX_PROGRAM_WORDS or DEVICE.search(sentence) is None:
        return False
    return SENT_FROM.match(sentence) is not None or FROM_SENT.search(sentence) is not None


def starts_footer(lines: Sequence[str], number: int) -> bool:
    """Say whether a rule or a delimiter stands above what a mailing list added.

    Args:
        lines: All lines, stripped.
        number: The number of the line of the rule.
    """
    return any(
        LIST_FOOTER.search(line[:_MAX_FOOTER_CHARS])
        for line in lines[number + 1 : number + 1 + _FOOTER_LINES]
    )
