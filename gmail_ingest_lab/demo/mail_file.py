"""Whether a file that somebody names is mail that the sandbox can load.

Holds: ``require_mbox``. Add here: another format that the sandbox reads. Keep out: reading it.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from gmail_ingest.errors import InvalidInputError
from gmail_sandbox.mail.mbox import is_from_line

#: Bytes of a line; a longer one is no From_ line, and is not read on.
_LONGEST_LINE = 4_096
#: Blank lines before the first message that are passed over.
_BLANK_LINES = 100
_REMEDY = (
    "its first line must be like 'From sender@example.com Sat Jan  3 01:05:34 2026' (Google "
    "Takeout of Mail exports such a file; it may be packed with gzip)"
)


def require_mbox(path: Path) -> None:
    """Look at the beginning of a file, before anything is started for it.

    Raises:
        InvalidInputError: it cannot be read, is empty, or is not an mbox.
    """
    try:
        first = _first_line(path)
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInputError("--mbox", f"{path} cannot be read: {_reason(error)}") from None
    if not first:
        raise InvalidInputError("--mbox", f"{path} is empty: it must hold at least one message")
    if not is_from_line(first):
        raise InvalidInputError("--mbox", f"{path} is not an mbox: {_REMEDY}")


def _first_line(path: Path) -> bytes:
    """The first line that is not blank, or its beginning; empty if there is none."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _ in range(_BLANK_LINES):
            line: bytes = file.readline(_LONGEST_LINE)
            if line.strip() or not line:
                return line
    return line


def _reason(error: Exception) -> str:
    """Why, without the path, which is said already."""
    return (isinstance(error, OSError) and error.strerror) or "it is not whole or not what it seems"
