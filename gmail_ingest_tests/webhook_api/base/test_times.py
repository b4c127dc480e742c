"""Times have one form in all answers, and a message one name."""

import re

import pytest

from gmail_ingest_tests.webhook_api.emails.test_emails import letter, store

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(.*)")


def strings(value):
    """All texts in a JSON value."""
    match value:
        case str():
            yield value
        case list():
            for member in value:
                yield from strings(member)
        case dict():
            for member in value.values():
                yield from strings(member)


@pytest.fixture
def berlin(database_url, api):
    """A database whose sessions are in Berlin, unless they ask for another zone."""
    name = database_url.partition("?")[0].rpartition("/")[2]
    api.database.execute(f"ALTER DATABASE {name} SET timezone = 'Europe/Berlin'")
    return api


def test_all_times_are_utc_and_end_in_z(berlin, settings, serve, google, engine, run):
    """Whatever zone the database has, and whichever call shows it (edge case 104)."""
    api = serve(settings.model_copy(), key=False)
    api.key = berlin.key
    shown = [api.connect("tenant-1", google.mailbox("kim@crm.test"))]
    run(store(engine, "kim@crm.test", [letter(0)]))
    api.rows(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin, fate, decided_at)"
        " SELECT id, 'dead', 't9', 'push', 'dead', now() FROM mailboxes RETURNING 1"
    )
    year = {"startDate": "2024-01-01T01:00:00+01:00", "endDate": "2024-02-01T00:00:00Z"}
    shown.append(api.call("POST", "/api/sync/tenant-1/historical?dryRun=true", year))
    shown.append(api.call("POST", "/api/sync/tenant-1/historical", year))
    rule = {"domains": ["shop.example"]}
    shown.append(api.call("PUT", "/api/tenants/tenant-1/exclusion-rules/a", rule))
    paths = (
        "/api/integrations/tenant-1",
        "/api/sync/tenant-1/status",
        "/api/sync/tenant-1/jobs",
        "/api/sync/tenant-1/dead-letters",
        "/api/tenants/tenant-1/exclusion-rules",
        "/api/emails?tenantId=tenant-1",
        "/api/emails/thread/t0?tenantId=tenant-1",
        "/api/emails/why?tenantId=tenant-1&messageId=m0",
        "/api/emails/why?tenantId=tenant-1&messageId=dead",
    )
    shown += [api.call("GET", path) for path in paths]
    times = 0
    for answer in shown:
        assert answer.status_code < 300, answer.text
        zones = [
            found[1] for string in strings(answer.json()) if (found := _TIME.fullmatch(string))
        ]
        assert set(zones) <= {"Z"}, answer.text
        times += len(zones)
    assert times > 20
    (mail,) = api.call("GET", "/api/emails?tenantId=tenant-1").json()["emails"]
    assert mail["gmailId"] == mail["id"] == "m0"


def test_a_message_has_one_name_in_every_body(api):
    """Wherever a Gmail id of a message is, it is `gmailId` (edge case 104)."""
    schemas = api.session.get(f"{api.url}/openapi.json", timeout=9).json()["components"]["schemas"]
    for name in ("EmailBody", "CopyBody", "FindingBody", "DeadLetterBody", "SampleBody"):
        assert "gmailId" in schemas[name]["properties"], name
    assert "gmailIds" in schemas["RetryBody"]["properties"]


def test_where_a_mail_was_seen_has_its_values_in_the_document(api):
    """`source` names all that it may be, in the document and in words."""
    schemas = api.session.get(f"{api.url}/openapi.json", timeout=9).json()["components"]["schemas"]
    source = schemas["LedgerEntryBody"]["properties"]["source"]
    assert source["enum"] == ["live", "listing", "history"]
    assert all(sighting in source["description"] for sighting in source["enum"])
