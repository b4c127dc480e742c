"""What counts as the right answer to a body of the set.

Holds: ``exact``, ``right``, ``lost`` and ``left``.
Add here: another measure.
Keep out: bodies and expectations (``build``), the answers of libraries (``compare``).
"""

import re
from collections import Counter

from gmail_ingest_tests.core.reply_set.build import Item

_WORD = re.compile(r"\w+")


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


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text))
