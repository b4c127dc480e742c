"""The table from refused token requests (OAuth's errors) to this project's errors.

Holds: ``token_failure``. Add here: an observed error of Google's token endpoint.
Keep out: refusals of the Gmail API (``failures``).
Source: docs/google.md#token-errors, #dead-grants; edge cases 36 and 38. Descriptions are not
quoted: they may name an account.
"""

from __future__ import annotations

from google.auth.exceptions import GoogleAuthError, RefreshError

from gmail_ingest.errors import (
    AdminActionRequiredError,
    GmailIngestError,
    MailboxUnavailableError,
    OperatorActionError,
    ReauthoriseError,
    TransientError,
)
from gmail_ingest.sync.accounts.credentials import SCOPE, Keys, ServiceAccountKeys

#: The client itself is refused. The OAuth client belongs to this deployment, a service account to
#: the tenant.
_CLIENT = frozenset(("invalid_client", "deleted_client", "disabled_client"))
#: A policy of the domain forbids the app.
_POLICY = frozenset(("admin_policy_enforced", "org_internal"))
#: The grant is dead. unauthorized_client: the refresh token was issued to another OAuth client.
_GRANT = frozenset(("invalid_grant", "unauthorized_client", "access_denied"))
_SCOPE = "invalid_scope"
#: The service account has no delegation for the domain (or not yet: it takes up to 24 hours).
_DELEGATION = frozenset(("unauthorized_client", "access_denied", "invalid_scope"))


def token_failure(error: GoogleAuthError, keys: Keys) -> GmailIngestError:
    """The error that a failed token request means.

    Args:
        error: as google-auth raised it; its second argument is the endpoint's JSON, if it was JSON.
        keys: the keys of the request.
    """
    if isinstance(error, RefreshError) and not error.retryable:
        body = error.args[1] if len(error.args) > 1 else None
        if isinstance(body, dict):
            return _refusal(str(body.get("error", "")), str(body.get("error_description")), keys)
        # google-auth turns invalid_rapt (a session policy of the domain) into this sentence.
        if str(error).startswith("Reauthentication is needed"):
            return _grant_is_dead("invalid_rapt")
    return TransientError(f"no token from Google: {type(error).__name__}")


def _refusal(code: str, description: str, keys: Keys) -> GmailIngestError:
    if code in _POLICY:
        return AdminActionRequiredError(
            f"the domain's policy does not allow this app ({code})", "domain_policy"
        )
    if isinstance(keys, ServiceAccountKeys):
        return _service_account_refusal(code, description, keys)
    if code in _CLIENT:
        return OperatorActionError(
            f"Google refuses this deployment's OAuth client ({code}): check GOOGLE_CLIENT_ID and "
            f"GOOGLE_CLIENT_SECRET"
        )
    if code == _SCOPE:
        return _scope_is_missing()
    return _grant_is_dead(code) if code in _GRANT else _unknown()


def _service_account_refusal(
    code: str, description: str, keys: ServiceAccountKeys
) -> GmailIngestError:
    if code in _DELEGATION:
        return AdminActionRequiredError(
            f"domain-wide delegation is missing: an administrator must allow client id "
            f"{keys.info.get('client_id', 'of the key')} the scope {SCOPE} in the Admin console; "
            f"it may take 24 hours to work"
        )
    if code != "invalid_grant" and code not in _CLIENT:
        return _unknown()
    if "Invalid email or User ID" in description:
        return MailboxUnavailableError("the domain has no such account (invalid_grant)")
    if "reasonable timeframe" in description or "iat and exp" in description:
        return OperatorActionError("Google refuses this machine's time: set its clock")
    return ReauthoriseError(
        "the service account's key is no longer accepted: upload a new one", "key_refused"
    )


def _scope_is_missing() -> ReauthoriseError:
    return ReauthoriseError(
        f"the grant does not cover reading mail ({_SCOPE}): it needs {SCOPE}", "scope_missing"
    )


def _grant_is_dead(code: str) -> ReauthoriseError:
    return ReauthoriseError(f"Google no longer accepts the grant ({code})")


def _unknown() -> TransientError:
    return TransientError("no token from Google: its reason is unknown")
