"""The sandbox's time.

Holds: one clock, real time plus an offset that the operator may move.
Add here: nothing but time. Keep out: ``time.time()`` elsewhere in the mail side; everything that
dates a message, an attachment id or a query asks this clock, so that moving it moves them all.
Source: docs/sandbox.md#clock-quota-counters.
"""

import time


class Clock:
    """Real time plus an offset.

    Args:
        offset: seconds added to the machine's time at the start.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = offset

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back.

        Args:
            seconds: how far to move.
        """
        self._offset += seconds
