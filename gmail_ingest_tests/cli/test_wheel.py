"""The service's wheel: what is in it, and that it does without the sandbox and the lab."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('dist')"
#: What an editable installation of the three distributions leaves among the installed packages.
OWN = ("gmail_", "__editable__")
LOOK = """
import importlib.metadata, importlib.util
names = ("gmail_sandbox", "gmail_ingest_lab", "gmail_ingest_tests")
assert not [name for name in names if importlib.util.find_spec(name)]
[command] = importlib.metadata.entry_points(group="console_scripts", name="gmail-ingest")
from gmail_ingest.cli.main import run
assert command.load() is run
import webhook_api.app
from gmail_ingest.definitions import defs
assert defs.resolve_all_asset_keys()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The service's wheel, built from what a build finds in a checkout."""
    folder = tmp_path_factory.mktemp("service")
    for name in ("pyproject.toml", "README.md"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for path in ROOT.glob("*/__init__.py"):  # links, so that the build writes nothing there
        (folder / path.parent.name).symlink_to(path.parent)
    subprocess.run([sys.executable, "-I", "-c", BUILD], cwd=folder, capture_output=True, check=True)
    [built] = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The Python of an environment with the wheel, and all that is installed here but our own."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment, with_pip=False, symlinks=True)
    [packages] = environment.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)  # that is what installing a pure wheel is
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(OWN):
            (packages / path.name).symlink_to(path)
    return environment / "bin" / "python"


@pytest.fixture
def said(python, tmp_path):
    """Run ``gmail-ingest`` where the wheel alone is installed: its exit code, and what it wrote."""
    program = "from gmail_ingest.cli.main import run; run()"

    def run(*arguments, **variables):
        done = subprocess.run(
            [python, "-I", "-c", program, *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, " ".join((done.stdout + done.stderr).split())

    return run


def test_wheel_has_neither_sandbox_nor_lab_nor_tests(wheel):
    """The service's wheel is the service: no local Google, no demonstration, no test, no page."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in packed} == {"gmail_ingest", "webhook_api"}
    assert {"gmail_ingest/cli/main.py", "gmail_ingest/py.typed"} <= packed
    assert not any("test" in name.split("/")[-1] or "sandbox/" in name for name in packed)


def test_wheel_serves_dagster_and_the_api_alone(python, tmp_path):
    """Where the service alone is installed, Dagster's code location and the sidecar load."""
    looked = subprocess.run(
        [python, "-I", "-c", LOOK], cwd=tmp_path, capture_output=True, text=True
    )
    assert looked.returncode == 0, looked.stderr


def test_wheel_has_its_commands_alone(said, database_url):
    """Where the service alone is installed, its commands work, and help lists no others."""
    code, _, helped = said("--help")
    assert (code, metadata.version("gmail-ingest") in said("--version")[2]) == (0, True)
    assert "doctor" in helped
    assert not [name for name in ("demo", "rehearse", "sandbox", "bench") if f" {name} " in helped]
    assert said("settings", "--format", "env")[0] == 0
    code, printed, text = said("status", "--json", DATABASE_URL=database_url)
    assert (code, json.loads(printed.splitlines()[-1])["mailboxes"]) == (0, []), text
    code, printed, text = said("doctor", "--json", DATABASE_URL=database_url)
    checks = {check["name"]: check["passed"] for check in json.loads(printed)["checks"]}
    assert (code, checks["database"], checks["encryption key"]) == (1, True, False), text


@pytest.mark.parametrize(
    "command", [("demo", "--json"), ("rehearse",), ("sandbox", "--help"), ("bench", "units")]
)
def test_wheel_says_what_a_command_of_the_lab_needs(said, command):
    """Where the service alone is installed, commands of the lab say what to install, exit 2."""
    code, _, text = said(*command)
    assert (code, "install gmail-ingest-lab and gmail-sandbox" in text) == (2, True), text
