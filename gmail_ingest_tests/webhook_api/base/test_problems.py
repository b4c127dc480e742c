import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

CANARY = "s3cr3tZx9"
OAUTH = {
    "tenantId": "tenant-1",
    "authType": "oauth",
    "keys": {"accessToken": "ya29.a", "refreshToken": "1//r", "expiresAt": "2024-01-01T00:00:00Z"},
}
SERVICE = {
    "tenantId": "tenant-1",
    "authType": "service_account",
    "keys": {
        "serviceAccountEmail": "sync@p.iam.gserviceaccount.com",
        "serviceAccountKey": {"type": "service_account"},
        "impersonatedUserEmail": "ann@crm.test",
    },
}


def changed(body, path, value):
    """A copy of a body with one field changed, or removed if the value is Ellipsis."""
    copy = json.loads(json.dumps(body))
    *parents, last = path.split(".")
    target = copy
    for name in parents:
        target = target[name]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return copy


@pytest.mark.parametrize(
    ("body", "path", "value", "field"),
    [
        (OAUTH, "tenantId", "", "tenantId"),
        (OAUTH, "tenantId", "a|b", "tenantId"),
        (OAUTH, "tenantId", "a/b", "tenantId"),
        (OAUTH, "tenantId", "a...b", "tenantId"),
        (OAUTH, "tenantId", "a\nb", "tenantId"),
        (OAUTH, "tenantId", " a", "tenantId"),
        (OAUTH, "tenantId", "a" * 201, "tenantId"),
        (OAUTH, "tenantId", 7, "tenantId"),
        (OAUTH, "tenantId", ..., "tenantId"),
        (OAUTH, "authType", CANARY, "authType"),
        (OAUTH, "authType", ..., "authType"),
        (OAUTH, "keys", CANARY, "keys"),
        (OAUTH, "keys.refreshToken", ..., "keys.refreshToken"),
        (OAUTH, "keys.refreshToken", f"{CANARY} and\nmore", "keys.refreshToken"),
        (OAUTH, "keys.accessToken", [CANARY], "keys.accessToken"),
        (OAUTH, "keys.expiresAt", CANARY, "keys.expiresAt"),
        (OAUTH, "keys.expiresAt", "0001-01-01T00:00:00+14:00", "keys.expiresAt"),
        (OAUTH, "keys.refreshtoken", CANARY, "keys.refreshtoken"),
        (OAUTH, f"keys.{CANARY}", "x", "keys.(unknown field)"),
        (SERVICE, "keys.serviceAccountKey", CANARY, "keys.serviceAccountKey"),
        (SERVICE, "keys.serviceAccountKey", {"type": CANARY}, "keys.serviceAccountKey"),
        (SERVICE, "keys.serviceAccountKey.private_key", CANARY, "keys.serviceAccountKey"),
        (SERVICE, "keys.impersonatedUserEmail", CANARY, "keys.impersonatedUserEmail"),
        (SERVICE, "keys.impersonatedUserEmail", ..., "keys"),
        (
            SERVICE,
            "keys.impersonatedUserEmails",
            ["a@b.c", CANARY],
            "keys.impersonatedUserEmails.1",
        ),
    ],
)
def test_wrong_input_is_422_with_field_and_reason(api, body, path, value, field):
    """Each mistake names its field and says why, and repeats nothing that was sent."""
    answer = api.call("POST", "/api/integrations", changed(body, path, value))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert field in [error["field"] for error in problem["errors"]]
    assert all(error["reason"] for error in problem["errors"])
    assert CANARY not in answer.text
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]


def test_a_body_that_is_no_json_is_422(api):
    """Broken JSON is told without its text."""
    answer = api.session.post(
        f"{api.url}/api/integrations",
        data=f'{{"tenantId": {CANARY}'.encode(),
        headers={"X-API-Key": api.key, "Content-Type": "application/json"},
        timeout=9,
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "reason": "is not valid JSON"}]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
    | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["tenantId", "authType", "keys", "keys.refreshToken", "keys.accessToken", "keys.expiresAt"]
)


@profile(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=NAMES, value=JSON)
def test_any_input_is_answered_without_an_echo(api, path, value):
    """Whatever is put anywhere into a body, the answer is a 4xx or 503 that does not repeat it."""
    answer = api.call("POST", "/api/integrations", changed(OAUTH, path, value))
    assert answer.status_code in {422, 503}
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("PUT", "/api/integrations", 405),
        ("GET", "/api/integrations/unknown", 404),
        ("DELETE", "/api/integrations/unknown", 404),
        ("POST", "/api/sync/unknown", 404),
        ("POST", "/api/sync/unknown/initial", 404),
        ("POST", "/api/sync/unknown/force", 404),
        ("POST", "/api/sync/unknown/unlock", 404),
        ("GET", "/api/sync/unknown/status", 404),
        ("GET", "/api/sync/unknown/jobs/7a1e5a86-3f0c-4b0e-9a39-1f8c2b1f1c11", 404),
        ("GET", "/api/sync/unknown/jobs/7", 422),
        ("GET", "/api/emails?tenantId=unknown", 404),
        ("GET", "/api/emails", 422),
        ("GET", "/api/emails?tenantId=t&limit=201", 422),
        ("GET", "/api/emails?tenantId=t&limit=0", 422),
        ("GET", "/api/emails?tenantId=t&offset=-1", 422),
        ("GET", "/api/emails?tenantId=t&from=yesterday", 422),
        ("GET", "/api/emails?tenantId=t&q=%00", 422),
        ("GET", "/api/emails?tenantId=%00", 422),
        ("GET", "/api/integrations/%00", 422),
        ("GET", "/api/emails/thread/x?tenantId=unknown", 404),
    ],
)
def test_every_error_is_a_problem_document(api, verb, path, status):
    """Unknown things are 404, wrong parameters 422, and all are application/problem+json."""
    answer = api.call(verb, path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_unexpected_error_is_500_without_its_text(api, capfd):
    """A bug of ours shows neither in the answer nor in the log what it was about."""
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-1')")
    api.database.execute("DROP TABLE message_ledger CASCADE")
    answer = api.call("GET", "/api/sync/tenant-1/status")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "message_ledger" not in answer.text + "".join(capfd.readouterr())
