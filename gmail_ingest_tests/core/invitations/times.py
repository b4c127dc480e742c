"""Calendar files with times and repetitions of all kinds.

Holds: ``TIMES`` and ``REPETITIONS``. Add here: a way to write a time or a rule.
Source: the properties of RFC 5545 and vCalendar 1.0, written down as these programs use them.
"""

from __future__ import annotations

from typing import Final

from gmail_ingest_tests.core.invitations.calendar_files import START, Case, calendar, event


def _time(name: str, said: str, *lines: str) -> Case:
    return Case("time", name, calendar(event("SUMMARY:T", *lines)), f"Invitation: T\n{said}")


TIMES: Final = (
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
    _time("duration", "When: 2026-12-03 09:00 to 10:30 (UTC)", START, "DURATION:PT1H30M"),
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
    _time("end before start", "When: 2026-12-03 09:00 (UTC)", START, "DTEND:20261203T080000Z"),
)


def _repeat(rule: str, said: str) -> Case:
    source = calendar(event("SUMMARY:T", START, f"RRULE:{rule}"))
    text = f"Invitation: T\nWhen: 2026-12-03 09:00 (UTC)\nRepeats: {said}"
    return Case("repetition", rule, source, text)


REPETITIONS: Final = (
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
