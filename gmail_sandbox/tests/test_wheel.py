"""The sandbox's wheel: what is in it, and that it runs with nothing but what it declares."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gmail_sandbox import __version__

PACKAGE = Path(__file__).parents[1]
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
#: What every module imports is there, and nothing of the service is.
LOOK = """
import importlib, importlib.metadata, importlib.util, pkgutil, gmail_sandbox
for module in pkgutil.walk_packages(gmail_sandbox.__path__, "gmail_sandbox."):
    importlib.import_module(module.name)
[command] = importlib.metadata.entry_points(group="console_scripts", name="gmail-sandbox")
assert command.load() is importlib.import_module("gmail_sandbox.__main__").main
others = ["gmail_ingest", "webhook_api", "gmail_ingest_tests", "dagster", "fastapi", "sqlalchemy"]
assert not [name for name in others if importlib.util.find_spec(name)]
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy so that the folder stays as it is."""
    folder = tmp_path_factory.mktemp("build") / "gmail_sandbox"
    shutil.copytree(
        PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    )
    subprocess.run([sys.executable, "-I", "-c", BUILD], cwd=folder, capture_output=True, check=True)
    [built] = (folder / "dist").glob("*.whl")
    return built


def test_wheel_has_every_module_and_no_test(wheel):
    """Each room is packaged with all of its modules; tests and pages of a checkout are not."""
    modules = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*.py")
        if not {"tests", "build"} & set(path.relative_to(PACKAGE).parts)
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == {*modules, "gmail_sandbox/py.typed"}
    assert wheel.name.startswith(f"gmail_sandbox-{__version__}-")


def declared(names, found):
    """Add the distributions that requirements name, and all that these need."""
    for need in map(Requirement, names):
        name = canonicalize_name(need.name)
        if name not in found and (need.marker is None or need.marker.evaluate({"extra": ""})):
            found[name] = metadata.distribution(name)
            declared(found[name].requires or [], found)


@pytest.fixture
def python(wheel, tmp_path):
    """The Python of an environment with the wheel and what it declares, and nothing else."""
    environment, needs = tmp_path / "environment", tmp_path / "needs"
    venv.create(environment, with_pip=False, symlinks=True)
    [packages] = environment.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)  # that is what installing a pure wheel is
    [installed] = metadata.distributions(name="gmail-sandbox", path=[str(packages)])
    found = {}
    declared(installed.requires, found)
    for file in (file for distribution in found.values() for file in distribution.files):
        if ".." not in file.parts and "__pycache__" not in file.parts:
            (needs / file).parent.mkdir(parents=True, exist_ok=True)
            (needs / file).symlink_to(file.locate())
    (packages / "needs.pth").write_text(f"{needs}\n")
    return environment / "bin" / "python"


def test_wheel_serves_a_mailbox_alone(python, tmp_path):
    """Where only the wheel and what it declares is installed, each module can be imported, the
    command is there, and the process answers.
    """
    looked = subprocess.run(
        [python, "-I", "-c", LOOK], cwd=tmp_path, capture_output=True, text=True
    )
    assert looked.returncode == 0, looked.stderr
    command = [python, "-I", "-m", "gmail_sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = json.loads(process.stdout.readline())["url"]
            made = requests.post(
                f"{url}/sandbox/mailboxes", json={"address": "a@b.test", "messages": 3}, timeout=20
            ).json()
            listed = requests.get(
                f"{url}/gmail/v1/users/me/messages",
                headers={"Authorization": f"Bearer {made['accessToken']}"},
                timeout=20,
            ).json()
        finally:
            process.terminate()
    assert len(listed["messages"]) == 3
    assert process.returncode == 0
