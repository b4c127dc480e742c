from datetime import date

import pytest


@pytest.fixture
def compared(api, google):
    """A mailbox some of whose days were compared."""
    api.connect("tenant-1", google.mailbox("kim@crm.test"))
    api.database.execute(
        "INSERT INTO coverage (mailbox_id, day, ids_listed, ids_accounted, ids_pending,"
        " ids_missing, ids_vanished, ids_dead, checked_at, proven_at)"
        " SELECT m.id, date '2026-05-01' + n, 10, 10 - (n = 3)::int, 0, (n = 3)::int, 0, 0,"
        " timestamptz '2026-06-01 03:00:00+02', CASE WHEN n <> 3 THEN now() END"
        " FROM mailboxes m, generate_series(0, 5) n"
    )
    return api


def test_coverage_shows_ranges_of_days(compared):
    """Days in a row are one range; what is not proven stands by itself, with its counts."""
    body = compared.call("GET", "/api/sync/tenant-1/coverage").json()
    (mailbox,) = body["mailboxes"]
    assert (body["tenantId"], mailbox["address"]) == ("tenant-1", "kim@crm.test")
    assert [
        (day_range["from"], day_range["to"], day_range["proven"]) for day_range in mailbox["ranges"]
    ] == [
        ("2026-05-01", "2026-05-04", True),
        ("2026-05-04", "2026-05-05", False),
        ("2026-05-05", "2026-05-07", True),
    ]
    assert mailbox["ranges"][0] | {"from": "", "to": ""} == {
        "from": "",
        "to": "",
        "proven": True,
        "days": 3,
        "listed": 30,
        "accounted": 30,
        "pending": 0,
        "missing": 0,
        "vanished": 0,
        "dead": 0,
        "checkedAt": "2026-06-01T01:00:00Z",
    }
    assert mailbox["ranges"][1]["missing"] == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from": "2026-05-05"}, [2]),
        ({"to": "2026-05-02"}, [1]),
        ({"from": "2026-05-03", "to": "2026-05-06"}, [1, 1, 1]),
        ({"from": "2027-01-01"}, []),
        ({"from": "0001-01-01", "to": "9999-12-31"}, [3, 1, 2]),
    ],
)
def test_coverage_of_some_days(compared, query, expected):
    """The days asked for are half-open: from is in, to is not (edge case 61)."""
    answer = compared.call("GET", "/api/sync/tenant-1/coverage", params=query)
    (mailbox,) = answer.json()["mailboxes"]
    assert [day_range["days"] for day_range in mailbox["ranges"]] == expected


def test_coverage_of_an_unknown_tenant_and_of_days_that_are_none(compared):
    """404, and 422 that names the field."""
    assert compared.call("GET", "/api/sync/nobody/coverage").status_code == 404
    wrong = compared.call("GET", "/api/sync/tenant-1/coverage", params={"from": "yesterday"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "from")


def test_coverage_needs_a_key(compared):
    """Without one there is no answer (promise 7)."""
    answer = compared.session.get(f"{compared.url}/api/sync/tenant-1/coverage", timeout=20)
    assert answer.status_code == 401


def test_coverage_is_deleted_with_the_mail(compared):
    """Nothing of a disconnected mailbox is left (edge case 66)."""
    assert compared.rows("SELECT max(day) FROM coverage") == [(date(2026, 5, 6),)]
    compared.call("DELETE", "/api/integrations/tenant-1", params={"deleteData": True})
    assert compared.rows("SELECT count(*) FROM coverage") == [(0,)]


def test_coverage_tells_the_last_verdict(compared, google):
    """A CRM reads up to when a tenant is proven complete, and what is left (edge case 86)."""
    path = "/api/sync/tenant-1/coverage"
    before = compared.call("GET", path).json()
    assert (before["passed"], before["checkedAt"], before["open"]) == (None, None, 0)
    assert before["mailboxes"][0]["verdict"] is None
    note = (
        "INSERT INTO verdicts (mailbox_id, checked_at, passed, first_day, days, proven_days,"
        " found, open) SELECT id, timestamptz '2026-06-01 03:00:00+02', {passed}, '2026-05-01',"
        " 32, 31, {open}, {open} FROM mailboxes WHERE address = '{address}'"
    )
    compared.database.execute(note.format(passed="true", open=0, address="kim@crm.test"))
    body = compared.call("GET", path).json()
    assert (body["passed"], body["checkedAt"]) == (True, "2026-06-01T01:00:00Z")
    assert body["mailboxes"][0]["state"] == "active"
    assert body["mailboxes"][0]["verdict"] == {
        "passed": True,
        "checkedAt": "2026-06-01T01:00:00Z",
        "firstDay": "2026-05-01",
        "days": 32,
        "provenDays": 31,
        "found": 0,
        "open": 0,
        "error": None,
    }
    compared.connect("tenant-1", google.mailbox("lee@crm.test"))
    assert compared.call("GET", path).json()["passed"] is None
    compared.database.execute(note.format(passed="false", open=2, address="lee@crm.test"))
    body = compared.call("GET", path).json()
    assert (body["passed"], body["open"]) == (False, 2)
    compared.database.execute("UPDATE verdicts SET passed = true, open = 0")
    compared.database.execute("UPDATE mailboxes SET state = 'needs_reauth' WHERE address LIKE 'l%'")
    assert compared.call("GET", path).json()["passed"] is False
