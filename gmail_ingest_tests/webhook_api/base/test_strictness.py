"""What a request says and no call knows: case 16, edge case 100."""

import pytest
from pydantic_core import core_schema

from gmail_ingest_tests.webhook_api.base.test_problems import CANARY
from webhook_api.app import create_app
from webhook_api.base.auth import PUSH_PATH
from webhook_api.base.problems import _reason
from webhook_api.base.strictness import RefuseUnknown

ID = "7a1e5a86-3f0c-4b0e-9a39-1f8c2b1f1c11"


@pytest.fixture
def calls(settings):
    """Verb, path and declared query parameters of every call that the document names."""
    document = create_app(settings).openapi()
    return [
        (
            verb.upper(),
            path.replace("{jobId}", ID).replace("{", "").replace("}", ""),
            [
                parameter["name"]
                for parameter in call.get("parameters", [])
                if parameter["in"] == "query"
            ],
        )
        for path, verbs in document["paths"].items()
        for verb, call in verbs.items()
        if path != PUSH_PATH
    ]


def refused(answer, *names):
    """The reasons of a 422 that names these and nothing else."""
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert [error["field"] for error in errors] == list(names), answer.text
    return [error["reason"] for error in errors]


def test_every_call_refuses_parameters_that_it_does_not_know(api, calls):
    """On every route that there is or will be, an unknown parameter is 422 with its name, and
    nothing is written (case 16, edge case 100).
    """
    assert len(calls) > 20
    assert ("DELETE", "/api/integrations/tenantId", ["deleteData"]) in calls
    for verb, path, _ in calls:
        refused(api.call(verb, f"{path}?has_attachment=true"), "has_attachment")
    assert api.rows("SELECT count(*) FROM tenants") == [(0,)]


def test_every_parameter_is_given_once_and_with_a_value(api, calls):
    """A parameter that is given twice, or without a value, is 422 (case 16, edge case 100)."""
    for verb, path, names in calls:
        for name in names:
            refused(api.call(verb, f"{path}?{name}=a&{name}=a"), name)
            if name != "q":
                refused(api.call(verb, f"{path}?{name}="), name)


def test_every_call_without_a_body_refuses_one(api, settings):
    """What a call would not read may have been meant to narrow it (case 16, edge case 100)."""
    app = create_app(settings)
    without = [
        (verb, path.replace("{", "").replace("}", ""))
        for path, verbs in app.openapi()["paths"].items()
        for verb, call in verbs.items()
        if path != PUSH_PATH and "requestBody" not in call
    ]
    assert ("delete", "/api/integrations/tenantId") in without
    for verb, path in without:
        (reason,) = refused(api.call(verb.upper(), path, {"mailbox": "kim@crm.test"}), "body")
        assert "not read" in reason
        assert "body:" not in api.call(verb.upper(), path, {}).text


def test_the_guard_is_the_apps_and_not_a_routers(settings):
    """A route that no document names has it, too (case 16, edge case 100)."""
    guards = [dependency.dependency for dependency in create_app(settings).router.dependencies]
    assert [type(guard) for guard in guards] == [RefuseUnknown]


def test_a_misspelt_filter_is_named_with_what_was_meant(api):
    """The caller sees the name and the right one; what looks like no name is not repeated."""
    for query, field, hint in (
        ("lable=SENT", "lable", "Did you mean label?"),
        ("has_attachment=true", "has_attachment", "Did you mean hasAttachment?"),
        ("particpant=a@b.c", "particpant", "Did you mean participant?"),
        ("Direction=outbound", "Direction", "Did you mean direction?"),
        ("tenant_id=t", "tenant_id", "Did you mean tenantId?"),
        ("since=2030-01-01", "since", "This call has: tenantId, limit"),
        ("query=zzzz", "query", "q, mailbox, label"),
        ("label[]=INBOX", "label[]", "Did you mean label?"),
        (f"{CANARY}=1", "(unknown parameter)", "is not known here"),
        ("1//0gabc=1", "(unknown parameter)", "is not known here"),
    ):
        answer = api.call("GET", f"/api/emails?tenantId=t&{query}")
        (reason,) = refused(answer, field)
        assert hint in reason
        assert CANARY not in answer.text


def test_unauthenticated_requests_learn_nothing_of_parameters(api):
    """Who has no key is told so first, whatever else is wrong."""
    answer = api.session.get(f"{api.url}/api/emails?nothing=1", timeout=9)
    assert answer.status_code == 401


def test_names_that_a_body_has_twice_are_refused(api):
    """The last of two would count, silently; also in nested objects (case 16, edge case 100)."""
    text = (
        '{"tenantId": "a", "tenantId": "b", "authType": "oauth",'
        ' "keys": {"refreshToken": "1//a", "refreshToken": "1//b"}}'
    )
    answer = api.session.post(
        f"{api.url}/api/integrations",
        data=text,
        headers={"X-API-Key": api.key, "Content-Type": "application/json"},
        timeout=9,
    )
    refused(answer, "refreshToken", "tenantId")


def test_a_wrong_value_is_told_what_is_allowed(api):
    """Allowed values and limits are named in plain words (edge case 104)."""
    for path, field, reason in (
        ("?tenantId=t&limit=201", "limit", "must be at most 200"),
        ("?tenantId=t&limit=ten", "limit", "must be a whole number"),
        ("?tenantId=t&hasAttachment=maybe", "hasAttachment", "must be true or false"),
        ("?tenantId=t&direction=up", "direction", "must be 'inbound', 'outbound' or 'self'"),
        ("?tenantId=t&from=yesterday", "from", "must be a time in ISO 8601"),
        ("?tenantId=t&from=2024", "from", "must be a time in ISO 8601"),
        (f"?tenantId=t&q={'a' * 1001}", "q", "must have at most 1000 characters"),
        ("", "tenantId", "is required"),
    ):
        (message,) = refused(api.call("GET", f"/api/emails{path}"), field)
        assert reason in message


def test_no_error_is_told_in_the_words_of_the_library():
    """Expressions and types stay inside, of every error that Pydantic knows: edge case 104."""
    limits = dict.fromkeys(("gt", "ge", "lt", "le", "min_length", "max_length"), 7)
    for kind in core_schema.ErrorType.__args__:
        error = {"type": kind, "loc": ("body", "x"), "msg": f"Input {CANARY} pydantic"}
        if kind != "value_error":
            reason = _reason(error | {"ctx": {**limits, "expected": "'a' or 'b'"}})
            assert CANARY not in reason
            assert "{" not in reason


def test_a_body_of_another_type_is_told_which_it_must_be(api):
    """Text that is sent as a form, as curl does unasked, is no object."""
    answer = api.session.post(
        f"{api.url}/api/integrations",
        data='{"tenantId": "a"}',
        headers={"X-API-Key": api.key, "Content-Type": "application/x-www-form-urlencoded"},
        timeout=9,
    )
    (reason,) = refused(answer, "body")
    assert "Content-Type: application/json" in reason
