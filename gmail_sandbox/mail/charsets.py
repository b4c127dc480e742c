"""Bytes in a labelled charset, as text; any bytes, any label.

Holds: which codec a mail's charset label means, and decoding that cannot fail.
Add here: a label that mailers use and Python does not know. Keep out: MIME structure, headers.
Source: docs/google.md#body-text; the WHATWG encoding labels, by which web mail reads the legacy
names as the supersets that mailers really send.
"""

import codecs
from functools import lru_cache
from typing import Final

_SUPERSETS: Final = {
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_LABELS: Final = {
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "x-mac-roman": "mac-roman",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "cp-850": "cp850",
}
# Python lists these among text encodings, but they are notations, not charsets of mail.
_NOT_CHARSETS: Final = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}
# In these a run of ASCII bytes means the same ASCII text (unlike iso-2022-jp, hz, utf-7, utf-16).
_ASCII_SUPERSETS: Final = {"ascii", "utf-8", "cp1252", "cp1250", "cp1251", "iso8859-15", "gb18030"}


@lru_cache(maxsize=512)
def codec_of(label: str) -> str | None:
    """Return the name of the codec that a charset label means, or None if there is none.

    Args:
        label: the `charset` parameter, as written.
    """
    name = label.strip().lower()
    try:
        codec = codecs.lookup(_LABELS.get(name, name)).name
        if codec in _NOT_CHARSETS:
            return None
        b"x".decode(codec, "replace")  # refuses codecs between bytes and bytes
    except (LookupError, ValueError):
        return None
    return _SUPERSETS.get(codec, codec)


def decode(data: bytes, label: str) -> str:
    """Decode bytes by their charset label; never raises, never returns a lone surrogate.

    Undecodable bytes become U+FFFD. Without a usable label, or when 8-bit bytes claim to be
    ASCII, UTF-8 is tried first and windows-1252 second.

    Args:
        data: the bytes, transfer encoding removed.
        label: the declared charset; may be empty or nonsense.
    """
    codec = codec_of(label) if label else None
    if codec is None or codec == "ascii":
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("cp1252", "replace")
    text = data.decode(codec, "replace")
    if text.isascii():
        return text
    # utf-7 can spell half a surrogate pair, which no JSON may carry.
    return text.encode("utf-8", "replace").decode()


def to_utf8(data: bytes, label: str) -> bytes:
    """Transcode text to UTF-8, as Gmail does for inline bodies; never raises.

    Args:
        data: the bytes, transfer encoding removed.
        label: the declared charset; may be empty or nonsense.
    """
    if data.isascii() and (not label or (codec_of(label) or "ascii") in _ASCII_SUPERSETS):
        return data
    return decode(data, label).encode()
