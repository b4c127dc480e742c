"""The tasks that a contributor types, and the hooks that git runs: what can be wrong unnoticed."""

import re
import shutil
import subprocess

import pytest
import yaml

from gmail_ingest_tests.architecture.documents import ROOT

_TASK = re.compile(r"^([a-z][a-z-]*):[^#=]*## (.+)$", re.MULTILINE)
_NAMED = re.compile(r"`make ([a-z][a-z-]*)")


def tasks() -> dict[str, str]:
    """The Makefile's tasks, each with what it says of itself."""
    return dict(_TASK.findall((ROOT / "Makefile").read_text("utf-8")))


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_every_task_is_listed_and_can_be_read():
    """``make`` alone lists every task, and make understands what each would do."""
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(tasks())
    subprocess.run(["make", "--dry-run", *tasks()], cwd=ROOT, capture_output=True, check=True)


def test_pages_name_tasks_that_exist():
    """``make TASK`` in a page or a comment is a task of the Makefile."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / ".pre-commit-config.yaml"]
    named = {name for page in pages for name in _NAMED.findall(page.read_text("utf-8"))}
    assert "quick" in named
    assert named <= tasks().keys()


def test_hooks_fetch_nothing():
    """Every hook is a program of .venv, or a task of the Makefile: git needs no network."""
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in settings["repos"]] == ["local"]
    hooks = settings["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        program, *words = hook["entry"].split()
        assert program.startswith(".venv/bin/") or (program == "make" and words[-1] in tasks())
