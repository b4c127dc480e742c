"""The rooms of the project, held by import-linter."""

import subprocess
import sys

from gmail_ingest_tests.architecture.documents import ROOT, modules


def test_import_contracts_are_kept():
    """Every contract of pyproject.toml holds for the code as it stands."""
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


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
