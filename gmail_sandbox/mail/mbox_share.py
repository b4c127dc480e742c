"""One mbox for several mailboxes: a share of its threads for each.

Holds: ``share_of``. Add here: another way to split an mbox. Keep out: reading it (``mbox``).
Source: docs/sandbox.md#mailboxes-and-their-mail: threads stay whole, thread k of n shares goes to
share k mod n.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gmail_sandbox.mail.mbox import MboxMessage

_REFERRING = re.compile(
    rb"^(message-id|in-reply-to|references):((?:.*\n)(?:[ \t].*\n)*)", re.IGNORECASE | re.MULTILINE
)
_ID = re.compile(rb"<[^<>\s]+>")
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def share_of(messages: Iterable[MboxMessage], index: int, count: int) -> Iterator[MboxMessage]:
    """Yield the messages of every thread whose number modulo ``count`` is ``index``.

    Threads are numbered as they first appear. A thread is known by its thread id where the export
    has one, otherwise by Message-ID, In-Reply-To and References.

    Args:
        messages: an mbox, in its order.
        index: which share, from 0.
        count: how many shares.
    """
    threads: dict[bytes, int] = {}
    total = 0
    for message in messages:
        names = _thread_names(message)
        number = next((threads[name] for name in names if name in threads), total)
        total = max(total, number + 1)
        for name in names:
            threads.setdefault(name, number)
        if number % count == index:
            yield message


def _thread_names(message: MboxMessage) -> list[bytes]:
    """Return what the thread of a message is known by; a message without any is alone."""
    if message.thread_id is not None:
        return [message.thread_id.encode()]
    end = _HEADER_END.search(message.raw)
    header = message.raw if end is None else message.raw[: end.start()]
    fields = _REFERRING.findall(header + b"\n")
    return [name for _, value in fields for name in _ID.findall(value)]
