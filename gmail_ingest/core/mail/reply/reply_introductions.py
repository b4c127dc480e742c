"""The lines that introduce a quoted mail: "On Tuesday ... Ann <ann@x.example> wrote:".

Holds: ``introduction_length`` (above a quote), ``introduces_the_rest`` (no marks below),
``is_banner`` and ``asks_for_answer_above``.
Add here: another shape of an introduction.
Keep out: words of a language (``reply_marks``), header blocks (``reply_headers``).
Source: gmail_ingest_tests/core/reply_set: the introductions of Gmail, Outlook, Apple Mail, Yahoo,
Zoho, GMX, Proton, Thunderbird, mutt, Lotus Notes and 163.

Above a line that is marked as quoted, an introduction is recognised by its shape in any language: a
date, and an address in brackets. Without a mark below, more evidence is needed, because all text
below is cut off.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from gmail_ingest.core.mail.reply.reply_headers import header_block
from gmail_ingest.core.mail.reply.reply_marks import (
    BANNER_STARTS,
    BANNERS,
    BRACKETED,
    CITING,
    COLONS,
    DATE,
    ENDS_WITH_ADDRESS,
    FORWARD_INTRODUCTIONS,
    FORWARDED,
    INLINE,
    OPENING,
    REPLY_ABOVE,
    RULES,
    TIME,
    YEAR,
    find_verb,
)
from gmail_ingest.core.mail.reply.reply_names import (
    begins_early,
    ends_sentence,
    goes_on_behind,
    is_name,
    is_name_and_verb,
    is_told,
    is_whole,
    names_in,
)

#: The most lines over which a program folds an introduction.
MAX_INTRODUCTION_LINES: Final = 4

# Programs fold at 70 to 80 characters; a line that ended long before was not folded there.
_FOLDED_CHARS: Final = 60
_MAX_UNKNOWN_WORDS: Final = 15
_MAX_ZONE_CHARS: Final = 14
_MAX_FORWARD_WORDS: Final = 7
_MAX_BLOCK_LINES: Final = 12
_MAX_DATE_WORDS: Final = 9
_MAX_CHARS_BEFORE_TIME: Final = 14
_YEAR_DIGITS: Final = 4
# A shorter line may be the end of a folded introduction: "10:11):" or ":".
_MIN_END_CHARS: Final = 60
_MIN_DASHES: Final = 2

# How an introduction without a date ends.
_INTRODUCTION_ENDS: Final = frozenset((*COLONS, *RULES))
_AROUND_BANNERS: Final = RULES + ": \t\uff1a"
_RULES_AND_BLANK: Final = RULES + " "
_OPEN_BRACKET = re.compile(r"<[^<>]*$")
# K-9 Mail, below its signature: "Ann <ann@x.example> wrote:".
_NAME_AND_ADDRESS = re.compile(r"[^<>,.!?]{1,60}<[^<>\s@]+@[^<>\s]+> [^<>,.!?]{1,20}:$")
_BY_ADDRESS = re.compile(r"\d,? (?:by|von|par|de|por|da|door|av|af|od|от|від) [^\s@]+@[^\s@]+$")
# Basque and Hungarian: "... idatzi du (2024 mar. 5, ar. (10:00))".
_ENDS_WITH_DATE = re.compile(
    r"\([^()]{0,20}\b20\d\d[^()]{1,30}\d\d[:.]\d\d\)+$|\([^()]{0,20}\b20\d\d[^()]{1,30}\(\d\d?[:.]\d\d\)\)$"
)
_ASCII_ABOVE: Final = tuple(filter(str.isascii, REPLY_ABOVE))
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\S+")


def is_banner(lines: Sequence[str], number: int) -> bool:
    """Say whether a line is the banner of a quoted or forwarded mail.

    Args:
        lines: All lines, stripped.
        number: The number of a line of bounded length that begins with a character of a rule, or
            ends with a colon.
    """
    line = lines[number]
    words = line.strip(_AROUND_BANNERS).lower()
    if not words:
        return False
    if not line[:_MIN_DASHES].strip(RULES):
        if words in BANNERS or words.startswith(BANNER_STARTS):
            return True
        drawn = not line[-_MIN_DASHES:].strip(RULES)
        return drawn and _is_above_header_block(lines[number + 1 : number + 1 + _MAX_BLOCK_LINES])
    # Apple Mail: "Begin forwarded message:".
    if words in FORWARD_INTRODUCTIONS:
        return True
    nearby = "".join(lines[number + 1 : number + 3])
    if ":" not in nearby and "\uff1a" not in nearby:
        return False
    if len(words.split()) > _MAX_FORWARD_WORDS:
        return False
    below = lines[number + 1 : number + 1 + _MAX_BLOCK_LINES]
    # The pattern takes ten times as long, and few lines stand above a block.
    is_above = _is_above_header_block([following.lstrip("> ") for following in below])
    return is_above and FORWARDED.search(words) is not None


def _is_above_header_block(below: Sequence[str]) -> bool:
    start = next((number for number, line in enumerate(below) if line), None)
    if start is None:
        return False
    return header_block(below, start, above="", at_top=False, ruled=True) is not None


def drawn_introduction(lines: Sequence[str], number: int) -> int:
    """Return the number of lines of an introduction between dashes, as Zoho writes it; 0 for none.

    Args:
        lines: All lines, stripped.
        number: The number of a line that begins with a character of a rule.
    """
    if lines[number][:_MIN_DASHES].strip(RULES):
        return 0
    joined = ""
    for length, line in enumerate(lines[number : number + MAX_INTRODUCTION_LINES], 1):
        if not line:
            return 0
        joined = f"{joined} {line}"
        if line.rstrip(":")[-_MIN_DASHES:].strip(RULES) == "":
            return length if _is_drawn_introduction(joined.strip(RULES + ": ")) else 0
        # Lotus Notes: "-----Ann/Example wrote: -----"; others end on a later line.
    return 0


def may_introduce(lines: Sequence[str]) -> bool:
    """Say, by a cheap look, whether a line that ends with a colon may end an introduction.

    Args:
        lines: The line and those above it that may belong to the introduction, in their order.
    """
    words = "".join(lines)
    return "@" in words or _DIGIT.search(words) is not None


def goes_on_with_quoted_text(line: str) -> bool:
    """Say whether a line is an introduction followed by the first line of the quoted mail.

    Args:
        line: A stripped line of bounded length.
    """
    inline = INLINE.search(line)
    return inline is not None and find_verb(inline[1]) is not None


def asks_for_answer_above(line: str) -> bool:
    """Say whether a line is that of ticket systems above their mail: "reply above this line".

    Args:
        line: A stripped line of bounded length that begins with a character of a rule.
    """
    words = line.lower()
    return any(map(words.__contains__, _ASCII_ABOVE if line.isascii() else REPLY_ABOVE))


def is_in_a_log(above: str, line: str) -> bool:
    """Say whether a line like an introduction is a line of a log, or announced right above.

    Args:
        above: The line above it, stripped; ``""`` for a blank one.
        line: Its first line.
    """
    return above.endswith(COLONS) or (above != "" and line[0].isdigit() and "<" not in line)


def introduction_length(block: Sequence[str]) -> int:
    """Return the number of lines at the end of a block that introduce the marked quote below it.

    Args:
        block: The lines right above the quote that stand together, stripped, each of bounded
            length, at most ``MAX_INTRODUCTION_LINES`` of them.

    Returns:
        The number of lines; 0 where the sender's own words stand above the quote.
    """
    return _length(block, _introduces_a_quote) if _may_introduce_a_quote(block) else 0


def _may_introduce_a_quote(block: Sequence[str]) -> bool:
    """Say, by a cheap look, whether lines right above a quote may introduce it."""
    words = " ".join(block).rstrip("*_ ")
    return words[-1:] in _INTRODUCTION_ENDS or "news:" in words or _DIGIT.search(words) is not None


def unmarked_introduction_length(block: Sequence[str], *, below_signature: bool) -> int:
    """Return the number of lines at the end of a block that introduce a quote without marks.

    Args:
        block: As for ``introduction_length``; its last line may end the introduction.
        below_signature: Whether a signature stands above, and not the sender's text.
    """
    end = block[-1] if len(block[-1]) >= _MIN_END_CHARS else " ".join(block[-2:])
    if "@" not in end and ">" not in end and find_verb(end) is None:
        return 0
    if below_signature and _NAME_AND_ADDRESS.match(block[-1]) and find_verb(block[-1]):
        return 1
    return _length(block, _introduces_the_rest)


def _length(block: Sequence[str], introduces: Callable[[str], bool]) -> int:
    for length in range(1, len(block) + 1):
        # "[...]" stands between an introduction and a quote whose first lines were left out.
        if length > 1 and ends_sentence(block[-length]) and any(map(str.isalnum, block[-1])):
            return 0
        if introduces(" ".join(block[-length:]).strip("*_ ")):
            while length < len(block) and _goes_on(block[-length - 1], block[-length]):
                length += 1  # noqa: PLW2901
            return length
    return 0


def _goes_on(above: str, below: str) -> bool:
    """Say whether an introduction already begins in the line above."""
    if _OPEN_BRACKET.search(above) or _breaks_in_date(above, below):
        return True
    if (above.endswith(",") or "@" in above) and CITING.match(above):
        return True
    if "@" in above and ")" in below and above.rfind("(") > above.rfind(")"):
        return True
    if above.endswith((".", "!", "?", *COLONS)):
        return False
    folded = len(above) + len(below.split(" ", 1)[0]) >= _FOLDED_CHARS
    if "@" in above and ">" in above and "@" not in below:
        # "Ann <ann@x.example>, 5" and "Mar 2024, 10:00", or the verb alone in the second line.
        if DATE.search(below) and (above.endswith(",") or find_verb(above[above.rfind(">") :])):
            return True
        verb = find_verb(below)
        alone = verb is not None and (not verb.start() or DATE.search(above) is not None)
        return folded and (DATE.search(below) is not None or alone)
    if not begins_early(above) or DATE.search(above) is None or YEAR.search(below):
        return False
    return folded or (YEAR.search(above) is not None and TIME.search(above) is not None)


def _breaks_in_date(above: str, below: str) -> bool:
    """Say whether an introduction was broken within its date: "On Mon, 2 Mar", "2015 at 10:00 ...".

    Programs for narrow screens, and those that quote a short line again, break lines anywhere.
    """
    words = above.split()
    if len(words) > _MAX_DATE_WORDS or above.endswith(("!", "?", *COLONS)):
        return False
    if YEAR.search(above) is not None:
        return begins_early(above) and bool(TIME.search(below[:_MAX_CHARS_BEFORE_TIME]))
    if not OPENING.match(f"{above} ") or OPENING.match(below):
        return False
    # Other lines that begin so are the sender's: "On Friday" above "2024-03-05 10:00 Ann wrote:".
    if _DIGIT.search(above) is None and len(words) > 1 and not above.endswith(","):
        return False
    return any(
        len(bare) == _YEAR_DIGITS and bare.isdecimal()
        for bare in (
            word.strip(".,") for word in below.split(maxsplit=_MAX_DATE_WORDS)[:_MAX_DATE_WORDS]
        )
    )


def _introduces_a_quote(words: str) -> bool:
    bare = words.strip(_RULES_AND_BLANK)
    if not bare.endswith(COLONS):
        return _is_introduction_without_colon(words, bare)
    bare = bare[:-1].rstrip("*_ ")
    # Half of them have no address.
    address = BRACKETED.search(bare) if "@" in bare else None
    dated = DATE.search(bare) is not None
    verb = find_verb(bare)
    ends_with_date = bare[-1:] == ")" and _ENDS_WITH_DATE.search(bare) is not None
    if verb and ends_with_date and is_whole(bare) and verb.start() > 0:
        return len(bare.split()) <= _MAX_UNKNOWN_WORDS
    if address is not None and (dated or verb or ENDS_WITH_ADDRESS.search(bare)):
        return is_whole(bare)
    if "@" in bare and is_whole(bare) and (verb or (YEAR.search(bare) and begins_early(bare))):
        return True
    if verb and dated and (begins_early(bare) or is_name(bare[: verb.start()])):
        return True
    if CITING.match(bare):
        return True
    if dated and YEAR.search(bare) and TIME.search(bare) and begins_early(bare):
        return len(bare.split()) <= _MAX_UNKNOWN_WORDS
    return verb is not None and is_name_and_verb(bare, verb)


def _is_introduction_without_colon(words: str, bare: str) -> bool:
    # Most lines above a quote are sentences, so the end is checked first.
    ends = bare.endswith((">", "]")) and ENDS_WITH_ADDRESS.search(bare) is not None
    if ends and YEAR.search(bare) and begins_early(bare):
        return True
    # web.de's program leaves the colon out.
    verb = find_verb(bare)
    if verb and YEAR.search(bare) and TIME.search(bare) and begins_early(bare):
        return is_name(names_in(bare[verb.end() :])) and len(bare.split()) <= _MAX_UNKNOWN_WORDS
    # Outlook Express, in news: "Ann" <ann@x.example> wrote in message news:...
    if "news:" in bare and "@" in bare and verb is not None:
        return True
    return words != bare and words[-1] in RULES and _is_drawn_introduction(bare)


def _is_drawn_introduction(words: str) -> bool:
    verb = find_verb(words)
    if DATE.search(words) is not None:
        return verb is not None or BRACKETED.search(words) is not None
    return verb is not None and ("@" in words or is_name(words[: verb.start()]))


def _introduces_the_rest(words: str) -> bool:
    if ">" in words and goes_on_with_quoted_text(words) and begins_early(words):
        return DATE.search(words) is not None
    if not words.endswith(COLONS):
        return False
    bare = words[:-1].rstrip("*_ ")
    verb = find_verb(bare)
    if (verb is None and "@" not in bare) or not is_whole(bare):
        return False
    if DATE.search(bare) is None or is_told(bare, verb):
        return False
    early = begins_early(bare)
    if BRACKETED.search(bare) is not None:
        return _introduces_with_address(bare, verb, early=early)
    if verb is not None and "@" not in bare:
        return _is_machine_made(bare, verb)
    if not early:
        return False
    if verb is None:
        # Tutanota: "5 Mar 2024, 10:00 by ann@x.example:".
        return _BY_ADDRESS.search(bare) is not None and TIME.search(bare) is not None
    return not goes_on_behind(bare, verb)


def _introduces_with_address(words: str, verb: re.Match[str] | None, *, early: bool) -> bool:
    if CITING.match(words) and YEAR.search(words) and TIME.search(words):
        return True
    if verb is None:
        return _is_date_and_sender(words)
    return not goes_on_behind(words, verb) and (early or is_name(words[: words.find("<")]))


def _is_date_and_sender(words: str) -> bool:
    """Say whether words are only a date with a time and one person's address, without a verb."""
    times = list(TIME.finditer(words))
    if words.count("@") != 1 or not times:
        return False
    between = words[times[-1].end() : max(words.find("<"), times[-1].end())]
    if not is_name(names_in(between)):
        return False
    if words[0].isalpha() and words[0].lower() == words[0].upper():
        # A script without capital letters: only the shape shows an introduction.
        return YEAR.search(words) is not None and begins_early(words)
    return (
        OPENING.match(words) is not None
        or _DIGIT.search(" ".join(words.split(maxsplit=2)[:2])) is not None
    )


def _is_machine_made(words: str, verb: re.Match[str]) -> bool:
    """Say whether words are only a date with a time, a name and a verb, as programs write them.

    People also write "On 3 May 2024 at 10:00 Ann wrote:". Programs write a comma before the name,
    or the date in numbers.
    """
    year = YEAR.search(words)
    times = list(TIME.finditer(words))
    if year is None or not times:
        return False
    numbered = not year[0].isdigit()
    end = max(year.end(), times[-1].end())
    names = names_in(words[end:].replace(verb[0], " "))
    if names:
        return is_name(names) and (numbered or "," in words[end : end + _MAX_ZONE_CHARS])
    first = _DIGIT.search(words)
    before = names_in(words[: first.start() if first else 0].replace(verb[0], " "))
    return numbered and bool(before) and is_name(before)
