from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import google.auth.transport.requests
import pytest
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.auth import exceptions, jwt
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from gmail_sandbox.oauth.issued_tokens import MAX_REFRESH_TOKENS
from gmail_sandbox.oauth.signed_tokens import sign_token
from gmail_sandbox.tests.conftest import READONLY, make_owner

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
CALLBACK = "http://127.0.0.1:1/callback"


@pytest.fixture
def transport():
    """A transport of google-auth that closes its connections."""
    with requests.Session() as session:
        yield google.auth.transport.requests.Request(session)


def refresh(owner, **changes):
    """Ask for an access token with the mailbox's refresh token."""
    tokens = owner.tokens
    fields = {
        "grant_type": "refresh_token",
        "client_id": tokens["clientId"],
        "client_secret": tokens["clientSecret"],
        "refresh_token": tokens["refreshToken"],
        **changes,
    }
    return owner.http.form("/token", **fields)


def consent(owner, **changes):
    """Go to the consent page, and return where it redirects, with its query."""
    query = {
        "client_id": owner.tokens["clientId"],
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": f"openid {READONLY}",
        "state": "s-1",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": owner.address.upper(),
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
        **changes,
    }
    reply = owner.http.call("GET", f"/o/oauth2/v2/auth?{urlencode(query)}")
    target = urlsplit(reply.headers.get("location", ""))
    return reply, {name: values[0] for name, values in parse_qs(target.query).items()}


def exchange(owner, code, **changes):
    """Exchange a code for tokens."""
    fields = {
        "grant_type": "authorization_code",
        "client_id": owner.tokens["clientId"],
        "client_secret": owner.tokens["clientSecret"],
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }
    return owner.http.form("/token", **fields)


def credentials_of(owner):
    """Return google-auth's credentials of a mailbox, without an access token."""
    tokens = owner.tokens
    return Credentials(
        None,
        refresh_token=tokens["refreshToken"],
        token_uri=tokens["tokenUri"],
        client_id=tokens["clientId"],
        client_secret=tokens["clientSecret"],
        scopes=tokens["scopes"],
    )


def test_refresh_with_googles_library(owner, transport):
    """google-auth refreshes its credentials, which then open the mailbox."""
    credentials = credentials_of(owner)
    credentials.refresh(transport)
    assert credentials.valid
    assert credentials.refresh_token == owner.tokens["refreshToken"]
    assert owner.get("profile", token=credentials.token).status == 200


def test_refresh_token_rotates_if_asked_to(make_sandbox, connect, transport):
    """With rotation each refresh gives a new refresh token and ends the old one."""
    owner = make_owner(connect(make_sandbox(rotate_refresh_tokens=True)))
    credentials = credentials_of(owner)
    credentials.refresh(transport)
    assert credentials.refresh_token != owner.tokens["refreshToken"]
    assert refresh(owner).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "1//dead"}, 400, "invalid_grant"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"client_secret": "other"}, 401, "invalid_client"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "https://mail.google.com/"}, 400, "invalid_scope"),
    ],
)
def test_refresh_is_refused_in_googles_words(owner, changes, status, error):
    """A refresh that cannot succeed is refused with the error of the token endpoint."""
    reply = refresh(owner, **changes)
    assert (reply.status, reply.json()["error"]) == (status, error)
    assert reply.json()["error_description"]


def test_owner_can_revoke_the_grant(owner, transport):
    """After the owner's revocation, refreshes are invalid_grant (edge case 36)."""
    assert owner.admin("grants/revoke") == {"revoked": 1}
    with pytest.raises(exceptions.RefreshError) as refused:
        credentials_of(owner).refresh(transport)
    assert refused.value.args[0] == "invalid_grant: Token has been expired or revoked."
    assert refused.value.retryable is False
    assert owner.get("profile").status == 401


def test_revoke_ends_the_whole_grant_once(owner):
    """Revoking any token ends all of the grant; a dead token is 400 invalid_token
    (edge case 25).
    """
    further = owner.admin("tokens")
    assert owner.http.form("/revoke", token=further["accessToken"]).status == 200
    assert refresh(owner).json()["error"] == "invalid_grant"
    assert owner.get("profile").status == 401
    again = owner.http.form("/revoke", token=owner.tokens["refreshToken"])
    assert (again.status, again.json()["error"]) == (400, "invalid_token")


