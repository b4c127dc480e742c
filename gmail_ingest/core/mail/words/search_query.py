"""A search query, parsed as search engines on the web parse it.

Holds: ``parse_query``. Add here: a further operator.
Keep out: words themselves (``search_words``), how an index is asked (the Postgres adapter).
Source: PostgreSQL's websearch_to_tsquery. Its operators: words side by side must all occur; "words
in quotes" must follow each other; of two words with ``or`` between them one is enough; ``-``
excludes. ``or`` is a word in the same places as there. A dash before a blank excludes nothing,
because people paste subjects ("Offer - March"). One more operator: ``invo*`` finds the words that
begin with it.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from gmail_ingest.core.mail.words.former_words import former_words_of
from gmail_ingest.core.mail.words.search_words import is_pair, is_single, words_of

# Two hyphens begin an option of some program; they exclude nothing.
_OPERAND = re.compile(r'(?P<negated>(?:-(?!-))?)(?:"(?P<phrase>[^"]*)"?|(?P<chunk>[^\s"]+))')
#: The asterisk of East Asian keyboards.
_WIDE_STAR = "\uff0a"


class Word(NamedTuple):
    """A word; or, if ``is_beginning``, all words that begin with it."""

    text: bytes
    is_beginning: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other; or that must not, if ``negated``.

    ``former``: the words as a former release indexed them, where they differ.
    """

    words: tuple[Word, ...]
    negated: bool = False
    former: tuple[Word, ...] = ()


#: Alternatives: a mail matches if it meets all terms of one. None is empty.
Query = tuple[tuple[Term, ...], ...]


def parse_query(text: str) -> Query:
    """Parse what somebody typed; no text is invalid.

    Args:
        text: Any.

    Returns:
        Alternatives; none if the text has no word. Signs without a word (``&``) are ignored; signs
        that join words (``bob@shop.example``) make a phrase. ``or`` at the beginning or the end is
        a word.
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
    # The index reads a list for each term, so a repeated term is asked for once.
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
    """The words of a phrase. The single character at the end of a run of pairs is left out, because
    the text may go on behind it. Any other single character may be the beginning of a pair.
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
    # A further letter must make the last word longer, and not add a word.
    return bool(words) and len(words_of(f"{before}x")) == len(words)
