"""The guard: a small process that ends the others when their parent dies without a word.

Holds: ``Guard`` (the parent's side) and ``main`` (the guard's own). Add here: nothing that needs
more than the standard library, as the guard runs without site-packages to start in milliseconds.
Keep out: the ordinary stop (``supervisor``).

The guard holds the read end of a pipe whose only writer is the parent: end of file means that the
parent is gone, also after SIGKILL. Linux's PDEATHSIG would reach children, but not the run workers
that a code server started, and no other system has it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

#: Seconds between asking orphaned groups to end and killing them.
GRACE_SECONDS = 5.0


class Guard:
    """The parent's side: tells the guard which process groups die with this process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this very file
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, group: int) -> None:
        """End this process group when the parent is gone."""
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """Leave this process group alone from now on: it has ended."""
        self._tell(f"-{group}")

    def close(self) -> None:
        """End the guard, which first ends the groups that it still watches."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is None:
            return
        # A guard that somebody killed must not keep the parent from stopping its children.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()


def group_alive(group: int) -> bool:
    """Whether the process group still has a member that can be signalled."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def signal_groups(groups: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to every group that still exists."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def end_groups(groups: Iterable[int], grace_seconds: float) -> None:
    """Terminate groups that are not this process's own children, then kill what is left."""
    left = set(groups)
    signal_groups(left, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        left = {group for group in left if group_alive(group)}
        time.sleep(0.05)
    signal_groups(left, signal.SIGKILL)


def main() -> None:
    """Read groups to watch from standard input; at its end, end those still watched."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups, GRACE_SECONDS)


if __name__ == "__main__":
    main()
