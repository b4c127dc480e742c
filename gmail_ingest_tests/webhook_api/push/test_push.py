import base64
import time

import pytest
from google.auth import jwt
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

NEWER = 2**64


@pytest.fixture
def kim(api, google):
    """A connected mailbox, its first sync done."""
    tokens = google.mailbox("kim@crm.test")
    api.connect("tenant-1", tokens)
    api.rows("DELETE FROM sync_queue RETURNING 1")
    return tokens


@pytest.fixture
def token(google):
    """A token as Pub/Sub sends it."""
    return google.push_token()


def waiting(api):
    """The queue: tenant, kind, history id, number of mailboxes."""
    return api.rows(
        "SELECT tenant_id, kind, history_id::text, cardinality(mailbox_ids) FROM sync_queue"
        " ORDER BY tenant_id"
    )


@pytest.mark.usefixtures("kim")
def test_push_queues_one_incremental_sync_of_the_mailbox(api, token):
    """A push is 204, one waiting row with a job, and a time; however capitalised: edge case 20."""
    assert api.push("Kim@CRM.test", NEWER, token=token).status_code == 204
    assert waiting(api) == [("tenant-1", "incremental", str(NEWER), 1)]
    assert api.rows("SELECT state FROM sync_jobs WHERE kind = 'incremental'") == [("queued",)]
    assert api.rows(
        "SELECT last_push_at IS NOT NULL, last_push_history_id::text FROM mailboxes"
    ) == [(True, str(NEWER))]


@pytest.mark.usefixtures("kim")
def test_push_repeated_and_reordered_keeps_one_row_with_the_newest_id(api, token):
    """Duplicates and older pushes are no-ops: edge case 8, edge case 22."""
    for history_id in (NEWER, NEWER + 5, NEWER, NEWER + 5, NEWER + 1):
        api.push("kim@crm.test", history_id, token=token)
    assert waiting(api) == [("tenant-1", "incremental", str(NEWER + 5), 1)]
    assert api.rows("SELECT count(*) FROM sync_jobs WHERE kind = 'incremental'") == [(1,)]


@pytest.mark.usefixtures("kim")
def test_push_of_old_news_is_acknowledged_and_queues_nothing(api, token):
    """A history id at or below the checkpoint is noted, and needs no sync: edge case 8."""
    ((checkpoint,),) = api.rows("SELECT checkpoint FROM mailboxes")
    assert api.push("kim@crm.test", int(checkpoint), token=token).status_code == 204
    assert waiting(api) == []
    assert api.rows("SELECT last_push_at IS NOT NULL FROM mailboxes") == [(True,)]


def test_push_of_a_shared_address_wakes_every_tenant(api, kim, token):
    """Two tenants connected the same address: both sync: edge case 73."""
    api.connect("tenant-2", kim)
    api.rows("DELETE FROM sync_queue RETURNING 1")
    api.push("kim@crm.test", NEWER, token=token)
    assert [row[0] for row in waiting(api)] == ["tenant-1", "tenant-2"]


@pytest.mark.usefixtures("kim")
def test_push_during_a_sync_makes_a_row_that_waits_behind_it(api, token):
    """A claimed row is not changed: the push waits in a row of its own: edge case 22."""
    api.push("kim@crm.test", NEWER, token=token)
    api.rows(
        "UPDATE sync_queue SET claimed_by = 'w', claimed_until = now() + interval '1 hour'"
        " RETURNING 1"
    )
    for step in range(3):
        api.push("kim@crm.test", NEWER + step, token=token)
    assert api.rows(
        "SELECT count(*) FILTER (WHERE claimed_by IS NULL), count(*) FROM sync_queue"
    ) == [(1, 2)]


@pytest.mark.parametrize("address", ["nobody@crm.test", "kim@crm.test"])
@pytest.mark.usefixtures("kim")
def test_push_for_an_unknown_or_disconnected_mailbox_is_acknowledged(api, token, address):
    """Nothing is stored for whom we do not know, and Pub/Sub need not ask again: edge case 18."""
    api.call("DELETE", "/api/integrations/tenant-1")
    assert api.push(address, NEWER, token=token).status_code == 204
    assert waiting(api) == []


