"""What the document says of each call is what the call does, whatever it is given."""

import json
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gmail_ingest_tests.webhook_api.emails.test_emails import letter, store
from webhook_api.base.auth import PUSH_PATH

ID = "7a1e5a86-3f0c-4b0e-9a39-1f8c2b1f1c11"
#: What each part of a path must be to name something.
GOOD = {"tenantId": "tenant-1", "address": "kim@crm.test", "jobId": ID, "threadId": "t0"}
#: Values at the edges of one type, and beyond those of all others.
ODD = (
    *("0", "-1", "1", "201", "1e9", "1.0", "NaN", "true", "null", "inbound", "'", "%", "\\", "|"),
    *("\0", "é", "٣", "-0", "or", " ", "\n", "tenant-1", "kim@crm.test", "m0", "t0", "AAAA", ID),
    *("2024-01-31", "2024-01-31T00:00:00Z", "9999-12-31", "24:00", "2024-06-30T23:59:60Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1700000000", "a" * 1001),
    *(str(2**63), str(-(2**63)), str(2**70)),
)
TEXTS = st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=5,
)
#: Words of the library, and of expressions, that no caller should read.
FOREIGN = ("pydantic", "input should", "value error", "^[", "type=", "traceback")


def values_of(schema, document):
    """Values that a schema of the document describes, and some that it does not."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return values_of(document["components"]["schemas"][name], document)
    if kinds := schema.get("anyOf") or schema.get("oneOf"):
        return st.one_of([values_of(kind, document) for kind in kinds])
    match schema:
        case {"const": only}:
            described = st.just(only)
        case {"enum": some}:
            described = st.sampled_from(some)
        case {"properties": fields}:
            found = {
                name: values_of(field_schema, document) for name, field_schema in fields.items()
            }
            must = {name: found.pop(name) for name in schema.get("required", ())}
            described = st.fixed_dictionaries(must, optional=found)
        case {"type": "array", "items": items}:
            described = st.lists(values_of(items, document), max_size=3)
        case {"type": "boolean"}:
            described = st.booleans()
        case {"type": "integer"}:
            described = st.integers()
        case {"format": "date-time"}:
            described = st.sampled_from(["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"]) | TEXTS
        case _:
            described = TEXTS
    # One in sixteen: an object is rarely spoilt by more than one of its fields.
    return st.integers(0, 15).flatmap(lambda dice: JSON if dice == 15 else described)


@st.composite
def requests(draw, document, calls):
    """A call of the document: its verb, path, parameters and body."""
    verb, path = draw(st.sampled_from(calls))
    call = document["paths"][path][verb]
    query = {}
    for parameter in call.get("parameters", ()):
        odd = draw(st.integers(0, 7)) == 7
        name, good = parameter["name"], GOOD.get(parameter["name"], "a")
        if parameter["in"] == "path":
            # What is connected stays so: others are disconnected.
            good = "tenant-2" if verb == "delete" and name == "tenantId" else good
            value = draw(TEXTS).strip("./") or "x" if odd else good
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        elif name == "tenantId":
            query[name] = draw(TEXTS) if odd else good
        elif parameter["required"] or draw(st.booleans()):
            query[name] = draw(TEXTS)
    body = None
    if "requestBody" in call:
        schema = call["requestBody"]["content"]["application/json"]["schema"]
        body = json.dumps(draw(values_of(schema, document))).encode()
    return verb, path, call, query, body


def check(answer, call, document):
    """The status is named, and the body is as the document describes it for this status."""
    status = str(answer.status_code)
    assert status in call["responses"], answer.text
    media, described = next(iter(call["responses"][status]["content"].items()))
    assert answer.headers["content-type"].partition(";")[0] == media
    schema = {**described["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())
    if status == "422":
        message = answer.text.lower()
        assert not any(foreign_word in message for foreign_word in FOREIGN), answer.text


@pytest.fixture
def kim(api, google, engine, run):
    """A tenant with a mailbox and some mail, and another one, which may be disconnected."""
    tokens = google.mailbox("kim@crm.test")
    for tenant in ("tenant-1", "tenant-2"):
        assert api.connect(tenant, tokens).status_code == 201
    run(store(engine, "kim@crm.test", [letter(number) for number in range(7)]))
    return api


def test_every_answer_is_as_the_document_describes_it(kim):
    """Of every call, with every kind of value for every parameter and field (edge case 104)."""
    document = kim.session.get(f"{kim.url}/openapi.json", timeout=9).json()
    calls = [(verb, path) for path in document["paths"] for verb in document["paths"][path]]
    calls = [call for call in calls if call[1] != PUSH_PATH]
    headers = {"Content-Type": "application/json"}

    @settings(
        max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(requests(document, calls))
    def try_out(request):
        verb, path, call, query, body = request
        more = {"headers": headers, "data": body} if body else {}
        check(kim.call(verb.upper(), path, params=query, **more), call, document)

    try_out()


def test_every_call_names_what_it_may_refuse_with(kim):
    """No key, a database that is away, wrong input: on each, as a problem document."""
    document = kim.session.get(f"{kim.url}/openapi.json", timeout=9).json()
    for path, verbs in document["paths"].items():
        for call, status in product(verbs.values(), ("401", "422", "503")):
            if path.startswith("/api"):
                assert "application/problem+json" in call["responses"][status]["content"], path
    push = document["paths"][PUSH_PATH]["post"]["responses"]
    for status in ("401", "403", "503"):
        assert "application/problem+json" in push[status]["content"]


def test_a_number_is_no_time_and_no_day(kim):
    """It could be a year, seconds or milliseconds: it is refused in queries and bodies alike."""
    keys = {"refreshToken": "1//r", "accessToken": "a", "expiresAt": 1700000000}
    body = {"tenantId": "t", "authType": "oauth", "keys": keys}
    reported = [
        kim.call("POST", "/api/integrations", body),
        kim.call("GET", "/api/emails?tenantId=tenant-1&from=1700000000"),
        *(
            kim.call("GET", f"/api/sync/tenant-1/coverage?from={start}")
            for start in ("0", "86400", "2024-01-31T00:00:00Z", "20240131")
        ),
    ]
    assert {answered.status_code for answered in reported} == {422}
    fields = [answered.json()["errors"][0]["field"] for answered in reported]
    assert fields == ["keys.expiresAt"] + ["from"] * 5
