import pytest
from google.auth.exceptions import RefreshError, TransportError

from gmail_ingest.adapters.gmail.token_failures import token_failure
from gmail_ingest.errors import (
    AdminActionRequiredError,
    MailboxUnavailableError,
    OperatorActionError,
    ReauthoriseError,
    TransientError,
)
from gmail_ingest.sync.accounts.credentials import SCOPE, OAuthKeys, ServiceAccountKeys

OAUTH = OAuthKeys("a", "r", None)
DELEGATED = ServiceAccountKeys("s@p.iam.gserviceaccount.com", {"client_id": "1234567890"})
REAUTH = "Reauthentication is needed. Please run `gcloud auth application-default login`"


def refused(error, description="x"):
    """What google-auth raises for a JSON answer."""
    body = {"error": error, "error_description": description}
    return RefreshError(f"{error}: {description}", body)


@pytest.mark.parametrize(
    ("error", "keys", "expected"),
    [
        (refused("invalid_grant", "Token has been expired or revoked."), OAUTH, ReauthoriseError),
        (RefreshError(REAUTH), OAUTH, ReauthoriseError),
        (refused("unauthorized_client", "Unauthorized"), OAUTH, ReauthoriseError),
        (refused("invalid_scope"), OAUTH, ReauthoriseError),
        (refused("admin_policy_enforced"), OAUTH, AdminActionRequiredError),
        (refused("invalid_client", "The OAuth client was not found."), OAUTH, OperatorActionError),
        (refused("deleted_client"), OAUTH, OperatorActionError),
        (refused("disabled_client"), DELEGATED, ReauthoriseError),
        (refused("something_new"), OAUTH, TransientError),
        (refused("something_new"), DELEGATED, TransientError),
        (RefreshError("<html>502</html>"), OAUTH, TransientError),
        (RefreshError("x", {"error": "internal_failure"}, retryable=True), OAUTH, TransientError),
        (TransportError("timed out"), OAUTH, TransientError),
        (refused("unauthorized_client"), DELEGATED, AdminActionRequiredError),
        (refused("access_denied"), DELEGATED, AdminActionRequiredError),
        (refused("invalid_grant", "Invalid email or User ID"), DELEGATED, MailboxUnavailableError),
        (refused("invalid_grant", "Invalid JWT Signature."), DELEGATED, ReauthoriseError),
        (
            refused("invalid_grant", "Invalid JWT: ... in a reasonable timeframe. Check iat"),
            DELEGATED,
            OperatorActionError,
        ),
    ],
)
def test_token_failure_says_who_must_act(error, keys, expected):
    """OAuth's errors become: consent again, administrator, operator, or try again."""
    assert type(token_failure(error, keys)) is expected


def test_token_failure_of_delegation_names_client_and_scope():
    """What the administrator has to enter is in the text (edge case 38)."""
    text = str(token_failure(refused("unauthorized_client"), DELEGATED))
    assert "1234567890" in text
    assert SCOPE in text


def test_token_failure_does_not_quote_descriptions():
    """A description may name the account."""
    text = str(token_failure(refused("invalid_grant", "ann@example.com is gone"), OAUTH))
    assert "ann" not in text
