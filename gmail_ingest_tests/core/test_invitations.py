"""Calendar files are told as a person would tell them.

Holds: the set of calendar files, by kind. Add here: what holds for the reading of all of them.
Keep out: mails around them (``test_containers.py``).
"""

from __future__ import annotations

import pytest

from gmail_ingest.core.mail.calendar.calendar_text import CalendarText, calendar_text
from gmail_ingest_tests.core.growth import assert_linear
from gmail_ingest_tests.core.invitations.calendar_files import Case, calendar, event
from gmail_ingest_tests.core.invitations.cases import CASES

_HOSTILE = {
    "begins": "BEGIN:VEVENT\n",
    "nested": "BEGIN:X\n",
    "ends": "END:VEVENT\n",
    "parameters": "BEGIN:VEVENT\nSUMMARY" + ';A=B:"mailto:' * 20,
    "open quotes": 'BEGIN:VEVENT\nATTENDEE;CN="',
    "folds": "\n ",
    "blanks": " ",
    "escapes": "\\",
    "addresses": "ATTENDEE:mailto:a@x.example\n",
    "markup": "BEGIN:VEVENT\nDESCRIPTION:<b><blockquote>",
    "soft breaks": "BEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE:=\n",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_calendar_file_is_told_as_a_person_would(case: Case) -> None:
    """Title, time, place, people and words of the file, whatever wrote it (edge case 153)."""
    assert calendar_text(case.source) == CalendarText(case.method, case.text)


def test_the_method_of_the_content_type_counts_where_the_file_has_none() -> None:
    """The parameter is read in any case, in quotes or not; the file's own METHOD wins."""
    source = calendar(event("SUMMARY:Demo"), method=None)
    quoted = calendar_text(source, 'text/calendar; charset=utf-8; METHOD="cancel"')
    assert quoted == CalendarText("CANCEL", "Cancelled: Demo")
    own = calendar_text(calendar(event("SUMMARY:Demo")), "text/calendar; method=CANCEL")
    assert own == CalendarText("REQUEST", "Invitation: Demo")


def test_a_calendar_of_many_events_is_bounded() -> None:
    """Of a file with thousands of events the first two hundred are told (edge case 153)."""
    source = calendar(*(event(f"SUMMARY:{n}") for n in range(2_000)))
    told = calendar_text(source).text.split("\n\n")
    assert (len(told), told[0], told[-1]) == (200, "Invitation: 0", "Invitation: 199")


@pytest.mark.parametrize("unit", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_hostile_calendars_take_linear_time(unit: str) -> None:
    """Ten times the text takes no more than some ten times the time (edge case 153)."""
    assert_linear(lambda size: calendar_text(unit * (size // len(unit))), 16_000)
