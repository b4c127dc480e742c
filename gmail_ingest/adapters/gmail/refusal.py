"""Reads Google's error answers: both formats of the JSON body, HTML, or an empty body.

Holds: ``Refusal`` and ``read_refusal``. Add here: another place in which Google puts a reason.
Keep out: what a refusal means (``failures``).
Source: docs/google.md#error-bodies, #named-times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson

from gmail_ingest.errors import RefusalReason

#: The time zone in which Google's day ends.
_PACIFIC = ZoneInfo("America/Los_Angeles")
#: The farthest time that is believed, whatever an answer says: a Pacific day with a clock change.
FARTHEST_RETRY = timedelta(hours=25)
#: Only Google's constants may be quoted from an answer, never its sentences.
_CONSTANT = re.compile(r"[A-Za-z_]{1,64}")
_RETRY_AFTER = re.compile(r"Retry after\s+(\S+Z)", re.IGNORECASE)
_LIMIT = re.compile(r"limit '([^']*)'")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call. ``reasons``: the most specific first. ``is_api``: the body is JSON of the
    API.
    """

    status: int
    is_api: bool
    reasons: tuple[str, ...] = ()
    message: str = field(default="", repr=False)
    quota_limit: str = ""
    retry_after: str = ""

    @property
    def summary(self) -> str:
        """Status and first reason: safe to store and show."""
        return " ".join((str(self.status), *self.reasons[:1]))

    @property
    def scope(self) -> Literal["mailbox", "project"]:
        """Whose quota is used up: ``mailbox``, or ``project`` where Google says so."""
        limit = _LIMIT.search(self.message)
        name = self.quota_limit or (limit[1] if limit else "")
        is_shared = name and "peruser" not in name.lower().replace(" ", "")
        return "project" if is_shared else "mailbox"

    def why(self, requested: str) -> RefusalReason:
        """What distinguishes this refusal from others."""
        return RefusalReason(requested, self.status, next(iter(self.reasons), None))

    def retry_at(self, now: datetime) -> datetime | None:
        """The UTC time that Google named in the text or the Retry-After header, bounded."""
        found = _RETRY_AFTER.search(self.message)
        named = _timestamp(found[1]) if found else _header_time(self.retry_after, now)
        return min(named, now + FARTHEST_RETRY) if named is not None else None


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Parse an answer of status 300 or above; never raises, whatever the body is.

    Args:
        status: of the HTTP answer.
        headers: case-insensitive.
        body: as received.
    """
    retry_after = headers.get("retry-after", "")
    try:
        error = orjson.loads(body)["error"]
        error["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return Refusal(status, is_api=False, retry_after=retry_after)
    return Refusal(
        status,
        is_api=True,
        reasons=tuple(dict.fromkeys(_reasons(error))),
        message="\n".join(_messages(error)),
        quota_limit=next(_quota_limits(error), ""),
        retry_after=retry_after,
    )


def _dicts(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def _reasons(error: Mapping[str, Any]) -> Iterator[str]:
    found = [entry.get("reason") for entry in _dicts(error.get("errors"))]
    found.append(error.get("status"))
    found.extend(entry.get("reason") for entry in _dicts(error.get("details")))
    yield from (
        reason for reason in found if isinstance(reason, str) and _CONSTANT.fullmatch(reason)
    )


def _messages(error: Mapping[str, Any]) -> Iterator[str]:
    found = [error.get("message"), *(entry.get("message") for entry in _dicts(error.get("errors")))]
    yield from (message for message in found if isinstance(message, str))


def _quota_limits(error: Mapping[str, Any]) -> Iterator[str]:
    for detail in _dicts(error.get("details")):
        metadata = detail.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get("quota_limit"), str):
            yield metadata["quota_limit"]


def _timestamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _header_time(text: str, now: datetime) -> datetime | None:
    """A Retry-After header: seconds, or an HTTP date."""
    if text.isdecimal():
        return now + timedelta(seconds=int(text[:9]))
    try:
        named = parsedate_to_datetime(text)
    except ValueError:
        return None
    return named.replace(tzinfo=UTC) if named.tzinfo is None else named.astimezone(UTC)


def next_pacific_midnight(now: datetime) -> datetime:
    """When Google's day ends, in UTC."""
    tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=_PACIFIC).astimezone(UTC)
