"""What the sender wrote: the text without quoted mail, and the signature below it.

Holds: ``Reply`` and ``read_reply``.
Add here: the order in which marks count; a new kind of mark.
Keep out: words of a language (``reply_marks``, ``reply_fields``, ``signature_marks``), what an
introduction, a header block or a signature is (``reply_introductions``, ``reply_headers``,
``reply_signatures``), which lines are kept (``reply_draft``), HTML (``html_text`` marks its quotes
first).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md; RFC 3676 section 4.3 (the
signature delimiter).

Each line is read a fixed number of times, and patterns run only on lines of bounded length: the
libraries that were compared take many seconds for one hostile line. Lines in doubt stay in the
text.
"""

from typing import Final, NamedTuple

from gmail_ingest.core.mail.reply.reply_draft import BLANK, ESCAPED, MAX_MARK_CHARS, Draft
from gmail_ingest.core.mail.reply.reply_headers import header_block, is_known_field, may_start_block
from gmail_ingest.core.mail.reply.reply_introductions import (
    MAX_INTRODUCTION_LINES,
    asks_for_answer_above,
    drawn_introduction,
    goes_on_with_quoted_text,
    introduction_length,
    is_banner,
    is_in_a_log,
    may_introduce,
    unmarked_introduction_length,
)
from gmail_ingest.core.mail.reply.reply_marks import COLONS, RULES
from gmail_ingest.core.mail.reply.reply_quotes import (
    begins_own_line,
    is_deep,
    is_wrapped_quote,
    other_mark,
)
from gmail_ingest.core.mail.reply.reply_signatures import Above, delimiter_of, starts_footer

#: Nobody types more; the rest is a log or a list.
MAX_REPLY_CHARS: Final = 500_000

_MAX_FIELDS: Final = 8
# The last characters of a line with a link that may be a mark.
_LINK_ENDS: Final = frozenset(":>])")
_RULES: Final = frozenset(RULES)
# "- text" is a bullet, no rule; a dash alone may be a rule.
_RULE_OR_END: Final = _RULES | {""}


class Reply(NamedTuple):
    """A mail's text as its sender wrote it. A tuple for the reason of ``leaf.BodyPart``.

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
        text: Plain text, lines ended by line feeds; what is beyond ``MAX_REPLY_CHARS`` is not read.

    Returns:
        The text without quoted lines (wherever they stand, so that answers between quotes
        remain), the lines that introduce them, everything below the introduction, banner or
        header block of a mail that is quoted without marks, and a list's footer.
    """
    return _Reader(text[:MAX_REPLY_CHARS]).read()


