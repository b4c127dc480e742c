"""How the time of a function grows with its input.

Holds: ``assert_linear``. Add here: another kind of growth to check.
Keep out: what the function returns. Source: none of the limits is a time, so a busy machine
changes nothing; quadratic work would take a hundred times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def assert_linear(function: Callable[[int], object], size: int) -> None:
    """Ten times the size takes about ten times as long, with room for noise."""
    small = max(_best(function, size), 0.0005)
    assert _best(function, 10 * size) < 40 * small


def _best(function: Callable[[int], object], size: int) -> float:
    times = []
    for _ in range(3):
        started = time.process_time()
        function(size)
        times.append(time.process_time() - started)
    return min(times)
