"""The rooms of the project, held by import-linter."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gmail_ingest_tests.architecture.documents import ROOT, modules


def test_import_contracts_are_kept():
    """Every contract of pyproject.toml holds for the code as it stands."""
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_private_modules_of_dagster_have_one_room():
    """Only ``defs/dagster_internals`` imports from modules of Dagster that are not public."""
    room = ROOT / "gmail_ingest" / "defs" / "dagster_internals"
    elsewhere = {
        str(path.relative_to(ROOT))
        for package in ("gmail_ingest", "webhook_api", "gmail_ingest_lab")
        for path in (ROOT / package).rglob("*.py")
        if room not in path.parents and any(map(_is_private, _imports(path)))
    }
    assert elsewhere == set()


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _is_private(name: str) -> bool:
    package, *inner = name.split(".")
    return package.startswith("dagster") and any(part.startswith("_") for part in inner)


def test_files_stay_small():
    """No module of the project is longer than 400 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_package_docstring_imports_nothing():
    """Importing the package pulls in none of its rooms."""
    code = "import sys, gmail_ingest; print([m for m in sys.modules if 'gmail_ingest.' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
