"""Starts children, notices the death of one, starts it anew, and stops all of them.

Holds: ``Supervisor``. Add here: what concerns all children together. Keep out: what they are.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

from gmail_ingest.local.guard import Guard, group_alive, signal_groups
from gmail_ingest.local.process import Child, ProcessSpec

#: Dagster's servers may take minutes to end by themselves when asked; nothing is lost by killing
#: them (leases and claims expire, every write is a transaction), so nobody has to wait for that.
GRACE_SECONDS = 6.0
#: SIGKILL is carried out soon, not at once. Where nobody reaps orphans (a container without an
#: init) their zombies stay in the group, and waiting longer would not help.
_KILLED_SECONDS = 3.0


class Supervisor:
    """Owns children: after ``close``, or the death of this process, none is left."""

    def __init__(self, *, logs: Path, directory: Path) -> None:
        self._logs = logs
        self._directory = directory
        self._guard = Guard()
        self._children: list[Child] = []

    def start(self, spec: ProcessSpec) -> Child:
        """Start a child in its own session, with its output in ``logs/NAME.log``.

        An existing log is continued.
        """
        child = self._launch(spec)
        self._children.append(child)
        return child

    def child(self, name: str) -> Child:
        """The child of this name. Raises KeyError if none was started."""
        for child in self._children:
            if child.name == name:
                return child
        raise KeyError(name)

    def ended(self) -> list[Child]:
        """The children that have ended."""
        return [child for child in self._children if child.exit_code() is not None]

    def revive(self, *names: str) -> list[str]:
        """Start ended children again: those of these names, or all. Returns their names.

        What is left of a child's process group is killed first, since the new child needs its port.
        """
        revived = []
        for index, child in enumerate(self._children):
            if child.exit_code() is not None and (not names or child.name in names):
                signal_groups([child.group], signal.SIGKILL)
                self._guard.forget(child.group)
                child.log_written()
                self._children[index] = self._launch(child.spec)
                revived.append(child.name)
        return revived

    def _launch(self, spec: ProcessSpec) -> Child:
        child = Child(spec, log=self._logs / f"{spec.name}.log", directory=self._directory)
        self._guard.watch(child.group)
        return child

    def check(self) -> None:
        """Raise ChildDiedError if any child has ended."""
        for child in self._children:
            if (error := child.died()) is not None:
                raise error

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Terminate every group, wait, kill what is left; also what a child itself started."""
        groups = [child.group for child in self._children]
        signal_groups(groups, signal.SIGTERM)
        self._wait_while_alive(grace_seconds)
        signal_groups(groups, signal.SIGKILL)
        self._wait_while_alive(_KILLED_SECONDS)
        for child in self._children:
            child.log_written()
        for group in groups:
            self._guard.forget(group)
        self._children.clear()

    def _wait_while_alive(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._any_alive() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _any_alive(self) -> bool:
        # A leader is reaped by asking for its exit code; only then can its group be empty.
        codes = [child.exit_code() for child in self._children]
        return None in codes or any(group_alive(child.group) for child in self._children)

    def close(self) -> None:
        """Stop the children, then the guard."""
        try:
            self.stop()
        finally:
            self._guard.close()
