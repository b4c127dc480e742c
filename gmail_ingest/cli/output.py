"""How commands print: tables for people, one JSON object for programs, problems to stderr.

Holds: the two consoles, and how tables, objects and lengths of time are written.
Keep out: what is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

#: A file has no width, and rows that are wrapped cannot be searched.
_WIDTH_OF_FILES = 240
#: Results go to standard output, all else to standard error.
RESULTS = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
NOTES = Console(stderr=True, soft_wrap=True)


def print_json(content: Mapping[str, object]) -> None:
    """Print one object on one line of standard output."""
    sys.stdout.write(json.dumps(content, default=str) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a plain table; values are text, never markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    RESULTS.print(table)


def duration(seconds: float) -> str:
    """A length of time, in the largest unit that it has two of."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        value = f"{value:%Y-%m-%d %H:%M:%S}"
    return escape("" if value is None else str(value))
