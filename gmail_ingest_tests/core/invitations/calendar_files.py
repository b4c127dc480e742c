"""A calendar file with what a person would say of it, and the means to write one.

Holds: ``Case``, ``calendar`` and ``event``. Keep out: the cases.
Source: the properties of RFC 5545 and vCalendar 1.0, written down as these programs use them.
"""

from __future__ import annotations

from dataclasses import dataclass

START = "DTSTART:20261203T090000Z"
END = "DTEND:20261203T100000Z"
WHEN = "When: 2026-12-03 09:00 to 10:00 (UTC)"


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
