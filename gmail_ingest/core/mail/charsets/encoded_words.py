"""RFC 2047 encoded words, for the header values that Gmail leaves encoded.

Holds: ``decode_words`` and ``repaired``.
Add here: another way in which senders break encoded words or unencoded letters.
Keep out: which header is read, addresses.
Source: RFC 2047; RFC 2231 section 5 (language); docs/google.md#headers (Gmail decodes well-formed
words itself). ``email.header`` is not used: it takes quadratic time on a long value with many
starts and no end.
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
#: Codecs that are only guesses: the label is unknown, or is often wrong beyond ASCII.
_GUESSES = frozenset({"", "utf-8"})
# Signs of UTF-8 that was read byte by byte: controls that no header has, the pairs of Western
# letters, and general punctuation in windows-1252. A capital with a no-break space (the end of
# IRM\u00c3), or another capital with a mark, may be correct as it is.
_SURE = re.compile("[\xc2-\xf4][\x80-\x9f]|[\xc2\xc3][\xa1-\xbf]|\xe2\u20ac")


def decode_words(value: str) -> str:
    """Return a header value with its encoded words decoded.

    Args:
        value: A header value or a display name.

    Returns:
        The value. Neighbouring words in one charset are decoded as one run of bytes, because
        senders split characters. An unknown charset is read as UTF-8, else as windows-1252;
        unencoded letters stay. Words with broken base64 stay as they are. A value that decodes to
        encoded words was encoded twice, and is decoded once more.
    """
    if "=?" not in value:
        return value
    decoded = _decode_once(value)
    if decoded != value and decoded.startswith("=?") and decoded.rstrip().endswith(_END):
        return _decode_once(decoded)
    return decoded


def repaired(text: str) -> str:
    """Repair text whose UTF-8 was read as Latin-1 or windows-1252, where that is certain.

    Args:
        text: A header value without encoded words.

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
    """Yield the encoded words: the match of each start, and the end of its content."""
    start = _START.search(value)
    while start:
        end = value.find(_END, start.end())
        if end < 0:
            return
        # A start without an end before the next start is no word.
        while inner := _START.search(value, start.end(), end):
            start = inner
        yield start, end
        start = _START.search(value, end + len(_END))


def _word(start: re.Match[str], content: str) -> _Word:
    label, encoding = start.groups()
    # RFC 2231 lets a language follow the charset: utf-8*en.
    return _Word(codec_of(label.partition("*")[0]) or "", encoding in "Bb", content)


def _is_no_byte(word: _Word) -> bool:
    """Tell a word of one base64 character: six bits, useless unless the word before lacks them."""
    return word.is_base64 and bool(word.content.strip()) and not _from_base64(word.content)


def _is_whole(word: _Word) -> bool:
    return not (word.is_base64 and len(word.content.rstrip("=")) % _BASE64_GROUP)


def _text_of(run: Sequence[_Word]) -> str:
    """Return the text of neighbouring words in one charset."""
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
    # Some senders encode the whole text and split the base64 anywhere.
    together = _from_base64("".join(contents))
    return apart if _decoded(together, codec)[1] else together


def _from_base64(content: str) -> bytes:
    data = content.encode("ascii", "ignore")
    try:
        return binascii.a2b_base64(data + b"==")
    except binascii.Error:
        data = _NO_BASE64.sub(b"", data)
        # Six bits are no byte: a single last character is left out.
        return binascii.a2b_base64(data[: len(data) - (len(data) % _BASE64_GROUP == 1)] + b"==")


def _text(raw: bytes, codec: str) -> str:
    text, is_broken = _decoded(raw, codec)
    if is_broken and codec in _GUESSES and text.replace(REPLACEMENT, "a").isascii():
        # No UTF-8 beyond ASCII in it: the broken bytes are windows-1252 between ASCII letters.
        return raw.decode("cp1252", "replace") if _LETTER.search(raw) else text
    return text


def _decoded(raw: bytes, codec: str) -> tuple[str, bool]:
    """Return the text, and whether bytes were invalid: a character may have been split."""
    try:
        return raw.decode(codec or "utf-8"), False
    except ValueError:
        if codec == "iso2022_jp_ext":
            with contextlib.suppress(UnicodeDecodeError):
                return decode_windows_jis(raw), False
        return raw.decode(codec or "utf-8", "replace"), True
