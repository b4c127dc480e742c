"""Access tokens of mailboxes: cached, refreshed once for all callers, and stored.

Holds: ``GoogleTokens``. Add here: when a token is reused or renewed.
Keep out: the requests themselves (``token_endpoint``), encryption and SQL.
Source: docs/google.md#access-tokens, #dead-grants; edge cases 35, 36 and 37.

Two guards merge concurrent refreshes into one: within a process a task that all callers await;
between processes the row lock of the credential, after which the row is read again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gmail_ingest.adapters.gmail.token_endpoint import Token, TokenEndpoint
from gmail_ingest.errors import ReauthoriseError, TransientError
from gmail_ingest.sync.accounts.credentials import (
    CredentialStore,
    OAuthKeys,
    ServiceAccountKeys,
)
from gmail_ingest.sync.mailbox.records import Mailbox

#: A token with less left than this is renewed: google-auth's own margin.
MARGIN = timedelta(minutes=3, seconds=45)
#: Renewals at once. Each holds a thread and, for OAuth, a row lock with a database connection; a
#: thousand tokens that expire together must not take all of these.
AT_ONCE = 8

#: An OAuth grant belongs to one mailbox; a service account has a token for each address.
_Key = tuple[int, str]


class GoogleTokens:
    """Hands out access tokens for the credentials of one store."""

    def __init__(self, endpoint: TokenEndpoint, store: CredentialStore) -> None:
        self._endpoint = endpoint
        self._store = store
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tokens: dict[_Key, Token] = {}
        self._renewals: dict[_Key, asyncio.Task[Token]] = {}

    async def access_token(self, mailbox: Mailbox, *, rejected: str | None = None) -> str:
        """A token for the mailbox; never ``rejected``, which Google just answered with 401.

        Raises:
            ReauthoriseError: the grant is dead.
            AdminActionRequiredError: delegation is not allowed.
            MailboxUnavailableError: the account does not exist.
            OperatorActionError: this deployment's OAuth client is refused.
            TransientError: the token endpoint gave no answer.
            MailboxDisconnectedError: the credential was wiped.
        """
        key = (mailbox.integration_id, mailbox.address)
        token = self._tokens.get(key)
        if token is None or not _is_usable(token, rejected):
            # Shielded: a caller that is cancelled must not lose a rotated refresh token.
            token = await asyncio.shield(self._renewal(key, rejected))
            if token.value == rejected:  # a renewal that somebody without our 401 had begun
                token = await asyncio.shield(self._renewal(key, rejected))
        return token.value

    def _renewal(self, key: _Key, rejected: str | None) -> asyncio.Task[Token]:
        task = self._renewals.get(key)
        if task is None:
            task = asyncio.create_task(self._renew(key, rejected))
            self._renewals[key] = task
            task.add_done_callback(lambda done: self._renewed(key, done))
        return task

    def _renewed(self, key: _Key, task: asyncio.Task[Token]) -> None:
        del self._renewals[key]
        if not task.cancelled():
            task.exception()  # looked at here too, in case all callers were cancelled meanwhile

    async def _renew(self, key: _Key, rejected: str | None) -> Token:
        integration_id, address = key
        async with self._slots:
            keys = (await self._store.load(integration_id)).keys
            if isinstance(keys, ServiceAccountKeys):
                token = await self._endpoint.delegate(keys, address)
            else:
                token = _held(keys)
                if not _is_usable(token, rejected):
                    token = await self._refresh(integration_id, rejected)
        self._tokens[key] = token
        return token

    async def _refresh(self, integration_id: int, rejected: str | None) -> Token:
        dead: ReauthoriseError | None = None
        async with self._store.locked(integration_id) as lock:
            keys = lock.credential.keys
            if not isinstance(keys, OAuthKeys):
                raise TransientError("the integration has just changed its kind")
            if _is_usable(_held(keys), rejected):
                return _held(keys)  # another worker was faster
            if not keys.refresh_token:
                raise ReauthoriseError("there is no refresh token that Google still accepts")
            try:
                fresh = await self._endpoint.refresh(keys)
            except ReauthoriseError as error:
                # An exception inside the lock would roll this write back, so it is raised outside.
                await lock.clear_refresh_token()
                dead = error
            else:
                await lock.save_tokens(fresh)
                return _held(fresh)
        raise dead

    async def aclose(self) -> None:
        """Wait for renewals under way: a rotated refresh token must still be stored."""
        await asyncio.gather(*self._renewals.values(), return_exceptions=True)


def _held(keys: OAuthKeys) -> Token:
    return Token(keys.access_token, keys.expires_at)


def _is_usable(token: Token, rejected: str | None) -> bool:
    if not token.value or token.value == rejected:
        return False
    return token.expires_at is None or token.expires_at - datetime.now(UTC) > MARGIN
