"""Mail from mbox files, Google Takeout's among them.

Holds: a streaming reader: one message in memory at a time.
Add here: another export's marks. Keep out: mailboxes, labels' ids of the user.
Source: RFC 4155 and the mboxrd quoting (one ``>`` is taken off lines such as ``>>From ``);
Takeout's headers ``X-GM-THRID`` (decimal thread id) and ``X-Gmail-Labels`` (names).
"""

import gzip
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import Final

from gmail_sandbox.mail.headers import decode_words, split_headers

_FROM_LINE: Final = re.compile(rb"From \S.*\d:\d\d.* \d{4}\s*\Z")
_QUOTED_FROM: Final = re.compile(rb">+From ")
_TAKEOUT_HEADER: Final = re.compile(
    rb"^X-(?:GM-THRID|Gmail-Labels):.*\n(?:[ \t].*\n)*", re.MULTILINE | re.IGNORECASE
)
# No mail is older than this: an epoch of 0 is a placeholder. A date in the future is wrong, too.
_OLDEST: Final = 315_532_800.0
_CLOCK_SKEW: Final = 86_400.0
_SYSTEM_NAMES: Final = {
    "inbox": "INBOX",
    "sent": "SENT",
    "draft": "DRAFT",
    "drafts": "DRAFT",
    "trash": "TRASH",
    "spam": "SPAM",
    "unread": "UNREAD",
    "starred": "STARRED",
    "important": "IMPORTANT",
    "chat": "CHAT",
    "category personal": "CATEGORY_PERSONAL",
    "category social": "CATEGORY_SOCIAL",
    "category promotions": "CATEGORY_PROMOTIONS",
    "category updates": "CATEGORY_UPDATES",
    "category forums": "CATEGORY_FORUMS",
}
# Takeout's names for a label that is absent.
_NO_LABELS: Final = {"opened", "archived", ""}


@dataclass(frozen=True, slots=True)
class MboxMessage:
    """One message to load.

    `label_ids` are ids of system labels and names of user labels; `thread_id` is 16 hex digits;
    `internal_date` is epoch milliseconds. None leaves the choice to the mailbox.
    """

    raw: bytes
    label_ids: tuple[str, ...] = ("INBOX", "UNREAD")
    thread_id: str | None = None
    internal_date: int | None = None


def is_from_line(line: bytes) -> bool:
    """Whether a line begins a message of an mbox."""
    return _FROM_LINE.match(line) is not None


def read_mbox(path: Path, *, now: float | None = None) -> Iterator[MboxMessage]:
    """Stream the messages of an mbox file.

    The internal date is that of the Date header if it is sane, else of the From_ line, else None.

    Args:
        path: the file; one that ends in ``.gz`` is unpacked on the way.
        now: epoch seconds, the machine's if None; a later date is not sane.

    Yields:
        The messages in the order of the file, bytes as in the file but for the quoting.

    Raises:
        OSError: the file cannot be read.
    """
    latest = (time.time() if now is None else now) + _CLOCK_SKEW
    with (
        path.open("rb") as file,
        gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else nullcontext(file) as lines,
    ):
        for from_line, raw in _split(lines):
            yield _message(from_line, raw, latest)


def _split(file: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    from_line: bytes | None = None
    lines: list[bytes] = []
    after_blank = True
    for line in file:
        if after_blank and _FROM_LINE.match(line):
            if from_line is not None:
                yield from_line, b"".join(_without_separator(lines))
            from_line, lines, after_blank = line, [], False
            continue
        after_blank = not line.strip(b"\r\n")
        lines.append(line[1:] if _QUOTED_FROM.match(line) else line)
    if from_line is not None:
        yield from_line, b"".join(_without_separator(lines))


def _without_separator(lines: list[bytes]) -> list[bytes]:
    return lines[:-1] if lines and not lines[-1].strip(b"\r\n") else lines


def _message(from_line: bytes, raw: bytes, latest: float) -> MboxMessage:
    fields, body = split_headers(raw, 0, len(raw))
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(name.lower(), value)
    thread = found.get("x-gm-thrid", "")
    labels = found.get("x-gmail-labels")
    if thread or labels is not None:
        # Takeout adds these; the mail itself never had them.
        raw = _TAKEOUT_HEADER.sub(b"", raw[:body]) + raw[body:]
    date = _sane_seconds(found.get("date", ""), latest)
    if date is None:
        date = _sane_seconds(_date_of(from_line), latest)
    return MboxMessage(
        raw=raw,
        label_ids=("INBOX", "UNREAD") if labels is None else _labels(decode_words(labels)),
        thread_id=_thread_id(thread.strip()),
        internal_date=None if date is None else date * 1000,
    )


def _date_of(from_line: bytes) -> str:
    return from_line.decode("latin-1").strip().split(" ", 2)[-1]


def _sane_seconds(text: str, latest: float) -> int | None:
    try:
        fields = parsedate_tz(text)
        if fields is None or fields[2] > 31 or fields[3] > 23 or fields[4] > 59:
            return None  # "33 Sep" is no day, although arithmetic would make it one (edge case 48)
        seconds = mktime_tz(fields)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return seconds if _OLDEST <= seconds <= latest else None


def _thread_id(decimal: str) -> str | None:
    if not re.fullmatch(r"[0-9]{1,20}", decimal) or int(decimal) >= 2**64:
        return None
    return f"{int(decimal):016x}"


def _labels(names: str) -> tuple[str, ...]:
    listed = (name.strip().strip('"') for name in names.split(","))
    kept = (name for name in listed if name.lower() not in _NO_LABELS)
    return tuple(dict.fromkeys(_SYSTEM_NAMES.get(name.lower(), name) for name in kept))
