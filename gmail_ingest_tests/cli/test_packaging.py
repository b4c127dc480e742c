import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
#: The service, its local Google and its lab: all are installed from the same locks.
PROJECTS = [
    tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    for folder in (".", "gmail_sandbox", "gmail_ingest_lab")
]
OWN = {project["name"] for project in PROJECTS}
RUN = [need for project in PROJECTS for need in project["dependencies"] if need not in OWN]
EXTRAS = [project.get("optional-dependencies", {}) for project in PROJECTS]
TEST = [need for extras in EXTRAS for need in extras.get("test", [])]
LOCKS = {"requirements.lock": RUN, "requirements-test.lock": RUN + TEST}


def pins(lock):
    """The pinned version of each package of a lock, by name."""
    lines = re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_the_project(lock):
    """Each dependency of the distributions is pinned to a version that they accept."""
    pinned = pins(lock)
    for text in LOCKS[lock]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_by_hash_and_names_no_address(lock):
    """Every entry has hashes, and nothing says where to download it."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--find-links| @ ", text)


@pytest.mark.parametrize("installer", ["setup.sh", "Dockerfile"])
def test_lock_is_installed_as_it_stands(installer):
    """Nothing is resolved anew: pip would take, or refuse, what came out after the lock."""
    commands = re.findall(r".*-r \S*lock.*", (ROOT / installer).read_text())
    assert commands
    assert all("--no-deps" in command for command in commands)


def test_lock_is_complete():
    """What the pinned packages need is pinned too, since nothing else is installed."""
    pinned = pins("requirements-test.lock")
    for name in pinned.keys() - {"setuptools"}:
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system, or another Python
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in pinned, f"{name} needs {need}"


def test_locks_agree():
    """The tests run with the very versions that the service runs with."""
    service, tests = pins("requirements.lock"), pins("requirements-test.lock")
    assert service.items() <= tests.items()


def test_image_has_neither_sandbox_nor_lab():
    """What the image is made of is named: no sandbox, no lab, no test."""
    ignored, *named = (ROOT / ".dockerignore").read_text().split()
    assert ignored == "*"
    assert not any(word in name for name in named for word in ("sandbox", "lab", "test"))
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert not any(word in dockerfile for word in ("gmail_sandbox", "gmail_ingest_lab", "[test]"))


def test_lab_declares_its_rooms():
    """Each room of the lab is packaged."""
    text = (ROOT / "gmail_ingest_lab/pyproject.toml").read_text()
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "gmail_ingest_lab").rglob("__init__.py")
    }
    assert set(tomllib.loads(text)["tool"]["setuptools"]["packages"]) == rooms


def test_ci_runs_the_test_command_of_the_readme():
    """What continuous integration takes from the README is one command that ends in pytest."""
    script = (ROOT / ".ci" / "run").read_text()
    extraction = re.search(r"^command=\$\((.*)\)$", script, re.MULTILINE)
    found = subprocess.run(["sh", "-c", extraction[1]], cwd=ROOT, capture_output=True, text=True)
    setup, _, tests = found.stdout.strip().partition(" && ")
    assert setup == "sh setup.sh test"
    assert tests.split()[0] == ".venv/bin/pytest"


def test_readme_links_lead_somewhere():
    """Every relative link of the documentation names a file that exists."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("gmail_*/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
