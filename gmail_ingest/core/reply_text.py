"""What the sender wrote: text without the mail it answers, and the signature below it.

Holds: ``Reply`` and ``read_reply``.
Add here: the order in which marks count; a new kind of mark.
Keep out: words of a language (``reply_marks``, ``reply_fields``, ``signature_marks``), what an
introduction, a header block or a signature is (``reply_introductions``, ``reply_headers``,
``reply_signatures``), HTML (``html_text`` marks its quotes first).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md; RFC 3676 section 4.3 (the
signature delimiter).

Each line is looked at a fixed number of times, and only lines of bounded length meet a pattern:
the libraries that were compared need more than seconds for one hostile line. What is in doubt
stays in the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gmail_ingest.core.reply_headers import header_block, is_known_field, may_start_block
from gmail_ingest.core.reply_introductions import (
    MAX_INTRODUCTION_LINES,
    asks_for_answer_above,
    drawn_introduction,
    goes_on_with_quoted_text,
    introduction_length,
    is_banner,
    may_introduce,
    unmarked_introduction_length,
)
from gmail_ingest.core.reply_marks import COLONS, RULES
from gmail_ingest.core.reply_quotes import (
    begins_own_line,
    is_deep,
    is_wrapped_quote,
    other_mark,
)
from gmail_ingest.core.reply_signatures import (
    MAX_SIGNATURE_LINES,
    Above,
    Delimiter,
    delimiter_of,
    is_signature,
    postscript,
    program_signature,
    starts_footer,
)

#: Nobody types more; what follows is a log or a list.
MAX_REPLY_CHARS: Final = 500_000

_MAX_MARK_CHARS: Final = 300
_MAX_BLANKS: Final = 3
_MAX_FIELDS: Final = 8
_MAX_SIGNATURES: Final = 3
_TAIL_LINES: Final = 6
_BLANK: Final = -1
_DRAWN: Final = (Delimiter.LOOSE, Delimiter.RULE)
# What may end a line with a link that is a mark: most lines with a colon have it in a link.
_LINK_ENDS: Final = frozenset(":>])")
_ESCAPED: Final = ">From "

_RULES: Final = frozenset(RULES)
# Bullets are no rules; a dash alone may be one.
_RULE_OR_END: Final = _RULES | {""}
# Blanks that programs put between words and before colons, and marks of direction that nobody
# sees: French, Hebrew and Arabic mail has them within the words that are compared.
_BLANKS: Final = "\u00a0\u2007\u202f\u3000"
_UNSEEN: Final = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_ODD: Final = (*_BLANKS, *_UNSEEN)
_PLAIN: Final = str.maketrans(_BLANKS, " " * len(_BLANKS), _UNSEEN)


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail's text as its sender wrote it.

    Attributes:
        text: The sender's own words, without quoted mail and signature; ``""`` where nothing is
            the sender's own, as in a mail that is only forwarded.
        signature: What stands below a signature's delimiter, or what the sender's program wrote
            ("Sent from my iPhone"), without the delimiter; ``""`` for none.
    """

    text: str
    signature: str


def read_reply(text: str) -> Reply:
    """Return the part of a mail's text that its sender wrote, and the signature.

    Args:
        text: Plain text, lines ended by line feeds; past ``MAX_REPLY_CHARS`` it is not looked at.

    Returns:
        The text without quoted lines (wherever they stand, so that answers between quotes
        remain), the lines that introduce them, everything below the introduction, banner or
        header block of a mail that is quoted without marks, and a list's footer.
    """
    return _Reader(text[:MAX_REPLY_CHARS]).read()


