"""Enriched text, which some Unix programs send, as plain text.

Holds: ``is_enriched`` and ``plain_of_enriched``.
Keep out: HTML (``html_text``), which part is the text (``text_parts``).
Source: RFC 1896 (text/enriched) and its forerunner in RFC 1341 (text/richtext).
"""

import re

_TYPES = ("text/enriched", "text/richtext")
# Each character is in one alternative only.
_TOKEN = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+|[^<\n]+|<")
_CHARACTERS = {"lt": "<", "nl": "\n", "np": "\n\n"}


def is_enriched(content_type: str) -> bool:
    """Tell whether a part is enriched text.

    Args:
        content_type: The value of the field.
    """
    return content_type[: len(_TYPES[0])].lower() in _TYPES


def plain_of_enriched(source: str) -> str:
    """Return enriched text without its commands.

    Args:
        source: Lines ended by line feeds.

    Returns:
        The words. By RFC 1896 a single line end becomes a blank, and of n line ends n - 1 remain.
        Parameters of commands are dropped.
    """
    words: list[str] = []
    depth = {"param": 0, "nofill": 0}
    for token in _TOKEN.finditer(source):
        name = (token.group(2) or "").lower()
        if name in depth:
            depth[name] = max(0, depth[name] + (-1 if token.group(1) else 1))
        elif depth["param"]:
            continue
        elif name:
            words.append(_CHARACTERS.get(name, ""))
        else:
            words.append(_said(token.group(), keeps_lines=depth["nofill"] > 0))
    return "".join(words)


def _said(piece: str, *, keeps_lines: bool) -> str:
    if piece == "<<":
        return "<"
    if piece[0] != "\n" or keeps_lines:
        return piece
    return piece[1:] or " "
