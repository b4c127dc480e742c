"""One call of the Gmail API for one mailbox: token, quota units, new tokens after a 401.

Holds: ``Caller``. Add here: what every call of a mailbox needs.
Keep out: which calls there are (``mailbox_client``), waiting and retries (use cases).
Source: docs/google.md#refused-calls (401s with good tokens happen: a single one proves nothing).
"""

from __future__ import annotations

from datetime import UTC, datetime

from gmail_ingest.adapters.gmail import answers
from gmail_ingest.adapters.gmail.failures import failure
from gmail_ingest.adapters.gmail.refusal import read_refusal
from gmail_ingest.adapters.gmail.requests import ApiRequest
from gmail_ingest.adapters.gmail.tokens import GoogleTokens
from gmail_ingest.adapters.gmail.transport import GmailTransport
from gmail_ingest.sync.mailbox.records import Mailbox

_REFUSED = 300
_UNAUTHORIZED = 401
#: Tokens to try: the cached one, the one that another worker stored meanwhile, and a fresh one.
#: Google may end all access tokens early, so only a refusal of the fresh one ends the grant.
_TOKENS = 3


class Caller:
    """Calls Gmail as one mailbox and adds up the quota units."""

    def __init__(self, mailbox: Mailbox, transport: GmailTransport, tokens: GoogleTokens) -> None:
        self._mailbox = mailbox
        self._transport = transport
        self._tokens = tokens
        self.units_spent = 0

    async def call(self, request: ApiRequest, units: int) -> answers.Json:
        """Make a call and decode its answer.

        Args:
            request: what to send.
            units: quota units of one try.

        Raises:
            the errors of ``failures``, those of ``GoogleTokens``, and TransientError.
        """
        token: str | None = None
        for _ in range(_TOKENS):
            token = await self._tokens.access_token(self._mailbox, rejected=token)
            self.units_spent += units
            answer = await self._transport.send(request, token)
            if answer.status != _UNAUTHORIZED:
                break
        if answer.status >= _REFUSED:
            refusal = read_refusal(answer.status, answer.headers, answer.body)
            raise failure(refusal, request.method_id, datetime.now(UTC))
        return answers.decode(answer.body)
