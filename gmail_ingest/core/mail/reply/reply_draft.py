"""The lines that are kept while a mail is read, and those that may be its signature.

Holds: ``Draft``.
Add here: another way to take back what was kept.
Keep out: which lines are marks (``reply_text``), what a signature is (``reply_signatures``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

from collections.abc import Iterable
from typing import Final

from gmail_ingest.core.mail.reply.reply_introductions import MAX_INTRODUCTION_LINES
from gmail_ingest.core.mail.reply.reply_marks import COLONS
from gmail_ingest.core.mail.reply.reply_signatures import (
    MAX_SIGNATURE_LINES,
    Above,
    Delimiter,
    is_signature,
    postscript,
    program_signature,
)

#: No mark is longer.
MAX_MARK_CHARS: Final = 300
#: Stands for any number of blank lines among the numbers of lines.
BLANK: Final = -1
#: The escape of "From " at the beginning of a line in an mbox file.
ESCAPED: Final = ">From "

_NOTHING: Final[tuple[list[int], ...]] = ([], [BLANK])
_MAX_BLANKS: Final = 3
_MAX_SIGNATURES: Final = 3
_TAIL_LINES: Final = 6
_DRAWN: Final = (Delimiter.LOOSE, Delimiter.RULE)
# Unusual blanks that programs put between words and before colons, and invisible marks of
# direction: French, Hebrew and Arabic mail has them within the words that are compared.
_BLANKS: Final = "\u00a0\u2007\u202f\u3000"
_ODD: Final = _BLANKS + (
    "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


class Draft:
    """The kept lines of a mail, as line numbers.

    Attributes:
        written: The lines as they stand in the mail, and an empty one.
        lines: The lines as they are compared: stripped, with plain blanks, without invisible marks.
        kept: The sender's own lines.
        target: Where the next line goes: ``kept``, or below a delimiter what may be a signature.
        signatures: The signatures that were found.
        escaped: Whether a line has the escape of an mbox file.
    """

    __slots__ = (
        "_delimiter", "_kind", "_sectioned", "_unsigned", "escaped", "kept", "lines", "signatures",
        "target", "written",
    )  # fmt: skip

    def __init__(self, text: str) -> None:
        self.written = text.split("\n")
        plain = text if text.isascii() else _plain(text)
        lines = self.written if plain is text else plain.split("\n")
        self.lines = list(map(str.strip, lines))
        # The last line, which ``BLANK`` (-1) is the number of.
        self.written.append("")
        self.kept: list[int] = []
        self.target = self.kept
        self.signatures: list[str] = []
        self.escaped = False
        # The delimiter above ``target``, until the next mark decides about the lines below it.
        self._kind: Delimiter | None = None
        self._delimiter = 0
        # Whether two hyphens stood between parts of the text.
        self._sectioned = False
        # The last lines that were kept when no program's signature was found in them.
        self._unsigned: list[int] = []

    def is_empty(self) -> bool:
        """Say whether no words of the sender were seen yet."""
        return not self.kept and not self.signatures and self.target in _NOTHING

    def has_more(self, length: int) -> bool:
        """Say whether the sender's words seen so far are more than the lines of an introduction.

        Args:
            length: Lines of the introduction, including the one that is not kept yet.
        """
        if self.signatures or len(self.target) >= length:
            return True
        return self.target is not self.kept and bool(self.kept)

    def is_below_rule(self) -> bool:
        """Say whether a rule or a delimiter is the last thing that was seen."""
        return self._kind is not None and self.target in _NOTHING

    def is_below_signature(self) -> bool:
        """Say whether the last lines that were kept may be a signature."""
        return self._kind is not None and self.target not in _NOTHING

    def last_line(self) -> str:
        """Return the last kept line if one of the last two is not blank; else ``""``."""
        return next((self.lines[kept] for kept in reversed(self.target[-2:]) if kept >= 0), "")

    def tail(self, number: int) -> list[str]:
        """Return the block of kept lines right above a line, bounded in number and length.

        Args:
            number: The number of the line; a few blank lines above it are skipped.
        """
        target = self.target
        end = len(target)
        while end and target[end - 1] < 0:
            end -= 1
        if not end or number - target[end - 1] > _MAX_BLANKS + 1:
            return []
        tail: list[str] = []
        expected = target[end - 1]
        for kept in reversed(target[max(0, end - MAX_INTRODUCTION_LINES - 1) : end]):
            if kept < 0 and tail[:1] == ["<"]:
                # Polymail: "On ... Ann", a blank line, and her address in brackets.
                expected -= 1
                continue
            if (
                kept != expected
                or len(tail) == MAX_INTRODUCTION_LINES
                or len(self.lines[kept]) > MAX_MARK_CHARS
            ):
                break
            tail.insert(0, self.lines[kept])
            expected -= 1
        return tail

    def drop_tail(self, length: int) -> None:
        """Take back lines that ``tail`` returned, and the blank ones below them.

        Args:
            length: How many.
        """
        target = self.target
        while target and target[-1] < 0:
            target.pop()
        while target and length:
            length -= target.pop() >= 0

    def begin_block(self, kind: Delimiter, number: int) -> bool:
        """Begin what may be a signature.

        Args:
            kind: The kind of the delimiter.
            number: The number of its line.

        Returns:
            False where the line belongs to the block in which it stands.
        """
        drawn = kind in _DRAWN
        if self._kind is Delimiter.STRICT and kind is not Delimiter.STRICT:
            # Some people type the two hyphens that their program also writes.
            return kind is Delimiter.BARE and self.target in _NOTHING
        if self._kind is Delimiter.BARE and drawn and self.target not in _NOTHING:
            return False
        if drawn and self.last_line()[-1:] in COLONS:
            # What the sender announces stands below it.
            kind = Delimiter.RULE
        self.close(Above.DELIMITER, ends_text=False)
        self._kind = Delimiter.LOOSE if kind is Delimiter.BARE and self._sectioned else kind
        self._delimiter = number
        below = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        self.target = [] if below else [BLANK]
        return True

    def close(self, above: Above, *, ends_text: bool = True) -> None:
        """Decide whether what stands below a delimiter is a signature.

        Args:
            above: What it stands above.
            ends_text: Whether a program's signature may stand here.
        """
        signature = ""
        if self._kind is not None:
            signature = self._close_block(self._kind, above)
        if ends_text and self.kept:
            self.signatures += self._program_signatures()
        if signature:
            self.signatures.append(signature)

    def _close_block(self, kind: Delimiter, above: Above) -> str:
        block, self.target, self._kind = self.target, self.kept, None
        texts = self._texts(block)
        if is_signature(kind, texts, at_top=not self.kept, above=above):
            end = postscript(texts)
            if end is not None:
                self._keep([BLANK, *block[end:]])
            return self.join(block[:end])
        if block not in _NOTHING or (above is not Above.QUOTE and not self.signatures):
            self._keep([self._delimiter, *block])
            self._sectioned = self._sectioned or kind is Delimiter.BARE
        return ""

    def _keep(self, numbers: list[int]) -> None:
        if numbers[0] < 0 and self.kept and self.kept[-1] < 0:
            self.kept.pop()
        self.kept += numbers

    def _program_signatures(self) -> list[str]:
        found: list[str] = []
        kept = self.kept
        for _ in range(_MAX_SIGNATURES):
            end = len(kept)
            while end and kept[end - 1] < 0:
                end -= 1
            tail = kept[max(0, end - _TAIL_LINES) : end]
            # Half of all mails end with a quote, and come here above and below it with the same
            # lines.
            if tail == self._unsigned:
                break
            length = program_signature(self._texts(tail))
            if not length:
                self._unsigned = tail
                break
            found.insert(0, self.join(kept[end - length : end]))
            del kept[end - length :]
        return found

    def _texts(self, numbers: list[int]) -> list[str]:
        # A longer block is no signature in any case.
        return [
            "" if number < 0 else self.lines[number]
            for number in numbers[: MAX_SIGNATURE_LINES + 1]
        ]

    def join(self, numbers: Iterable[int]) -> str:
        """Return lines as they stand in the mail, without blank ones around them.

        Args:
            numbers: Their numbers.
        """
        # ``map`` avoids a Python call for each line: this is half of the time for a short reply.
        lines = list(map(str.rstrip, map(self.written.__getitem__, numbers)))
        if self.escaped:
            lines = [line[1:] if line.startswith(ESCAPED) else line for line in lines]
        return "\n".join(lines).strip("\n")


def _plain(text: str) -> str:
    # Few texts have any of them; str.translate would take a microsecond for each dozen characters.
    for odd in _ODD:
        if odd in text:
            text = text.replace(odd, " " if odd in _BLANKS else "")
    return text