class _Reader:
    """Reads the lines of one mail, and keeps those of the sender."""

    __slots__ = ("_answers", "_deep", "_draft", "_has_wide_colons", "_lines", "_mark", "_quoted")

    def __init__(self, text: str) -> None:
        self._draft = draft = Draft(text)
        self._lines = draft.lines
        self._has_wide_colons = "\uff1a" in text
        # Whether the last line that was not blank was quoted.
        self._quoted = False
        # Whether a quote was answered above.
        self._answers = False
        # The mark of the quoted lines below an introduction, if it is not ">".
        self._mark = ""
        # Whether the mail has quotes less than three deep; None until needed.
        self._deep: bool | None = None

    def read(self) -> Reply:
        """Return what the sender wrote."""
        draft = self._draft
        target = draft.target
        go_on = 0
        special = False
        below_mark = False
        has_wide_colons = self._has_wide_colons
        for number, line in enumerate(self._lines):
            if not line:
                # One blank line stands for any number of them.
                if target and target[-1] >= 0:
                    target.append(BLANK)
                below_mark = False
                continue
            first = line[0]
            # Most quoted lines stand below another one: no call for those.
            if number < go_on or (below_mark and first == ">"):
                continue
            if first == ">" or special:
                if self._read_quoted(number):
                    target = draft.target
                    special = True
                    below_mark = first == ">"
                    continue
                special = bool(self._mark)
            below_mark = False
            # Nine of ten lines have nothing that could end the sender's text: no call for those.
            # Most colons are in links.
            if (
                (":" in line and ("://" not in line or ": " in line or line[-1] in _LINK_ENDS))
                or (first in _RULES and line[1:2] in _RULE_OR_END)
                or (has_wide_colons and "\uff1a" in line)
            ):
                following = self._step(number)
                if following is None:
                    break
                target = draft.target
                special = self._quoted or bool(self._mark)
                if following != number:
                    go_on = following
                    continue
            target.append(number)
        else:
            draft.close(Above.END)
        return Reply(draft.join(draft.kept), "\n\n".join(draft.signatures))

    def _read_quoted(self, number: int) -> bool:
        quoted = self._is_quoted(number)
        if quoted and not self._quoted:
            self._begin_quote(number)
        self._quoted = quoted
        return quoted

    def _is_quoted(self, number: int) -> bool:
        lines = self._lines
        line = lines[number]
        below_quote = self._quoted and number > 0 and lines[number - 1][:1] == ">"
        if line[0] == ">":
            if below_quote:
                return True
            if begins_own_line(lines, number):
                self._draft.escaped = self._draft.escaped or line.startswith(ESCAPED)
                return False
            return not is_deep(line) or self._is_deep_quote(number)
        if self._mark:
            return line.startswith(self._mark)
        return below_quote and is_wrapped_quote(lines, number)

    def _is_deep_quote(self, number: int) -> bool:
        # A Python prompt looks like a quote three deep.
        if number and is_deep(self._lines[number - 1]):
            return False
        if self._deep is None:
            self._deep = any(line.startswith(">") and not is_deep(line) for line in self._lines)
        return self._deep or introduction_length(self._draft.tail(number)) > 0

    def _begin_quote(self, number: int) -> None:
        draft = self._draft
        length = introduction_length(draft.tail(number))
        if length:
            draft.drop_tail(length)
        # Programs put their signature above the first quote, or at the end of the mail.
        draft.close(Above.QUOTE, ends_text=not self._answers)
        self._answers = True

    def _step(self, number: int) -> int | None:
        """Look at a line that may be a mark.

        Returns:
            Its own number where it is the sender's; else the number of the next line to read, or
            None where no more lines are the sender's.
        """
        line = self._lines[number]
        if len(line) > MAX_MARK_CHARS:
            return number
        if line[0] in _RULES and line[1:2] in _RULE_OR_END:
            following = self._read_rule(number)
            if following != number:
                return following
        ends = line[-1] in COLONS
        if ends and is_banner(self._lines, number):
            return self._cut(number + 1)
        if ends or (">" in line and goes_on_with_quoted_text(line)):
            below = self._below(number)
            # Marked quotes have an end, and the sender may go on below them.
            if below[:1] != ">" and (not ends or self._may_introduce(number)):
                following = self._read_introduction(number, below)
                if following != number:
                    return following
        if not may_start_block(self._lines, number):
            return number
        end = header_block(
            self._lines,
            number,
            above=self._draft.last_line(),
            at_top=self._draft.is_empty(),
            ruled=self._draft.is_below_rule(),
        )
        return number if end is None else self._cut(end)

    def _read_rule(self, number: int) -> int | None:
        line = self._lines[number]
        above = self._lines[number - 1] if number else ""
        kind = delimiter_of(self._draft.written[number], line, above)
        if kind is not None:
            if starts_footer(self._lines, number):
                self._draft.close(Above.QUOTE)
                return None
            return number + 1 if self._draft.begin_block(kind, number) else number
        if is_banner(self._lines, number):
            return self._cut(number + 1)
        length = drawn_introduction(self._lines, number)
        if length and not self._draft.is_empty():
            return self._cut(number + length)
        if asks_for_answer_above(line):
            return number + 1 if self._draft.is_empty() else self._cut(number + 1)
        return number

    def _may_introduce(self, number: int) -> bool:
        if "@" in self._lines[number]:
            return True
        start = max(0, number - MAX_INTRODUCTION_LINES + 1)
        below = self._lines[number + 1] if number + 1 < len(self._lines) else ""
        return may_introduce(self._lines[start : number + 1]) or other_mark(below) != ""

    def _below(self, number: int) -> str:
        """Return the next line that is not blank; ``""`` for none near."""
        for line in self._lines[number + 1 : number + 4]:
            if line:
                return line
        return ""

    def _read_introduction(self, number: int, below: str) -> int | None:
        draft = self._draft
        block = [self._lines[number]]
        if number and self._lines[number - 1]:
            block[:0] = draft.tail(number)[1 - MAX_INTRODUCTION_LINES :]
        mark = other_mark(below)
        length = introduction_length(block) if mark else 0
        if length:
            if length > 1:
                draft.drop_tail(length - 1)
            draft.close(Above.QUOTE)
            self._mark = mark
            self._quoted = True
            return number + 1
        length = unmarked_introduction_length(block, below_signature=draft.is_below_signature())
        # With nothing above it, the lines below may be an answer below an unmarked quote.
        if not length or not draft.has_more(length):
            return number
        if length < len(block) and is_in_a_log(block[-length - 1], block[-length]):
            return number
        if length > 1:
            draft.drop_tail(length - 1)
        return self._cut(number + 1)

    def _cut(self, following: int) -> int | None:
        """Go on behind the introduction of a quote with marks; end where the quote has none."""
        lines = self._lines
        self._draft.close(Above.QUOTE)
        # An introduction below a header block belongs to a mail within the quoted one.
        nested = bool(self._draft.kept) and following > 1 and is_known_field(lines[following - 1])
        for _ in range(_MAX_FIELDS + MAX_INTRODUCTION_LINES):
            while following < len(lines) and not lines[following]:
                following += 1
            if following >= len(lines):
                return None
            if lines[following].startswith(">"):
                self._quoted = True
                return following
            end = header_block(lines, following, above="", at_top=False, ruled=True)
            if end is not None:
                following = end
                nested = bool(self._draft.kept)
            elif is_known_field(lines[following]) or (not nested and self._introduces(following)):
                following += 1
            else:
                return None
        return None

    def _introduces(self, number: int) -> bool:
        line = self._lines[number]
        return len(line) <= MAX_MARK_CHARS and introduction_length([line]) > 0
