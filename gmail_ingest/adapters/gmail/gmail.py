"""Access to Google for a whole process: all that mailboxes share.

Holds: ``Gmail``. Add here: objects that live as long as the process. Keep out: state of one
mailbox.
Source: docs/google.md#revocation.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from gmail_ingest.adapters.gmail.caller import Caller
from gmail_ingest.adapters.gmail.mailbox_client import GmailMailboxClient
from gmail_ingest.adapters.gmail.requests import PAGE_SIZE, GmailRequests
from gmail_ingest.adapters.gmail.token_endpoint import TokenEndpoint
from gmail_ingest.adapters.gmail.tokens import GoogleTokens
from gmail_ingest.adapters.gmail.transport import CONNECTIONS, GmailTransport
from gmail_ingest.core.quota.prices import Prices, parse_prices
from gmail_ingest.errors import RejectedRequestError, TransientError
from gmail_ingest.settings import Settings
from gmail_ingest.sync.accounts.credentials import CredentialStore
from gmail_ingest.sync.mailbox.records import Mailbox

_OK = 200
_SERVER_ERROR = 500
_THROTTLED = 429


class Gmail:
    """Opens mailboxes at Google. One for a process; use it as an async context manager.

    Args:
        settings: endpoints, the OAuth client, the timeout.
        credentials: of the connected mailboxes.
        prices: quota units per call; None: those of the settings.
        connections: most open connections to Google.
        gzip: as ``GmailTransport``.
        page_size: entries of a page of a list.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: CredentialStore,
        *,
        prices: Prices | None = None,
        connections: int = CONNECTIONS,
        gzip: bool | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self._prices = prices or parse_prices(settings.quota_prices)
        self._revoke_uri = settings.google_revoke_uri
        self._requests = GmailRequests(settings.gmail_api_endpoint, page_size=page_size)
        self._transport = GmailTransport(
            timeout_seconds=settings.request_timeout_seconds, connections=connections, gzip=gzip
        )
        self._endpoint = TokenEndpoint(settings)
        self._tokens = GoogleTokens(self._endpoint, credentials)

    def open_client(self, mailbox: Mailbox) -> GmailMailboxClient:
        """Open a connected mailbox; no call is made."""
        return self._open(mailbox, self._tokens)

    def open_client_with(
        self, credentials: CredentialStore, mailbox: Mailbox
    ) -> GmailMailboxClient:
        """Open a mailbox with other credentials, while it is connected or disconnected."""
        return self._open(mailbox, GoogleTokens(self._endpoint, credentials))

    def _open(self, mailbox: Mailbox, tokens: GoogleTokens) -> GmailMailboxClient:
        caller = Caller(mailbox, self._transport, tokens)
        return GmailMailboxClient(mailbox, caller, self._requests, self._prices)

    async def revoke(self, token: str) -> None:
        """End the grant that a refresh or access token belongs to, for this OAuth client.

        A token that is already dead counts as success (edge case 25).

        Raises:
            TransientError: Google gave no answer, or failed.
            RejectedRequestError: Google refuses for another reason.
        """
        answer = await self._transport.post_form(self._revoke_uri, {"token": token})
        if answer.status == _OK or b"invalid_token" in answer.body:
            return
        if answer.status >= _SERVER_ERROR or answer.status == _THROTTLED:
            raise TransientError(f"the grant is not revoked yet ({answer.status})")
        raise RejectedRequestError(f"Google does not revoke the grant ({answer.status})")

    async def aclose(self) -> None:
        """Let token renewals end, then close all connections."""
        await self._tokens.aclose()
        self._endpoint.close()
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
