"""CPU and memory of processes that are not ours, from Linux's ``/proc``.

Holds: ``tree_cpu_seconds``, ``children_of`` and ``resident_bytes``. Add here: a further field of
``/proc``. Keep out: whose processes they are.
Source: proc(5): fields 14 to 17 of ``stat`` are user and system time of a process and of those of
its children that it has waited for, in clock ticks (10 ms); ``statm`` counts pages.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


def tree_cpu_seconds(*roots: int) -> float:
    """CPU seconds of these processes and all their descendants, also of those that ended.

    A descendant that ended counts where its parent waited for it, as Postgres and Dagster do.
    """
    processes = _processes()
    total, left = 0, list(roots)
    while left:
        pid = left.pop()
        total += processes[pid].ticks if pid in processes else 0
        left.extend(number for number, process in processes.items() if process.parent == pid)
    return total / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and not yet waited for."""
    return [number for number, process in _processes().items() if process.parent == pid]


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, 0 if it is gone."""
    try:
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class _Process(NamedTuple):
    parent: int
    ticks: int


def _processes() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        # A process may end while it is looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            # The command's name before it may hold spaces and parentheses itself.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            found[int(entry.name)] = _Process(int(fields[1]), sum(map(int, fields[11:15])))
    return found
