"""One child process: its command, its process group, its log.

Holds: ``ProcessSpec``, ``Child`` and the error of a child that died. Add here: what is true of
any child. Keep out: which children there are (``services``), and in which order (``stack``).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gmail_ingest.errors import GmailIngestError

_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to start: ``environment`` is all that the child gets, nothing is inherited."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class ChildDiedError(GmailIngestError):
    """A child ended though nobody asked it to; the text ends with the tail of its log."""

    def __init__(self, name: str, code: int, tail: str) -> None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        super().__init__(f"{name} {how}. The end of its log:\n{tail}")
        self.name = name
        self.code = code


class Child:
    """A started process, leader of its own session and process group."""

    def __init__(self, spec: ProcessSpec, *, log: Path, directory: Path) -> None:
        self.name = spec.name
        self.spec = spec
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a command of ``services``
                spec.command,
                env=dict(spec.environment),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

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

    def tail(self, lines: int = 20) -> str:
        """The last lines of the log."""
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _TAIL_BYTES))
            text = log.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])
