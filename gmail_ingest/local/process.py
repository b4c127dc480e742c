"""One child process: its command, its process group, its log.

Holds: ``ProcessSpec``, ``Child`` and the error of a child that died. Add here: what is true of
any child. Keep out: which children there are (``process_commands``), and in which order
(``stack``).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local import log_writer

_TAIL_BYTES = 16_384
#: The last lines of a process that has ended are on disk within this time, unless something that it
#: started still holds its log open.
_WRITTEN_SECONDS = 2.0


class LogPipe:
    """The way into a log: ``entry`` is handed to a process, and then closed here.

    Args:
        log: the file; what is there stays.
        name: of the process that writes.
    """

    def __init__(self, log: Path, name: str) -> None:
        self._writer = subprocess.Popen(  # noqa: S603 - a module of this room
            [sys.executable, "-I", "-S", log_writer.__file__, str(log), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={},
        )

    @property
    def entry(self) -> int:
        """The descriptor to write to."""
        assert self._writer.stdin is not None  # noqa: S101 - it was asked for
        return self._writer.stdin.fileno()

    def close_entry(self) -> None:
        """Close our copy of the entry; processes that have one go on writing."""
        if self._writer.stdin is not None:
            self._writer.stdin.close()

    def wait(self, seconds: float = _WRITTEN_SECONDS) -> None:
        """Wait until everything is written, ``seconds`` at the most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._writer.wait(seconds)


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to start: ``environment`` is all that the child gets, nothing is inherited."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


def how_it_ended(name: str, code: int) -> str:
    """A sentence without its full stop; ``code`` is negative for a signal."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return f"{name} {how}"


class ChildDiedError(GmailIngestError):
    """A child ended though nobody asked it to; the text ends with the tail of its log."""

    def __init__(self, name: str, code: int, tail: str) -> None:
        super().__init__(f"{how_it_ended(name, code)}. The end of its log:\n{tail}")
        self.name = name
        self.code = code


class Child:
    """A started process, leader of its own session and process group."""

    def __init__(self, spec: ProcessSpec, *, log: Path, directory: Path) -> None:
        self.name = spec.name
        self.spec = spec
        self.log = log
        self._pipe = LogPipe(log, spec.name)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a command of ``process_commands``
                spec.command,
                env=dict(spec.environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=self._pipe.entry,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            self._pipe.close_entry()

    @property
    def group(self) -> int:
        """The process group's id, which is the child's process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The exit code (negative: the signal), None while the child runs."""
        return self._process.poll()

    def died(self) -> ChildDiedError | None:
        """The error to raise if the child has ended, None while it runs."""
        code = self.exit_code()
        return None if code is None else ChildDiedError(self.name, code, self.tail())

    def log_written(self) -> None:
        """Wait for the log of a child that has ended."""
        self._pipe.wait()

    def tail(self, lines: int = 20) -> str:
        """What the last lines of the log say."""
        if self.exit_code() is not None:
            self.log_written()
        try:
            with self.log.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(0, size - _TAIL_BYTES))
                text = log.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return "(it wrote nothing)"
        return "\n".join(_readable(line) for line in text.splitlines()[-lines:])


def _readable(line: str) -> str:
    """What a line of a log says to a person; the line itself if it was cut."""
    try:
        found = json.loads(line)
    except ValueError:
        return line
    more = {"event", "level", "timestamp", "process"}
    return " ".join([str(found["event"]), *(f"{key}={found[key]}" for key in found.keys() - more)])
