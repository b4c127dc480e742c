"""Calendar files and what a person would say of them.

Holds: ``CASES``, each with its kind, so that figures by kind can be given.
Add here: a form of calendar file that was met.
Keep out: how the text is made; mails around the files (``test_invitations.py``).
Source: the properties of RFC 5545 and vCalendar 1.0, written down as these programs use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Case:
    """A calendar file: the kind of case, its source, its text and its method."""

    kind: str
    name: str
    source: str
    text: str
    method: str = "REQUEST"


def calendar(*entries: str, method: str | None = "REQUEST", head: str = "") -> str:
    """Return a calendar of entries, with CRLF."""
    said = f"METHOD:{method}\n" if method else ""
    inner = "".join(f"{entry}\n" for entry in entries)
    source = f"BEGIN:VCALENDAR\nVERSION:2.0\n{said}{head}{inner}END:VCALENDAR\n"
    return source.replace("\n", "\r\n")


def event(*lines: str, component: str = "VEVENT") -> str:
    """Return an event of these lines."""
    return "\n".join((f"BEGIN:{component}", "UID:1@x.example", *lines, f"END:{component}"))


_ZONE = (
    "BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T030000\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n"
    "DTSTART:16010101T020000\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
)
_START = "DTSTART:20261203T090000Z"
_END = "DTEND:20261203T100000Z"
_WHEN = "When: 2026-12-03 09:00 to 10:00 (UTC)"

_PROGRAMS: Final = (
    Case(
        "program",
        "Exchange",
        calendar(
            event(
                'ORGANIZER;CN="Example, Ann":mailto:ann@customer.example',
                "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=owner@crm.example"
                "\n :mailto:owner@crm.example",
                "DESCRIPTION;LANGUAGE=de-DE:Bitte Zahlen mitbringen.\\n\\n",
                "SUMMARY;LANGUAGE=de-DE:Jahresgespräch",
                "DTSTART;TZID=W. Europe Standard Time:20261203T090000",
                "DTEND;TZID=W. Europe Standard Time:20261203T103000",
                "LOCATION;LANGUAGE=de-DE:Raum 5",
                "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
                "BEGIN:VALARM",
                "DESCRIPTION:REMINDER",
                "TRIGGER;RELATED=START:-PT15M",
                "END:VALARM",
            ),
            head=_ZONE,
        ),
        "Invitation: Jahresgespräch\nWhen: 2026-12-03 09:00 to 10:30 (W. Europe Standard Time)\n"
        "Where: Raum 5\nOrganizer: Example, Ann <ann@customer.example>\n"
        "Attendees: owner@crm.example\n\nBitte Zahlen mitbringen.",
    ),
    Case(
        "program",
        "Google",
        calendar(
            event(
                _START,
                _END,
                "ORGANIZER;CN=Ann Example:mailto:ann@customer.example",
                "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE\n"
                " ;CN=Ann Example;X-NUM-GUESTS=0:mailto:ann@customer.example",
                "X-GOOGLE-CONFERENCE:https://meet.google.example/abc-defg",
                "DESCRIPTION:<b>Agenda</b><br>prices\\n\\n-::~:~::~:~:~:~::~:~:~:~::-\\nJoin now\\n"
                "-::~:~::~:~:~:~::~:~:~:~::-",
                "SUMMARY:Demo",
            )
        ),
        f"Invitation: Demo\n{_WHEN}\nOrganizer: Ann Example <ann@customer.example>\n"
        "Attendees: Ann Example <ann@customer.example> (accepted)\n"
        "Link: https://meet.google.example/abc-defg\n\nAgenda\nprices\n\nJoin now",
    ),
    Case(
        "program",
        "Apple",
        calendar(
            event(
                "DTSTART;TZID=Europe/Berlin:20261203T090000",
                "DTEND;TZID=Europe/Berlin:20261203T100000",
                'ATTENDEE;CN="Bob Roe";EMAIL="bob@x.example":urn:uuid:0000-1',
                "ORGANIZER;CN=Ann;EMAIL=ann@customer.example:invalid:nomail",
                'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Café":geo:1,2',
                "LOCATION:Café Central\\nHauptstraße 1\\, Wien",
                "SUMMARY:Kaffee",
            )
        ),
        "Invitation: Kaffee\nWhen: 2026-12-03 09:00 to 10:00 (Europe/Berlin)\n"
        "Where: Café Central Hauptstraße 1, Wien\nOrganizer: Ann <ann@customer.example>\n"
        "Attendees: Bob Roe <bob@x.example>",
    ),
    Case(
        "program",
        "Notes",
        calendar(
            event(
                'DTSTART;TZID="India Standard Time":20261203T143000',
                'DTEND;TZID="India Standard Time":20261203T153000',
                "SUMMARY:Review",
                'ORGANIZER;CN="Ann Example/Sales/Customer";SENT-BY="mailto:bob@customer.example"\n'
                " :mailto:ann@customer.example",
                "X-LOTUS-LASTALL-RDATES;TZID=India Standard Time:20170505T160000",
            )
        ),
        "Invitation: Review\nWhen: 2026-12-03 14:30 to 15:30 (India Standard Time)\n"
        "Organizer: Ann Example/Sales/Customer <ann@customer.example>",
    ),
    Case(
        "program",
        "Teams",
        calendar(
            event(
                _START,
                _END,
                "SUMMARY:Stand-up",
                "DESCRIPTION:________________________________________\\nJoin: "
                "https://teams.example/l/1\\n________________________________________\\n",
                "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example/l/1",
                "LOCATION:Microsoft Teams Meeting",
            )
        ),
        f"Invitation: Stand-up\n{_WHEN}\nWhere: Microsoft Teams Meeting\n\n"
        "Join: https://teams.example/l/1",
    ),
    Case(
        "program",
        "HTML beside an empty description",
        calendar(
            event(
                _START,
                "SUMMARY:Launch",
                "DESCRIPTION:\\n",
                'X-ALT-DESC;FMTTYPE=text/html:<!DOCTYPE HTML><HTML><BODY>\\n<P DIR=LTR>Come "all'
                '"</P></BODY></HTML>',
            )
        ),
        'Invitation: Launch\nWhen: 2026-12-03 09:00 (UTC)\n\nCome "all"',
    ),
    Case(
        "program",
        "vCalendar 1.0 with quoted-printable",
        calendar(
            event(
                "DTSTART:20261203T090000",
                "DTEND:20261203T100000",
                "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:B=FCro",
                "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:first=0D=0A=\nsecond",
            ),
            method=None,
        ),
        "Event: Büro\nWhen: 2026-12-03 09:00 to 10:00\n\nfirst\nsecond",
        "",
    ),
)

_METHODS: Final = (
    Case(
        "method",
        "cancelled",
        calendar(event(_START, _END, "SUMMARY:Demo", "STATUS:CANCELLED"), method="CANCEL"),
        f"Cancelled: Demo\n{_WHEN}",
        "CANCEL",
    ),
    Case(
        "method",
        "cancelled by its status",
        calendar(event(_START, _END, "SUMMARY:Demo", "STATUS:CANCELLED")),
        f"Cancelled: Demo\n{_WHEN}",
    ),
    *(
        Case(
            "method",
            f"answer {state}",
            calendar(
                event(
                    _START,
                    _END,
                    "SUMMARY:Demo",
                    f"ATTENDEE;PARTSTAT={state};CN=Bob:mailto:bob@x.example",
                    "COMMENT:See you\\, Bob",
                ),
                method="REPLY",
            ),
            f"{title}: Demo\n{_WHEN}\nAnswer of: Bob <bob@x.example>{said}\nComment: See you, Bob",
            "REPLY",
        )
        for state, title, said in (
            ("ACCEPTED", "Accepted", " (accepted)"),
            ("declined", "Declined", " (declined)"),
            ("TENTATIVE", "Tentatively accepted", " (tentatively accepted)"),
            ("DELEGATED", "Delegated", " (delegated)"),
            ("NEEDS-ACTION", "Answer", ""),
        )
    ),
    Case(
        "method",
        "another time proposed",
        calendar(event(_START, _END, "SUMMARY:Demo"), method="COUNTER"),
        f"New time proposed: Demo\n{_WHEN}",
        "COUNTER",
    ),
    Case(
        "method",
        "proposed time declined",
        calendar(event(_START, _END, "SUMMARY:Demo"), method="DECLINECOUNTER"),
        f"Proposed time declined: Demo\n{_WHEN}",
        "DECLINECOUNTER",
    ),
    Case(
        "method",
        "further date",
        calendar(event(_START, _END, "SUMMARY:Demo"), method="ADD"),
        f"Invitation to a further date: Demo\n{_WHEN}",
        "ADD",
    ),
    Case(
        "method",
        "asked for again",
        calendar(event("SUMMARY:Demo", "ATTENDEE:mailto:bob@x.example"), method="REFRESH"),
        "Asked for again: Demo\nAttendees: bob@x.example",
        "REFRESH",
    ),
    Case(
        "method",
        "published",
        calendar(event(_START, _END, "SUMMARY:Train 7"), method="PUBLISH"),
        f"Event: Train 7\n{_WHEN}",
        "PUBLISH",
    ),
    Case(
        "method",
        "task",
        calendar(event("DUE:20261203T170000Z", "SUMMARY:Offer", component="VTODO")),
        "Invitation: Offer\nWhen: due 2026-12-03 17:00 (UTC)",
    ),
    Case(
        "method",
        "note",
        calendar(event("SUMMARY:Minutes", component="VJOURNAL"), method="PUBLISH"),
        "Note: Minutes",
        "PUBLISH",
    ),
)


def _time(name: str, said: str, *lines: str) -> Case:
    return Case("time", name, calendar(event("SUMMARY:T", *lines)), f"Invitation: T\n{said}")


_TIMES: Final = (
    _time("whole day", "When: 2026-12-03", "DTSTART;VALUE=DATE:20261203"),
    _time(
        "whole day with its end",
        "When: 2026-12-03",
        "DTSTART;VALUE=DATE:20261203",
        "DTEND;VALUE=DATE:20261204",
    ),
    _time(
        "whole days",
        "When: 2026-12-03 to 2026-12-05",
        "DTSTART;VALUE=DATE:20261203",
        "DTEND;VALUE=DATE:20261206",
    ),
    _time(
        "end on the same day by mistake",
        "When: 2026-12-03",
        "DTSTART;VALUE=DATE:20261203",
        "DTEND;VALUE=DATE:20261203",
    ),
    _time("floating", "When: 2026-12-03 09:00", "DTSTART:20261203T090000"),
    _time("duration", "When: 2026-12-03 09:00 to 10:30 (UTC)", _START, "DURATION:PT1H30M"),
    _time("days long", "When: 2026-12-03 to 2026-12-04", "DTSTART:20261203", "DURATION:P2D"),
    _time(
        "overnight",
        "When: 2026-12-03 22:00 to 2026-12-04 02:00 (UTC)",
        "DTSTART:20261203T220000Z",
        "DTEND:20261204T020000Z",
    ),
    _time(
        "flight between zones",
        "When: 2026-12-03 09:00 (Europe/Berlin) to 2026-12-03 11:00 (America/New_York)",
        "DTSTART;TZID=Europe/Berlin:20261203T090000",
        "DTEND;TZID=America/New_York:20261203T110000",
    ),
    _time(
        "zone with a colon in quotes",
        "When: 2026-12-03 09:00 (UTC+03:00)",
        'DTSTART;TZID="UTC+03:00":20261203T090000',
    ),
    _time(
        "Outlook's name of a zone",
        "When: 2026-12-03 09:00 (UTC+01:00) Amsterdam, Berlin, Rome",
        'DTSTART;TZID="(UTC+01:00) Amsterdam\\, Berlin\\, Rome":20261203T090000',
    ),
    _time(
        "zone of Outlook's own",
        "When: 2026-12-03 09:00 (tzone://Microsoft/Custom)",
        'DTSTART;TZID="tzone://Microsoft/Custom":20261203T090000',
    ),
    _time("time as in ISO 8601", "When: 2026-12-03 09:00 (UTC)", "DTSTART:2026-12-03T09:00:00Z"),
    _time("offset", "When: 2026-12-03 09:00 (UTC+0100)", "DTSTART:20261203T090000+0100"),
    _time("time in words", "When: next Tuesday", "DTSTART:next Tuesday"),
    _time("no such day", "When: 20261399", "DTSTART:20261399"),
    _time("end before start", "When: 2026-12-03 09:00 (UTC)", _START, "DTEND:20261203T080000Z"),
)


def _repeat(rule: str, said: str) -> Case:
    source = calendar(event("SUMMARY:T", _START, f"RRULE:{rule}"))
    text = f"Invitation: T\nWhen: 2026-12-03 09:00 (UTC)\nRepeats: {said}"
    return Case("repetition", rule, source, text)


_REPETITIONS: Final = (
    _repeat("FREQ=DAILY", "every day"),
    _repeat("FREQ=DAILY;INTERVAL=1;COUNT=5", "every day, 5 times"),
    _repeat("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "every 2 weeks on Monday, Wednesday"),
    _repeat("FREQ=WEEKLY;UNTIL=20271231T000000Z;WKST=MO", "every week, until 2027-12-31"),
    _repeat("FREQ=MONTHLY;BYDAY=1MO", "every month on the first Monday"),
    _repeat("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
    _repeat("FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15"),
    _repeat("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "every year on the second Sunday, by more rules"),
    _repeat("FREQ=SECONDLY", "by a rule"),
    _repeat("nonsense", "by a rule"),
    _repeat("FREQ=WEEKLY;UNTIL=soon", "every week, until SOON"),
)

_BROKEN: Final = (
    Case(
        "broken",
        "no END",
        f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n{_START}\n{_END}\nSUMMARY:Demo",
        f"Invitation: Demo\n{_WHEN}",
    ),
    Case(
        "broken",
        "two events without END",
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:One\nBEGIN:VEVENT\nSUMMARY:Two\n",
        "Invitation: One\n\nInvitation: Two",
    ),
    Case(
        "broken",
        "indented",
        f"BEGIN:VCALENDAR\n METHOD:REQUEST\n  BEGIN:VEVENT\nSUMMARY:Demo\n{_START}\n  END:VEVENT",
        "Event: Demo\nWhen: 2026-12-03 09:00 (UTC)",
        "",
    ),
    Case(
        "broken",
        "raw line breaks in a description",
        calendar(event("SUMMARY:Demo", "DESCRIPTION:Bring\nthe drawings: all of them", _START)),
        "Invitation: Demo\nWhen: 2026-12-03 09:00 (UTC)\n\nBring\nthe drawings: all of them",
    ),
    Case(
        "broken",
        "colon in a name without quotes",
        calendar(event("SUMMARY:Demo", "ORGANIZER;CN=Ann: Sales:mailto:ann@customer.example")),
        "Invitation: Demo\nOrganizer: Ann: Sales <ann@customer.example>",
    ),
    Case(
        "broken",
        "quote that is never closed",
        calendar(event("SUMMARY:Demo", 'ORGANIZER;CN="Ann:mailto:ann@customer.example')),
        'Invitation: Demo\nOrganizer: "Ann <ann@customer.example>',
    ),
    Case(
        "broken",
        "words before it",
        "Your invitation:\n\n" + calendar(event("SUMMARY:Demo")),
        "Invitation: Demo",
    ),
    Case(
        "broken",
        "no calendar around the event",
        "BEGIN:VEVENT\nSUMMARY:Demo\nMETHOD:REQUEST\nEND:VEVENT",
        "Event: Demo",
        "",
    ),
    Case(
        "broken",
        "carriage returns alone",
        calendar(event("SUMMARY:Demo", _START)).replace("\r\n", "\r"),
        "Invitation: Demo\nWhen: 2026-12-03 09:00 (UTC)",
    ),
    Case(
        "broken",
        "folded within a word, and with a tab",
        calendar(event("SUMMARY:De\n mo of \n\tall")),
        "Invitation: Demo of all",
    ),
    Case("broken", "empty calendar", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "", ""),
    Case("broken", "no calendar", "Hello\n", "", ""),
    Case("broken", "nothing", "", "", ""),
)

_SEVERAL: Final = (
    Case(
        "several",
        "series with one changed date",
        calendar(
            event("SUMMARY:Stand-up", _START, "RRULE:FREQ=DAILY"),
            event("SUMMARY:Stand-up (late)", "DTSTART:20261204T110000Z", "RECURRENCE-ID:20261204"),
        ),
        "Invitation: Stand-up\nWhen: 2026-12-03 09:00 (UTC)\nRepeats: every day\n\n"
        "Invitation: Stand-up (late)\nWhen: 2026-12-04 11:00 (UTC)",
    ),
    Case(
        "several",
        "two calendars in one file",
        calendar(event("SUMMARY:One")) + calendar(event("SUMMARY:Two"), method="CANCEL"),
        "Invitation: One\n\nInvitation: Two",
    ),
    Case(
        "several",
        "more than a hundred guests",
        calendar(
            event("SUMMARY:All", *(f"ATTENDEE:mailto:p{n}@x.example" for n in range(103))),
        ),
        "Invitation: All\nAttendees: "
        + ", ".join(f"p{n}@x.example" for n in range(100))
        + ", and 3 more",
    ),
    Case(
        "several",
        "a person named twice",
        calendar(event("SUMMARY:D", "ATTENDEE:mailto:a@x.example", "ATTENDEE:MAILTO:a@x.example")),
        "Invitation: D\nAttendees: a@x.example",
    ),
    Case(
        "several",
        "links that the description does not have",
        calendar(
            event(
                "SUMMARY:D",
                "URL:https://x.example/1",
                "CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://v.example/2",
                "DESCRIPTION:at https://x.example/1",
            )
        ),
        "Invitation: D\nLink: https://v.example/2\n\nat https://x.example/1",
    ),
)

_SCRIPTS: Final = tuple(
    Case(
        "script",
        summary,
        calendar(event(f"SUMMARY:{summary}", f"LOCATION:{place}", _START)),
        f"Invitation: {summary}\nWhen: 2026-12-03 09:00 (UTC)\nWhere: {place}",
    )
    for summary, place in (
        ("予算会議", "会議室五"),
        ("اجتماع المشروع", "القاعة 5"),
        ("Встреча по проекту", "Переговорная 5"),
        ("ประชุมโครงการ", "ห้อง 5"),
        ("פגישת פרויקט", "חדר 5"),
        ("Réunion d'équipe — été 🎉", "Salle n° 5"),
    )
)

CASES: Final = (*_PROGRAMS, *_METHODS, *_TIMES, *_REPETITIONS, *_BROKEN, *_SEVERAL, *_SCRIPTS)