def test_expired_access_tokens_can_be_refreshed(owner):
    """Access tokens may be ended while the refresh token lives."""
    assert owner.admin("tokens/expire") == {"expired": 1}
    assert owner.get("profile").status == 401
    token = refresh(owner).json()["access_token"]
    assert owner.get("profile", token=token).status == 200


def test_oldest_refresh_token_ends_beyond_the_limit(owner):
    """Of too many refresh tokens of a grant the oldest ends silently."""
    for _ in range(MAX_REFRESH_TOKENS):
        newest = owner.admin("tokens")["refreshToken"]
    assert refresh(owner).json()["error"] == "invalid_grant"
    assert refresh(owner, refresh_token=newest).status == 200


def test_consent_gives_a_code_that_is_exchanged_once(owner):
    """A consent's code becomes tokens of the hinted mailbox, and is worth nothing afterwards."""
    reply, found = consent(owner)
    assert reply.status == 302
    assert reply.headers["location"].startswith(f"{CALLBACK}?")
    assert found["state"] == "s-1"
    tokens = exchange(owner, found["code"]).json()
    assert (
        owner.get("profile", token=tokens["access_token"]).json()["emailAddress"] == owner.address
    )
    certificates = owner.http.call("GET", "/oauth2/v1/certs").json()
    identity = jwt.decode(tokens["id_token"], certificates, audience=owner.tokens["clientId"])
    assert identity["email"] == owner.address
    assert refresh(owner, refresh_token=tokens["refresh_token"]).status == 200
    assert exchange(owner, found["code"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error", "description"),
    [
        ({"code_verifier": ""}, "invalid_grant", "Missing code verifier."),
        ({"code_verifier": "w" * 64}, "invalid_grant", "Invalid code verifier."),
        ({"redirect_uri": "http://127.0.0.1:1/other"}, "redirect_uri_mismatch", "Bad Request"),
    ],
)
def test_code_is_bound_to_its_consent(owner, changes, error, description):
    """A code is exchanged only with the verifier and the redirect of its consent."""
    _, found = consent(owner)
    answer = exchange(owner, found["code"], **changes).json()
    assert (answer["error"], answer["error_description"]) == (error, description)


def test_code_ends_after_ten_minutes(owner):
    """An authorization code is dead after ten minutes of the sandbox's clock."""
    _, found = consent(owner)
    owner.http.admin("POST", "clock", {"advance": 601})
    assert exchange(owner, found["code"]).json()["error"] == "invalid_grant"


def test_online_consent_gives_no_refresh_token(owner):
    """Without access_type=offline and openid there are neither refresh nor identity tokens."""
    _, found = consent(owner, access_type="online", scope=READONLY)
    tokens = exchange(owner, found["code"]).json()
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


def test_consent_is_denied_where_the_user_is_unknown(owner):
    """An unknown user, or none where there are two, comes back with access_denied."""
    _, unknown = consent(owner, login_hint="nobody@crm.test")
    _, only = consent(owner, login_hint="")
    make_owner(owner.http, "lee@crm.test")
    _, ambiguous = consent(owner, login_hint="")
    assert unknown == {"error": "access_denied", "state": "s-1"}
    assert "code" in only
    assert ambiguous["error"] == "access_denied"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "other"}, 401),
        ({"redirect_uri": "javascript:alert(1)"}, 400),
        ({"redirect_uri": "http://x.test/\r\nX: 1"}, 400),
        ({"response_type": "token"}, 400),
    ],
)
def test_consent_page_redirects_only_where_it_may(owner, changes, status):
    """A consent that names no fitting client or target is a page, not a redirect."""
    reply, _ = consent(owner, **changes)
    assert reply.status == status
    assert "location" not in reply.headers


@pytest.fixture
def delegate(owner):
    """The key file of a service account that may act for the owner's domain and one mailbox."""
    body = {"email": "sync@p.test", "domains": ["crm.test"], "subjects": ["one@else.test"]}
    return owner.http.admin("POST", "service-accounts", body)


