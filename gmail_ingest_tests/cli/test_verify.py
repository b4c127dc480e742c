"""``gmail-ingest verify`` against a sandbox and Postgres, in this process."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.cli.main import app
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest.local.environment import variable_names
from gmail_ingest_tests.sync.service import OWNER, TENANT, Service, sandbox_settings
from gmail_sandbox.server import Sandbox
from gmail_sandbox.settings import Limits

runner = CliRunner()
LOSE = (
    "DELETE FROM message_ledger WHERE gmail_id = (SELECT min(gmail_id) FROM message_ledger)"
    " RETURNING 1"
)


@pytest.fixture
def deployed(run, monkeypatch, tmp_path, database_url) -> Iterator[Service]:
    """A synced mailbox, and the environment that leads there; the command has loops of its own."""
    monkeypatch.chdir(tmp_path)
    names = variable_names()
    for name in names.values():
        monkeypatch.delenv(name, raising=False)
    limits = Limits(user_per_minute=None, project_per_minute=None)
    with Sandbox.in_thread(limits=limits) as sandbox:
        values = sandbox_settings(sandbox.url, database_url=database_url)
        for name, value in values.items():
            monkeypatch.setenv(names[name], str(value))
        engine = create_engine(database_url)
        service = Service(engine, sandbox)
        run(service.connected(messages=30))
        yield service
        run(service.aclose())
        run(engine.dispose())


def verify(*arguments, code=0):
    """The report of a verification that ends with this exit code."""
    command = ["verify", TENANT, "--json", *arguments]
    result = runner.invoke(app, command, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_verify_tells_the_price_and_asks_google_nothing(deployed):
    """A dry run names days and units."""
    before = deployed.calls("messages.list")
    report = verify("--dry-run")
    (mailbox,) = report["mailboxes"]
    assert (mailbox["address"], mailbox["days"]) == (OWNER, 30)
    assert report["estimatedUnits"] == mailbox["estimatedUnits"] > 0
    assert "complete" not in report
    assert deployed.calls("messages.list") == before
    shown = runner.invoke(app, ["verify", TENANT, "--dry-run"])
    assert OWNER in shown.stdout


def test_verify_fails_for_a_hole_until_it_is_repaired(run, deployed):
    """Exit code 1 while a mail is unaccounted for, 0 once it is fetched."""
    assert verify()["complete"] is True
    assert run(deployed.rows(LOSE)) == [1]
    report = verify(code=1)
    assert (report["complete"], report["mailboxes"][0]["openMissing"]) == (False, 1)
    report = verify("--repair")
    (mailbox,) = report["mailboxes"]
    assert (mailbox["missing"], mailbox["open"], mailbox["complete"]) == (1, 0, True)
    assert report["units"] == mailbox["counts"]["units"] > 0
    assert run(deployed.agrees())


@pytest.mark.usefixtures("deployed")
def test_verify_of_some_days():
    """Only those days are compared, and the table says so."""
    today = datetime.now(UTC).date()
    days = ["--from", str(today - timedelta(days=3)), "--to", str(today)]
    (mailbox,) = verify(*days)["mailboxes"]
    assert (mailbox["days"], mailbox["provenDays"]) == (3, 3)
    shown = runner.invoke(app, ["verify", TENANT, *days])
    assert shown.exit_code == 0
    assert "PROVEN" in shown.stdout


def test_verify_refuses_what_makes_no_sense(run, deployed):
    """A window that ends before it begins, and a tenant that nobody connected."""
    with pytest.raises(InvalidInputError):
        verify("--from", "2026-05-02", "--to", "2026-05-02")
    with pytest.raises(NotFoundError):
        runner.invoke(app, ["verify", "nobody"], catch_exceptions=False)
    assert run(deployed.agrees())


def test_removals_that_are_withheld_are_accepted_by_a_person(run, deployed):
    """A mass that vanished fails the verification, with what to do; accepted, it goes, and status
    shows how many wait (case 09, edge cases 97 and 99).
    """
    deployed.box(lambda box: [box.delete(message_id) for message_id in list(box.message_ids())])
    deployed.deliver(*[f"new {number}" for number in range(3)])
    run(deployed.sync())
    report = verify("--repair", code=1)
    (mailbox,) = report["mailboxes"]
    assert mailbox["withheld"] == mailbox["openVanished"] > 20
    assert "--accept-removals" in mailbox["error"]
    status = json.loads(runner.invoke(app, ["status", "--json"]).stdout.splitlines()[-1])
    assert status["mailboxes"][0]["removals_withheld"] == mailbox["withheld"]
    report = verify("--accept-removals", "--mailbox", OWNER.upper())
    (mailbox,) = report["mailboxes"]
    assert (mailbox["withheld"], mailbox["complete"]) == (0, True)
    assert run(deployed.agrees())


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "arguments", [("--mailbox", OWNER), ("--accept-removals", "--dry-run")], ids=["alone", "dry"]
)
def test_options_of_an_acceptance_belong_together(arguments):
    """What makes no sense is said, and nothing is accepted."""
    with pytest.raises(InvalidInputError, match="accept-removals"):
        runner.invoke(app, ["verify", TENANT, *arguments], catch_exceptions=False)
