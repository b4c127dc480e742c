"""What somebody looks for, read as search engines on the web read it.

Holds: ``parse_query``. Add here: a further operator.
Keep out: words themselves (``search_words``), how an index is asked (the Postgres adapter).
Source: PostgreSQL's websearch_to_tsquery, whose operators these are: words side by side must all
be there, "words in quotes" one after the other, ``or`` between two is enough, ``-`` leaves out.
Where it takes ``or`` for a word, so does this. A dash with a blank behind it leaves nothing out:
subjects have it ("Offer - March"), and people paste them. One operator more: ``invo*`` finds the
words that begin so.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.core.mail.words.search_words import is_pair, is_single, words_of

# What begins with two hyphens is an option of some program, and nothing to leave out.
_OPERAND = re.compile(r'(?P<negated>(?:-(?!-))?)(?:"(?P<phrase>[^"]*)"?|(?P<chunk>[^\s"]+))')
#: As keyboards of East Asia have it.
_WIDE_STAR = "\uff0a"


class Word(NamedTuple):
    """A word; or, if ``is_beginning``, all words that begin so."""

    text: bytes
    is_beginning: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; or must not, if ``negated``.

    ``former``: what these were to a former release, where that differs.
    """

    words: tuple[Word, ...]
    negated: bool = False
    former: tuple[Word, ...] = ()


#: Alternatives, of each of which all terms must be met. No alternative is empty.
Query = tuple[tuple[Term, ...], ...]


def parse_query(text: str) -> Query:
    """Read what somebody typed; nothing that can be typed is wrong.

    Args:
        text: Any.

    Returns:
        Alternatives; none if there is no word. What has no word of its own (``&``) says nothing;
        what has several (``bob@shop.example``) is a phrase. ``or`` with nothing before or behind it
        is a word.
    """
    alternatives: list[list[Term]] = [[]]
    operands = list(_OPERAND.finditer(text))
    for operand in operands:
        chunk = operand["chunk"]
        is_between = alternatives[-1] and operand is not operands[-1]
        if is_between and operand.group().lower() == "or":
            alternatives.append([])
            continue
        term = _term(chunk or operand["phrase"] or "", negated=bool(operand["negated"]))
        if term.words:
            alternatives[-1].append(term)
    # The index reads a list for each term: what is said twice is asked for once.
    asked = (tuple(dict.fromkeys(terms)) for terms in alternatives if terms)
    return tuple(dict.fromkeys(asked))


def without_former(query: Query) -> Query:
    """The query for mail that this release has indexed."""
    return tuple(tuple(replace(term, former=()) for term in terms) for terms in query)


def _term(text: str, *, negated: bool) -> Term:
    is_open = _is_open(text)
    words = _asked(text)
    former = tuple(map(Word, former_words_of(text)))
    differs = [word.text for word in words] != [word.text for word in former]
    return Term(
        _opened(words) if is_open else words,
        negated,
        (_opened(former) if is_open else former) if differs else (),
    )


def _asked(text: str) -> tuple[Word, ...]:
    """The words of a phrase. Where it ends in a pair of characters, the text may go on behind them;
    a single character may be the beginning of a pair wherever it stands.
    """
    words = words_of(text)
    if len(words) > 1 and is_single(words[-1]) and is_pair(words[-2]):
        del words[-1]
    return tuple(Word(word, is_single(word)) for word in words)


def _opened(words: tuple[Word, ...]) -> tuple[Word, ...]:
    return (*words[:-1], words[-1]._replace(is_beginning=True)) if words else ()


def _is_open(text: str) -> bool:
    """Whether a star stands right behind the last word."""
    if _WIDE_STAR in text:
        text = text.replace(_WIDE_STAR, "*")
    before, star, behind = text.rpartition("*")
    if not star or words_of(behind):
        return False
    before = before.rstrip("*")
    words = words_of(before)
    # A letter more makes the last word longer, and no word more.
    return bool(words) and len(words_of(f"{before}x")) == len(words)
