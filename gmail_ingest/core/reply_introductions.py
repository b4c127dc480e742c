"""The lines that introduce a quoted mail: "On Tuesday ... Ann <ann@x.example> wrote:".

Holds: ``introduction_length`` (above a quote), ``introduces_the_rest`` (no marks below),
``is_banner`` and ``asks_for_answer_above``.
Add here: another shape of an introduction.
Keep out: words of a language (``reply_marks``), header blocks (``reply_headers``).
Source: the introductions of Gmail, Outlook, Apple Mail, Yahoo, Zoho, GMX, Proton, Thunderbird,
mutt, Lotus Notes and 163.

Above a line that is marked as quoted an introduction is known by its shape, in any language: a
date, and an address in brackets. Without a mark below, more is asked for, since all below goes.
"""

# ruff: noqa: SIM905 (lists of words without quotes read better)

import re
from collections.abc import Callable, Sequence
from typing import Final

from gmail_ingest.core.reply_headers import header_block
from gmail_ingest.core.reply_marks import (
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

#: No program folds an introduction over more lines.
MAX_INTRODUCTION_LINES: Final = 4

# Programs fold at 70 to 80 characters; a line that ended long before was not folded there.
_FOLDED_CHARS: Final = 60
_EARLY_WORDS: Final = 4
_MAX_NAME_WORDS: Final = 6
_SMALL_NAME_WORDS: Final = (1, 2)
_MAX_UNKNOWN_WORDS: Final = 15
_MAX_ZONE_CHARS: Final = 14
_MAX_FORWARD_WORDS: Final = 7
_MAX_BLOCK_LINES: Final = 12
_MIN_DASHES: Final = 2
_MIN_SENTENCE_WORDS: Final = 3

_AROUND_BANNERS: Final = RULES + ": \t\uff1a"
_OPEN_BRACKET = re.compile(r"<[^<>]*$")
# K-9 Mail, below its signature: "Ann <ann@x.example> wrote:".
_NAME_AND_ADDRESS = re.compile(r"[^<>,.!?]{1,60}<[^<>\s@]+@[^<>\s]+> [^<>,.!?]{1,20}:$")
_BY_ADDRESS = re.compile(r"\d,? (?:by|von|par|de|por|da|door|av|af|od|от|від) [^\s@]+@[^\s@]+$")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\S+")
_SENTENCE_STARTS: Final = frozenset(
    "a an and as but from he here i if it like my or our she so someone that the then there "
    "they this those we what when which while who your der die das den wie was wer ich wir es "
    "hier und mein unser dies als wenn aber comme ce cette les la je nous il elle voici et "
    "mon notre como lo los las esto yo aquí y mi come ciò io noi ecco e zoals wat dit ik wij "
    "hier en".split()
)
_PRONOUNS: Final = frozenset("you du ihr sie vous tu u je usted ty vy ты вы jij jullie".split())
_BETWEEN_NAME_AND_DATE: Final = frozenset(
    "am pm uhr h um hat folgendes on at a le à il ha el a las em às op om heeft den kl de het "
    "volgende the following by from от cet cest gmt utc mez mesz est edt pst pdt".split()
)
_PARTICLES: Final = frozenset(
    "von van de der den da di du la le el al bin ibn und and via y".split()
)


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
    if len(words.split()) > _MAX_FORWARD_WORDS or FORWARDED.search(words) is None:
        return False
    below = lines[number + 1 : number + 1 + _MAX_BLOCK_LINES]
    return _is_above_header_block([each.lstrip("> ") for each in below])


def _is_above_header_block(below: Sequence[str]) -> bool:
    start = next((number for number, line in enumerate(below) if line), None)
    if start is None:
        return False
    return header_block(below, start, above="", at_top=False, ruled=True) is not None


def drawn_introduction(lines: Sequence[str], number: int) -> int:
    """Return how many lines an introduction between dashes has, as Zoho writes it; 0 for none.

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
        # Lotus Notes: "-----Ann/Example wrote: -----"; all others close on the next line at last.
    return 0


def may_introduce(lines: Sequence[str]) -> bool:
    """Say, at the cost of a look, whether a line that ends with a colon may end an introduction.

    Args:
        lines: The line and those above it that may belong to the introduction, in their order.
    """
    return "@" in lines[-1] or _DIGIT.search("".join(lines)) is not None


def goes_on_with_quoted_text(line: str) -> bool:
    """Say whether a line is an introduction with the first line of the quoted mail behind it.

    Args:
        line: A stripped line of bounded length.
    """
    inline = INLINE.search(line)
    return inline is not None and find_verb(inline[1]) is not None


def asks_for_answer_above(line: str) -> bool:
    """Say whether a line is what ticket systems draw above their mail: "reply above this line".

    Args:
        line: A stripped line of bounded length that begins with a character of a rule.
    """
    words = line.lower()
    return any(phrase in words for phrase in REPLY_ABOVE)


def introduction_length(block: Sequence[str]) -> int:
    """Return how many lines at the end of a block introduce the marked quote below it.

    Args:
        block: The lines right above the quote that stand together, stripped, each of bounded
            length, at most ``MAX_INTRODUCTION_LINES`` of them.

    Returns:
        The number of lines; 0 where the sender's own words stand above the quote.
    """
    return _length(block, _introduces_a_quote)


def unmarked_introduction_length(block: Sequence[str], *, below_signature: bool) -> int:
    """Return how many lines at the end of a block introduce a quote that has no marks.

    Args:
        block: As for ``introduction_length``; its last line is the one that may end it.
        below_signature: Whether a signature stands above, and not the sender's text.
    """
    if "@" not in block[-1] and ">" not in block[-1] and find_verb(block[-1]) is None:
        return 0
    if below_signature and _NAME_AND_ADDRESS.match(block[-1]) and find_verb(block[-1]):
        return 1
    return _length(block, _introduces_the_rest)


def _length(block: Sequence[str], introduces: Callable[[str], bool]) -> int:
    for length in range(1, len(block) + 1):
        if introduces(" ".join(block[-length:]).strip("*_ ")):
            while length < len(block) and _goes_on(block[-length - 1], block[-length]):
                length += 1  # noqa: PLW2901
            return length
    return 0


def _goes_on(above: str, below: str) -> bool:
    """Say whether an introduction that is whole without the line above began there."""
    if _OPEN_BRACKET.search(above) or (above.endswith(",") and CITING.match(above)):
        return True
    if above.endswith((".", "!", "?", *COLONS)):
        return False
    folded = len(above) + len(below.split(" ", 1)[0]) >= _FOLDED_CHARS
    if "@" in above and ">" in above and "@" not in below:
        # "Ann <ann@x.example>, 5" and "Mar 2024, 10:00", or the verb alone in the second line.
        verb = find_verb(below)
        alone = verb is not None and (not verb.start() or DATE.search(above) is not None)
        return folded and (DATE.search(below) is not None or alone)
    if not _begins_early(above) or DATE.search(above) is None or YEAR.search(below):
        return False
    return folded or (YEAR.search(above) is not None and TIME.search(above) is not None)


def _begins_early(words: str) -> bool:
    """Say whether a text begins as introductions do: with "On", or with a date."""
    if OPENING.match(words):
        return True
    first = " ".join(words.split(maxsplit=_EARLY_WORDS)[:_EARLY_WORDS])
    return _DIGIT.search(first) is not None


def _introduces_a_quote(words: str) -> bool:
    bare = words.strip(RULES + " ")
    if not bare.endswith(COLONS):
        return _is_introduction_without_colon(words, bare)
    bare = bare[:-1].rstrip("*_ ")
    address = BRACKETED.search(bare)
    dated = DATE.search(bare) is not None
    verb = find_verb(bare)
    if address is not None and (dated or verb or ENDS_WITH_ADDRESS.search(bare)):
        return _is_whole(bare)
    if "@" in bare and _is_whole(bare) and (verb or (YEAR.search(bare) and _begins_early(bare))):
        return True
    if verb and dated and (_begins_early(bare) or _is_name(bare[: verb.start()])):
        return True
    if CITING.match(bare):
        return True
    if dated and YEAR.search(bare) and TIME.search(bare) and _begins_early(bare):
        return len(bare.split()) <= _MAX_UNKNOWN_WORDS
    return verb is not None and _is_name_and_verb(bare, verb)


def _is_introduction_without_colon(words: str, bare: str) -> bool:
    if YEAR.search(bare) and ENDS_WITH_ADDRESS.search(bare) and _begins_early(bare):
        return True
    # web.de's program leaves the colon out.
    verb = find_verb(bare)
    if verb and YEAR.search(bare) and TIME.search(bare) and _begins_early(bare):
        return _is_name(_names(bare[verb.end() :])) and len(bare.split()) <= _MAX_UNKNOWN_WORDS
    # Outlook Express, in news: "Ann" <ann@x.example> wrote in message news:...
    if "news:" in bare and "@" in bare and verb is not None:
        return True
    return words != bare and words[-1] in RULES and _is_drawn_introduction(bare)


def _is_whole(words: str) -> bool:
    """Say whether brackets that were closed were opened too, and a name or date stands before."""
    return words.count(">") <= words.count("<") and words[0] not in "<>)"


def _is_drawn_introduction(words: str) -> bool:
    verb = find_verb(words)
    if DATE.search(words) is not None:
        return verb is not None or BRACKETED.search(words) is not None
    return verb is not None and ("@" in words or _is_name(words[: verb.start()]))


def _is_name_and_verb(words: str, verb: re.Match[str]) -> bool:
    if len(words.split()) > _MAX_NAME_WORDS:
        return False
    before, after = words[: verb.start()].strip(), words[verb.end() :].strip()
    if not after and len(before.split()) in _SMALL_NAME_WORDS:
        # Some write their names in small letters.
        return before.split()[0].lower() not in _SENTENCE_STARTS
    return bool(before or after) and _is_name(before) and _is_name(after)


def _is_name(words: str) -> bool:
    """Say whether a few words are a person's name, or a pronoun that stands for it."""
    parts = words.strip("\"'\u201c\u201d, ").split()
    if len(parts) > _MAX_NAME_WORDS or (parts and parts[0].lower() in _SENTENCE_STARTS):
        return False
    return all(
        not part[0].islower() or part.lower() in _PRONOUNS or part.lower() in _PARTICLES
        for part in parts
    )


def _introduces_the_rest(words: str) -> bool:
    if ">" in words and goes_on_with_quoted_text(words):
        return _begins_early(words) and DATE.search(words) is not None
    if not words.endswith(COLONS):
        return False
    bare = words[:-1].rstrip("*_ ")
    verb = find_verb(bare)
    if (verb is None and "@" not in bare) or not _is_whole(bare):
        return False
    if DATE.search(bare) is None:
        return False
    early = _begins_early(bare)
    if BRACKETED.search(bare) is not None:
        if verb is not None:
            goes_on = _goes_on_behind(bare, verb)
            return not goes_on and (early or _is_name(bare[: bare.find("<")]))
        return _is_date_and_sender(bare)
    if verb is not None and "@" not in bare:
        return _is_machine_made(bare, verb)
    if not early:
        return False
    if verb is None:
        # Tutanota: "5 Mar 2024, 10:00 by ann@x.example:".
        return _BY_ADDRESS.search(bare) is not None and TIME.search(bare) is not None
    return not _goes_on_behind(bare, verb)


def _goes_on_behind(words: str, verb: re.Match[str]) -> bool:
    """Say whether a sentence goes on behind its verb: "Ann <ann@x.example> wrote to the board"."""
    after = words[verb.end() :]
    return len(after.split()) >= _MIN_SENTENCE_WORDS and "@" not in after and not DATE.search(after)


def _is_date_and_sender(words: str) -> bool:
    """Say whether a date with its time and one person's address are all there is: no verb."""
    times = list(TIME.finditer(words))
    if words.count("@") != 1 or not times:
        return False
    between = words[times[-1].end() : max(words.find("<"), times[-1].end())].split()
    names = [part for part in between if part.lower().strip(".,") not in _BETWEEN_NAME_AND_DATE]
    if not _is_name(" ".join(names)):
        return False
    return (
        OPENING.match(words) is not None
        or _DIGIT.search(" ".join(words.split(maxsplit=2)[:2])) is not None
    )


def _is_machine_made(words: str, verb: re.Match[str]) -> bool:
    """Say whether a date with its time, a name and a verb are all there is, as programs write it.

    A person writes "On 3 May 2024 at 10:00 Ann wrote:", too: a program writes a comma before the
    name, or the date in numbers.
    """
    year = YEAR.search(words)
    times = list(TIME.finditer(words))
    if year is None or not times:
        return False
    numbered = not year[0].isdigit()
    end = max(year.end(), times[-1].end())
    names = _names(words[end:].replace(verb[0], " "))
    if names:
        return _is_name(names) and (numbered or "," in words[end : end + _MAX_ZONE_CHARS])
    first = _DIGIT.search(words)
    before = _names(words[: first.start() if first else 0].replace(verb[0], " "))
    return numbered and bool(before) and _is_name(before)


def _names(words: str) -> str:
    return " ".join(
        part
        for part in words.split()
        if any(letter.isalpha() for letter in part)
        and part.lower().strip(".,") not in _BETWEEN_NAME_AND_DATE
    )
