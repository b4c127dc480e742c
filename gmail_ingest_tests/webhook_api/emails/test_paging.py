from __future__ import annotations

import pytest

from webhook_api.emails.bodies import EmailPageBody

PATH = "/api/emails?tenantId=tenant-1"


@pytest.fixture
def tenant(api):
    """A sidecar that knows a tenant without mail."""
    api.database.execute("INSERT INTO tenants (id) VALUES ('tenant-1')")
    return api


def problem(api, query):
    """The only field that a refused request is told about, and the reason."""
    answer = api.call("GET", f"{PATH}{query}")
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["field"], error["reason"]


def test_a_list_without_mail_is_its_last_page(tenant):
    """The first page of nothing has a total and no cursor."""
    page = EmailPageBody.model_validate(tenant.call("GET", PATH).json())
    assert page == EmailPageBody(emails=[], limit=50, offset=0, total=0, next_cursor=None)


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("&cursor=x", "cursor", "is not one that this API gave out"),
        ("&cursor=", "cursor", "has no value: give it one, or leave it out"),
        ("&cursor=%C3%A4%F0%9F%98%80", "cursor", "is not one that this API gave out"),
        ("&cursor=AQ&offset=3", "offset", "cannot be used with cursor"),
        ("&from=2026-03-02&to=2026-03-01", "to", "must be later than from"),
        ("&from=2026-03-01&to=2026-03-01", "to", "must be later than from"),
        ("&direction=sideways", "direction", "must be 'inbound', 'outbound' or 'self'"),
        ("&offset=1000001", "offset", "must be at most 1000000"),
        ("&label=%00", "label", "must not contain U+0000"),
    ],
)
def test_wrong_parameters_are_refused_by_name(tenant, query, field, reason):
    """Each is 422 with its field and a reason that repeats nothing of the request."""
    assert problem(tenant, query) == (field, reason)


def test_a_filter_without_a_value_is_refused_but_for_words(tenant):
    """A variable that was empty shows not everything; an empty search box does (edge case 100)."""
    answer = tenant.call("GET", f"{PATH}&q=")
    assert answer.status_code == 200
    assert len(answer.json()["emails"]) == len(tenant.call("GET", PATH).json()["emails"])
    names = ["mailbox", "label", "participant", "threadId"]
    answer = tenant.call("GET", f"{PATH}&q=&" + "&".join(f"{name}=" for name in names))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == names
