"""Times and repetitions of a calendar entry, as a person reads them.

Holds: ``when`` and ``repeats``.
Add here: a rule of repetition that can be said in few words.
Keep out: reading of time zones: a time is told in the zone that it is written in.
Source: RFC 5545, 3.3.4 to 3.3.6 (dates, times, durations) and 3.3.10 (recurrence rules).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from gmail_ingest.core.mail.calendar.calendar_reader import Entry, Property, unescaped

# RFC 5545 has no hyphens and colons in times, but some programs write them.
_TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?\d\d)?(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:\d{1,8}S)?)?\Z",
    re.IGNORECASE,
)
_LONGEST_ODD_TIME = 60
_LONGEST_RULE = 2_000

_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour"}
_DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_PLACES = {"1": "first", "2": "second", "3": "third", "4": "fourth", "5": "fifth", "-1": "last"}
_DAY = re.compile(r"([+-]?\d{0,2})(MO|TU|WE|TH|FR|SA|SU)\Z")
_SIMPLE = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "WKST"})


@dataclass(frozen=True, slots=True)
class _Moment:
    """A day, or a time with its zone as written (``""``: a floating time, in no zone)."""

    at: datetime
    is_day: bool
    zone: str

    def told(self, *, without_day_of: "_Moment | None" = None) -> str:
        if self.is_day:
            return f"{self.at:%Y-%m-%d}"
        same_day = without_day_of and without_day_of.at.date() == self.at.date()
        return f"{self.at:%H:%M}" if same_day else f"{self.at:%Y-%m-%d %H:%M}"


def when(entry: Entry) -> str:
    """Return the time of an entry.

    Args:
        entry: An event or a task.

    Returns:
        Like ``2026-12-03 09:00 to 10:00 (Europe/Berlin)``; ``""`` where it has no time. A value
        that is no time of RFC 5545 is returned as written.
    """
    start, due = entry.first("DTSTART"), entry.first("DUE")
    if start is None:
        return f"due {_single(due)}" if due else ""
    begin = _moment(start)
    if begin is None:
        return _single(start)
    end = _end(entry, begin)
    if end is None or end.at <= begin.at:
        return _with_zone(begin.told(), begin.zone)
    if end.zone == begin.zone:
        return _with_zone(f"{begin.told()} to {end.told(without_day_of=begin)}", begin.zone)
    return f"{_with_zone(begin.told(), begin.zone)} to {_with_zone(end.told(), end.zone)}"


def repeats(entry: Entry) -> str:
    """Return how an entry repeats.

    Args:
        entry: An event or a task.

    Returns:
        Like ``every 2 weeks on Monday, 10 times``; ``""`` where it does not.
    """
    found = entry.first("RRULE")
    if found is None:
        return ""
    pairs = (item.partition("=") for item in found.value[:_LONGEST_RULE].strip().split(";"))
    rule = {name.strip().upper(): value.strip().upper() for name, _, value in pairs}
    unit = _UNITS.get(rule.get("FREQ", ""))
    if unit is None:
        return "by a rule"
    count = rule.get("INTERVAL", "1")
    said = f"every {unit}" if count in {"1", ""} else f"every {count} {unit}s"
    return said + _days(rule) + _bound(rule) + ("" if rule.keys() <= _SIMPLE else ", by more rules")


def _days(rule: dict[str, str]) -> str:
    if rule.get("BYMONTHDAY"):
        return f" on day {rule['BYMONTHDAY']}"
    said = []
    for item in filter(None, rule.get("BYDAY", "").split(",")):
        found = _DAY.match(item.strip())
        if found is None:
            return ""
        place = _PLACES.get(found[1].lstrip("+"), found[1])
        said.append(f"the {place} {_DAYS[found[2]]}" if place else _DAYS[found[2]])
    return " on " + ", ".join(said) if said else ""


def _bound(rule: dict[str, str]) -> str:
    if rule.get("COUNT"):
        return f", {rule['COUNT']} times"
    if rule.get("UNTIL"):
        until = _moment(Property(rule["UNTIL"]))
        return f", until {until.at:%Y-%m-%d}" if until else f", until {rule['UNTIL']}"
    return ""


def _end(entry: Entry, begin: _Moment) -> _Moment | None:
    written = entry.first("DTEND") or entry.first("DUE")
    if written:
        end = _moment(written)
        # The end of whole days is the day after the last.
        if end and end.is_day and begin.is_day and entry.first("DTEND"):
            return _later(end, timedelta(days=-1))
        return end
    lasts = entry.first("DURATION")
    found = _DURATION.match(lasts.value.strip()) if lasts else None
    if found is None:
        return None
    weeks, days, hours, minutes = (int(group or 0) for group in found.groups())
    if begin.is_day:
        days -= 1
    return _later(begin, timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes))


def _later(moment: _Moment, by: timedelta) -> _Moment | None:
    try:
        return _Moment(moment.at + by, moment.is_day, moment.zone)
    except OverflowError:
        return None


def _moment(item: Property) -> _Moment | None:
    found = _TIME.match(item.value.strip())
    if found is None:
        return None
    year, month, day, hour, minute, offset = found.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))  # noqa: DTZ001 - the zone is told as written, never computed with
    except ValueError:
        return None
    if hour is None:
        return _Moment(at, is_day=True, zone="")
    return _Moment(at, is_day=False, zone=_zone(item, (offset or "").upper()))


def _zone(item: Property, offset: str) -> str:
    if offset:
        return "UTC" if offset == "Z" else f"UTC{offset}"
    return " ".join(unescaped(item.parameters.get("TZID", "")).split())


def _single(item: Property) -> str:
    moment = _moment(item)
    if moment is None:
        return " ".join(item.text[:_LONGEST_ODD_TIME].split())
    return _with_zone(moment.told(), moment.zone)


def _with_zone(time: str, zone: str) -> str:
    # Outlook's zones have brackets of their own: (UTC+01:00) Amsterdam, Berlin.
    return f"{time} {zone if zone.startswith('(') else f'({zone})'}" if zone else time
