"""The entries of a calendar file (iCalendar, vCalendar) with their properties.

Holds: ``read_calendar``.
Add here: syntax of calendar files that programs write.
Keep out: the text of an entry (``calendar_text``), charsets (``charsets``).
Source: RFC 5545 (folding, parameters, escapes) and vCalendar 1.0 (quoted-printable values).
docs/decisions/0006-what-lies-one-level-deeper.md says why no library reads it.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gmail_ingest.core.mail.charsets.charsets import decode_declared
from gmail_ingest.core.mail.clean_text import unix_lines

#: An invitation has a few thousand characters; a calendar beyond this is a file, not a mail's text.
MAX_CHARS = 500_000
_MAX_ENTRIES = 200
_MAX_DEPTH = 20
_MAX_VALUES = 1_000

_ENTRIES = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"})
# Some programs indent what they nest. By RFC 5545 such a line continues the one before.
_FOLD = re.compile(r"\n[ \t](?![ \t]*(?:BEGIN|END):)")
# In capitals: a description with raw line breaks has lines like "Note: bring a pen".
_PROPERTY = re.compile(r"[A-Z][A-Z0-9-]{1,60}(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})=((?:"[^"\n]*"|[^";:\n])*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PEOPLE = ("ATTENDEE", "ORGANIZER")
_MAILTO = re.compile(r":\s*mailto:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entry.

    Attributes:
        value: As written, unfolded and with quoted-printable decoded; escapes remain.
        parameters: Values without quotes, by name in capitals.
    """

    value: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The value as text, without escapes and blanks around it."""
        return unescaped(self.value).strip()


@dataclass(frozen=True, slots=True)
class Entry:
    """An event, a task, a note, or free and busy times."""

    kind: str
    properties: dict[str, list[Property]] = field(default_factory=dict)

    def first(self, name: str) -> Property | None:
        """Return the first property with this name (in capitals) that is not empty."""
        return next((p for p in self.properties.get(name, ()) if p.value.strip()), None)

    def text(self, name: str) -> str:
        """Return the text of the first such property, or ``""``."""
        found = self.first(name)
        return found.text if found else ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar file: its METHOD in capitals (``""`` without one) and its entries in order."""

    method: str
    entries: tuple[Entry, ...]


def read_calendar(source: str) -> Calendar:
    """Return the entries of a calendar file, however broken it is.

    Args:
        source: The file as text. What is beyond ``MAX_CHARS`` is not read.

    Returns:
        Events, tasks, notes and free times, without time zones and alarms. An entry without END
        ends where the next one begins.
    """
    reading = _Reading()
    for name, item in _properties(source):
        if name == "BEGIN":
            if len(reading.entries) == _MAX_ENTRIES:
                break
            reading.begin(item.value.strip().upper())
        elif name == "END":
            reading.end(item.value.strip().upper())
        else:
            reading.add(name, item)
    return Calendar(reading.method, tuple(reading.entries))


def unescaped(value: str) -> str:
    """Return a text value without the escapes of RFC 5545 (3.3.11).

    Args:
        value: As written.
    """
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


class _Reading:
    """The entries so far, and the components that are open."""

    def __init__(self) -> None:
        self.method = ""
        self.entries: list[Entry] = []
        self._open: list[str] = []

    def begin(self, component: str) -> None:
        if component in _ENTRIES:
            self.entries.append(Entry(component))
            self._open = [component]
        elif len(self._open) < _MAX_DEPTH:
            self._open.append(component)

    def end(self, component: str) -> None:
        if component in self._open:
            del self._open[self._open.index(component) :]

    def add(self, name: str, item: Property) -> None:
        if self._open and self._open[-1] in _ENTRIES:
            values = self.entries[-1].properties.setdefault(name, [])
            if len(values) < _MAX_VALUES:
                values.append(item)
        elif name == "METHOD" and not self.method:
            self.method = item.value.strip().upper()


def _properties(source: str) -> Iterator[tuple[str, Property]]:
    for line in _logical_lines(_FOLD.sub("", unix_lines(source[:MAX_CHARS]))):
        name = _PROPERTY.match(line)
        if name:
            yield name[0], _property(line, name.end())


def _logical_lines(text: str) -> Iterator[str]:
    """Yield one string a property, with the raw line breaks that some programs leave in values."""
    pieces: list[str] = []
    for line in text.split("\n"):
        stripped = line.strip()
        if not stripped:
            continue
        if pieces and _PROPERTY.match(stripped):
            yield "\n".join(pieces)
            pieces = []
        pieces.append(stripped)
    yield "\n".join(pieces)


def _property(line: str, end_of_name: int) -> Property:
    parameters: dict[str, str] = {}
    position = end_of_name
    while found := _PARAMETER.match(line, position):
        parameters[found[1].upper()] = found[2].replace('"', "").strip()
        position = found.end()
    rest = line[position:]
    address = _MAILTO.search(rest)
    if address and address.start() and line.startswith(_PEOPLE):
        # A colon or quote where none may be, as in CN=Roe: Bob.
        parameters["CN"] = parameters.get("CN", "") + rest[: address.start()]
        rest = rest[address.start() :]
    elif not rest.startswith(":"):
        rest = rest[rest.find(":") :]
    value = rest[1:]
    if parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
        raw = binascii.a2b_qp(value.encode("utf-8", "replace"))
        value = decode_declared(raw, parameters.get("CHARSET")).text
    return Property(value, parameters)
