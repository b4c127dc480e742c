"""Python's garbage collector, in processes that sync for minutes.

Holds: ``tune_garbage_collector``. Keep out: anything else.
"""

from __future__ import annotations

import gc

#: New containers until the youngest are looked at: as many as some pages of mail are made of.
_NEW_OBJECTS = 20_000


def tune_garbage_collector() -> None:
    """Let it leave alone what was imported, and look less often at what is new.

    It walked Dagster's modules in 4 % of the time; Google's answers never hold a cycle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
