"""The signature below a mail, recognised by a delimiter or by a program's words.

Holds: ``delimiter_of``, ``is_signature`` (of lines below a delimiter), ``postscript``,
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

from gmail_ingest.core.mail.reply.reply_marks import RULES
from gmail_ingest.core.mail.reply.signature_marks import (
    ADVERTISEMENT,
    ADVERTISERS,
    CONTACT,
    DEVICE,
    FIRST_LETTERS,
    FIRST_WORDS,
    FROM_SENT,
    FROM_WORDS,
    GERMAN_VERBS,
    GET_PROGRAM,
    LAST_LETTERS,
    LAST_WORDS,
    LIST_MARKS,
    LIST_WORDS,
    NAMED_PROGRAM,
    OUTLOOK_LINK,
    OUTLOOK_VERBS,
    SENT_FROM,
    UNSUBSCRIBE,
)

#: Including blank lines.
MAX_SIGNATURE_LINES: Final = 30

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
_MAX_OUTLOOK_WORDS: Final = 9
_MAX_CJK_WORDS: Final = 6
_MAX_SHORT_CHARS: Final = 40
_FOOTER_LINES: Final = 3
_MAX_FOOTER_CHARS: Final = 120
# Below a footer there may be corporate notices, and mail quoted below a signature.
_MAX_FOOTER_LINES: Final = 1_000
_MAX_OWN_FOOTER_LINES: Final = 25

_SENTENCE_ENDS = (".", "!", "?", "\u2026", "\u3002", "\uff01", "\uff1f", ":", "\uff1a", ",", ";")
_BRACKETS = "*_()<>[]\"' \t\u201c\u201d"
_NOT_IN_NAMES: Final = frozenset("0123456789:=")
# Verbs of a person's sentence: "Sent from my iPad means that it was him".
_SAID: Final = frozenset(("is", "was", "are", "were", "means", "meant", "had", "did"))
_LINK = re.compile(r"\s?[<(\[]\s*(?:https?://|www\.)[^\s<>()\[\]]*\s*[>)\]]")
_SENTENCE_PART = re.compile(r"[.,;:!?(\u2013\u2014]\s|[.!?]$")
_POSTSCRIPT = re.compile(r"(?:P\.? ?){1,2}S\b[.:,]?\s?\S", re.IGNORECASE)
# "-Ann", "--Ann Lee": a name behind a dash, as the last line.
_DASHED_NAME = re.compile(
    r"[-\u2013\u2014~]{1,2}\s?[^\W\d_a-z][\w.'\u2019]*(?: [^\W\d_a-z][\w.'\u2019]*){0,2}$"
)


class Delimiter(enum.Enum):
    """How surely a line begins a signature."""

    #: Two hyphens and a blank, as in the RFC.
    STRICT = enum.auto()
    #: Two hyphens: the blank is easily lost on the way.
    BARE = enum.auto()
    #: Another rule below a blank line, which people also draw inside a text.
    LOOSE = enum.auto()
    #: A rule right below a line: it may only end the text above quoted mail.
    RULE = enum.auto()


class Above(enum.Enum):
    """What stands below a signature's block."""

    #: Quoted mail.
    QUOTE = enum.auto()
    #: Another delimiter or rule.
    DELIMITER = enum.auto()
    #: Nothing: the mail ends.
    END = enum.auto()


def delimiter_of(written: str, line: str, above: str) -> Delimiter | None:
    """Return what kind of delimiter of a signature a line is, if any.

    Args:
        written: The line as it stands in the mail.
        line: The line, stripped, not empty.
        above: The line above it, stripped.
    """
    if line.strip(RULES):
        return None
    if line == "--":
        return Delimiter.STRICT if written.rstrip("\r") == "-- " else Delimiter.BARE
    return Delimiter.RULE if above else Delimiter.LOOSE


