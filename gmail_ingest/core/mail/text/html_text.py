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

# A tree takes some ten times its source in memory; HTML beyond this is pasted images and logs.
MAX_HTML_CHARS = 4_000_000

# Eight times as fast as with a count: what it begins with can be searched for.
_EMPTY_LINES = re.compile(r"\n\n\n+")
_DELIMITER: Final = "-- "


def html_to_text(html: str) -> str:
    """Return what a reader sees of an HTML text.

    Args:
        html: HTML, however broken, without lone surrogates. Text past ``MAX_HTML_CHARS`` is not
            looked at.

    Returns:
        The text with paragraphs, lists and table rows on lines of their own, without scripts,
        styles, hidden text, link targets and pictures. Lines of a quoted mail, and of what
        introduces it, start with ``> ``, and a signature stands below the line ``-- ``, as in
        plain mail, so that ``reply_text`` has one notation to know. Words of the sender's own
        never stand below that line: where they did, the signature is put last.
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
    """Let a signature be the sender's own words where there are no others.

    People type into it. Only a mail that forwards another may well have nothing else, and not
    below a signature of a kind that is typed into often.
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
            # In plain mail, what stands right below a quote may be its last line, wrapped.
            yield ""
        below_quote = line.is_quoted
        yield f"> {line.text}".rstrip() if line.is_quoted else line.text
