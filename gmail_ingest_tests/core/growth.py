"""How the time of a function grows with its input.

Holds: ``assert_linear``. Add here: another kind of growth to check.
Keep out: what the function returns. None of the limits is a time, so a busy machine changes
nothing; quadratic work would take a hundred times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def assert_linear(function: Callable[[int], object], size: int) -> None:
    """Ten times the size takes about ten times as long, with room for noise: the best of three
    measurements counts, and the long one is repeated only where it is needed.
    """
    allowed = 40 * max(min(_seconds(function, size) for _ in range(3)), 0.0005)
    spent: list[float] = []
    while len(spent) < 3 and min(spent, default=allowed) >= allowed:
        spent.append(_seconds(function, 10 * size))
    assert min(spent) < allowed


def _seconds(function: Callable[[int], object], size: int) -> float:
    started = time.process_time()
    function(size)
    return time.process_time() - started
