"""HTML of a mail to readable text.

Holds: ``html_to_text``.
Add here: how text is written from lines whose part is known.
Keep out: sanitising HTML for a browser, finding quotes in plain text (``reply_text``), the marks
of a mail program (``html_marks``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md; RFC 3676 section 4.3 (the
signature delimiter).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gmail_ingest.core.mail.text.html_lines import Line, Part, nothing_own
from gmail_ingest.core.mail.text.html_marking import marked_text
from gmail_ingest.core.mail.text.html_regions import read_signs

# A tree takes about ten times the memory of its source. Longer HTML is pasted images and logs.
MAX_HTML_CHARS = 4_000_000

# Eight times as fast as ``\n{3,}``: the fixed beginning can be searched for.
_EMPTY_LINES = re.compile(r"\n\n\n+")
_DELIMITER: Final = "-- "


def html_to_text(html: str) -> str:
    """Return the text that a reader of HTML sees.

    Args:
        html: HTML, however broken, without lone surrogates. What is beyond ``MAX_HTML_CHARS`` is
            not read.

    Returns:
        The text with paragraphs, lists and table rows on lines of their own, without scripts,
        styles, hidden text, link targets and pictures. As in plain mail, so that ``reply_text`` has
        one notation, lines of a quoted mail and of its introduction start with ``> ``, and a
        signature stands below the line ``-- ``. The sender's own words never stand below that line:
        if they did, the signature is moved to the end.
    """
    marked = marked_text(html[:MAX_HTML_CHARS])
    text = marked.text.replace("\xa0", " ")
    lines = _written(read_signs(text)) if marked.has_signs else map(str.rstrip, text.split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _written(lines: list[Line]) -> list[str]:
    if any(line.is_signature for line in lines):
        lines = _with_certain_signatures(lines)
    first = next((number for number, line in enumerate(lines) if line.is_signature), None)
    if first is None:
        return list(_marked(lines))
    above = list(_marked(lines[:first]))
    below = list(_marked(line for line in lines[first:] if not line.is_signature))
    signature = "\n".join(line.text for line in lines if line.is_signature)
    # Thunderbird writes the delimiter into the signature, Gmail above it.
    signature = signature.strip("\n").removeprefix("--").strip("\n")
    if not signature.strip():
        return above + below
    while above and above[-1] in ("", "--"):
        above.pop()
    block = ["", _DELIMITER, signature, ""]
    stays = nothing_own("\n".join(below))
    return above + block + below if stays else above + below + block


def _with_certain_signatures(lines: list[Line]) -> list[Line]:
    """Turn a signature into the sender's own words where there are no others.

    People type into signatures. Only a mail that forwards another may consist of a signature alone,
    and not of a kind that people often type into.
    """
    others = (line for line in lines if not line.is_signature)
    if not nothing_own("\n".join(_marked(others))):
        return lines
    forwards = any(line.part is Part.FORWARDED for line in lines)
    return [
        Line(line.text)
        if line.part is Part.LOOSE_SIGNATURE or (line.is_signature and not forwards)
        else line
        for line in lines
    ]


def _marked(lines: Iterable[Line]) -> Iterator[str]:
    below_quote = False
    for line in lines:
        if below_quote and line.text and not line.is_quoted:
            # In plain mail, a line right below a quote may be its wrapped last line.
            yield ""
        below_quote = line.is_quoted
        yield f"> {line.text}".rstrip() if line.is_quoted else line.text
