"""Text as search sees it: lower-case words, one space apart.

Holds: the normal form that both the stored text and the query's words are brought into, and the
reading of text out of HTML for snippets and search.
Add here: what changes which words match. Keep out: query syntax, storage.
Source: docs/google.md#search: Gmail matches whole words and phrases, never parts of words; scripts
without spaces are matched by character.
"""

import html
import re
from typing import Final

_ASCII_FOLD: Final = (
    bytes(
        ord(chr(code).lower()) if chr(code).isalnum() or chr(code) == "_" else 32
        for code in range(128)
    )
    + b" " * 128
)
_CJK: Final = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN: Final = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_HIDDEN: Final = re.compile(r"<(style|script|title)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")


def normalise(text: str) -> bytes:
    """Return the words of a text as UTF-8, each with one space on both sides.

    One text holds the phrase of another exactly if its normal form contains the other's.

    Args:
        text: any text.
    """
    if text.isascii():
        words = text.encode().translate(_ASCII_FOLD).split()
        return b" %b " % b" ".join(words) if words else b" "
    tokens = _TOKEN.findall(text.lower())
    return f" {' '.join(tokens)} ".encode() if tokens else b" "


def text_of_html(markup: str) -> str:
    """Return roughly the text that a reader of the HTML sees.

    Args:
        markup: HTML, of which the caller has limited the length.
    """
    return html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", markup)))
