"""What counts as the right answer to a body of the set.

Holds: ``as_expected``, and the weaker ``exact``, ``right``, ``lost`` and ``left``.
Add here: another measure.
Keep out: bodies and expectations (``build``), the answers of libraries (``compare``).
"""

import re
from collections import Counter

from gmail_ingest_tests.core.reply_set.build import Item

_BLANK_LINES = re.compile(r"\n{3,}")
_WORD = re.compile(r"\w+")


def as_expected(item: Item, reply: str, signature: str) -> bool:
    """Whether an answer is what is expected, line by line.

    Blanks at ends of lines make no difference, nor does the number of blank lines; nor do blank
    lines where something was cut, nor any blanks with HTML.
    """
    lines = {"keep-text": _with_blank_lines, "text": _without_blank_lines}.get(item.kind, _words_of)
    return lines(reply) == lines(item.reply) and lines(signature) == lines(item.signature)


def exact(item: Item, reply: str) -> bool:
    """Whether an answer is the expected reply, blanks apart."""
    return reply.split() == item.reply.split()


def right(item: Item, reply: str) -> bool:
    """Whether all own words are there, and none of the mail that is answered.

    Policies differ on signatures: one that stayed counts as right here, and not as exact.
    """
    return not lost(item, reply) and not left(item, reply)


def lost(item: Item, reply: str) -> list[str]:
    """Return the sender's own words that an answer lacks."""
    return list((_words(item.reply) - _words(reply)).elements())


def left(item: Item, reply: str) -> list[str]:
    """Return the words of an answer that are neither the sender's nor his signature's."""
    return list((_words(reply) - _words(item.reply) - _words(item.signature)).elements())


def _with_blank_lines(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(map(str.rstrip, text.split("\n")))).strip("\n")


def _without_blank_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _words_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.split("\n") if line.strip()]


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text))
