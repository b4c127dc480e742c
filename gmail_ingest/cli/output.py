"""How commands print: tables for people, one JSON object for programs, problems to stderr.

Holds: the two consoles and ``print_json``. Keep out: what is printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

#: Results go to standard output, everything about the way there to standard error.
RESULTS = Console(soft_wrap=True)
NOTES = Console(stderr=True, soft_wrap=True)


def print_json(content: Mapping[str, object]) -> None:
    """Print one object on one line of standard output."""
    sys.stdout.write(json.dumps(content, default=str) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a plain table; values are text, never markup."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    RESULTS.print(table)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text.replace("[", r"\[")