@pytest.mark.usefixtures("kim")
def test_push_without_a_good_token_is_refused(api, google):
    """Missing, garbled, foreign and expired tokens never queue anything: edge case 19."""
    good = google.push_token()
    header, payload, signature = good.split(".")
    claims = jwt.decode(good, verify=False)
    old = {**claims, "iat": time.time() - 7200, "exp": time.time() - 3600}
    other_issuer = {**claims, "iss": "https://evil.test"}
    sign = lambda claims: google.thread.call(lambda state: state.keys.sign(claims))  # noqa: E731
    for token, status in (
        ("", 401),
        ("abc", 401),
        (f"{header}.{payload}", 401),
        (f"{header}.{payload}.{signature[:-8]}AAAAAAAA", 401),
        (f"{header}..{signature}", 401),
        (sign(old), 401),
        (sign(other_issuer), 401),
        (sign({**claims, "email_verified": False}), 403),
        (google.push_token(audience="https://other.test/"), 403),
        (google.push_token(email="someone@other.iam.gserviceaccount.com"), 403),
    ):
        answer = api.push("kim@crm.test", NEWER, token=token)
        assert answer.status_code == status, token[:20]
        assert not token or token not in answer.text
    assert waiting(api) == []


@pytest.mark.usefixtures("kim")
def test_push_token_is_accepted_from_a_clock_ten_seconds_off(api, google):
    """Tokens of a clock that is ten seconds early or late are good: edge case 75."""
    claims = jwt.decode(google.push_token(), verify=False)
    now = int(time.time())
    for issued, expires in ((now + 10, now + 3610), (now - 3610, now - 10)):
        shifted = {**claims, "iat": issued, "exp": expires}
        token = google.thread.call(lambda state, claims=shifted: state.keys.sign(claims))
        assert api.push("kim@crm.test", NEWER, token=token).status_code == 204


@pytest.mark.usefixtures("kim")
def test_push_without_certificates_is_redelivered(api, google, token):
    """If Google's certificates cannot be fetched the answer is 503, never an ack: edge case 19."""
    google.fault("oauth2.certs", action="status", status=500)
    assert api.push("kim@crm.test", NEWER, token=token).status_code == 503
    assert waiting(api) == []


def test_push_needs_the_verification_token_where_one_is_configured(serve, settings, google):
    """A valid token is not enough without the shared secret in the query, once; whatever else the
    query has is no reason to let Pub/Sub come again for days (edge case 100).
    """
    changed = settings.model_copy(update={"pubsub_verification_token": SecretStr("s3cret")})
    api, token = serve(changed), google.push_token()
    assert api.push("kim@crm.test", 1, token=token).status_code == 403
    assert api.push("kim@crm.test", 1, token=token, query="?token=wrong").status_code == 403
    twice = "?token=s3cret&token=wrong"
    assert api.push("kim@crm.test", 1, token=token, query=twice).status_code == 403
    good = "?token=s3cret&nothing=1"
    assert api.push("kim@crm.test", 1, token=token, query=good).status_code == 204
    assert api.push("kim@crm.test", 1, token=token, query="?token=s3cret").status_code == 204


@pytest.mark.parametrize("missing", ["pubsub_audience", "pubsub_service_account"])
def test_push_that_is_not_configured_fails_closed(serve, settings, google, missing):
    """Without audience or service account every push is 503, with what to set."""
    api = serve(settings.model_copy(update={missing: ""}))
    answer = api.push("kim@crm.test", 1, token=google.push_token())
    assert answer.status_code == 503
    assert "PUBSUB_AUDIENCE" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"message": {}}', b'{"message": {"data": "%%"}}', b"x" * 70_000]
)
def test_push_that_is_no_notification_is_acknowledged(api, token, body):
    """A poison message is acknowledged, so that it holds nothing up: edge case 26."""
    answer = api.session.post(
        f"{api.url}/webhooks/pubsub",
        data=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=9,
    )
    assert answer.status_code == 204


@pytest.mark.usefixtures("kim")
def test_push_is_redelivered_while_the_database_is_down(api, token, administration):
    """With Postgres gone the answer is 503, and it works again without a restart: edge case 69."""
    name = api.database.info.dbname
    administration.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    administration.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND application_name = 'gmail_ingest'",
        [name],
    )
    assert api.push("kim@crm.test", NEWER, token=token).status_code == 503
    assert api.call("GET", "/readyz").status_code == 503
    assert api.call("GET", "/healthz").status_code == 200
    administration.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert api.push("kim@crm.test", NEWER, token=token).status_code == 204
    assert len(waiting(api)) == 1


@profile(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(garbage=st.binary(max_size=120), dots=st.integers(0, 4))
def test_push_survives_any_authorization(api, garbage, dots):
    """Whatever is sent as a token is refused with 401, never an error of ours."""
    text = base64.urlsafe_b64encode(garbage).decode().rstrip("=")
    token = ".".join([text] * (dots + 1))
    assert api.push("kim@crm.test", 1, token=token).status_code == 401
