"""The words of full-text search: those of a mail's text and those of a query.

Holds: ``words_of``, ``fold``. Add here: what else makes two spellings the same word, and scripts.
Keep out: which text is searched (``search_text``), what a query says (``search_query``), indexes.
Source: Unicode's general categories, UAX #15 (NFKC), UAX #14 (classes ID, CJ, SA: scripts whose
lines may be broken without a blank); docs/decisions/0005-words-of-search.md.

A word is a run of letters, marks and digits. So a part of an address, a host name or a compound is
found, and so is the whole, as a phrase. In scripts without blanks, and in Hangul, which attaches
particles to words, each two neighbouring characters are a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from operator import add

#: Removed from words: soft hyphens, joiners, directions, variation selectors.
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]+"
)
#: Text is normalised in pieces, because NFKC sorts a row of marks in quadratic time. The most
#: frequent combining characters stay with the character before them.
_AT_ONCE = re.compile(
    "(?s).{1,256}[\u0300-\u036f\u0653-\u0655\u1160-\u11ff\u3099\u309a\uff9e\uff9f]{0,4}"
)
#: Longer words (in bytes) are not cached.
_LONGEST_KNOWN = 40
_WORD_CATEGORIES = "LMN"
#: Beyond the first plane, only pictures are no part of words.
_PICTURES = "\U0001d100-\U0001d1ff\U0001f000-\U0001faff"
#: Han, kana and their marks: their lines may be broken anywhere.
_WRAPPED_ANYWHERE = (
    "\u3005-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
#: Thai, Lao; Burmese; jamo; Khmer; Tai Le, New Tai Lue; Tai Tham; Balinese; bopomofo, jamo; Yi;
#: jamo, Javanese, Burmese; Burmese, Tai Viet; Hangul; Ahom; Nushu; Tangut, Khitan.
_PAIRED = re.compile(
    f"[{_WRAPPED_ANYWHERE}"
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f"
    "\u3100-\u31bf\ua000-\ua4cf\ua960-\ua9ff\uaa60-\uaadf\uac00-\ud7ff"
    "\U00011700-\U0001174f\U0001b170-\U0001b2ff\U00016fe0-\U00018dff]+"
)
#: A line end between two of them, as programs insert it inside a sentence.
_LINE_END = re.compile(f"\n(?<=[{_WRAPPED_ANYWHERE}]\n)(?=[{_WRAPPED_ANYWHERE}])")
#: Their first bytes in UTF-8, but for the rarest, whose first byte pictures share.
_LEADS = tuple(bytes([lead]) for lead in range(0xE3, 0xEA))
#: Vowel points of Hebrew, Arabic and Syriac, which are optional, and the sign that stretches a
#: word. A point that makes another letter (alef with hamza) is composed with it before.
_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0730-\u074a\u0897-\u089f\u08ca-\u08e1\u08e3-\u08ff\U00010efc-\U00010eff]+"
)
#: NFKC splits sara am into nikhahit and sara aa, behind the tone mark; typed in two parts, the
#: nikhahit stands before it. The latter order is used for both.
_TONE_BEFORE_NIKHAHIT = re.compile("([\u0e48-\u0e4b])(\u0e4d)|([\u0ec8-\u0ecb])(\u0ecd)")
#: Spellings that look the same, each with the one that is indexed: ae of Thai and Lao typed as e
#: twice; kaf and yeh of Persian keyboards and charsets, and Egypt's final yeh, for the Arabic
#: letters.
_TYPED_OTHERWISE = (
    ("\u0e40\u0e40", "\u0e41"),
    ("\u0ec0\u0ec0", "\u0ec1"),
    ("\u06a9", "\u0643"),
    ("\u06cc", "\u064a"),
    ("\u0649", "\u064a"),
)
#: Digits of other scripts: a number is the same in all.
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
#: Bytes of ASCII letters become lower case, other ASCII without digits blanks; the rest stays.
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
    # This is a tenth of the time for a mail. So no pattern looks at each character, and words
    # beyond ASCII are folded one by one, mostly from the cache.
    encoded = text.encode(errors="replace")
    if text.isascii():
        return encoded.translate(_ASCII).split()
    if any(lead in encoded for lead in _LEADS):
        encoded = _LINE_END.sub("", text).encode(errors="replace")
    found: list[bytes] = []
    for word in encoded.translate(_ASCII).split():
        if word.isascii():
            found.append(word)
        else:
            found += _known_words(word) if len(word) <= _LONGEST_KNOWN else _words(word)
    return found


def is_single(word: bytes) -> bool:
    """Whether a word is a single character of a script whose characters are paired: the last one of
    a run.
    """
    return _paired_length(word) == 1


def is_pair(word: bytes) -> bool:
    """Whether a word is two characters of such a script."""
    return _paired_length(word) > 1


def _paired_length(word: bytes) -> int:
    run = _PAIRED.match(word.decode())
    return 0 if run is None else run.end()


def fold(text: str) -> str:
    """Return a text in NFKC and case-folded, with blanks for all characters outside words."""
    seen = _INVISIBLE.sub("", text)
    pieces = (unicodedata.normalize("NFKC", found) for found in _AT_ONCE.findall(seen))
    folded = "".join(pieces).casefold()
    return _separators().sub(" ", folded)


def _words(word: bytes) -> tuple[bytes, ...]:
    """The words (none, one or several) between two ASCII separators, folded."""
    folded = _TONE_BEFORE_NIKHAHIT.sub(r"\2\1\4\3", _POINTS.sub("", fold(word.decode())))
    for typed, meant in _TYPED_OTHERWISE:
        folded = folded.replace(typed, meant)
    folded = _OTHER_DIGIT.sub(_latin_digit, folded)
    return split(_PAIRED.sub(_pairs, folded))


def _latin_digit(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))


def split(folded: str) -> tuple[bytes, ...]:
    """Return the words of a folded text."""
    return tuple(folded.encode().translate(_ASCII).split())


def _pairs(run: re.Match[str]) -> str:
    """Each two neighbouring characters of a run, and its last one alone, so that a word begins at
    each character.
    """
    characters = run[0]
    pairs = map(add, characters, characters[1:] + " ")
    return f" {' '.join(pairs)} "


_known_words = lru_cache(maxsize=16_384)(_words)


@lru_cache(maxsize=1)
def _separators() -> re.Pattern[str]:
    """Characters beyond ASCII outside words; computed at the first use, which takes 10 ms."""
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