class _Reader:
    """Walks over the lines of one mail, and notes the numbers of those that are kept."""

    __slots__ = (
        "_answers", "_block", "_deep", "_delimiter", "_escaped", "_kept", "_kind", "_lines", "_mark",
        "_quoted", "_signatures", "_written",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self._written = plain = text.split("\n")
        if not text.isascii() and any(odd in text for odd in _ODD):
            plain = text.translate(_PLAIN).split("\n")
        self._lines = [line.strip() for line in plain]
        self._kept: list[int] = []
        self._signatures: list[str] = []
        # Below a delimiter: what may be a signature, until the next mark decides.
        self._kind: Delimiter | None = None
        self._delimiter = 0
        self._block: list[int] = []
        # Whether the last line that was not blank was quoted.
        self._quoted = False
        # The mark of quoted lines, other than ">", that an introduction stood above.
        self._mark = ""
        self._deep: bool | None = None
        self._escaped = False
        # Whether a quote was answered above.
        self._answers = False

    def read(self) -> Reply:
        """Return what the sender wrote."""
        target = self._kept
        go_on = 0
        special = False
        for number, line in enumerate(self._lines):
            if not line:
                # One blank line stands for any number of them.
                if target and target[-1] >= 0:
                    target.append(_BLANK)
                continue
            if number < go_on:
                continue
            first = line[0]
            if first == ">" or special:
                if self._is_quoted(number):
                    if not self._quoted:
                        self._begin_quote(number)
                        target = self._kept
                    self._quoted = special = True
                    continue
                self._quoted = False
                special = bool(self._mark)
            # Nine of ten lines have nothing that could end the sender's text: no call for those.
            if (
                (":" in line and ("://" not in line or ": " in line or line[-1] in _LINK_ENDS))
                or (first in _RULES and line[1:2] in _RULE_OR_END)
                or "\uff1a" in line
            ):
                following = self._step(number)
                if following is None:
                    break
                target = self._kept if self._kind is None else self._block
                special = self._quoted or bool(self._mark)
                if following != number:
                    go_on = following
                    continue
            target.append(number)
        else:
            self._close(Above.END)
        return Reply(self._join(self._kept), "\n\n".join(self._signatures))

    def _join(self, numbers: Iterable[int]) -> str:
        written = self._written
        lines = ["" if number < 0 else written[number].rstrip() for number in numbers]
        if self._escaped:
            lines = [line[1:] if line.startswith(_ESCAPED) else line for line in lines]
        return "\n".join(lines).strip("\n")

    def _is_quoted(self, number: int) -> bool:
        lines = self._lines
        line = lines[number]
        below_quote = self._quoted and number > 0 and lines[number - 1][:1] == ">"
        if line[0] == ">":
            if below_quote:
                return True
            if begins_own_line(lines, number):
                self._escaped = self._escaped or line.startswith(_ESCAPED)
                return False
            return not is_deep(line) or self._is_deep_quote(number)
        if self._mark:
            return line.startswith(self._mark)
        return below_quote and is_wrapped_quote(lines, number)

    def _is_deep_quote(self, number: int) -> bool:
        # A Python prompt begins like a quote of a quote of a quote.
        if self._deep is None:
            self._deep = any(
                line.startswith(">") and not is_deep(line) for line in self._lines
            )
        return self._deep or introduction_length(self._tail(number)) > 0

    def _tail(self, number: int) -> list[str]:
        """Return the kept lines right above a line that stand together, bounded in all ways."""
        target = self._kept if self._kind is None else self._block
        end = len(target)
        while end and target[end - 1] < 0:
            end -= 1
        if not end or number - target[end - 1] > _MAX_BLANKS + 1:
            return []
        tail: list[str] = []
        expected = target[end - 1]
        for kept in reversed(target[max(0, end - MAX_INTRODUCTION_LINES) : end]):
            if kept != expected or len(self._lines[kept]) > _MAX_MARK_CHARS:
                break
            tail.insert(0, self._lines[kept])
            expected -= 1
        return tail

    def _drop_tail(self, length: int) -> None:
        """Take lines of an introduction from what is kept, and the rule above them."""
        target = self._kept if self._kind is None else self._block
        while target and target[-1] < 0:
            target.pop()
        del target[len(target) - length :]

    def _begin_quote(self, number: int) -> None:
        length = introduction_length(self._tail(number))
        if length:
            self._drop_tail(length)
        # A program puts its signature below all of the text: above the first quote, or at the end.
        self._close(Above.QUOTE, ends_text=not self._answers)
        self._answers = True
        if self._kept and self._kept[-1] >= 0:
            self._kept.append(_BLANK)

    def _step(self, number: int) -> int | None:
        """Look at a line that may be a mark.

        Returns:
            Its number where it is the sender's; the number of the line to go on with where it is
            not; None where nothing of the sender's follows.
        """
        line = self._lines[number]
        if len(line) > _MAX_MARK_CHARS:
            return number
        if line[0] in _RULES and line[1:2] in _RULE_OR_END:
            following = self._read_rule(number)
            if following != number:
                return following
        ends = line[-1] in COLONS
        if ends and is_banner(self._lines, number):
            return self._cut(number + 1)
        if self._may_introduce(number) if ends else ">" in line and goes_on_with_quoted_text(line):
            following = self._read_introduction(number)
            if following != number:
                return following
        if not may_start_block(self._lines, number):
            return number
        end = header_block(
            self._lines,
            number,
            above=self._last_line(),
            at_top=self._is_top(),
            ruled=self._kind is not None and not self._block,
        )
        return number if end is None else self._cut(end)

    def _may_introduce(self, number: int) -> bool:
        start = max(0, number - MAX_INTRODUCTION_LINES + 1)
        below = self._lines[number + 1] if number + 1 < len(self._lines) else ""
        return may_introduce(self._lines[start : number + 1]) or other_mark(below) != ""

    def _is_top(self) -> bool:
        return not self._kept and not self._signatures and not self._block

    def _last_line(self) -> str:
        target = self._kept if self._kind is None else self._block
        return next((self._lines[kept] for kept in reversed(target[-2:]) if kept >= 0), "")

    def _read_rule(self, number: int) -> int | None:
        line = self._lines[number]
        above = self._lines[number - 1] if number else ""
        kind = delimiter_of(self._written[number], line, above)
        if kind is not None:
            if starts_footer(self._lines, number):
                self._close(Above.QUOTE)
                return None
            return self._begin_block(kind, number)
        if is_banner(self._lines, number):
            return self._cut(number + 1)
        length = drawn_introduction(self._lines, number)
        if length and not self._is_top():
            return self._cut(number + length)
        if asks_for_answer_above(line):
            return number + 1 if self._is_top() else self._cut(number + 1)
        return number

    def _begin_block(self, kind: Delimiter, number: int) -> int:
        drawn = kind in _DRAWN
        if self._kind is Delimiter.STRICT and kind is not Delimiter.STRICT:
            return number
        if self._kind is Delimiter.BARE and drawn and self._block:
            return number
        if drawn and self._last_line()[-1:] in COLONS:
            # What the sender announces stands below it.
            kind = Delimiter.RULE
        self._close(Above.DELIMITER, ends_text=False)
        self._kind = kind
        self._delimiter = number
        return number + 1

    def _read_introduction(self, number: int) -> int | None:
        below = next((line for line in self._lines[number + 1 : number + 4] if line), "")
        if below.startswith(">"):
            return number
        block = [*self._tail(number)[1 - MAX_INTRODUCTION_LINES :], self._lines[number]]
        if self._lines[number - 1] == "":
            block = block[-1:]
        mark = other_mark(below)
        if mark and introduction_length(block):
            self._drop_tail(introduction_length(block) - 1)
            self._close(Above.QUOTE)
            self._mark = mark
            self._quoted = True
            return number + 1
        length = unmarked_introduction_length(block, below_signature=bool(self._block))
        target = self._kept if self._kind is None else self._block
        # With nothing above it, what follows is an answer below a quote without marks.
        if not length or (self._is_top() or (len(target) < length and not self._kept)):
            return number
        if length > 1:
            self._drop_tail(length - 1)
        return self._cut(number + 1)

    def _cut(self, following: int) -> int | None:
        """Go on behind what introduces a quote with marks, or end where it has none."""
        lines = self._lines
        self._close(Above.QUOTE)
        ruled = True
        for _ in range(_MAX_FIELDS + MAX_INTRODUCTION_LINES):
            while following < len(lines) and not lines[following]:
                following += 1
            if following >= len(lines):
                return None
            if lines[following].startswith(">"):
                self._quoted = True
                return following
            end = header_block(lines, following, above="", at_top=False, ruled=ruled)
            if end is not None:
                following = end
            elif is_known_field(lines[following]) or self._introduces(following):
                following += 1
            else:
                return None
        return None

    def _introduces(self, number: int) -> bool:
        line = self._lines[number]
        return len(line) <= _MAX_MARK_CHARS and introduction_length([line]) > 0

    def _close(self, above: Above, *, ends_text: bool = True) -> None:
        """Decide whether what stands below a delimiter is a signature.

        Args:
            above: What it stands above.
            ends_text: Whether a program's signature may stand here.
        """
        signature = ""
        if self._kind is not None:
            block = self._block
            while block and block[-1] < 0:
                block.pop()
            kind, self._kind, self._block = self._kind, None, []
            texts = self._texts(block)
            if is_signature(kind, texts, at_top=not self._kept, above=above):
                end = postscript(texts)
                signature = self._join(block[:end])
                self._kept += [] if end is None else [_BLANK, *block[end:]]
            elif block or (above is not Above.QUOTE and not self._signatures):
                self._kept += [self._delimiter, *block]
        if ends_text:
            self._signatures += self._program_signatures()
        if signature:
            self._signatures.append(signature)

    def _texts(self, numbers: list[int]) -> list[str]:
        # Longer ones are no signatures, whatever they say.
        return [
            "" if each < 0 else self._lines[each] for each in numbers[: MAX_SIGNATURE_LINES + 1]
        ]

    def _program_signatures(self) -> list[str]:
        found: list[str] = []
        kept = self._kept
        for _ in range(_MAX_SIGNATURES):
            end = len(kept)
            while end and kept[end - 1] < 0:
                end -= 1
            length = program_signature(self._texts(kept[max(0, end - _TAIL_LINES) : end]))
            if not length:
                break
            found.insert(0, self._join(kept[end - length : end]))
            del kept[end - length :]
        return found
