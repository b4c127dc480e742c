"""Checks key files of service accounts when they are uploaded.

Holds: ``service_account_keys``. Add here: a check that makes a wrong key file fail early.
Keep out: token requests (``token_endpoint``).
Source: docs/google.md#service-accounts; the format of Google's JSON key files.
"""

from __future__ import annotations

from collections.abc import Mapping

from gmail_ingest.errors import InvalidInputError
from gmail_ingest.sync.accounts.credentials import ServiceAccountKeys

#: The token endpoints that Google has written into key files over the years.
GOOGLE_TOKEN_URIS = frozenset(
    (
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v4/token",
    )
)
_UNIVERSE = "googleapis.com"


def service_account_keys(
    info: Mapping[str, object], *, service_account_email: str | None, token_uri: str
) -> ServiceAccountKeys:
    """Check an uploaded key file.

    Args:
        info: the key file, decoded.
        service_account_email: the account that the caller names, if any.
        token_uri: the configured token endpoint, which gets all assertions.

    Raises:
        InvalidInputError: field ``serviceAccountKey`` or ``serviceAccountEmail``, with the reason.
    """
    # A slow import: only for those who connect a service account.
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2.service_account import Credentials

    if info.get("type") != "service_account":
        raise _error("its type must be service_account")
    # An assertion opens every mailbox of the domain, so no upload may choose where it is sent.
    if info.get("token_uri", token_uri) not in GOOGLE_TOKEN_URIS | {token_uri}:
        raise _error("its token_uri is not Google's")
    if info.get("universe_domain", _UNIVERSE) != _UNIVERSE:
        raise _error("delegation exists in the universe googleapis.com only")
    email = info.get("client_email")
    if not isinstance(email, str) or not email:
        raise _error("client_email is missing")
    if service_account_email and service_account_email.lower() != email.lower():
        raise InvalidInputError("serviceAccountEmail", "differs from the key's client_email")
    try:
        Credentials.from_service_account_info({**info, "token_uri": token_uri})
    except (GoogleAuthError, KeyError, TypeError, ValueError, AttributeError):
        # The cause is dropped: cryptography's errors may quote parts of the key.
        raise _error("private_key cannot be read") from None
    return ServiceAccountKeys(email, info)


def _error(reason: str) -> InvalidInputError:
    return InvalidInputError("serviceAccountKey", reason)