def is_signature(kind: Delimiter, lines: Sequence[str], *, at_top: bool, above: Above) -> bool:
    """Say whether the lines below a delimiter are a signature, and not the sender's text.

    Args:
        kind: What kind of delimiter stands above.
        lines: The lines below it, up to the next mark, stripped; of more than
            ``MAX_SIGNATURE_LINES`` the first.
        at_top: Whether nothing of the sender's own stands above.
        above: What the lines stand above.
    """
    if kind is Delimiter.STRICT and above is not Above.DELIMITER:
        return True
    filled = [line for line in lines if line]
    if not filled:
        return kind is Delimiter.STRICT or kind is Delimiter.BARE
    if kind is Delimiter.RULE:
        return False
    if len(lines) > MAX_SIGNATURE_LINES or len(filled) > _MAX_LINES:
        return False
    if sum(map(len, filled)) > _MAX_CHARS:
        return False
    if _is_program_line(filled[0]):
        return True
    if at_top:
        return False
    if kind is Delimiter.LOOSE or not lines[0] or above is Above.DELIMITER:
        return _is_card(filled, ends=above is not Above.DELIMITER)
    return _begins_like_card(filled)


def _begins_like_card(filled: Sequence[str]) -> bool:
    """Say whether lines below two hyphens begin with a name, a greeting or a way of contact."""
    first = filled[0].rstrip(",")
    if _is_sentence(first):
        return False
    if len(filled) <= 2 and len(first.split()) <= 2:
        return True
    return _may_be_name(first) or any(CONTACT.search(line) for line in filled)


def _is_sentence(line: str) -> bool:
    return len(line) > _MAX_CARD_CHARS or (
        line.endswith(_SENTENCE_ENDS[:7]) and len(line.split()) >= _MIN_SENTENCE_WORDS
    )


def _is_card(filled: Sequence[str], *, ends: bool) -> bool:
    """Say whether lines look like a business card: a name, and ways to reach the person.

    Args:
        filled: The lines that are not blank.
        ends: Whether the text ends with them: then a name and a title are enough.
    """
    if len(filled) > _MAX_CARD_LINES or any(len(line) > _MAX_CARD_CHARS for line in filled):
        return False
    if not _may_be_name(filled[0]):
        return False
    if any(CONTACT.search(line) for line in filled):
        return not any(map(_is_sentence, filled)) and not any(". " in line for line in filled)
    words = " ".join(filled).split()
    return (
        ends
        and len(filled) <= _MAX_BARE_CARD_LINES
        and len(words) > 1
        and all(word[0].isupper() or not word[0].isalnum() for word in words)
    )


def _may_be_name(line: str) -> bool:
    if not line or len(line.split()) > _MAX_NAME_WORDS or line.endswith(_SENTENCE_ENDS):
        return False
    return line[0].isalpha() and not line[0].islower() and _NOT_IN_NAMES.isdisjoint(line)


def postscript(lines: Sequence[str]) -> int | None:
    """Return where a postscript begins below a signature; None for none.

    Args:
        lines: The lines of a signature, stripped.
    """
    for number, line in enumerate(lines):
        if line[:1] in "Pp" and not (number and lines[number - 1]) and _POSTSCRIPT.match(line):
            return number
    return None


def program_signature(kept: Sequence[str]) -> int:
    """Return the number of lines at the end of a text that a program wrote; 0 for none.

    Args:
        kept: The last lines of a text, stripped; the last one is not blank. None for no text.
    """
    if not kept:
        return 0
    start = len(kept) - 1
    while start and start > len(kept) - _MAX_PROGRAM_LINES and kept[start - 1]:
        start -= 1
    whole = not start or not kept[start - 1]
    if whole and _is_program_line(kept[start]):
        return len(kept) - start if _may_end(kept[:start]) else 0
    last, above = kept[-1], kept[-2] if len(kept) > 1 else ""
    if not above:
        return 1 if len(kept) > 1 and _DASHED_NAME.match(last) and _may_end(kept[:-1]) else 0
    # Without a blank line above, a sentence must have ended there, or a greeting stand.
    ended = len(above) <= _MAX_SHORT_CHARS or above.endswith((".", "!", "?"))
    return 1 if ended and not above.endswith((":", "\uff1a")) and _is_program_line(last) else 0


