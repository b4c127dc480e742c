"""Settings of Python's garbage collector for processes that sync for minutes."""

from __future__ import annotations

import gc

#: New containers between collections of the youngest: those of some pages of mail.
_NEW_OBJECTS = 20_000


def tune_garbage_collector() -> None:
    """Exempt imported modules from collection, and collect new objects less often.

    Walking Dagster's modules took 4 % of the time; Google's answers never hold a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
