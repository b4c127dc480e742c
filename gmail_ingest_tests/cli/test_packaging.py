import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
#: The service, and its local Google: both are installed from the same locks.
PROJECTS = [
    tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    for folder in (".", "gmail_sandbox")
]
RUN = [need for project in PROJECTS for need in project["dependencies"]]
TEST = [need for project in PROJECTS for need in project["optional-dependencies"]["test"]]
LOCKS = {"requirements.lock": RUN, "requirements-test.lock": RUN + TEST}


def pins(lock):
    """The pinned version of each package of a lock, by name."""
    lines = re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_satisfies_the_project(lock):
    """Each dependency of both distributions is pinned to a version that they accept."""
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The service's wheel."""
    folder = tmp_path_factory.mktemp("service")
    for name in ("pyproject.toml", "README.md"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    # What a build finds in a checkout; links, so that it writes nothing there.
    for path in ROOT.glob("*/__init__.py"):
        (folder / path.parent.name).symlink_to(path.parent)
    build = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
    program = [sys.executable, "-I", "-c", build]
    subprocess.run(program, cwd=folder, capture_output=True, check=True)
    [built] = (folder / "dist").glob("*.whl")
    return built


def test_wheel_has_neither_sandbox_nor_lab_nor_tests(wheel):
    """The service's wheel is the service: no local Google, no demonstration, no test, no page."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in packed} == {"gmail_ingest", "webhook_api"}
    assert {"gmail_ingest/cli/main.py", "gmail_ingest/py.typed"} <= packed
    assert not any("test" in name.split("/")[-1] or "sandbox/" in name for name in packed)


def test_wheel_runs_without_sandbox_and_lab(wheel, tmp_path):
    """Where the service alone is installed, its commands are there, and those that need more say
    what to install.
    """
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    # Without site, no link of this checkout's editable installation is followed.
    program = (
        "import sys; sys.path += sys.argv[1:3]; del sys.argv[1:3]\n"
        "from importlib.util import find_spec\n"
        "assert not find_spec('gmail_sandbox') and not find_spec('gmail_ingest_lab')\n"
        "from gmail_ingest.cli.main import run; run()"
    )
    paths = [str(tmp_path / "installed"), sysconfig.get_path("purelib")]
    command = [sys.executable, "-I", "-S", "-c", program, *paths]

    def said(*arguments):
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    assert said("settings", "--format", "env")[0] == 0
    for name in ("demo", "rehearse", "bench"):
        code, text = said(name, "--json")
        assert (code, "install gmail-ingest-lab and gmail-sandbox" in text) == (2, True), text
    code, text = said("sandbox", "--port", "0")
    assert (code, "install gmail-sandbox" in text) == (2, True), text


def test_image_has_no_sandbox():
    """What the image is made of is named, and the sandbox is not among it."""
    ignored, *named = (ROOT / ".dockerignore").read_text().split()
    assert ignored == "*"
    assert not any("sandbox" in path or "tests" in path for path in named)
    assert "gmail_sandbox" not in (ROOT / "Dockerfile").read_text()


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
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("gmail_sandbox/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
