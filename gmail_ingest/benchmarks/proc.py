"""CPU and memory of processes that are not ours, from Linux's ``/proc``.

Holds: ``tree_cpu_seconds`` and ``resident_bytes``. Add here: a further field of ``/proc``.
Keep out: whose processes they are.
Source: proc(5): fields 14 to 17 of ``stat`` are user and system time of a process and of those of
its children that it has waited for, in clock ticks (10 ms); ``statm`` counts pages.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")


def tree_cpu_seconds(*roots: int) -> float:
    """CPU seconds of these processes and all their descendants, also of those that ended.

    A descendant that ended counts where its parent waited for it, as Postgres and Dagster do.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(entry)):
            children[int(fields[1])].append(int(entry.name))
            ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    total, left = 0, list(roots)
    while left:
        pid = left.pop()
        total += ticks.get(pid, 0)
        left.extend(children[pid])
    return total / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, 0 if it is gone."""
    try:
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _stat(entry: Path) -> list[str] | None:
    """The fields after the command's name, which may hold spaces and parentheses itself."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
