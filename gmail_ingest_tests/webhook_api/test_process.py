import json
import subprocess
import sys

import pytest
from pydantic import SecretStr

from gmail_ingest.errors import ConfigurationError
from gmail_ingest_tests.cli.commands import own_logging
from webhook_api.__main__ import main
from webhook_api.app import create_app


def test_ready_only_with_a_migrated_database(serve, settings, empty_database_url):
    """Without tables the sidecar is alive and not ready."""
    api = serve(settings)
    assert api.call("GET", "/readyz").json() == {"status": "ok"}
    bare = serve(settings.model_copy(update={"database_url": empty_database_url}), key=False)
    answer = bare.session.get(f"{bare.url}/readyz", timeout=9)
    assert answer.status_code == 503
    assert "db upgrade" in answer.json()["detail"]
    assert bare.session.get(f"{bare.url}/healthz", timeout=9).status_code == 200


def test_docs_need_no_internet(api):
    """The documentation page and all that it loads come from the sidecar itself."""
    page = api.session.get(f"{api.url}/docs", timeout=9)
    assert page.status_code == 200
    assert "cdn" not in page.text
    script = api.session.get(f"{api.url}/docs/assets/swagger-ui-bundle.js", timeout=9)
    assert script.status_code == 200


def test_openapi_describes_every_route_and_its_errors(api):
    """Each operation has a summary and a description, and those under /api their 401 as problem."""
    document = api.call("GET", "/openapi.json").json()
    assert document["components"]["securitySchemes"].keys() == {"X-API-Key", "Bearer"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/api/"):
                refused = operation["responses"]["401"]["content"]
                assert refused.keys() == {"application/problem+json"}
                assert operation["security"]
    assert "HTTPValidationError" not in str(document)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"database_url": ""}, "DATABASE_URL"),
        ({"encryption_key": SecretStr("")}, "ENCRYPTION_KEY"),
        ({"encryption_key": SecretStr("c2hvcnQ=")}, "ENCRYPTION_KEY"),
    ],
)
def test_the_sidecar_does_not_start_without_what_it_needs(settings, changes, named):
    """No key, no start: the error names the setting."""
    with pytest.raises(ConfigurationError, match=named):
        create_app(settings.model_copy(update=changes))


def test_main_ends_with_2_when_a_setting_is_missing(monkeypatch, tmp_path):
    """The process says what is missing by its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with own_logging():
        assert main(["--port", "0"]) == 2


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.0", "\u0663"])
def test_a_port_that_is_none_is_one_sentence(monkeypatch, capsys, port):
    """PORT of the platform, or --port: exit code 2 and one line in the form of all logs, before
    any setting is read (edge case 116).
    """
    monkeypatch.setenv("PORT", port)
    for arguments in ([], ["--port", port]):
        with own_logging():
            assert main(arguments) == 2
        (reported,) = capsys.readouterr().err.splitlines()
        message = json.loads(reported)
        assert message["reason"] == "PORT or --port must be a number from 0 to 65535"


def test_the_sidecar_loads_no_dagster():
    """Dagster is in no module that the sidecar imports."""
    code = "import sys, webhook_api.__main__; print([m for m in sys.modules if 'dagster' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
