"""How far a mailbox is: its messages at Google, and their rows.

Holds: ``Count`` and ``count``, pure. Add here: another share that a person watches.
Keep out: reading either side (``sandbox_api``, ``rows``).

Only rows of messages that are in scope at Google count, so that no share exceeds the whole: a
message that is trashed or deleted meanwhile leaves both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from gmail_ingest_lab.demo.audit import GoogleMessage


@dataclass(frozen=True, slots=True)
class Count:
    """Messages in scope at Google, and how many of them have rows.

    ``older`` are those from before the initial sync's window, which a backfill brings.
    """

    at_google: int = 0
    stored: int = 0
    older: int = 0
    older_stored: int = 0

    @property
    def whole(self) -> bool:
        """Whether everything is stored that needs no backfill."""
        return self.stored == self.at_google


class OlderMail(NamedTuple):
    """Messages from before the window, which nobody asked for: at Google, and with rows."""

    at_google: int
    stored: int


def count(truth: Iterable[GoogleMessage], rows: Collection[str], since: int | None) -> Count:
    """Count one mailbox.

    Args:
        truth: its messages at Google, read after the rows.
        rows: ids of its messages that have rows, as a set.
        since: where the window begins (epoch milliseconds); None: everything lies in it.
    """
    found = [0, 0, 0, 0]
    for message in truth:
        if message.in_scope:
            place = 0 if message.expected(since) else 2
            found[place] += 1
            found[place + 1] += message.message_id in rows
    return Count(*found)
