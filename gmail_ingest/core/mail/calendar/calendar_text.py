"""What a calendar file says, as text that a person reads.

Holds: ``calendar_text``.
Add here: another property that a reader of an invitation wants to know.
Keep out: the syntax (``calendar_reader``), times and repetitions (``calendar_times``).
Source: RFC 5545 (properties), RFC 5546 (what each METHOD means).
"""

import re
from dataclasses import dataclass

from gmail_ingest.core.mail.calendar.calendar_reader import Entry, Property, read_calendar
from gmail_ingest.core.mail.calendar.calendar_times import repeats, when
from gmail_ingest.core.mail.text.html_text import html_to_text

_METHOD = re.compile(r"""[;\s]method\s{0,20}=\s{0,20}["']?([A-Za-z]{1,20})""", re.IGNORECASE)

_MAX_NAMED = 100
_MAX_DESCRIPTION = 100_000

_TITLES = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "COUNTER": "New time proposed",
    "DECLINECOUNTER": "Proposed time declined",
    "ADD": "Invitation to a further date",
    "REFRESH": "Asked for again",
    "REPLY": "Answer",
}
_FREE = "VFREEBUSY"
_KINDS = {"VEVENT": "Event", "VTODO": "Task", "VJOURNAL": "Note", _FREE: "Free and busy times"}
_ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentatively accepted",
    "DELEGATED": "delegated",
    "COMPLETED": "completed",
    "IN-PROCESS": "in process",
}
# Google, Zoom and others write HTML into a property that is plain text.
_MARKUP = re.compile(r"<(?:html|body|p|br|b|i|u|a|ul|ol|li|div|span|strong)\b", re.IGNORECASE)
_LOOKED_AT = 4_000
# Lines of nothing but these frame the text that Google adds.
_RULES = "-:~_=* "


@dataclass(frozen=True, slots=True)
class CalendarText:
    """A calendar file that was read.

    Attributes:
        method: What it asks for, in capitals (RFC 5546); ``""`` where it does not say.
        text: For each event or task a title with the request or answer, then time, place, people,
            links, comment and description, one a line; ``""`` for a file without any.
    """

    method: str
    text: str


def calendar_text(source: str, content_type: str = "") -> CalendarText:
    """Return what a person would say of a calendar file.

    Args:
        source: The file as text; ``""`` where it was not sent.
        content_type: Its Content-Type field, whose ``method`` counts where the file has none.
    """
    calendar = read_calendar(source)
    method = calendar.method or _method_of(content_type)
    return CalendarText(method, "\n\n".join(_entry(entry, method) for entry in calendar.entries))


def _method_of(content_type: str) -> str:
    found = _METHOD.search(content_type)
    return found[1].upper() if found else ""


def _entry(entry: Entry, method: str) -> str:
    answer = _answer(entry) if method == "REPLY" else ""
    title = _title(entry, method, answer)
    summary = _line(entry.text("SUMMARY"))
    lines = [f"{title}: {summary}" if summary else title]
    description = _description(entry)
    people = "Answer of" if method == "REPLY" else "Attendees"
    facts = (
        ("When", when(entry)),
        ("Repeats", repeats(entry)),
        ("Where", _line(entry.text("LOCATION"))),
        ("Organizer", _people(entry, "ORGANIZER")),
        (people, _people(entry, "ATTENDEE")),
        ("Contact", _line(entry.text("CONTACT"))),
        ("Link", _links(entry, description)),
        ("Comment", entry.text("COMMENT")),
    )
    lines.extend(f"{name}: {value}" for name, value in facts if value)
    if description:
        lines.extend(("", description))
    return "\n".join(lines)


def _title(entry: Entry, method: str, answer: str) -> str:
    if answer:
        return answer[0].upper() + answer[1:]
    if entry.text("STATUS").upper() == "CANCELLED" and method in {"", "PUBLISH", "REQUEST"}:
        return _TITLES["CANCEL"]
    return _KINDS[entry.kind] if entry.kind == _FREE else _TITLES.get(method) or _KINDS[entry.kind]


def _answer(entry: Entry) -> str:
    found = entry.first("ATTENDEE")
    return _state(found) if found else ""


def _state(person: Property) -> str:
    return _ANSWERS.get(person.parameters.get("PARTSTAT", "").upper(), "")


def _people(entry: Entry, name: str) -> str:
    people = entry.properties.get(name, [])
    told = [said for person in people[:_MAX_NAMED] if (said := _person(person))]
    if len(people) > _MAX_NAMED:
        told.append(f"and {len(people) - _MAX_NAMED} more")
    return ", ".join(dict.fromkeys(told))


def _person(person: Property) -> str:
    value = person.value.strip()
    scheme, colon, rest = value.partition(":")
    address = rest if colon and scheme.lower() == "mailto" else value
    if "@" not in address:
        address = person.parameters.get("EMAIL", "")
    address = _line(address).removeprefix("mailto:")
    name = _line(person.parameters.get("CN", "")).strip("'")
    said = f"{name} <{address}>" if name and address and name != address else name or address
    state = _state(person)
    return f"{said} ({state})" if said and state else said


def _links(entry: Entry, description: str) -> str:
    names = ("URL", "CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL")
    links = (_line(entry.text(name)) for name in names)
    return " ".join(dict.fromkeys(link for link in links if link and link not in description))


def _description(entry: Entry) -> str:
    text = entry.text("DESCRIPTION")[:_MAX_DESCRIPTION]
    if not text:
        text = entry.text("X-ALT-DESC")[:_MAX_DESCRIPTION]
    if _MARKUP.search(text[:_LOOKED_AT]):
        is_document = text[:_LOOKED_AT].lstrip().lower().startswith(("<html", "<!doctype", "<body"))
        text = html_to_text(text if is_document else text.replace("\n", "<br>"))
    lines = (line.rstrip() for line in text.split("\n"))
    return "\n".join(line for line in lines if not line or line.strip(_RULES)).strip("\n")


def _line(value: str) -> str:
    return " ".join(value.split())
