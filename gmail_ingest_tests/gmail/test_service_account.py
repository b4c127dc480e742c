import pytest

from gmail_ingest.adapters.gmail.service_account import service_account_keys
from gmail_ingest.errors import InvalidInputError

GOOGLE = "https://oauth2.googleapis.com/token"


@pytest.fixture(scope="module")
def key_file():
    """A well-formed key file."""
    from gmail_sandbox.clock import Clock
    from gmail_sandbox.oauth.service_accounts import ServiceAccounts

    account = ServiceAccounts(Clock()).register("sync@p.iam.gserviceaccount.com")
    return account.key_file(project_id="p", base_url="http://127.0.0.1:1") | {"token_uri": GOOGLE}


def test_service_account_key_is_accepted(key_file):
    """A key of Google's console, with the address of its own in any case."""
    keys = service_account_keys(
        key_file, service_account_email="Sync@P.iam.gserviceaccount.com", token_uri=GOOGLE
    )
    assert keys.service_account_email == "sync@p.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("token_uri", "configured"),
    [
        ("https://accounts.google.com/o/oauth2/token", GOOGLE),
        ("http://127.0.0.1:9/token", "http://127.0.0.1:9/token"),
        (GOOGLE, "http://127.0.0.1:9/token"),
    ],
)
def test_service_account_key_may_name_google_or_the_configured_endpoint(
    key_file, token_uri, configured
):
    """Old key files name Google's older endpoints; sandbox keys the sandbox."""
    info = key_file | {"token_uri": token_uri}
    keys = service_account_keys(info, service_account_email=None, token_uri=configured)
    assert keys.info["token_uri"] == token_uri


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"token_uri": "https://evil.example/token"}, "serviceAccountKey", "token_uri"),
        ({"type": "authorized_user"}, "serviceAccountKey", "service_account"),
        ({"client_email": ""}, "serviceAccountKey", "client_email"),
        ({"universe_domain": "other.example"}, "serviceAccountKey", "universe"),
        ({"private_key": "-----BEGIN SECRET-----"}, "serviceAccountKey", "private_key"),
        ({"private_key": 5}, "serviceAccountKey", "private_key"),
        ({"client_email": "other@p.iam.gserviceaccount.com"}, "serviceAccountEmail", "differs"),
    ],
)
def test_service_account_key_is_refused_with_field_and_reason(key_file, change, field, reason):
    """A wrong key file is named as such, without a byte of it."""
    with pytest.raises(InvalidInputError, match=reason) as caught:
        service_account_keys(
            key_file | change,
            service_account_email="sync@p.iam.gserviceaccount.com",
            token_uri=GOOGLE,
        )
    assert caught.value.field == field
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
