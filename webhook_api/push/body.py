"""What a Pub/Sub push says, read tolerantly and without trust.

Holds: ``parse_push``. Add here: a further shape in which pushes come.
Keep out: verification, and what follows from a push.
Source: docs/google.md#push-delivery (wrapped body), #notification-contents (data in either base64
alphabet, padded or not; historyId a number or a string); edge case 21.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

#: The longest history id that the schema holds, in digits.
MAX_HISTORY_DIGITS = 30
MAX_ADDRESS = 320

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_DIGITS = re.compile(rf"[0-9]{{1,{MAX_HISTORY_DIGITS}}}", re.ASCII)
# orjson reads integers beyond 64 bits as floats, which would round them.
_WIDE_NUMBER = re.compile(rb'"historyId"\s*:\s*([0-9]{19,30})(?=\s*[,}])')


class MalformedPushError(Exception):
    """The body is no Gmail notification. ``reason`` is a fixed word, never content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Notification:
    """Something changed in a mailbox: its lower-cased address, and Gmail's history id after it.

    ``published_at`` (UTC) is when Google handed it to Pub/Sub: a repetition has it too.
    """

    address: str
    history_id: int
    published_at: datetime | None = None

    def is_newer(self, other: Notification) -> bool:
        """Whether it tells of a later moment than another of the same mailbox.

        Its time says so, if both have one: history ids may go back (edge case 90).
        """
        if self.published_at is None or other.published_at is None:
            return self.history_id > other.history_id
        return (self.published_at, self.history_id) > (other.published_at, other.history_id)


def parse_push(body: bytes) -> Notification:
    """Read the notification in a push's body.

    Raises:
        MalformedPushError: whatever else the bytes are.
    """
    message = _object(body, "body").get("message")
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(data, str):
        raise MalformedPushError("no_data")
    fields = _object(_WIDE_NUMBER.sub(rb'"historyId":"\1"', _decode(data)), "data")
    return Notification(
        _address(fields.get("emailAddress")),
        _history_id(fields.get("historyId")),
        _moment(message.get("publishTime")),
    )


def _object(text: bytes, what: str) -> dict[str, object]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedPushError(f"{what}_not_json") from None
    if not isinstance(value, dict):
        raise MalformedPushError(f"{what}_not_object")
    return value


def _decode(data: str) -> bytes:
    try:
        text = b"".join(data.encode("ascii").split()).rstrip(b"=").translate(_TO_STANDARD)
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise MalformedPushError("data_not_base64") from None


def _address(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ADDRESS or "\0" in value:
        raise MalformedPushError("no_address")
    return value.strip().lower()


def _history_id(value: object) -> int:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _DIGITS.fullmatch(text.strip()):
        raise MalformedPushError("no_history_id")
    return int(text)


def _moment(value: object) -> datetime | None:
    """The time of a message, in UTC; None if it cannot be read, for the push is valid without."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        # A time without a zone, or outside the calendar in UTC, is left out.
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
