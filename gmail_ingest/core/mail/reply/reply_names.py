"""Tells names, beginnings of dates and people's sentences in introductions apart.

Holds: ``is_name``, ``is_name_and_verb``, ``names_in``, ``begins_early``, ``is_whole``; and
``is_told``, ``ends_sentence`` and ``goes_on_behind``: what speaks against an introduction.
Add here: another sign that words are the sender's own.
Keep out: the shapes of introductions (``reply_introductions``), words of programs
(``reply_marks``).
Source: gmail_ingest_tests/core/reply_set: the introductions of the programs that
``reply_introductions`` names.
"""

# ruff: noqa: RUF001, SIM905 (a Greek letter is meant; lists of words without quotes read better)

import re
from typing import Final

from gmail_ingest.core.mail.reply.reply_marks import COLONS, DATE, OPENING

_EARLY_WORDS: Final = 4
_MAX_NAME_WORDS: Final = 6
_SMALL_NAME_WORDS: Final = (1, 2)
_SENTENCE_STARTS: Final = frozenset(
    "a an and as but from he here i if it like my or our she so someone that the then there "
    "they this those we what when which while who your der die das den wie was wer ich wir es "
    "hier und mein unser dies als wenn aber comme ce cette les la je nous il elle voici et "
    "mon notre como lo los las esto yo aquí y mi come ciò io noi ecco e zoals wat dit ik wij "
    "hier en".split()
)
_PRONOUNS: Final = frozenset("you du ihr sie vous tu u je usted ty vy ты вы jij jullie".split())
_PERSONS: Final = frozenset("he she they i we ich er wir yo io ik hij jag han hon".split())
_BETWEEN_NAME_AND_DATE: Final = frozenset(
    "am pm uhr h um hat folgendes on at a le à il ha el a las em às op om heeft den kl de het "
    "volgende the following keltezéssel tarihinde ο/η by from от cet cest gmt utc mez mesz est "
    "edt pst pdt".split()
)
_PARTICLES: Final = frozenset(
    "von van de der den da di du la le el al bin ibn und and via y".split()
)
_MIN_SENTENCE_WORDS: Final = 3
_DIGIT = re.compile(r"\d")


def ends_sentence(line: str) -> bool:
    """Say whether a line ends with a colon that is not in brackets, as in "[mailto:"."""
    return line.endswith(COLONS) and line.rfind(")") >= line.rfind("(") and "mailto" not in line


def begins_early(words: str) -> bool:
    """Say whether a text begins as introductions do: with "On", or with a date.

    Args:
        words: Text of bounded length.
    """
    if OPENING.match(words):
        return True
    first = " ".join(words.split(maxsplit=_EARLY_WORDS)[:_EARLY_WORDS])
    return _DIGIT.search(first) is not None


def is_whole(words: str) -> bool:
    """Say whether all closed brackets were opened, with a name or date before them."""
    return words.count(">") <= words.count("<") and words[0] not in "<>)"


def is_name_and_verb(words: str, verb: re.Match[str]) -> bool:
    """Say whether a text is only a name and a verb: "Ann wrote".

    Args:
        words: A text without the colon that ended it.
        verb: What ``find_verb`` found in it.
    """
    if len(words.split()) > _MAX_NAME_WORDS or words[0] in "<>":
        return False
    before, after = words[: verb.start()].strip(), words[verb.end() :].strip()
    if not after and len(before.split()) in _SMALL_NAME_WORDS:
        # Some write their names in small letters.
        return before.split()[0].lower() not in _SENTENCE_STARTS
    return bool(before or after) and is_name(before) and is_name(after)


def is_name(words: str) -> bool:
    """Say whether words are a person's name, or a pronoun."""
    parts = words.strip("\"'\u201c\u201d, ").split()
    if len(parts) > _MAX_NAME_WORDS or (parts and parts[0].lower() in _SENTENCE_STARTS):
        return False
    return all(
        not part[0].islower() or part.lower() in _PRONOUNS or part.lower() in _PARTICLES
        for part in parts
    )


def is_told(words: str, verb: re.Match[str] | None) -> bool:
    """Say whether it is a person's sentence: "I paid on 5 March 2024 at 10:00, you said:".

    Programs write no pronoun at the beginning or before the verb, and colons only in brackets.
    """
    if words.split(maxsplit=1)[0].lower() in _PERSONS:
        return True
    spoken = words[: verb.start()].split() if verb else []
    if spoken and spoken[-1].lower() in _PERSONS:
        return True
    before, colon, _ = words.partition(": ")
    opened = sum(map(before.count, "([<")) - sum(map(before.count, ")]>"))
    return bool(colon) and opened <= 0 and len(before.split()) > 1


def goes_on_behind(words: str, verb: re.Match[str]) -> bool:
    """Say whether a sentence goes on behind its verb: "Ann <ann@x.example> wrote to the board"."""
    after = words[verb.end() :]
    return len(after.split()) >= _MIN_SENTENCE_WORDS and "@" not in after and not DATE.search(after)


def names_in(words: str) -> str:
    """Return words without those that stand between a name and a date, numbers and signs."""
    return " ".join(
        part
        for part in words.split()
        if any(letter.isalpha() for letter in part)
        and part.lower().strip(".,") not in _BETWEEN_NAME_AND_DATE
    )
