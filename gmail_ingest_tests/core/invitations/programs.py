"""Calendar files of different programs, and of each method.

Holds: ``PROGRAMS`` and ``METHODS``. Add here: a program, or a thing that is asked or answered.
Source: the properties of RFC 5545 and vCalendar 1.0, written down as these programs use them.
"""

from __future__ import annotations

from typing import Final

from gmail_ingest_tests.core.invitations.calendar_files import (
    END,
    START,
    WHEN,
    Case,
    calendar,
    event,
)

_ZONE = (
    "BEGIN:VTIMEZONE\nTZID:W. Europe Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T030000\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n"
    "DTSTART:16010101T020000\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
)

PROGRAMS: Final = (
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
                START,
                END,
                "ORGANIZER;CN=Ann Example:mailto:ann@customer.example",
                "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE\n"
                " ;CN=Ann Example;X-NUM-GUESTS=0:mailto:ann@customer.example",
                "X-GOOGLE-CONFERENCE:https://meet.google.example/abc-defg",
                "DESCRIPTION:<b>Agenda</b><br>prices\\n\\n-::~:~::~:~:~:~::~:~:~:~::-\\nJoin now\\n"
                "-::~:~::~:~:~:~::~:~:~:~::-",
                "SUMMARY:Demo",
            )
        ),
        f"Invitation: Demo\n{WHEN}\nOrganizer: Ann Example <ann@customer.example>\n"
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
                START,
                END,
                "SUMMARY:Stand-up",
                "DESCRIPTION:________________________________________\\nJoin: "
                "https://teams.example/l/1\\n________________________________________\\n",
                "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example/l/1",
                "LOCATION:Microsoft Teams Meeting",
            )
        ),
        f"Invitation: Stand-up\n{WHEN}\nWhere: Microsoft Teams Meeting\n\n"
        "Join: https://teams.example/l/1",
    ),
    Case(
        "program",
        "HTML beside an empty description",
        calendar(
            event(
                START,
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

METHODS: Final = (
    Case(
        "method",
        "cancelled",
        calendar(event(START, END, "SUMMARY:Demo", "STATUS:CANCELLED"), method="CANCEL"),
        f"Cancelled: Demo\n{WHEN}",
        "CANCEL",
    ),
    Case(
        "method",
        "cancelled by its status",
        calendar(event(START, END, "SUMMARY:Demo", "STATUS:CANCELLED")),
        f"Cancelled: Demo\n{WHEN}",
    ),
    *(
        Case(
            "method",
            f"answer {state}",
            calendar(
                event(
                    START,
                    END,
                    "SUMMARY:Demo",
                    f"ATTENDEE;PARTSTAT={state};CN=Bob:mailto:bob@x.example",
                    "COMMENT:See you\\, Bob",
                ),
                method="REPLY",
            ),
            f"{title}: Demo\n{WHEN}\nAnswer of: Bob <bob@x.example>{said}\nComment: See you, Bob",
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
        calendar(event(START, END, "SUMMARY:Demo"), method="COUNTER"),
        f"New time proposed: Demo\n{WHEN}",
        "COUNTER",
    ),
    Case(
        "method",
        "proposed time declined",
        calendar(event(START, END, "SUMMARY:Demo"), method="DECLINECOUNTER"),
        f"Proposed time declined: Demo\n{WHEN}",
        "DECLINECOUNTER",
    ),
    Case(
        "method",
        "further date",
        calendar(event(START, END, "SUMMARY:Demo"), method="ADD"),
        f"Invitation to a further date: Demo\n{WHEN}",
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
        calendar(event(START, END, "SUMMARY:Train 7"), method="PUBLISH"),
        f"Event: Train 7\n{WHEN}",
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
        "free times asked for",
        calendar(event(START, "ATTENDEE:mailto:bob@x.example", component="VFREEBUSY")),
        "Free and busy times\nWhen: 2026-12-03 09:00 (UTC)\nAttendees: bob@x.example",
    ),
    Case(
        "method",
        "note",
        calendar(event("SUMMARY:Minutes", component="VJOURNAL"), method="PUBLISH"),
        "Note: Minutes",
        "PUBLISH",
    ),
)
