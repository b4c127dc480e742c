"""Turns text with signs of quotes and signatures into lines with their part.

Holds: ``read_signs``.
Add here: a rule on what a mark means in its place.
Keep out: how programs name their parts (``html_marks``), the tree (``html_marking``), what the
words of a line say (``html_lines``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

import itertools
import re
from dataclasses import dataclass, field
from typing import Final

from gmail_ingest.core.mail.text.html_lines import (
    Evidence,
    Line,
    Part,
    begins_quoted,
    introduction_start,
    is_banner,
    is_introduction,
)
from gmail_ingest.core.mail.text.html_marking import closing_sign, opening_sign
from gmail_ingest.core.mail.text.html_marks import Mark

_SIGNS: Final = {opening_sign(mark): (mark, True) for mark in Mark} | {
    closing_sign(mark): (mark, False) for mark in Mark
}
_SIGN: Final = re.compile(f"([{''.join(_SIGNS)}])")

# Marks that give their lines a part; quotes inside them stay quoted.
_PARTS: Final = {
    Mark.INTRODUCTION: Part.INTRODUCTION,
    Mark.SIGNATURE: Part.SIGNATURE,
    Mark.LOOSE_SIGNATURE: Part.LOOSE_SIGNATURE,
    Mark.APPLE_SIGNATURE: Part.LOOSE_SIGNATURE,
}
_LINES_OF_APPLE_SIGNATURE: Final = 5
# Near: at most three blank lines between.
_NEAR: Final = 4


@dataclass(slots=True)
class _Region:
    mark: Mark | None
    items: "list[str | _Region]" = field(default_factory=list)


def read_signs(text: str) -> list[Line]:
    """Return the lines of a marked text, each with its part.

    Args:
        text: What ``marked_text`` returns. Signs may be missing or stand anywhere.
    """
    lines = _lines_of(_tree_of(text))
    for number in range(1, len(lines)):
        if lines[number].is_quoted and not lines[number - 1].is_quoted:
            _quote_named_introduction(lines, number)
    return lines


def _tree_of(text: str) -> _Region:
    root = _Region(None)
    opened = [root]
    for piece in _SIGN.split(text):
        if piece not in _SIGNS:
            opened[-1].items.append(piece)
            continue
        mark, opens = _SIGNS[piece]
        if opens:
            if mark is Mark.REST:
                # Outlook's quoted mail may begin inside the signature and go on behind it.
                while opened[-1].mark in _PARTS:
                    opened.pop()
                if opened[-1].mark is Mark.REST:
                    continue
            region = _Region(mark)
            opened[-1].items.append(region)
            opened.append(region)
        elif any(region.mark is mark for region in opened):
            while opened.pop().mark is not mark:
                pass
    return root


def _lines_of(region: _Region) -> list[Line]:
    lines: list[Line] = []
    for item in region.items:
        if isinstance(item, str):
            lines.extend(Line(line) for line in _stripped_lines(item))
        else:
            lines.extend(_judged(item, lines))
    return lines


def _stripped_lines(text: str) -> list[str]:
    # A sign stands on its own line, whose rest is no empty line of the mail.
    return [line.rstrip() for line in text.removeprefix("\n").removesuffix("\n").split("\n")]


def _judged(region: _Region, above: list[Line]) -> list[Line]:
    lines = _lines_of(region)
    match region.mark:
        case Mark.REST if not _begins_with_field(lines):
            return lines
        case Mark.REST if not any(line.is_own for line in above):
            return _answered_below(lines)
        case Mark.QUOTE | Mark.REST:
            return _all(lines, Part.QUOTED)
        case Mark.CONTAINER:
            return _container(lines)
        case Mark.NAMED_QUOTE if any(line.is_quoted for line in above):
            return _all(lines, Part.QUOTED)
        case Mark.NAMED_QUOTE | Mark.BARE_QUOTE:
            end = len(above)
            introduced = introduction_start(above, end, _named(above, end)) < end
            # If it is only an introduction, its quote stands below without a marked end.
            quoted = introduced or (begins_quoted(lines) and not is_introduction(lines))
            return _all(lines, Part.QUOTED) if quoted else lines
        case Mark.APPLE_SIGNATURE if sum(map(_has_text, lines)) > _LINES_OF_APPLE_SIGNATURE:
            return lines
        case Mark.INTRODUCTION | Mark.SIGNATURE | Mark.LOOSE_SIGNATURE | Mark.APPLE_SIGNATURE:
            part = _PARTS[region.mark]
            return [line if line.is_quoted else Line(line.text, part) for line in lines]
        case None:
            return lines


def _has_text(line: Line) -> bool:
    return bool(line.text)


def _all(lines: list[Line], part: Part) -> list[Line]:
    """Return lines as one part, without blank lines at its ends and two in a row."""
    made: list[Line] = []
    for line in lines:
        if line.text or (made and made[-1].text):
            made.append(Line(line.text, part))
    if made and not made[-1].text:
        made[-1] = Line("")
    return made


def _answered_below(lines: list[Line]) -> list[Line]:
    """Return the lines of a mail that begins with a quoted one.

    Where only header fields stand above a quote with a marked end, the answer stands below it.
    """
    fields = itertools.takewhile(lambda line: not line.text or _is_field(line), lines)
    quote = sum(1 for _ in fields)
    end = quote + sum(1 for _ in itertools.takewhile(lambda line: line.is_quoted, lines[quote:]))
    if quote == end:
        return _all(lines, Part.QUOTED)
    return _all(lines[:end], Part.QUOTED) + lines[end:]


def _is_field(line: Line) -> bool:
    return not line.is_quoted and (":" in line.text or "\uff1a" in line.text)


def _begins_with_field(lines: list[Line]) -> bool:
    return _is_field(next(filter(_has_text, lines), Line("")))


def _container(lines: list[Line]) -> list[Line]:
    quote = next((number for number, line in enumerate(lines) if line.is_quoted), None)
    for number, line in enumerate(lines[:quote]):
        if is_banner(line.text) and _forwards(lines, number):
            return lines[:number] + _all(lines[number:], Part.FORWARDED)
    if quote is None:
        # Without a quote inside, all of it is quoted if it begins as quoted mail.
        return _all(lines, Part.QUOTED) if begins_quoted(lines) else lines
    start = introduction_start(lines, quote, Evidence.CONTAINER)
    return [*lines[:start], *_introducing(lines[start:quote]), *lines[quote:]]


def _forwards(lines: list[Line], banner: int) -> bool:
    # The sender's own headings may look like a banner, but have no header fields below.
    is_first = not any(map(_has_text, lines[:banner]))
    return is_first or _begins_with_field(lines[banner + 1 : banner + 1 + _NEAR])


def _introducing(lines: list[Line]) -> list[Line]:
    return [Line(line.text, Part.QUOTED) if line.text else line for line in lines]


def _quote_named_introduction(lines: list[Line], quote: int) -> None:
    if _named(lines, quote) is Evidence.NAMED:
        start = introduction_start(lines, quote, Evidence.NAMED)
        lines[start:quote] = _introducing(lines[start:quote])


def _named(lines: list[Line], end: int) -> Evidence:
    above = next((line for line in reversed(lines[max(0, end - _NEAR) : end]) if line.text), None)
    is_named = above is not None and above.part is Part.INTRODUCTION
    return Evidence.NAMED if is_named else Evidence.NONE
