"""Requests to Google's token endpoint, made by google-auth in a thread.

Holds: ``TokenEndpoint``. Add here: another kind of grant.
Keep out: caching, locking and storing of tokens (``tokens``).
Source: docs/google.md#access-tokens (expiry is naive UTC, the library's default timeout is 120 s,
rotated refresh tokens come without notice).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from gmail_ingest.errors import (
    ConfigurationError,
    OperatorActionError,
    ReauthoriseError,
    TransientError,
)
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import (
    SCOPE,
    SCOPES,
    Keys,
    OAuthKeys,
    ServiceAccountKeys,
)

#: The lifetime of a token if Google does not say.
ASSUMED_LIFE = timedelta(minutes=30)
#: After Google refused this deployment's OAuth client, no request is made for this time.
CLIENT_PAUSE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; ``expires_at`` in UTC, None if unknown (then Google's 401 shows the end)."""

    value: str = field(repr=False)
    expires_at: datetime | None


class TokenEndpoint:
    """Asks Google for tokens, over connections that are kept alive. One for a process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._transport: Any = None
        self._refused: tuple[datetime, str] | None = None

    async def refresh(self, keys: OAuthKeys) -> OAuthKeys:
        """Get a new access token by a refresh token; the result has the rotated refresh token, if
        any.

        Raises:
            ReauthoriseError, AdminActionRequiredError, OperatorActionError, TransientError:
                as in ``token_failures``; ReauthoriseError also for a grant that covers none of
                ``SCOPES``.
        """
        client_secret = self._settings.google_client_secret.get_secret_value()
        if not (self._settings.google_client_id and client_secret):
            raise OperatorActionError(
                "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set to refresh OAuth grants"
            )
        if self._refused is not None and datetime.now(UTC) < self._refused[0]:
            raise OperatorActionError(self._refused[1])
        from google.oauth2.credentials import Credentials

        # One scope at a time, so that a token never has more than is used: with gmail.metadata as
        # well, Google returns no mail. A grant with a wider scope only uses that one.
        for scope in _in_order(keys.scopes):
            credentials = Credentials(
                None,
                refresh_token=keys.refresh_token,
                token_uri=self._settings.google_token_uri,
                client_id=self._settings.google_client_id,
                client_secret=client_secret,
                scopes=[scope],
            )
            try:
                token = await self._request(credentials, keys)
            except ReauthoriseError as exc:
                if exc.cause != "scope_missing":
                    raise
                refused = exc
                continue
            except OperatorActionError as exc:
                self._refused = (datetime.now(UTC) + CLIENT_PAUSE, str(exc))
                raise
            return OAuthKeys(
                access_token=token.value,
                refresh_token=credentials.refresh_token,
                expires_at=token.expires_at,
                scopes=(scope,),
            )
        raise refused

    async def delegate(self, keys: ServiceAccountKeys, address: str) -> Token:
        """Get a token for a mailbox of a domain that trusts the service account.

        Raises:
            as ``refresh``.
        """
        from google.oauth2.service_account import Credentials

        # The key was checked when it was connected; its own token_uri is never used.
        info = {**keys.info, "token_uri": self._settings.google_token_uri}
        credentials = Credentials.from_service_account_info(info, scopes=[SCOPE])
        return await self._request(credentials.with_subject(address), keys)

    async def _request(self, credentials: Any, keys: Keys) -> Token:  # noqa: ANN401 - two untyped classes
        from google.auth.exceptions import GoogleAuthError

        from gmail_ingest.adapters.gmail.token_failures import token_failure

        try:
            await asyncio.to_thread(credentials.refresh, self._transport or self._open())
        except ConfigurationError as exc:
            raise OperatorActionError(str(exc)) from exc
        except GoogleAuthError as exc:
            raise token_failure(exc, keys) from exc
        except (AttributeError, KeyError, TypeError, ValueError) as exc:
            # google-auth expects a JSON object; a proxy's page or a list makes it fail so.
            raise TransientError("no token from Google: its answer is garbled") from exc
        expiry = credentials.expiry
        expires_at = expiry.replace(tzinfo=UTC) if expiry else datetime.now(UTC) + ASSUMED_LIFE
        return Token(credentials.token, expires_at)

    def _open(self) -> Any:  # noqa: ANN401 - google-auth publishes no types
        from google.auth.transport.requests import Request

        from gmail_ingest.outbound_requests import outbound_session

        # Kept, because google-auth closes the connections of a dropped transport. No redirects:
        # they would send the client's secret to another host.
        self._transport = partial(
            Request(outbound_session()),
            timeout=self._settings.request_timeout_seconds,
            allow_redirects=False,
        )
        return self._transport

    def close(self) -> None:
        """Close the connections that are kept alive."""
        if self._transport is not None:
            self._transport.func.session.close()
            self._transport = None


def _in_order(known: Collection[str]) -> Iterator[str]:
    """Scopes that allow reading, the narrowest first; before them the one that last worked."""
    last = [scope for scope in SCOPES if len(known) == 1 and scope in known]
    yield from dict.fromkeys((*last, *SCOPES))
