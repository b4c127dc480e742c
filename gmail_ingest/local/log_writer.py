"""The log of one process: every line a JSON object of one form, in files of bounded size.

Holds: ``as_object``, ``RotatingFile`` and ``main``, the writer's own process. Add here: nothing
that needs more than the standard library, as the writer runs without site-packages.
Keep out: what processes log, and starting a writer (``process``).

Each process prints into a pipe, which a log writer of its own reads. The writer ends at end of
file: when the process and all that it started are gone, even if their parent died before. So the
log holds all that a process wrote before it died, and no process waits for another's writer.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

#: Bytes of one file. With the files that are set aside, a log takes six times this at most.
MOST_BYTES = 10_000_000
SET_ASIDE = 5
#: A longer line is cut into several.
_LONGEST_LINE = 65_536
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LEVEL = re.compile(
    r"\b(DEBUG|INFO|NOTICE|LOG|WARNING|WARN|ERROR|CRITICAL|FATAL|PANIC)\b|\b(\w*Warning): "
)
_LEVELS = {
    "DEBUG": "debug",
    "WARNING": "warning",
    "WARN": "warning",
    "ERROR": "error",
    "CRITICAL": "critical",
    "FATAL": "critical",
    "PANIC": "critical",
}
#: A last line of defence, as in the service's own logs: mail addresses, and passwords in URLs. The
#: lengths are bounded: a long line without a space would be searched from each of its letters.
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=]{1,128}@[^\s@<>\"'(),;:=/]{1,255}")


def as_object(line: bytes, process: str, level: str, now: datetime) -> dict[str, object]:
    """One line as an object with ``event``, ``level``, ``timestamp`` (UTC) and ``process``.

    Args:
        line: what the process wrote; an object with an event is kept as it is.
        process: its name.
        level: of the line before; a line that continues it gets the same.
        now: when it came; the timestamp of a line that has none in our form.
    """
    text = _COLOURS.sub("", line.decode("utf-8", errors="replace")).rstrip()
    moment = now.isoformat().replace("+00:00", "Z")
    found = _parsed(text)
    if found is not None and "event" in found:
        found["process"] = process
        found.setdefault("level", "info")
        if "T" not in str(found.get("timestamp", "")):
            found["timestamp"] = moment
        return found
    return {
        "event": _ADDRESS.sub("[private]", text) if "@" in text else text,
        "level": _level_of(text, level),
        "timestamp": moment,
        "process": process,
    }


def _parsed(text: str) -> dict[str, object] | None:
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _level_of(text: str, before: str) -> str:
    if text[:1].isspace():
        return before
    if text.startswith("Traceback "):
        return "error"
    match = _LEVEL.search(text[:200])
    if match is None:
        return "info"
    return "warning" if match[2] else _LEVELS.get(match[1], "info")


class RotatingFile:
    """A file that is set aside when it is full: ``NAME.log``, ``NAME.log.1`` and so on.

    Args:
        path: the file; what an earlier process wrote there stays.
        most_bytes: its size at most, if no single line is longer.
        set_aside: how many full files are kept.
    """

    def __init__(
        self, path: Path, most_bytes: int = MOST_BYTES, set_aside: int = SET_ASIDE
    ) -> None:
        self._path, self._most_bytes, self._set_aside = path, most_bytes, set_aside
        self._lost = 0

    def write(self, lines: list[dict[str, object]]) -> None:
        """Append lines. If the disk is full, they are lost and counted; nothing is raised."""
        if self._lost:
            lines = [{"event": "log_lines_lost", "lines": self._lost, "level": "error"}, *lines]
        content = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        try:
            self._append(content)
        except OSError:
            self._lost += len(lines) - bool(self._lost)
        else:
            self._lost = 0

    def _append(self, content: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            size = self._path.stat().st_size
            if size and size + len(content) > self._most_bytes:
                self._rotate()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        finally:
            os.close(descriptor)

    def _rotate(self) -> None:
        for number in range(self._set_aside, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1) if number > 1 else self._path
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def main(path: str, process: str) -> None:
    """Write standard input to the log, to its end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    file = RotatingFile(Path(path))
    level, rest = "info", b""
    while chunk := os.read(0, _LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        level = _write(file, lines, process, level)
    _write(file, [rest], process, level)


def _write(file: RotatingFile, lines: list[bytes], process: str, level: str) -> str:
    made = []
    for line in lines:
        if line.strip():
            made.append(as_object(line, process, level, datetime.now(UTC)))
            level = str(made[-1]["level"])
    if made:
        file.write(made)
    return level


if __name__ == "__main__":
    main(*sys.argv[1:])
