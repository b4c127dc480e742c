"""Calendar files that are broken, hold several entries, or are in another script.

Holds: ``BROKEN``, ``SEVERAL`` and ``SCRIPTS``. Add here: a fault that was met.
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

BROKEN: Final = (
    Case(
        "broken",
        "no END",
        f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n{START}\n{END}\nSUMMARY:Demo",
        f"Invitation: Demo\n{WHEN}",
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
        f"BEGIN:VCALENDAR\n METHOD:REQUEST\n  BEGIN:VEVENT\nSUMMARY:Demo\n{START}\n  END:VEVENT",
        "Event: Demo\nWhen: 2026-12-03 09:00 (UTC)",
        "",
    ),
    Case(
        "broken",
        "raw line breaks in a description",
        calendar(event("SUMMARY:Demo", "DESCRIPTION:Bring\nthe drawings: all of them", START)),
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
        calendar(event("SUMMARY:Demo", START)).replace("\r\n", "\r"),
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

SEVERAL: Final = (
    Case(
        "several",
        "series with one changed date",
        calendar(
            event("SUMMARY:Stand-up", START, "RRULE:FREQ=DAILY"),
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

SCRIPTS: Final = tuple(
    Case(
        "script",
        summary,
        calendar(event(f"SUMMARY:{summary}", f"LOCATION:{place}", START)),
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