def _may_end(above: Sequence[str]) -> bool:
    # Below a colon ("The footer says:") it is a part of the sender's text.
    last = next((line for line in reversed(above[-3:]) if line), "")
    return not last.endswith((":", "\uff1a"))


def _is_program_line(line: str) -> bool:
    if len(line) > _MAX_PROGRAM_CHARS or line.endswith("?"):
        return False
    if "Outlook" in line and _asks_for_outlook(line):
        return True
    if not _may_be_of_a_program(line):
        if ".com" in line and _may_advertise(line) and ADVERTISEMENT.search(line):
            return True
        return " for " in line and GET_PROGRAM.match(line) is not None
    bare = _LINK.sub("", line).strip(_BRACKETS)
    if NAMED_PROGRAM.match(bare):
        return True
    sentence = _SENTENCE_PART.split(bare, maxsplit=1)[0]
    words = sentence.lower().split()
    if not words or len(words) > _MAX_PROGRAM_WORDS or DEVICE.search(sentence) is None:
        return False
    if SENT_FROM.match(sentence):
        return _SAID.isdisjoint(words)
    if words[-1] in GERMAN_VERBS and words[0] not in FROM_WORDS:
        return False
    return FROM_SENT.search(sentence) is not None


def _asks_for_outlook(line: str) -> bool:
    if OUTLOOK_LINK.match(line):
        return True
    words = line.lower().strip(_BRACKETS + ".").split()
    if len(words) > _MAX_OUTLOOK_WORDS or not ("iOS" in line or "Android" in line):
        return False
    return (
        words[0] in OUTLOOK_VERBS
        or words[-1] in OUTLOOK_VERBS
        or (not line.isascii() and len(words) <= _MAX_CJK_WORDS)
    )


def _may_advertise(line: str) -> bool:
    # The pattern takes as long as all other checks of the last line together.
    lowered = line.lower()
    return not line.isascii() or any(map(lowered.__contains__, ADVERTISERS))


def _may_be_of_a_program(line: str) -> bool:
    words = line.lower().replace(".", " ").split()
    if not words:
        return False
    if words[0].strip(_BRACKETS) in FIRST_WORDS or not LAST_WORDS.isdisjoint(words):
        return True
    return not line.isascii() and (
        line.startswith(FIRST_LETTERS) or any(letters in line for letters in LAST_LETTERS)
    )


def starts_footer(lines: Sequence[str], number: int) -> bool:
    """Say whether a rule or a delimiter stands above what a mailing list added.

    Args:
        lines: All lines, stripped.
        number: The number of the line of the rule.
    """
    paragraph: list[str] = []
    for line in lines[number + 1 : number + 1 + _FOOTER_LINES]:
        if line.strip(RULES):
            paragraph.append(line[:_MAX_FOOTER_CHARS])
        # A provider's advertisement may stand above the footer; the sender's own words stay.
        elif line or (paragraph and "://" not in paragraph[-1]):
            break
    words = " ".join(paragraph).lower()
    sure = any(map(words.__contains__, LIST_MARKS)) or (
        "unsubscribe" in words and UNSUBSCRIBE.search(words) is not None
    )
    if not sure and not any(map(words.__contains__, LIST_WORDS)):
        return False
    return _ends_soon(lines[number + 1 : number + 1 + _MAX_FOOTER_LINES], sure=sure)


def _ends_soon(below: Sequence[str], *, sure: bool) -> bool:
    """Say whether lines below a rule say how to leave a list, and little more.

    An agenda may have a rule with "the mailing list" below it; a newsletter has more below that.
    """
    own = [line for line in below if line and line[0] != ">"]
    if len(own) > _MAX_OWN_FOOTER_LINES:
        return False
    return sure or any("@" in line or "://" in line or "www." in line for line in own)