def test_delegation_with_googles_library(owner, delegate, transport):
    """A service account acts for a mailbox of its domain; Google's audience is accepted."""
    account = service_account.Credentials.from_service_account_info(delegate, scopes=[READONLY])
    acting = account.with_subject(owner.address)
    acting.refresh(transport)
    assert owner.get("profile", token=acting.token).json()["emailAddress"] == owner.address


def test_service_account_without_subject_has_no_mailbox(owner, delegate, transport):
    """A service account that acts for nobody fails the precondition of Gmail."""
    account = service_account.Credentials.from_service_account_info(delegate, scopes=[READONLY])
    account.refresh(transport)
    reply = owner.get("profile", token=account.token)
    assert (reply.status, reply.reason) == (400, "failedPrecondition")


@pytest.mark.parametrize(
    ("subject", "error"),
    [
        ("boss@other.test", "unauthorized_client: Client is unauthorized to retrieve access"),
        ("nobody@crm.test", "invalid_grant: Invalid email or User ID"),
    ],
)
def test_delegation_is_refused_in_googles_words(delegate, transport, subject, error):
    """A mailbox that is not delegated, or does not exist, is refused (edge case 38)."""
    account = service_account.Credentials.from_service_account_info(delegate, scopes=[READONLY])
    with pytest.raises(exceptions.RefreshError) as refused:
        account.with_subject(subject).refresh(transport)
    assert refused.value.args[0].startswith(error)


def test_delegation_is_limited_to_its_scopes(owner, transport):
    """A scope that was not delegated is unauthorized_client."""
    body = {"email": "few@p.test", "domains": ["crm.test"], "scopes": [READONLY]}
    key = owner.http.admin("POST", "service-accounts", body)
    wide = service_account.Credentials.from_service_account_info(
        key, scopes=["https://mail.google.com/"], subject=owner.address
    )
    with pytest.raises(exceptions.RefreshError, match="unauthorized_client"):
        wide.refresh(transport)


def assertion(owner, key, **changes):
    """Sign an assertion of a service account, and send it."""
    now = int(time.time())
    claims = {
        "iss": key["client_email"],
        "sub": owner.address,
        "scope": READONLY,
        "aud": key["token_uri"],
        "iat": now,
        "exp": now + 3_600,
        **changes,
    }
    private = load_pem_private_key(key["private_key"].encode(), None)
    token = sign_token(claims, private, key["private_key_id"])
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return token, owner.http.form("/token", grant_type=grant, assertion=token)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.test/token"},
        {"iss": "nobody@p.test"},
        {"iat": 1, "exp": 3_601},
        {"exp": int(time.time()) + 90_000},
        {"iat": "now"},
    ],
)
def test_assertion_is_checked(owner, delegate, changes):
    """An assertion of another audience, issuer or time is invalid_grant (edge case 75)."""
    assert assertion(owner, delegate)[1].status == 200
    _, reply = assertion(owner, delegate, **changes)
    assert reply.json()["error_description"].startswith("Invalid JWT: ")


def test_assertion_must_be_signed_by_its_account(owner, delegate):
    """A signature of another key, or none at all, is invalid_grant."""
    other = owner.http.admin("POST", "service-accounts", {"email": "other@p.test"})
    forged = {**other, "client_email": delegate["client_email"]}
    token, reply = assertion(owner, forged)
    assert reply.json()["error"] == "invalid_grant"
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    for broken in ("a.b", "a.!!!.c", token.rpartition(".")[0] + ".AAAA"):
        reply = owner.http.form("/token", grant_type=grant, assertion=broken)
        assert (reply.status, reply.json()["error"]) == (400, "invalid_grant")


def test_certificates_are_cacheable_and_rotate(owner):
    """Both forms name the same keys; a rotation adds one, a retirement removes the old."""
    first = owner.http.call("GET", "/oauth2/v1/certs")
    web = owner.http.call("GET", "/oauth2/v3/certs").json()
    assert "max-age=21600" in first.headers["cache-control"]
    assert [key["kid"] for key in web["keys"]] == list(first.json())
    kept = owner.http.admin("POST", "certs/rotate")["published"]
    assert kept[0] == next(iter(first.json()))
    assert len(kept) == 2
    alone = owner.http.admin("POST", "certs/rotate", {"retire": True})
    assert alone["published"] == [alone["kid"]]
