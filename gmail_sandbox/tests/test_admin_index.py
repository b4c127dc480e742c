"""The index of the admin API, and the page that documents it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def endpoints(http_call) -> set[tuple[str, str]]:
    """What the index lists: method and path."""
    listed = http_call.call("GET", "/sandbox").json()["endpoints"]
    return {(endpoint["method"], endpoint["path"]) for endpoint in listed}


def test_index_lists_every_endpoint_with_what_it_does(http_call):
    """The index is made from the routes, and says of each what it does."""
    listed = http_call.call("GET", "/sandbox/").json()["endpoints"]
    assert {"method": "GET", "path": "/sandbox/health"}.items() <= listed[0].items()
    assert len(endpoints(http_call)) == len(listed) >= 38
    assert [endpoint["path"] for endpoint in listed if not endpoint["does"]] == []


def test_index_is_a_page_for_a_browser(http_call):
    """A browser gets the same as a page, with links where a GET needs no name."""
    reply = http_call.call("GET", "/sandbox", accept="text/html,*/*")
    assert reply.headers["content-type"].startswith("text/html")
    page = reply.body.decode()
    assert '<a href="/sandbox/counters">' in page
    assert all(path in page for _, path in endpoints(http_call))


def test_unknown_paths_lead_to_the_index(http_call):
    """Who mistypes a path is told where all of them are listed."""
    for verb, path in (("GET", "/sandbox/nothing"), ("DELETE", "/sandbox/clock")):
        assert "GET /sandbox lists all" in http_call.call(verb, path).json()["error"]["message"]


def test_page_documents_every_endpoint(http_call):
    """docs/sandbox.md names each endpoint, and no other."""
    found = re.findall(r"\b(GET|POST|PATCH|DELETE|PUT) (/sandbox/[^\s:,`]+)", PAGE.read_text())
    documented = {(verb, path) for verb, path in found if path != "/sandbox/"}
    assert documented == endpoints(http_call), "docs/sandbox.md and GET /sandbox differ"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's lines are for curl")
def test_lines_of_the_page_work_as_they_stand(sandbox, http_call, tmp_path):
    """Every line of docs/sandbox.md can be copied, in its order, and is answered without error."""
    lines = "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    # What would only be printed must end the script here.
    head = 'set -eu; curl() { command curl -fsS --noproxy "*" "$@"; echo; }\n'
    done = subprocess.run(
        ["sh", "-c", head + lines],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "SANDBOX": sandbox.url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "curl:" not in done.stderr
    assert "Customers" in done.stdout
    assert http_call.admin("GET", "limits")["userPerMinute"] == 12_000
