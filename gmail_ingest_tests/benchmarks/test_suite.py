"""Each benchmark at a size that proves nothing but that it works; tried at night (``-m soak``)."""

import json
import tempfile

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli.main import app
from gmail_ingest.errors import InvalidInputError
from gmail_ingest_lab.benchmarks import suite
from gmail_ingest_tests.benchmarks.test_figure import KEYS

TINY = {
    "units": 0.02,
    "cpu": 0.003,
    "fleet": 0.01,
    "memory": 0.001,
    "saturation": 0.01,
    "webhook": 0.02,
    "reindex": 0.01,
}


def measure(name, scale):
    """Run a benchmark by the command line; returns its object."""
    ran = CliRunner().invoke(app, ["bench", name, "--json", "--scale", str(scale)])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return json.loads(ran.stdout.splitlines()[-1]), ran.exit_code


def check(name, scale, directory, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    found, exit_code = measure(name, scale)
    assert set(found) == KEYS
    assert found["name"] == name
    assert found["figure"] > 0
    # Without a limiter, processes may be at rest for all of five seconds: Google refused them.
    assert found["baseline"] > 0 or (name == "saturation" and found["baseline"] == 0)
    if found["baseline"]:
        assert found["ratio"] == pytest.approx(found["figure"] / found["baseline"], rel=0.01)
    assert exit_code == (0 if found["reached"] else 1)
    assert list(directory.iterdir()) == []


@pytest.mark.soak
@pytest.mark.parametrize(("name", "scale"), TINY.items())
def test_benchmark_measures_and_leaves_nothing_behind(name, scale, tmp_path, monkeypatch):
    """A benchmark ends with its object, a figure and a baseline, and its directory is gone."""
    check(name, scale, tmp_path, monkeypatch)


def test_every_name_has_a_benchmark():
    """What the command offers can be found and called."""
    assert all(callable(suite.find(name)) for name in suite.BENCHMARKS)


def test_unknown_name_is_refused():
    """A name that does not exist is wrong input, with the names that do."""
    ran = CliRunner().invoke(app, ["bench", "speed"])
    assert isinstance(ran.exception, InvalidInputError)
    assert "push-cold" in str(ran.exception)
