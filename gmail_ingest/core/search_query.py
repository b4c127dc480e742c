"""What somebody looks for, read as search engines on the web read it.

Holds: ``parse_query``. Add here: a further operator.
Keep out: words themselves (``search_words``), how an index is asked (the Postgres adapter).
Source: PostgreSQL's websearch_to_tsquery, whose operators these are: words side by side must all
be there, "words in quotes" one after the other, ``or`` between two is enough, ``-`` leaves out.
Where it takes ``or`` for a word, so does this. A dash with a blank behind it leaves nothing out:
subjects have it ("Offer - March"), and people paste them.
"""

import re
from dataclasses import dataclass

from gmail_ingest.core.search_words import words_of

# What begins with two hyphens is an option of some program, and nothing to leave out.
_OPERAND = re.compile(r'(?P<excluded>(?:-(?!-))?)(?:"(?P<phrase>[^"]*)"?|(?P<chunk>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; or must not, if ``excluded``."""

    words: tuple[bytes, ...]
    excluded: bool = False


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
        words = tuple(words_of(chunk or operand["phrase"] or ""))
        if words:
            alternatives[-1].append(Term(words, excluded=bool(operand["excluded"])))
    return tuple(tuple(terms) for terms in alternatives if terms)
