"""The pages of the repository lead where they say."""

import ast
import re

from gmail_ingest_tests.architecture.documents import (
    ROOT,
    anchors,
    links,
    missing,
    modules,
    pages,
)

_TEST = re.compile(r"`(gmail_ingest_tests/[\w/]+\.py)::(test_\w+)`")
#: A module that a page names; those of Dagster are read in its own source.
_MODULE = re.compile(r"`((?!dagster)[\w/]+\.py)(?:::\w+)?`")


def test_links_between_pages_resolve():
    """Every link of a page to another page, file or heading of the repository is good."""
    found = {
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in links(page)
        if missing(target, page)
    }
    assert found == set()


def test_a_link_that_leads_nowhere_is_found():
    """A page that is not there and a heading that is not there are both told."""
    page = ROOT / "docs" / "promises.md"
    assert not missing("google.md#history-ids", page)
    assert not missing("#promise-1", page)
    assert missing("google.md#no-such-heading", page)
    assert missing("no-such-page.md", page)
    assert "deploy-on-google-cloud" in anchors(ROOT / "README.md")


def test_modules_that_pages_name_are_there():
    """Every module that a page names exists, by its path from the root or from a room."""
    there = [f"/{path.relative_to(ROOT)}" for path in modules()]
    wrong = {
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages()
        for name in _MODULE.findall(page.read_text("utf-8"))
        if not any(path.endswith(f"/{name}") for path in there)
    }
    assert wrong == set()


def test_changelog_names_the_newest_migration():
    """Whoever upgrades reads how far ``gmail-ingest db upgrade`` goes."""
    versions = ROOT / "gmail_ingest/adapters/postgres/schema/migrations/versions"
    newest = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    assert f"migrations up to {newest}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_promises_are_held_by_tests():
    """Every promise names at least three tests, and each of them exists."""
    text = (ROOT / "docs" / "promises.md").read_text("utf-8")
    promises = re.split(r"^## ", text, flags=re.MULTILINE)[1:-1]
    assert [promise.split("\n", 1)[0] for promise in promises] == [
        f"Promise {number}" for number in range(1, 12)
    ]
    assert min(len(_TEST.findall(promise)) for promise in promises) >= 3
    assert {
        f"{path}::{name}" for path, name in _TEST.findall(text) if not _is_there(path, name)
    } == set()


def _is_there(path: str, name: str) -> bool:
    file = ROOT / path
    if not file.exists():
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        for node in ast.parse(file.read_text("utf-8")).body
    )
