import asyncio

import pytest

from gmail_ingest.adapters.postgres.engine import create_engine
from gmail_ingest.adapters.postgres.mail_store import PostgresMailStore
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import PostgresWorld, lease

PATH = "/api/tenants/tenant-1/exclusion-rules"
SECRET = "s3cr3tZx9"


@pytest.fixture
def kim(api, google, database_url):
    """A connected mailbox with two mails of a list and one of a person's."""
    api.connect("tenant-1", google.mailbox("kim@crm.test"))
    api.rows("DELETE FROM sync_queue RETURNING 1")
    ((mailbox_id,),) = api.rows("SELECT id FROM mailboxes")
    messages = [parsed(f"m{n}", f"t{n}", is_list=n < 3, subject=f"News {n}") for n in (1, 2, 3)]

    async def save(world):
        held = await lease(world, mailbox_id)
        await world.store.save(held, [Stored(message) for message in messages])

    _with_engine(database_url, lambda engine: save(PostgresWorld(engine)))
    return mailbox_id


def _with_engine(database_url, work):
    async def scenario():
        engine = create_engine(database_url)
        try:
            await work(engine)
        finally:
            await engine.dispose()

    asyncio.run(scenario())


@pytest.fixture
def work_off(database_url):
    """Do what the queued jobs do."""

    async def settle(engine):
        while await PostgresMailStore(engine).decide_next("tenant-1"):
            pass

    return lambda: _with_engine(database_url, settle)


def listed(api):
    """Ids that the list shows."""
    page = api.call("GET", "/api/emails?tenantId=tenant-1").json()
    return sorted(email["id"] for email in page["emails"])


def why(api, message):
    """What became of a mail."""
    query = {"tenantId": "tenant-1", "messageId": message}
    (finding,) = api.call("GET", "/api/emails/why", params=query).json()["mailboxes"]
    return finding


@pytest.mark.usefixtures("kim")
def test_a_rule_is_put_listed_and_deleted(api, work_off):
    """Each change of it is a job; what it hides is gone from the list, explained by name, and back
    when the rule is (edge cases 17 and 64).
    """
    answer = api.call("PUT", f"{PATH}/newsletters", {"senders": ["list"], "domains": ["@X.test"]})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert api.rows("SELECT kind, job_id::text FROM sync_queue") == [("exclusions", body["jobId"])]
    assert body["rule"]["domains"] == ["x.test"]
    rules = api.call("GET", PATH).json()
    assert rules["undecidedMailboxes"] == 1
    work_off()
    assert listed(api) == ["m3"]
    rules = api.call("GET", PATH).json()
    assert rules["undecidedMailboxes"] == 0
    (rule,) = rules["rules"]
    assert rule == api.call("GET", f"{PATH}/newsletters").json()
    assert (rule["name"], rule["hiddenMails"], rule["enabled"]) == ("newsletters", 2, True)
    finding = why(api, "m1")
    assert finding["verdict"] == "excluded"
    assert "stored, and hidden by the rule 'newsletters' on 20" in finding["explanation"]
    assert "shown again" in finding["next"]
    assert (finding["ledger"]["fate"], finding["ledger"]["rule"]) == ("excluded", "newsletters")
    assert api.call("GET", "/api/emails/thread/t1?tenantId=tenant-1").status_code == 404
    status = api.call("GET", "/api/sync/tenant-1/status").json()
    assert (status["ledger"]["stored"], status["ledger"]["excluded"]) == (1, 2)

    same = api.call("PUT", f"{PATH}/newsletters", {"senders": ["list"], "domains": ["x.test"]})
    assert same.json()["jobId"] is None
    gone = api.call("DELETE", f"{PATH}/newsletters")
    assert (gone.status_code, gone.json()["jobId"]) == (202, body["jobId"])
    work_off()
    assert listed(api) == ["m1", "m2", "m3"]
    assert why(api, "m1")["verdict"] == "stored"
    assert api.call("GET", PATH).json()["rules"] == []


@pytest.mark.usefixtures("kim")
def test_a_dry_run_tells_what_a_rule_would_hide(api):
    """How many, of which mailbox, and samples; nothing is hidden by it, nothing queued."""
    answer = api.call("POST", f"{PATH}/dry-run", {"senders": ["list"], "enabled": False})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["total"], body["alreadyHidden"]) == (2, 0)
    assert body["byMailbox"] == [{"mailbox": "kim@crm.test", "mails": 2}]
    assert {sample["gmailId"]: sample["subject"] for sample in body["samples"]} == {
        "m1": "News 1",
        "m2": "News 2",
    }
    assert body["samples"][0]["sender"] == "ann@example.com"
    assert listed(api) == ["m1", "m2", "m3"]
    assert api.rows("SELECT FROM sync_queue") == []


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"enabled": True, "addresses": []}, "body"),
        ({"addresses": [SECRET]}, "addresses.0"),
        ({"domains": ["ok.test", f"{SECRET}@x"]}, "domains.1"),
        ({"internalDomains": [f"{SECRET} x"]}, "internalDomains.0"),
        ({"categories": [SECRET]}, "categories.0"),
        ({"senders": [SECRET]}, "senders.0"),
        ({"labels": ["Label_1"]}, "mailbox"),
        ({"labels": ["\0"]}, "labels.0"),
        ({"domains": ["x.test"], "mailbox": f"{SECRET}@crm.test"}, "mailbox"),
        ({"domains": "x.test"}, "domains"),
        ({"domains": ["x.test"] * 1001}, "domains"),
        ({"domains": ["x.test"], SECRET: 1}, "(unknown field)"),
        ({"domains": ["x.test"], "enabled": SECRET}, "enabled"),
    ],
)
def test_a_wrong_rule_is_422_with_its_field(api, body, field):
    """Making a rule and trying it say the same, and repeat nothing of it."""
    for verb, path in (("PUT", f"{PATH}/rule"), ("POST", f"{PATH}/dry-run")):
        answer = api.call(verb, path, body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert field in [error["field"] for error in answer.json()["errors"]]
        assert SECRET not in answer.text
    assert api.rows("SELECT FROM exclusion_rules") == []


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize(
    ("name", "field"), [("spam", "name"), ("-x", "name"), ("a%40b", "name"), ("a" * 65, "name")]
)
def test_a_wrong_name_is_422(api, name, field):
    """Names of built-in rules, and what is no name."""
    answer = api.call("PUT", f"{PATH}/{name}", {"domains": ["x.test"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.usefixtures("kim")
def test_rules_of_nobody_and_of_the_disconnected(api):
    """404 for unknown tenants and rules; a disconnected tenant's rules are shown, not changed."""
    rule = {"domains": ["x.test"]}
    nobody = "/api/tenants/nobody/exclusion-rules"
    assert api.call("GET", nobody).status_code == 404
    assert api.call("PUT", f"{nobody}/a", rule).status_code == 404
    assert api.call("POST", f"{nobody}/dry-run", rule).status_code == 404
    assert api.call("DELETE", f"{nobody}/a").status_code == 404
    assert api.call("GET", f"{PATH}/a").status_code == 404
    assert api.call("DELETE", f"{PATH}/a").status_code == 404
    assert api.call("PUT", f"{PATH}/a", rule).status_code == 202
    api.call("DELETE", "/api/integrations/tenant-1")
    assert len(api.call("GET", PATH).json()["rules"]) == 1
    assert api.call("PUT", f"{PATH}/a", rule).status_code == 409
    assert api.call("DELETE", f"{PATH}/a").status_code == 409
