"""The contributor's table leads to files that are there."""

import re

from gmail_ingest_tests.architecture.documents import ROOT, missing

_ROW = re.compile(
    r"^\| (?P<change>[^|]+) \| (?P<files>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE
)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)[^)]*\)")


def rows() -> dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]]:
    """Each row of the table: the links to what is edited, and those to tests."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("## Where to change what\n")[2].partition("\n## ")[0]
    return {
        row["change"]: (_LINK.findall(row["files"]), _LINK.findall(row["tests"]))
        for row in list(_ROW.finditer(table))[2:]
    }


def test_every_path_of_the_table_exists():
    """Each file or folder that a row names is there, under the name that the row shows."""
    named = {link for files, tests in rows().values() for link in [*files, *tests]}
    assert len(named) > 40
    assert {path for _, path in named if missing(path, ROOT)} == set()
    assert {path for name, path in named if not f"/{path}".endswith(f"/{name}")} == set()


def test_every_row_names_what_to_edit_and_a_test():
    """No row leaves a contributor without a file, or without the test that holds it."""
    assert len(rows()) >= 12
    without = {change for change, (files, tests) in rows().items() if not (files and tests)}
    assert without == set()
    wrong = {path for _, tests in rows().values() for _, path in tests if "/test_" not in path}
    assert wrong == set()
