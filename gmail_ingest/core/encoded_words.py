"""RFC 2047 encoded words, for the few header values that Gmail leaves encoded.

Holds: ``decode_words``.
Add here: another way in which senders break encoded words.
Keep out: which header is read, addresses.
Source: RFC 2047; the Gmail API decodes well-formed words itself. ``email.header`` is not used
because its pattern takes quadratic time on a long value full of starts without an end.
"""

import binascii
import re

from gmail_ingest.core.charset_labels import codec_of
from gmail_ingest.core.charsets import decode_declared

# No class may match the character that follows it: each start is read once.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?([^?\r\n]*)\?=")


def decode_words(value: str) -> str:
    """Return a header value with its encoded words decoded.

    Args:
        value: A header value or a display name.

    Returns:
        The value; words in an unknown charset or with broken base64 stay as they are. Neighbours
        in one charset are decoded as one run of bytes, because senders split characters.
    """
    if "=?" not in value:
        return value
    pieces: list[str] = []
    waiting = b""
    codec = ""
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        decoded = _decode(match)
        if decoded is None:
            continue
        if waiting and (between.strip() or decoded[1] != codec):
            pieces.append(decode_declared(waiting, codec)[0])
            waiting = b""
        if end == 0 or between.strip():
            pieces.append(between)
        waiting += decoded[0]
        codec = decoded[1]
        end = match.end()
    if waiting:
        pieces.append(decode_declared(waiting, codec)[0])
    return "".join((*pieces, value[end:]))


def _decode(match: re.Match[str]) -> tuple[bytes, str] | None:
    label, encoding, content = match.groups()
    # RFC 2231 lets a language follow the charset: utf-8*en.
    codec = codec_of(label.partition("*")[0])
    if codec is None or not content.isascii():
        return None
    if encoding in "Qq":
        return binascii.a2b_qp(content, header=True), codec
    try:
        return binascii.a2b_base64(content + "=="), codec
    except binascii.Error:
        return None
