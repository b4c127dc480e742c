"""The grammar of a From, To, ... header: its text to names and addresses.

Holds: ``parse_addresses``.
Add here: another way in which senders separate people.
Keep out: what is an address (``mailbox_words``), who is who (``addresses``).
Source: RFC 5322 sections 3.4 and 4.4; what senders do (edge cases 50 and 180 to 184).
"""

import re

from gmail_ingest.core.mail.addresses.mailbox_words import (
    MAX_ADDRESS_CHARS,
    Person,
    Word,
    people_in,
    phrase_of,
)

# The usual way to write a person, up to the comma; reading it token by token takes five times as
# long. No class matches what follows it, so each character is read once.
_PLAIN = re.compile(
    r'\s*+(?:(?:"(?P<quoted>[^"\\<>]*+)"|(?P<words>[^"\\<>(),;:@]*+))\s*+(?P<open><))?+'
    r"(?P<address>[A-Za-z0-9_+-][A-Za-z0-9_.+#=-]*+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+)"
    r"(?P<shut>>?+)\s*+(?:,|\Z)"
)
# Every alternative starts with a character of its own, so the scan is linear; a quote may lack its
# end. Commas in an encoded word and colons in an address literal are no marks.
_TOKEN = re.compile(
    r"(?P<blank>\s++)"
    r'|(?P<quoted>"(?P<content>[^"\\]*+(?:\\.[^"\\]*+)*+)"?+)'
    r"|(?P<mark>[<>,;:()])"
    r"|(?P<literal>@\[[0-9A-Za-z.:-]{1,60}\])"
    r'|(?P<escaped>\\["(),.:;<>@\[\\\]])'
    r"|(?P<encoded>=\?[^?\s]{1,60}\?[BbQq]\?[^?\s]*+\?=)"
    r'|(?P<atom>[^\s"<>,;:()\\=@]++|.)',
    re.DOTALL,
)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Web forms write names as HTML has them. A quotation mark becomes one that encloses nothing.
_ENTITY = re.compile(r"&(amp|quot|apos|nbsp|#0?39|#x27);", re.IGNORECASE)
_ENTITIES = {"amp": "&", "nbsp": " "}
# Commas and brackets of East Asian keyboards, behind an address and around one.
_WIDE_COMMA = re.compile(
    r"(@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,9}>?)\s{0,9}[\u3001\uff0c\uff1b]"
)
_WIDE_BRACKETS = re.compile(r"\uff1c([^\s\uff1c\uff1e@<>]{1,64}@[A-Za-z0-9.-]{1,255})\uff1e")
_WHOLE_IN_QUOTES = re.compile(r'\s*"([^"\\]+)"\s*')
_NO_MARKS = {ord('"'): " ", ord("("): " "}
#: The limit of a name that is put together from pieces, against hostile headers.
_MAX_NAME_CHARS = 1_000
#: Ten tokens for each person that is read from one mail (``addresses.MAX_PARTICIPANTS``).
_MAX_TOKENS = 100_000
_BLANK = Word(None, " ")


def parse_addresses(value: str) -> list[Person]:
    """Return the addresses of a header value.

    Args:
        value: A From, To, ... value, with or without encoded words.

    Returns:
        The people that it names. Group names, empty groups and words that are no address give
        nothing. A comma in an unquoted name is part of the name (``Moore, Keith <k@x.example>``),
        because Gmail may decode a name without quoting it. A missing comma between two people is
        tolerated.
    """
    # Most values without an address, and hostile ones, end here; most others at the plain person
    # below.
    if "@" not in value:
        return []
    if "&" in value:
        value = _ENTITY.sub(lambda found: _ENTITIES.get(found.group(1).lower(), "'"), value)
    plain = _PLAIN.match(value)
    if plain is not None and plain.end() == len(value):
        name, _, address = _plain_person(plain)
        if address:
            return [Person(name, address)]
    if not value.isascii():
        value = _WIDE_BRACKETS.sub(r"<\1>", _WIDE_COMMA.sub(r"\1,", value))
    people = _Reader(value).read()
    if not people and (inner := _WHOLE_IN_QUOTES.fullmatch(value)):
        people = _Reader(inner.group(1)).read()
    return people


def _plain_person(match: re.Match[str]) -> tuple[str, bool, str]:
    """The name, whether a surname may stand before it, and the address (``""`` if it is none)."""
    quoted, words, opened, address, shut = match.groups()
    if (opened is None) is bool(shut) or len(address) > MAX_ADDRESS_CHARS:
        return "", False, ""
    if opened is None and not address.islower() and _is_doubtful(address):
        return "", False, ""
    name = words or quoted
    return " ".join(name.split()) if name else "", bool(words), address.lower()


