"""How long a message takes from the sandbox's delivery until its row can be read.

Holds: ``PushWatch`` and ``percentile``, pure: the caller brings the clock.
Keep out: delivering and looking.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple


class MessageKey(NamedTuple):
    """A message by the address of its mailbox and its id there."""

    mailbox: str
    message_id: str


class PushWatch:
    """Messages on their way; times in seconds of any one clock."""

    def __init__(self) -> None:
        self._delivered: dict[MessageKey, float] = {}
        self.seconds: list[float] = []

    @property
    def waiting(self) -> Collection[MessageKey]:
        """Those delivered and not yet seen."""
        return self._delivered.keys()

    def delivered(self, mailbox: str, message_ids: Iterable[str], at: float) -> None:
        """Note a delivery. ``at`` is taken before it, so that no latency is measured too short."""
        for message_id in message_ids:
            self._delivered[MessageKey(mailbox, message_id)] = at

    def seen(self, messages: Iterable[MessageKey], at: float) -> None:
        """Note messages whose rows could be read at this time."""
        for message in messages:
            if (since := self._delivered.pop(message, None)) is not None:
                self.seconds.append(at - since)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
