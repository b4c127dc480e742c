"""The words that full-text search knows: of a mail's text, and of what somebody looks for.

Holds: ``words_of``. Add here: what else makes two spellings the same word.
Keep out: which text is searched (``search_text``), what a query says (``search_query``), indexes.
Source: Unicode's general categories, UAX #15 (NFKC); docs/decisions/0005-words-of-search.md.

A word is a run of letters, marks and digits. So a part of an address, of a host or of a compound
is found as well as the whole, which a query makes a phrase of.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

#: No part of a word and no gap in it: soft hyphens, joiners, directions, variation selectors.
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]+"
)
#: Characters that are normalised together: marks in a row are sorted in quadratic time.
_AT_ONCE = 256
#: Bytes of a word that is worth remembering.
_LONGEST_KNOWN = 40
_WORD_CATEGORIES = "LMN"
#: Of the characters beyond the first plane only pictures are no words.
_PICTURES = "\U0001d100-\U0001d1ff\U0001f000-\U0001faff"
#: ASCII's letters in lower case, all that is no word as a blank, bytes of longer characters kept.
_ASCII = bytes(
    ord(chr(byte).lower()) if chr(byte).isalnum() or byte > 127 else ord(" ") for byte in range(128)
) + bytes(range(128, 256))


def words_of(text: str) -> list[bytes]:
    """Return the words of a text, in their order.

    Args:
        text: Any.

    Returns:
        The words in UTF-8, without regard to case, width and other ways of writing the same
        (NFKC, then case folding). None is empty or has a blank.
    """
    # Of what a mail costs this is a tenth: no pattern looks at each character, and what is not
    # ASCII is folded word by word, most of them known already.
    words = text.encode(errors="replace").translate(_ASCII).split()
    if text.isascii():
        return words
    found: list[bytes] = []
    for word in words:
        if word.isascii():
            found.append(word)
        else:
            found += _known_fold(word) if len(word) <= _LONGEST_KNOWN else _fold(word)
    return found


def _fold(word: bytes) -> tuple[bytes, ...]:
    """What stands between two of ASCII's separators, folded: a word, or several, or none."""
    seen = _INVISIBLE.sub("", word.decode())
    folded = "".join(
        unicodedata.normalize("NFKC", seen[start : start + _AT_ONCE])
        for start in range(0, len(seen), _AT_ONCE)
    ).casefold()
    return tuple(_separators().sub(" ", folded).encode().translate(_ASCII).split())


_known_fold = lru_cache(maxsize=16_384)(_fold)


@lru_cache(maxsize=1)
def _separators() -> re.Pattern[str]:
    """What is no word, beyond ASCII: 10 ms to find out, when the first such text comes."""
    return re.compile("[" + "".join(_ranges()) + _PICTURES + "]+")


def _ranges() -> Iterator[str]:
    first: int | None = None
    for code in range(0x80, 0x10001):
        is_word = code == 0x10000 or unicodedata.category(chr(code))[0] in _WORD_CATEGORIES
        if not is_word and first is None:
            first = code
        elif is_word and first is not None:
            yield f"{chr(first)}-{chr(code - 1)}"
            first = None
