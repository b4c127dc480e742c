"""RFC 2047 encoded words, for the header values that Gmail leaves encoded.

Holds: ``decode_words`` and ``repaired``.
Add here: another way in which senders break encoded words, or letters without them.
Keep out: which header is read, addresses.
Source: RFC 2047; RFC 2231 section 5 (language); docs/google.md#headers (Gmail decodes well-formed
words itself). ``email.header`` is not used because its pattern takes quadratic time on a long value
full of starts without an end.
"""

import binascii
import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gmail_ingest.core.mail.charsets.charset_labels import codec_of
from gmail_ingest.core.mail.charsets.japanese import decode_windows_jis
from gmail_ingest.core.mail.clean_text import REPLACEMENT

# The content is not matched: it ends at the next "?=", which is looked for once.
_START = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?")
_END = "?="
_LETTERS = re.compile(r"([^\x00-\x7f]+)")
_BASE64_GROUP = 4
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_LETTER = re.compile(rb"[A-Za-z]")
#: Where the label says nothing about letters beyond ASCII, or is wrong where it does.
_GUESSES = frozenset({"", "utf-8"})
# Signs of UTF-8 that was read letter by letter: controls that no header has, the pairs of Western
# letters, and general punctuation as windows-1252 has it. A capital and a no-break space (the end
# of IRM\u00c3), or another capital and a mark, may be meant as they are.
_SURE = re.compile("[\xc2-\xf4][\x80-\x9f]|[\xc2\xc3][\xa1-\xbf]|\xe2\u20ac")


def decode_words(value: str) -> str:
    """Return a header value with its encoded words decoded.

    Args:
        value: A header value or a display name.

    Returns:
        The value. Neighbours in one charset are decoded as one run of bytes, because senders
        split characters. A charset that is not known counts as UTF-8, else as windows-1252;
        letters that a sender left as they are stay. Words with broken base64 stay whole. What
        decodes to nothing but encoded words was encoded twice, and is decoded once more.
    """
    if "=?" not in value:
        return value
    decoded = _decode_once(value)
    if decoded != value and decoded.startswith("=?") and decoded.rstrip().endswith(_END):
        return _decode_once(decoded)
    return decoded


def repaired(text: str) -> str:
    """Return text whose UTF-8 was read as Latin-1 or windows-1252 as it was meant, if certain.

    Args:
        text: Of a header that came without encoded words.

    Returns:
        ``Müller`` for ``M\u00c3\u00bcller``; any other text as it is.
    """
    if text.isascii() or not _SURE.search(text):
        return text
    for charset in ("latin-1", "cp1252"):
        try:
            return text.encode(charset).decode("utf-8")
        except UnicodeError:
            continue
    return text


class _Word(NamedTuple):
    """An encoded word: Python's codec (``""`` if unknown), how it is encoded, and its content."""

    codec: str
    is_base64: bool
    content: str


def _decode_once(value: str) -> str:
    pieces: list[str] = []
    run: list[_Word] = []
    done = 0
    for start, end in _places(value):
        word = _word(start, value[start.end() : end])
        between = value[done : start.start()]
        done = end + len(_END)
        is_next = bool(run) and not between.strip()
        if _is_no_byte(word) and not (is_next and not _is_whole(run[-1])):
            pieces += (_text_of(run), between, value[start.start() : done])
            run = []
            continue
        if not is_next or word.codec != run[0].codec:
            pieces.append(_text_of(run))
            if not is_next:
                pieces.append(between)
            run = []
        run.append(word)
    return "".join((*pieces, _text_of(run), value[done:]))


def _places(value: str) -> Iterator[tuple[re.Match[str], int]]:
    """Where words are: their starts, and where their contents end."""
    start = _START.search(value)
    while start:
        end = value.find(_END, start.end())
        if end < 0:
            return
        # What does not end before the next begins is no word.
        while inner := _START.search(value, start.end(), end):
            start = inner
        yield start, end
        start = _START.search(value, end + len(_END))


def _word(start: re.Match[str], content: str) -> _Word:
    label, encoding = start.groups()
    # RFC 2231 lets a language follow the charset: utf-8*en.
    return _Word(codec_of(label.partition("*")[0]) or "", encoding in "Bb", content)


def _is_no_byte(word: _Word) -> bool:
    """A single character of base64 is six bits: nothing, unless the word before lacks it."""
    return word.is_base64 and bool(word.content.strip()) and not _from_base64(word.content)


def _is_whole(word: _Word) -> bool:
    return not (word.is_base64 and len(word.content.rstrip("=")) % _BASE64_GROUP)


def _text_of(run: Sequence[_Word]) -> str:
    """The text of neighbours in one charset."""
    if not run:
        return ""
    codec = run[0].codec
    if all(word.is_base64 for word in run):
        return _text(_base64_of([word.content for word in run], codec), codec)
    texts: list[str] = []
    raw: list[bytes] = []
    for word in run:
        if word.is_base64:
            raw.append(_from_base64(word.content))
            continue
        for place, letters in enumerate(_LETTERS.split(word.content)):
            if place % 2:
                texts += (_text(b"".join(raw), codec), letters)
                raw = []
            else:
                raw.append(binascii.a2b_qp(letters, header=True))
    return "".join((*texts, _text(b"".join(raw), codec)))


def _base64_of(contents: Sequence[str], codec: str) -> bytes:
    apart = b"".join(map(_from_base64, contents))
    if len(contents) == 1 or not _decoded(apart, codec)[1]:
        return apart
    # Some senders encode the whole and split it anywhere.
    together = _from_base64("".join(contents))
    return apart if _decoded(together, codec)[1] else together


def _from_base64(content: str) -> bytes:
    data = content.encode("ascii", "ignore")
    try:
        return binascii.a2b_base64(data + b"==")
    except binascii.Error:
        data = _NO_BASE64.sub(b"", data)
        # Six bits are no byte: a last character that is one too many is left out.
        return binascii.a2b_base64(data[: len(data) - (len(data) % _BASE64_GROUP == 1)] + b"==")


def _text(raw: bytes, codec: str) -> str:
    text, is_broken = _decoded(raw, codec)
    if is_broken and codec in _GUESSES and text.replace(REPLACEMENT, "a").isascii():
        # No character of UTF-8 in it: these are bytes of windows-1252 between its letters.
        return raw.decode("cp1252", "replace") if _LETTER.search(raw) else text
    return text


def _decoded(raw: bytes, codec: str) -> tuple[str, bool]:
    """Return the text, and whether its bytes were no such text: they may be split in the middle."""
    try:
        return raw.decode(codec or "utf-8"), False
    except ValueError:
        if codec == "iso2022_jp_ext":
            with contextlib.suppress(UnicodeDecodeError):
                return decode_windows_jis(raw), False
        return raw.decode(codec or "utf-8", "replace"), True
