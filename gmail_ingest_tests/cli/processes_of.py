"""Looks into /proc: which processes belong to a session, without asking their parents.

Holds: what tests need to show that nothing was left behind. Linux only.
"""

from pathlib import Path


def sessions_alive(sessions: set[int]) -> set[int]:
    """Process ids, zombies left out, whose session is one of these."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z" and int(fields[3]) in sessions:
                found.add(int(entry.name))
    return found


def processes_mentioning(text: str) -> dict[int, str]:
    """Command lines, by process id, that hold this text or whose environment does."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if text in command or text in environment:
                found[int(entry.name)] = command
    return found
