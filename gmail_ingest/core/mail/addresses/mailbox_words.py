"""Words of an address header: which of them are addresses, and which are names.

Holds: ``Word``, ``Person``, ``phrase_of``, ``people_in`` and ``address_in``.
Add here: what else an address may hold, or what senders put around it.
Keep out: brackets, commas and comments of a header (``address_list``).
Source: RFC 5322 sections 3.4.1 and 4.4, RFC 5321 section 4.1.3 (literals), RFC 6532 (UTF-8).

Apart from marks around it, nothing is removed from a word to make it an address: what remains may
be the address of somebody else.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from gmail_ingest.core.mail.addresses.domains import normal, readable_domain
from gmail_ingest.core.mail.charsets.encoded_words import decode_words

# RFC 5321: 64 characters, "@", 255. A longer one is no address, and would not fit an index.
MAX_ADDRESS_CHARS = 320

_SIMPLE = re.compile(r"[A-Za-z0-9_+=-][A-Za-z0-9_.+=-]*+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+")
# East Asian separators and brackets, which are in nobody's address.
_WIDE_MARKS = "\u3001\u3002\u3008-\u3011\uff08\uff09\uff0c\uff1a\uff1b\uff1c\uff1e\uff20"
_PIECE = rf'(?:[^\s"(),.:;<>@\[\\\]{_WIDE_MARKS}]++|"(?:[^"\\]|\\.)++")'
# RFC 5322 has no dots at the end or side by side, but Japanese providers gave such addresses.
_LOCAL = re.compile(rf"{_PIECE}(?:\.++{_PIECE})*+\.*+")
_DOMAIN = re.compile(r"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+|\[[0-9a-z.:-]{1,60}\]")
# Invisible, though printable to Python; and U+FFFD, which replaces unreadable characters.
_UNSEEN = re.compile("[\ufffd\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
#: Punctuation that a domain may have (RFC 5892: of Catalan and Japanese).
_MIDDLE_DOTS = "\u00b7\u30fb"
#: Invisible signs that address books and clipboards leave around an address. Those that reverse the
#: letters are not among them.
_UNSEEN_AROUND = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u2060\u2066\u2068\u2069\ufeff"
#: Marks around an address that cannot be part of it on this side.
_OPENING = "['\u2018\u201c\u00ab"
_CLOSING = "]}'`\u2019\u201d\u00bb"
_PAIRS = frozenset({"''", "``", "{}"})
_DASHES = " -\u2013\u2014|/"
# What a link to an address has behind it.
_QUERY = re.compile(r"\?(?:subject|body|b?cc)=.*", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(
    r"(?:(?:and|or|und|oder|et|ou|y|e|o|och|og|en|i|и|[^\w\s]++)(?:\s++|\Z))++", re.IGNORECASE
)
#: ``<undisclosed recipients@host>``: a mail server added its name to a placeholder.
_NOBODY = frozenset({"undisclosed", "unlisted", "suppressed"})


class Word(NamedTuple):
    """A piece of a header.

    Attributes:
        raw: As sent; None for what is no part of an address: blanks, marks and comments.
        plain: As a name shows it.
        comment: The text of a comment.
    """

    raw: str | None
    plain: str
    comment: str = ""


class Person(NamedTuple):
    """A display name as written, and an address in lower case."""

    name: str
    address: str


class FoundPeople(NamedTuple):
    """Addresses among words.

    Attributes:
        people: Each with the words or the comment beside the address.
        rest: The words behind the last address.
        comment: The first comment.
    """

    people: list[Person]
    rest: str
    comment: str


def phrase_of(words: Sequence[Word]) -> str:
    """Return words as a name: blanks where the header has them, and only there."""
    return " ".join("".join(word.plain for word in words).split())


def people_in(words: Sequence[Word], *, in_brackets: bool) -> FoundPeople:
    """Return the addresses that stand among words.

    Args:
        words: Without brackets and separators between people.
        in_brackets: Whether angle brackets stood around them.
    """
    people: list[Person] = []
    name: list[str] = []
    comment = ""
    terms = _glued(_terms(words), in_brackets=in_brackets)
    for term in terms:
        if term.comment:
            # The comment behind an address is its name, rather than one before it.
            if people and not name and people[-1].name in {"", comment}:
                people[-1] = people[-1]._replace(name=term.comment)
            if in_brackets or not people:
                comment = comment or term.comment
        elif term.raw is None:
            _forget(name, term.plain)
        elif "@" in term.raw and (address := address_in(term.raw, is_whole=not name)):
            if not (name and name[-1].lower() in _NOBODY and address.startswith("recipient")):
                said = _beside(" ".join(name))
                people.append(Person(said or ("" if people else comment), address))
            name.clear()
        else:
            name.append(term.plain)
    if len(terms) == 1 and not people and (address := _simple(name[0] if name else "")):
        # A whole address in quotes, and nothing beside it.
        return FoundPeople([Person("", address)], "", "")
    return FoundPeople(people, _beside(" ".join(name)), comment)


def address_in(word: str, *, is_whole: bool = True) -> str:
    """Return the address that a word is.

    Args:
        word: Without blanks, but in its quotes.
        is_whole: Whether no word stands before it. With one it may be the rest of a Lotus Notes
            name (``Ann Lee/Berlin/Acme@Acme``).

    Returns:
        The address in lower case, its domain in one spelling for each script; ``""`` where the
        word is none.
    """
    if address := _simple(word):
        return address
    if len(word) > 2 * MAX_ADDRESS_CHARS:
        return ""
    if "=?" in word:
        word = decode_words(word)
    word = word.strip(_UNSEEN_AROUND)
    word = word[1:-1] if word[:1] + word[-1:] in _PAIRS else word.lstrip(_OPENING)
    local, _, domain = normal(word).rpartition("@")
    domain = _QUERY.sub("", domain) if "?" in domain else domain
    if "/" in local and _is_path(local, domain, is_whole=is_whole):
        return ""
    domain = (domain if "[" in domain else domain.rstrip(_CLOSING)).rstrip(".")
    if not domain.isascii():
        domain = readable_domain(domain) if _is_seen(domain) else ""
    if not (_LOCAL.fullmatch(local) and _is_domain(domain)):
        return ""
    address = f"{local}@{domain}"
    seen = address.isprintable() and (address.isascii() or not _UNSEEN.search(address))
    return address if seen and len(address) <= MAX_ADDRESS_CHARS else ""


def _beside(words: str) -> str:
    """The name beside an address, without ``and``, ``/`` and the like that separate people."""
    found = _BETWEEN.match(words)
    return (words[found.end() :] if found else words).rstrip(_DASHES)


def _is_path(local: str, domain: str, *, is_whole: bool) -> bool:
    """Tell links and names of Lotus Notes from addresses of X.400 (``/g=ann/s=lee/@x.example``)."""
    is_part = not is_whole and local[0] != "/"
    return local.startswith("//") or "." not in domain or is_part


def _simple(word: str) -> str:
    """Return a word that is a plain address, as nearly all are, in lower case; else ``""``."""
    short = len(word) <= MAX_ADDRESS_CHARS
    return word.lower() if short and _SIMPLE.fullmatch(word) and "=?" not in word else ""


def _is_domain(domain: str) -> bool:
    if domain.isascii():
        return _DOMAIN.fullmatch(domain) is not None
    return all(domain.split(".")) and all(map(_is_of_domains, domain))


def _is_of_domains(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in "-._"
    # An emoji is one; a bracket of another width is not.
    category = unicodedata.category(char)
    return char in _MIDDLE_DOTS or category[0] in "LMN" or category in {"So", "Sk"}


def _is_seen(text: str) -> bool:
    return text.isprintable() and not _UNSEEN.search(text)


def _forget(name: list[str], mark: str) -> None:
    """Drop the words before a mark (``smtp:ann@x``); keep the name of ``Ann [mailto:ann@x]``."""
    if mark == ":" and name and name[-1].lower().endswith("mailto"):
        name.pop()
    else:
        name.clear()


def _terms(words: Sequence[Word]) -> list[Word]:
    """Join the words that no blank separates."""
    terms: list[Word] = []
    raw: list[str] = []
    plain: list[str] = []
    for word in (*words, Word(None, " ")):
        if word.raw is not None:
            raw.append(word.raw)
            plain.append(word.plain)
            continue
        if raw:
            terms.append(Word("".join(raw), "".join(plain)))
            raw.clear()
            plain.clear()
        if word.comment or word.plain != " ":
            terms.append(word)
    return terms


def _glued(terms: Sequence[Word], *, in_brackets: bool) -> list[Word]:
    """Join an address that has blanks or comments around its @ and dots (RFC 5322, 4.4)."""
    glued: list[Word] = []
    place: int | None = None
    is_dotted = in_brackets
    for term in terms:
        if term.raw is None:
            glued.append(term)
            place = place if term.comment else None
        elif place is not None and _belongs(glued[place].raw or "", term.raw, is_dotted=is_dotted):
            before = glued[place]
            # A comment inside an address is no name.
            del glued[place + 1 :]
            glued[place] = Word(f"{before.raw}{term.raw}", before.plain + term.plain)
            is_dotted = True
        else:
            place, is_dotted = len(glued), in_brackets
            glued.append(term)
    return glued


def _belongs(before: str, behind: str, *, is_dotted: bool) -> bool:
    """Tell whether two words are one address. ``Dr. ann@x`` is not, unless in angle brackets."""
    if len(before) > MAX_ADDRESS_CHARS:
        return False
    is_domain = "@" in before.rpartition('"')[2]
    if behind[0] == "@" or before[-1] == "@":
        return behind[0] != "@" or not is_domain
    if behind[0] == ".":
        return True
    return before[-1] == "." and (is_dotted or is_domain) and not (is_domain and "@" in behind)
