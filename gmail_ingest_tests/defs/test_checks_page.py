"""What the Checks pages of the UI launch and show, by the GraphQL API that they use."""

from __future__ import annotations

import dagster as dg
import pytest

from gmail_ingest_tests.defs.webserver import Webserver
from gmail_ingest_tests.sync.service import OWNER, TENANT

#: Dagster 1.13 warns of parameters and properties of its own when it describes a code location.
pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
ACCOUNTED = ("gmail/completeness", "every_listed_message_is_accounted_for")
COMPLETENESS = dg.AssetKey(["gmail", "completeness"])
BOTH = {TENANT: True, "globex": True}
SYNCED = ("gmail/mailboxes", "every_mailbox_is_synced")


@pytest.fixture
def webserver(tmp_path, resources, database_url, monkeypatch):
    """The API on the test's database and sandbox; it knows two tenants as partitions."""
    assert resources
    monkeypatch.setenv("DATABASE_URL", database_url)
    server = Webserver(tmp_path)
    server.instance.add_dynamic_partitions("tenants", [TENANT, "globex"])
    yield server
    server.close()


@pytest.fixture
def tenants(run, service):
    """Two tenants with mail, connected and synced."""
    for tenant, address in ((TENANT, OWNER), ("globex", "owner@globex.example")):
        service.account(address, messages=8)
        run(service.connect(address, tenant=tenant))
        run(service.sync(tenant=tenant))
    return service


@pytest.mark.usefixtures("tenants")
def test_execute_all_names_no_partition_and_covers_every_tenant(webserver):
    """What the button of the Checks page launches compares every tenant (edge case 86)."""
    assert webserver.launch(checks=[ACCOUNTED]).is_success
    shown = webserver.check(*ACCOUNTED)
    assert shown["canExecuteIndividually"] == "CAN_EXECUTE"
    latest = shown["executionForLatestMaterialization"]
    assert (latest["status"], latest["evaluation"]["success"]) == ("SUCCEEDED", True)
    assert "2 tenants is accounted for" in latest["evaluation"]["description"]
    reported = webserver.evaluations(*ACCOUNTED)
    assert {tenant: evaluation["success"] for tenant, evaluation in reported.items()} == BOTH
    assert set(webserver.instance.get_materialized_partitions(COMPLETENESS)) == set(BOTH)


def test_proof_of_one_tenant_stays_when_a_push_materializes_its_mail(webserver, tenants):
    """Only a comparison resets what a comparison said (edge case 86)."""
    launched = {"assets": ["gmail/completeness"], "checks": [ACCOUNTED], "partition": TENANT}
    assert webserver.launch(**launched).is_success
    assert set(webserver.evaluations(*ACCOUNTED)) == {TENANT}
    tenants.deliver("later")
    assert webserver.launch(assets=["gmail/emails"], partition=TENANT).is_success
    latest = webserver.check(*ACCOUNTED)["executionForLatestMaterialization"]
    assert (latest["status"], latest["evaluation"]["success"]) == ("SUCCEEDED", True)


def test_mailboxes_page_shows_a_failure_until_it_is_over(webserver, tenants, run):
    """The newest evaluation is over all tenants: one that recovers hides no other
    (edge case 85).
    """
    tenants.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    assert not webserver.launch(assets=["gmail/emails"], partition=TENANT).is_success
    assert not webserver.evaluations(*SYNCED)[TENANT]["success"]
    assert webserver.launch(assets=["gmail/emails"], partition="globex").is_success
    assert webserver.launch(checks=[SYNCED]).is_success
    latest = webserver.check(*SYNCED)["executionForLatestMaterialization"]
    assert latest["status"] == "FAILED"
    assert "1 of 2 tenants" in latest["evaluation"]["description"]
    run(tenants.connect())
    assert webserver.launch(assets=["gmail/emails"], partition=TENANT).is_success
    latest = webserver.check(*SYNCED)["executionForLatestMaterialization"]
    assert latest["status"] == "SUCCEEDED"
    assert webserver.evaluations(*SYNCED)[TENANT]["success"]
