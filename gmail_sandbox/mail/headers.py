"""Header blocks of mail: fields, RFC 2047 words, parameters. Nothing here raises.

Holds: reading of header bytes, however broken.
Add here: a header syntax that real mail has. Keep out: bodies, multiparts, JSON.
Source: docs/google.md#headers (names keep case, order and duplicates; words decoded, malformed ones
raw; 8-bit headers as UTF-8, then Latin-1); RFC 2047, RFC 2231, RFC 5322.
"""

import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from gmail_sandbox.forms import HeaderBytes
from gmail_sandbox.mail import charsets

_FIELD: Final = re.compile(rb"([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)\n?")
_WORD: Final = re.compile(r"=\?([^\s?*]+)(?:\*[^\s?]*)?\?([BbQq])\?([^\s?]*)\?=")
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_SEGMENT: Final = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?\Z")
# A parameter list is a few hundred bytes; the rest of a hostile one is not worth a scan.
_PARAMETERS_LIMIT: Final = 8192


def split_headers(
    raw: bytes, start: int, end: int, header_bytes: HeaderBytes = "utf8"
) -> tuple[list[tuple[str, str]], int]:
    """Read the header block of a message or part.

    The block ends at the first empty line, or before the first line that is no header.

    Args:
        raw: the whole mail.
        start: where the block begins.
        end: where the message or part ends.
        header_bytes: how 8-bit values are read.

    Returns:
        The fields in order, names as written, values unfolded but with RFC 2047 words intact, and
        the offset of the body.
    """
    fields: list[tuple[str, str]] = []
    position = start
    if raw.startswith((b"From ", b">From "), start, end):
        position = raw.find(b"\n", start, end) + 1 or end
    while field := _FIELD.match(raw, position, end):
        value = field[2].replace(b"\r\n", b"").replace(b"\n", b"")
        fields.append((field[1].decode(), _text(value, header_bytes).strip()))
        position = field.end()
    if raw.startswith(b"\r\n", position, end):
        return fields, position + 2
    return fields, position + raw.startswith(b"\n", position, end)


def _text(value: bytes, header_bytes: HeaderBytes) -> str:
    if header_bytes == "latin1":
        return value.decode("latin-1")
    if header_bytes == "replaced":
        return value.decode("ascii", "replace")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def decode_words(value: str) -> str:
    """Replace RFC 2047 words by their text; malformed words stay as they are.

    Args:
        value: an unfolded header value.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    run: list[bytes] = []  # words of one charset may share a multi-byte character
    run_charset = ""
    position = 0
    for match in _WORD.finditer(value):
        data = _word_bytes(match[1], match[2], match[3])
        if data is None:
            continue
        gap = value[position : match.start()]
        charset = match[1].lower()
        if run and (gap.strip() or charset != run_charset):
            pieces.append(charsets.decode(b"".join(run), run_charset))
            run = []
            pieces.append(gap if gap.strip() else "")
        elif not run and (gap.strip() or not pieces):
            pieces.append(gap)
        run.append(data)
        run_charset = charset
        position = match.end()
    pieces.append(charsets.decode(b"".join(run), run_charset))
    pieces.append(value[position:])
    return "".join(pieces)


def _word_bytes(charset: str, encoding: str, text: str) -> bytes | None:
    if not text.isascii() or charsets.codec_of(charset) is None:
        return None
    if encoding in "qQ":
        return binascii.a2b_qp(text, header=True)
    bare = text.rstrip("=")
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error:
        return None


def split_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split ``type/subtype; name=value`` (Content-Type, Content-Disposition).

    RFC 2231 continuations and charsets are resolved, RFC 2047 words in values are decoded.

    Args:
        value: the unfolded header value.

    Returns:
        The lower-case main value, and the parameters by lower-case name.
    """
    value = value[:_PARAMETERS_LIMIT]
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    segments: dict[str, list[tuple[int, bool, str]]] = {}
    for match in _PARAMETER.finditer(value):
        name = match[1].lower()
        quoted = match[2]
        text = (
            match[3].strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        )
        segment = _SEGMENT.match(name)
        if "*" in name and segment:
            piece = (int(segment[2] or 0), bool(segment[3]), text)
            segments.setdefault(segment[1], []).append(piece)
        else:
            plain.setdefault(name, decode_words(text))
    return main, plain | {name: _join_segments(pieces) for name, pieces in segments.items()}


def _join_segments(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort()
    charset = ""
    data: list[bytes] = []
    for index, (_, extended, text) in enumerate(pieces):
        rest = text
        if extended and index == 0 and text.count("'") >= 2:
            charset, _, rest = text.split("'", 2)
        data.append(unquote_to_bytes(rest) if extended else rest.encode("utf-8", "replace"))
    return charsets.decode(b"".join(data), charset)
