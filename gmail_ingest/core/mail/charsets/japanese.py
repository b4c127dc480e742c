"""Japanese mail in seven bits, as Windows writes it.

Holds: ``decode_windows_jis``.
Add here: another set that such mail switches to.
Keep out: when bytes are such text (``charsets``).
Source: RFC 1468 (ISO-2022-JP) and Microsoft's code page 50221, which Python lacks: the additional
characters of code page 932 (a number in a circle, 髙) under the label of ISO-2022-JP.
"""

import re

_SWITCH = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_DOUBLE = frozenset({b"$@", b"$B"})
_KATAKANA = b"(I"
_FIRST = 0x21
_HIGH_BIT = 0x80
# The boundary between the two halves of code page 932.
_UPPER_ROWS, _SKIPPED = 0x5F, 0x60


def decode_windows_jis(raw: bytes) -> str:
    """Return the text of bytes that switch between ASCII and Japanese.

    Args:
        raw: Seven-bit bytes.

    Raises:
        UnicodeDecodeError: they hold anything else.
    """
    raw.decode("ascii")
    text, *switched = _SWITCH.split(raw)
    pieces = [text.decode("ascii")]
    for kind, content in zip(switched[::2], switched[1::2], strict=True):
        if kind in _DOUBLE:
            pieces.append(_shifted(content).decode("cp932"))
        elif kind == _KATAKANA:
            high = bytes(byte | _HIGH_BIT if byte >= _FIRST else byte for byte in content)
            pieces.append(high.decode("cp932"))
        else:
            pieces.append(content.decode("ascii"))
    return "".join(pieces)


def _shifted(content: bytes) -> bytes:
    """Convert byte pairs of JIS X 0208 to code page 932; line ends between them stay."""
    found = bytearray()
    bytes_left = iter(content)
    for row in bytes_left:
        if row < _FIRST:
            found.append(row)
            continue
        found.append((row + 1) // 2 + (0x70 if row < _UPPER_ROWS else 0xB0))
        cell = next(bytes_left, None)
        # Half a pair stays so, and the codec refuses it.
        if cell is not None:
            found.append(cell + (0x7E if row % 2 == 0 else 0x20 if cell >= _SKIPPED else 0x1F))
    return bytes(found)
