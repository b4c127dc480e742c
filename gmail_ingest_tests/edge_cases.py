"""The page of edge cases: what each requires, and the tests that prove it.

Holds: ``proofs``, ``page``, and the command ``python -m gmail_ingest_tests.edge_cases >
docs/edge-cases.md``. Add here: another column of the page. Keep out: what a case requires
(``edge_case_list.py``).
Source: the docstrings of the tests, read without importing them.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from gmail_ingest_tests.edge_case_list import REQUIREMENTS

_TESTS = Path(__file__).parent
_NUMBERS = r"\d+(?: to \d+)?"
_CASES = re.compile(rf"edge cases? ({_NUMBERS}(?:(?:, and |, | and ){_NUMBERS})*)")
_RANGE = re.compile(r"(\d+)(?: to (\d+))?")

_HEAD = """# Edge cases

What real mailboxes and real Google answers do, and the tests that prove what comes of it. A test \
names the numbers that it proves in its docstring; this page is written by

```sh
python -m gmail_ingest_tests.edge_cases > docs/edge-cases.md
```

and a test fails where the page is out of date, or a number has no test.

| no. | what is required | tests |
|---|---|---|
"""


def cases_in(docstring: str) -> set[int]:
    """The numbers that a docstring names, as in "edge cases 3 to 5, 8 and 11"."""
    text = " ".join(docstring.split())
    return {
        number
        for found in _CASES.finditer(text)
        for first, last in _RANGE.findall(found[1])
        for number in range(int(first), int(last or first) + 1)
    }


@functools.cache
def proofs() -> dict[int, list[str]]:
    """Number to the tests that name it, each as `module::function`, in order."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for path in sorted(_TESTS.rglob("test_*.py")):
        module = path.relative_to(_TESTS).as_posix()
        for name, docstring in _tests(path):
            for number in cases_in(docstring):
                found[number].append(f"`{module}::{name}`")
    return dict(found)


def page(found: Mapping[int, list[str]]) -> str:
    """The page, as Markdown."""
    rows = (
        f"| {number} | {requirement} | {'<br>'.join(found.get(number, ()))} |\n"
        for number, requirement in REQUIREMENTS.items()
    )
    return _HEAD + "".join(rows)


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


if __name__ == "__main__":
    sys.stdout.write(page(proofs()))