class _Reader:
    """Reads one value. Its state is what was read since the last comma."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._last_semicolon = value.rfind(";")
        self._found: list[Person] = []
        #: Names without an address: their comma may belong to the next name.
        self._before: list[str] = []
        #: Those among them that may be a person: ``Ann @ Acme, Inc. <ann@acme.example>``.
        self._doubtful: list[Person] = []
        self._restart()

    def _restart(self) -> None:
        self._words: list[Word] = []
        self._comment = ""
        #: The name before an angle bracket that is open.
        self._name: str | None = None
        #: Whether an angle bracket was closed since the last comma: its person is the last one
        #: found.
        self._is_behind = False
        self._has_at = False
        #: Whether a quote began that has no end: words before an address may be a part of it.
        self._is_torn = False

    def read(self) -> list[Person]:
        at = tokens = 0
        at_start = True
        while at < len(self._value):
            plain = _PLAIN.match(self._value, at) if at_start else None
            if plain is not None and self._take(plain):
                at = plain.end()
                continue
            tokens += 1
            if tokens > _MAX_TOKENS:
                # The unfinished rest is left out: it may be a part of an address.
                return [*self._found, *self._doubtful]
            at_start = self._value[at] in ",;"
            at = self._token(at)
            at_start = at_start and self._name is None
        self._end()
        self._settle()
        return self._found

    def _take(self, plain: re.Match[str]) -> bool:
        name, is_whole, address = _plain_person(plain)
        if address:
            whole = self._whole(name) if is_whole else name
            self._settle(in_name=whole is not name)
            self._found.append(Person(whole, address))
        return bool(address)

    def _token(self, at: int) -> int:
        match = _TOKEN.match(self._value, at)
        if match is None:
            return at + 1
        kind, text = match.lastgroup, match.group()
        if kind == "mark":
            return self._mark(text, at)
        if kind == "blank":
            self._words.append(_BLANK)
        elif kind == "quoted":
            content = match["content"]
            if len(text) != len(content) + 2:
                return self._without_marks(at)
            self._words.append(Word(text, _ESCAPED.sub(r"\1", content)))
        else:
            self._has_at = self._has_at or text[0] == "@"
            self._words.append(Word(text, text[1] if kind == "escaped" else text))
        return match.end()

    def _mark(self, mark: str, at: int) -> int:
        if mark == "(":
            return self._remark(at)
        if mark == "<":
            self._open()
        elif mark == ">" and self._name is not None:
            self._shut(self._name)
        elif mark in ">)":
            self._words.append(_BLANK)
        elif mark == ":":
            self._colon(at)
        elif self._name is not None and self._has_at:
            self._words.append(Word(None, mark))
        else:
            self._end()
            if mark == ";":
                self._settle()
        return at + 1

    def _remark(self, at: int) -> int:
        """Read a comment; they nest."""
        depth = 0
        for match in _IN_COMMENT.finditer(self._value, at):
            depth += {"(": 1, ")": -1}.get(match.group(), 0)
            if not depth:
                text = _ESCAPED.sub(r"\1", self._value[at + 1 : match.start()]).strip()
                self._words.append(Word(None, " ", text))
                return match.end()
        return self._without_marks(at)

    def _without_marks(self, at: int) -> int:
        """An unclosed quote or comment would swallow the rest: read that without such marks."""
        self._is_torn = self._value[at] == '"'
        self._value = self._value[:at] + self._value[at:].translate(_NO_MARKS)
        return at

    def _colon(self, at: int) -> None:
        if self._name is None and at < self._last_semicolon:
            # The name of a group, which a semicolon ends; else a name without quotes.
            self._words.clear()
            self._settle()
        else:
            self._words.append(Word(None, ":"))

    def _open(self) -> None:
        if self._name is None and not self._is_behind:
            self._comment = next((word.comment for word in self._words if word.comment), "")
            name = phrase_of(self._words)
            self._name = self._whole(name)
            self._settle(in_name=self._name is not name)
        else:
            # A bracket that was not closed, or a comma that was forgotten.
            is_open = self._name is not None
            found = people_in(self._words, in_brackets=is_open)
            people, rest = found.people, found.rest
            if people and not is_open and not rest:
                people.pop()
                rest = phrase_of(self._words)
            if people and is_open:
                people[0] = people[0]._replace(name=self._name or people[0].name)
            elif is_open:
                rest = f"{self._name} {rest}".strip()[-_MAX_NAME_CHARS:]
            self._found += people
            self._name = rest
        self._words = []
        self._has_at = False

    def _shut(self, name: str) -> None:
        found = people_in(self._words, in_brackets=True)
        people, comment = found.people, found.comment
        self._found += [
            person._replace(name=(name or self._comment or comment) if number == 0 else "")
            for number, person in enumerate(people)
        ]
        self._restart()
        self._is_behind = bool(people)
        self._settle()

    def _end(self) -> None:
        if self._name is not None:
            if self._has_at:
                self._shut(self._name)
            else:
                self._words = [Word(None, f"{self._name} "), *self._words]
        found = people_in(self._words, in_brackets=False)
        people, rest = found.people, found.rest
        if self._is_torn:
            people = [person for person in people if not person.name]
        if len(people) == 1 and _is_doubtful(phrase_of(self._words)):
            self._doubtful += people
            self._before.append(phrase_of(self._words))
        elif people:
            self._settle()
            self._found += people
        elif self._is_behind:
            last = self._found[-1]
            self._found[-1] = last._replace(name=last.name or rest or found.comment)
        elif rest and not any(word.raw and word.raw[0] == '"' for word in self._words):
            self._before.append(rest)
        self._restart()

    def _settle(self, *, in_name: bool = False) -> None:
        """Forget the names kept so far. Doubtful people count unless a name took them in."""
        if not in_name:
            self._found += self._doubtful
        self._doubtful.clear()
        self._before.clear()

    def _whole(self, name: str) -> str:
        """The name with what stood before its commas."""
        if not (name and self._before):
            return name
        # A longer one is a list without addresses.
        whole = ", ".join((*self._before, name))
        return whole if len(whole) <= _MAX_NAME_CHARS else name


def _is_doubtful(phrase: str) -> bool:
    """Tell whether a phrase is more likely a name than an address: ``Ann @ Acme``, ``Ann@Acme``."""
    domain = phrase.rpartition("@")[2]
    is_apart = " @" in phrase or "@ " in phrase
    return " @ " in phrase or ("." not in domain and (is_apart or not domain.islower()))
