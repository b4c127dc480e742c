"""A variable names what it is: the words that say nothing of it are no names here."""

import ast

from gmail_ingest_tests.architecture.documents import ROOT

#: Folders of this project's Python.
_ROOMS = ("gmail_ingest", "webhook_api", "gmail_sandbox", "gmail_ingest_lab", "gmail_ingest_tests")
#: What every loop's variable could be called.
_SAYS_NOTHING = "each"


def names(tree: ast.AST) -> set[str]:
    """What a module calls its variables and parameters."""
    return (
        {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        | {
            node.name or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.MatchAs | ast.MatchStar)
        }
    )


def test_no_variable_is_called_each():
    """A loop's variable is called a message, a mailbox, a row: by what it is."""
    files = [
        ROOT / "conftest.py",
        *(file for room in _ROOMS for file in (ROOT / room).rglob("*.py")),
    ]
    assert len(files) > 500
    found = [
        str(file.relative_to(ROOT))
        for file in files
        if _SAYS_NOTHING in names(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []
