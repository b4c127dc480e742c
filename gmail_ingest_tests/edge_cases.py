"""The page of edge cases and cases: what each requires or is, and the tests that prove it.

Holds: ``proofs``, ``case_proofs``, ``page``, and the command ``python -m
gmail_ingest_tests.edge_cases > docs/edge-cases.md``. Add here: another column of the page. Keep
out: what an edge case requires (``edge_case_list.py``), what a case is (``case_list.py``).
Source: docs/edge-cases.md; the docstrings of the tests, read without importing them.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from gmail_ingest_tests.case_list import CASES
from gmail_ingest_tests.edge_case_list import REQUIREMENTS

Name = TypeVar("Name", int, str)

_ROOT = Path(__file__).parents[1]
#: Folders of tests, each with the folder that its tests are named from.
_TESTS = (
    (_ROOT / "gmail_ingest_tests", _ROOT / "gmail_ingest_tests"),
    (_ROOT / "gmail_sandbox/tests", _ROOT),
)
_NUMBERS = r"\d+(?: to \d+)?"
_CASES = re.compile(rf"edge cases? ({_NUMBERS}(?:(?:, and |, | and ){_NUMBERS})*)")
_RANGE = re.compile(r"(\d+)(?: to (\d+))?")
# "Case 02 a and mail 20", "cases 04 and 18"; a letter or word of an input ends the name.
_INPUT = r"\d\d\b(?: (?:[a-z]|flowed|delsp)(?=$|[,:;.)]| and ))?"
_INPUTS = re.compile(
    rf"(?<!edge )\b(case|mail)s? ({_INPUT}(?:(?:, | and ){_INPUT})*)", re.IGNORECASE
)

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

_CASES_HEAD = """
## Cases

Mail that a former release read wrongly, from public reports: the inputs are in \
`gmail_ingest_tests/core/case_inputs`. A test names its case in the docstring; one that names a \
number without a letter is listed at each input of that number.

| case | what it is | tests |
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


def inputs_in(docstring: str) -> set[str]:
    """The cases that a docstring names, as in "Case 02 a and mail 20": names of ``CASES``.

    A number alone (``case 02``) is every input of it.
    """
    text = " ".join(docstring.split())
    named = {
        f"{found[1].lower()} {name}"
        for found in _INPUTS.finditer(text)
        for name in re.findall(_INPUT, found[2])
    }
    return {case for case in CASES if case in named or case[: len("case 02")] in named}


@functools.cache
def proofs() -> dict[int, list[str]]:
    """Number to the tests that name it, each as `module::function`, in order."""
    return _found(cases_in)


@functools.cache
def case_proofs() -> dict[str, list[str]]:
    """Name of a case to the tests that name it, each as ``module::function``, in order."""
    return _found(inputs_in)


def page() -> str:
    """The page, as Markdown."""
    return _HEAD + _rows(REQUIREMENTS, proofs()) + _CASES_HEAD + _rows(CASES, case_proofs())


def _rows(said: Mapping[Name, str], found: Mapping[Name, list[str]]) -> str:
    return "".join(
        f"| {name} | {words} | {'<br>'.join(found.get(name, ()))} |\n"
        for name, words in said.items()
    )


def _found(names_in: Callable[[str], set[Name]]) -> dict[Name, list[str]]:
    found: defaultdict[Name, list[str]] = defaultdict(list)
    for folder, start in _TESTS:
        for path in sorted(folder.rglob("test_*.py")):
            module = path.relative_to(start).as_posix()
            for test, docstring in _tests(path):
                for name in names_in(docstring):
                    found[name].append(f"`{module}::{test}`")
    return dict(found)


@functools.cache
def _tests(path: Path) -> list[tuple[str, str]]:
    return [
        (node.name, ast.get_docstring(node) or "")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


if __name__ == "__main__":
    sys.stdout.write(page())
