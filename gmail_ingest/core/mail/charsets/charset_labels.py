"""What a charset label of mail means to Python.

Holds: ``codec_of`` and the labels that senders use and Python does not know.
Add here: a label that real mail gets wrong in a known way.
Keep out: decoding itself (``charsets``).
Source: RFC 2978 and IANA's registry of character sets; https://encoding.spec.whatwg.org/#names-and-labels
(web mail reads old labels as the supersets that senders mean).
"""

import codecs
import functools
import re

_LABEL = re.compile(r"[a-z0-9][a-z0-9_.:+ -]{0,39}")
# Microsoft's code pages have a dozen spellings: cp-850, windows-874, x-cp1252, win1251, ibm866.
_CODE_PAGE = re.compile(r"(?:cp|windows|win|ms|ibm|dos|codepage)[-_ ]?(\d{3,5})")

# Labels that real mail uses for a superset of what they name.
_SUPERSETS = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_ext",
}
_ALIASES = {
    "ansi": "cp1252",
    "ms-ansi": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252",
    "iso-8859-6-e": "iso8859-6",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "cp-utf-8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-2-0-utf-8": "utf-8",
    "unicode-2-0-utf-7": "utf-7",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "unicodefffe": "utf-16-be",
    "mac": "mac-roman",
    "mac-ce": "mac-latin2",
    "mac-centraleurroman": "mac-latin2",
    "mac-japanese": "cp932",
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "cp943": "cp932",
    "cp943c": "cp932",
    "euc": "euc_jp",
    "iso-2022-jp-ms": "iso2022_jp",
    "iso-2022-jp$esc": "iso2022_jp",
    "iso-2022-jp$sio": "iso2022_jp",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "cp50225": "iso2022_kr",
    "cp51932": "euc_jp",
    "cp51936": "gb18030",
    "cp51949": "cp949",
    "cp20127": "ascii",
    "cp20866": "koi8-r",
    "cp21866": "koi8-u",
    "cp52936": "hz",
    "cp54936": "gb18030",
    "cp28591": "cp1252",
    "ks_c_5601": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "cseuckr": "cp949",
    "gb_2312-80": "gb18030",
    "gb2312-80": "gb18030",
    "csgb2312": "gb18030",
    "cn-gb": "gb18030",
    "cn-big5": "big5",
    "x-big5": "big5",
}
# Codecs of Python that are no charset of mail; idna and punycode take quadratic time.
_NOT_MAIL = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
_ALL_BYTES = bytes(range(256))
_ASCII = _ALL_BYTES[:128]


@functools.lru_cache(maxsize=256)
def codec_of(label: str) -> str | None:
    """Return Python's codec for a charset label.

    Args:
        label: As in a Content-Type header or an encoded word.

    Returns:
        The codec's name, with labels widened to the superset that senders mean (a browser reads
        iso-8859-1 as windows-1252, too); None where the label names no charset.
    """
    wanted = label.strip(" \t'\"_").lower().removeprefix("charset=").removeprefix("x-")
    alias = _ALIASES.get(wanted)
    if alias is not None:
        return _known(alias)
    if _LABEL.fullmatch(wanted) is None:
        return None
    page = _CODE_PAGE.fullmatch(wanted)
    if page is None:
        return _known(wanted)
    name = f"cp{page.group(1)}"
    return _known(_ALIASES.get(name, name))


@functools.lru_cache(maxsize=256)
def is_single_byte(codec: str) -> bool:
    """Tell whether a codec gives one character for each byte, and ASCII for ASCII.

    Args:
        codec: A result of ``codec_of``.
    """
    # Those of ISO 2022 switch by escape sequences, which no byte shows alone.
    if codec.startswith(("iso2022", "utf")) or _ASCII.decode(codec, "replace") != _ASCII.decode():
        return False
    return len(_ALL_BYTES.decode(codec, "replace")) == len(_ALL_BYTES)


def _known(name: str) -> str | None:
    try:
        codec = codecs.lookup(name).name
        if codec in _NOT_MAIL:
            return None
        # Python's codecs from bytes to bytes (base64, zlib) refuse to decode to text.
        b"a".decode(codec, "ignore")
    except LookupError:
        return None
    return _SUPERSETS.get(codec, codec)
