import socket

import pytest
from typer.testing import CliRunner

from gmail_ingest.cli.main import app
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.local.environment import variable_names
from gmail_ingest.local.readiness import free_ports, require_free


@pytest.fixture
def busy():
    """A port that somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_free_ports_and_zero_are_fine():
    """What nobody listens on may be taken, and 0 takes any."""
    first, second = free_ports(2)
    require_free({"--api-port": first, "--dagster-port": second})
    require_free({"--api-port": 0, "--dagster-port": 0})


def test_a_busy_port_is_named_with_its_remedy(busy):
    """The option, the port and what to do are in one sentence."""
    with pytest.raises(ConfigurationError, match=f"--api-port {busy}: something else listens"):
        require_free({"--api-port": busy})


def test_one_port_for_two_is_refused():
    """Two processes cannot share a port."""
    (port,) = free_ports(1)
    with pytest.raises(ConfigurationError, match="choose two ports"):
        require_free({"--api-port": port, "--dagster-port": port})


@pytest.mark.parametrize("option", ["--api-port", "--dagster-port"])
def test_up_finds_a_busy_port_before_anything_starts(busy, option, monkeypatch, tmp_path):
    """With a busy port nothing is started and nothing is written (edge case 114)."""
    monkeypatch.chdir(tmp_path)
    for name in variable_names().values():
        monkeypatch.delenv(name, raising=False)
    key = CliRunner().invoke(app, ["keys", "generate-encryption"]).output.strip()
    monkeypatch.setenv("ENCRYPTION_KEY", key)
    result = CliRunner().invoke(app, ["up", option, str(busy)])
    assert isinstance(result.exception, ConfigurationError)
    assert f"{option} {busy}" in str(result.exception)
    assert list(tmp_path.iterdir()) == []
