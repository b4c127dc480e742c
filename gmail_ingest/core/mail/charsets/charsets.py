"""Decodes the bytes of a mail body to text; never fails.

Holds: base64url, the two charset rules of the Gmail API (inline data, attachment data), and the
signs of a charset in the bytes themselves.
Add here: another sign in the bytes that is surer than their label.
Keep out: which codec a label means (``charset_labels``), which part is a body (``parts``).
Source: docs/google.md#body-text: Gmail delivers ``body.data`` of text parts as UTF-8 whatever the
Content-Type says, and ``attachments.get`` the raw bytes in the declared charset. Mail 22: one mail
in 35 of public test mail has bytes that its label does not fit.
"""

import binascii
import codecs
import contextlib
import re
from functools import partial
from typing import NamedTuple

import pybase64

from gmail_ingest.core.mail.charsets.charset_labels import codec_of, is_single_byte
from gmail_ingest.core.mail.charsets.encoded_words import repaired
from gmail_ingest.core.mail.charsets.japanese import decode_windows_jis

_URLSAFE = str.maketrans("-_", "+/")

# The longest first: a mark of UTF-32 begins with one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A document's charset is looked for in this many bytes; browsers do not look further, either.
_MAX_META_BYTES = 4_096
_META = re.compile(
    rb"""<meta\b[^>]{0,200}?\bcharset\s{0,9}=\s{0,9}["']?([\w.:+-]{1,40})"""
    rb"""|<\?xml\b[^>]{0,200}?\bencoding\s{0,9}=\s{0,9}["']([\w.:+-]{1,40})""",
    re.IGNORECASE,
)
# These labels add nothing to what the bytes show.
_UNCERTAIN = (None, "utf-8")
_JAPANESE = re.compile(rb"\x1b\$[@B]|\x1b\([IJ]")
_THAI = ("\u0e00", "\u0e7f")
# The pattern of ``repaired`` in UTF-8 bytes: ten times as fast as searching the text.
_TWICE = re.compile(
    rb"\xc3(?:[\x82-\xb4]\xc2[\x80-\x9f]|[\x82\x83]\xc2[\xa1-\xbf]|\xa2\xe2\x82\xac)"
)


def decode_base64url(data: str) -> bytes | None:
    """Return the bytes of a ``body.data``.

    Args:
        data: base64url, with or without padding.

    Returns:
        The bytes, or None where the text is no base64 at all.
    """
    if "+" not in data and "/" not in data:
        # Ten times as fast as binascii, which took a quarter of the time to parse a mail.
        with contextlib.suppress(ValueError):
            return pybase64.b64decode(data + "=" * (-len(data) % 4), altchars="-_", validate=True)
    try:
        return binascii.a2b_base64(data.translate(_URLSAFE) + "==")
    except ValueError:
        return None


class Decoded(NamedTuple):
    """The text of bytes, and whether one of them had to be replaced."""

    text: str
    replaced: bool


def decode_inline(raw: bytes, charset: str | None, *, is_html: bool = False) -> Decoded:
    """Return the text of a body that came inline.

    Args:
        raw: The decoded ``body.data``.
        charset: The label of the part's Content-Type: used only where the bytes are not UTF-8.
        is_html: As of ``decode_declared``.
    """
    # Text that Gmail converted has neither.
    if b"\x1b" in raw or b"\x00" in raw:
        return decode_declared(raw, charset, is_html=is_html)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return decode_declared(raw, charset, is_html=is_html)
    # UTF-8 with a label of Latin-1, which a server on the way believed.
    is_doubtful = charset is not None and b"\xc3" in raw and _TWICE.search(raw) is not None
    is_latin = is_doubtful and codec_of(charset) == "cp1252"
    return Decoded(repaired(text) if is_latin else text, replaced=False)


def decode_declared(raw: bytes, charset: str | None, *, is_html: bool = False) -> Decoded:
    """Return the text of bytes in a declared charset.

    Args:
        raw: Bytes of ``attachments.get``, or of an encoded word.
        charset: The declared label, or None.
        is_html: The bytes are HTML, which may name its charset itself; that counts where the label
            is missing, ASCII or UTF-8.

    Returns:
        The text. A byte order mark overrides the label. UTF-8 beyond ASCII overrides a label of a
        single-byte charset. Without a useful label (none, ASCII, UTF-8, unknown), bytes that are
        not UTF-8 are read as windows-1252.
    """
    codec = codec_of(charset) if charset else None
    if is_html and codec in _UNCERTAIN:
        codec = _codec_of_html(raw)
    marked = _by_mark(raw, codec)
    if marked is not None:
        return marked
    if codec in _UNCERTAIN:
        return _unlabelled(raw)
    if codec.startswith(("utf-16", "utf-32")):
        return _wide(raw, codec)
    if is_single_byte(codec):
        unicode = _as_utf8_beyond_ascii(raw, codec)
        if unicode is not None:
            return Decoded(unicode, replaced=False)
    with contextlib.suppress(ValueError):
        return Decoded(raw.decode(codec), replaced=False)
    if codec == "iso2022_jp_ext":
        with contextlib.suppress(UnicodeDecodeError):
            return Decoded(decode_windows_jis(raw), replaced=False)
    # Escape sequences are valid UTF-8 as well, but show that the bytes are in another charset.
    if b"\x1b" not in raw:
        with contextlib.suppress(UnicodeDecodeError):
            return Decoded(raw.decode("utf-8"), replaced=False)
    return Decoded(raw.decode(codec, "replace"), replaced=True)


def _codec_of_html(raw: bytes) -> str | None:
    found = _META.search(raw[:_MAX_META_BYTES])
    if found is None:
        return None
    codec = codec_of((found.group(1) or found.group(2)).decode("ascii"))
    if not raw.isascii():
        # A program on the way converted the document to UTF-8 without changing the charset in it.
        with contextlib.suppress(UnicodeDecodeError):
            raw.decode("utf-8")
            return None
    return codec


def _by_mark(raw: bytes, label: str | None) -> Decoded | None:
    # Nearly every text begins with an ASCII character, and no mark does.
    if raw[:1] not in b"\xef\xff\xfe\x00":
        return None
    codec = next((codec for mark, codec in _MARKS if raw.startswith(mark)), None)
    if codec is None:
        return None
    # Two Cyrillic letters look like the mark of UTF-16: without zero bytes the label counts.
    if codec != "utf-8" and label not in _UNCERTAIN and b"\x00" not in raw:
        return None
    try:
        return Decoded(raw.decode(codec).removeprefix("\ufeff"), replaced=False)
    except UnicodeDecodeError:
        # The text was cut off, or is in another charset.
        is_wide = codec != "utf-8" and b"\x00" in raw
        return Decoded(raw.decode(codec, "replace"), replaced=True) if is_wide else None


def _unlabelled(raw: bytes) -> Decoded:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _broken(raw)
    if "\x00" in text and (wide := _wide_by_zeros(raw)):
        with contextlib.suppress(UnicodeDecodeError):
            return Decoded(raw.decode(wide), replaced=False)
    # ISO-2022-JP is seven-bit, so it is valid UTF-8, too; only it has these escapes.
    if "\x1b" in text and _JAPANESE.search(raw):
        for decode in (partial(str, encoding="iso2022_jp_ext"), decode_windows_jis):
            with contextlib.suppress(UnicodeDecodeError):
                return Decoded(decode(raw), replaced=False)
    return Decoded(text, replaced=False)


def _wide_by_zeros(raw: bytes) -> str:
    """Return the UTF-16 codec of bytes with zeros in every second place; ``""`` for others."""
    for start, codec in ((0, "utf-16-be"), (1, "utf-16-le")):
        if raw[start::2].count(0) > len(raw) // 3 and b"\x00" not in raw[1 - start :: 2]:
            return codec
    return ""


def _broken(raw: bytes) -> Decoded:
    """Decode as UTF-8 with lost bytes if most of it is UTF-8, else as windows-1252."""
    text = raw.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if beyond_ascii > 2 * lost:
        return Decoded(text, replaced=True)
    text = raw.decode("cp1252", "replace")
    return Decoded(text, replaced="\ufffd" in text)


def _wide(raw: bytes, codec: str) -> Decoded:
    # Line ends and blanks have a zero byte in UTF-16 and UTF-32. Bytes without zeros were converted
    # without a change of the label.
    if b"\x00" not in raw:
        with contextlib.suppress(UnicodeDecodeError):
            return Decoded(raw.decode("utf-8"), replaced=False)
    if codec in {"utf-16", "utf-32"}:
        codec += "-be" if raw[:1] == b"\x00" else "-le"
    try:
        return Decoded(raw.decode(codec), replaced=False)
    except UnicodeDecodeError:
        return Decoded(raw.decode(codec, "replace"), replaced=True)


def _as_utf8_beyond_ascii(raw: bytes, codec: str) -> str | None:
    if raw.isascii():
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Thai letters have the codes of UTF-8's continuation bytes, so a short word may be both.
    if codec == "cp874" and not any(_THAI[0] <= character <= _THAI[1] for character in text):
        return None
    return text
