"""The push endpoint: verify, write down, acknowledge.

Holds: the route and its table of statuses. Keep out: the sync itself (the queue's business).
Source: docs/google.md#push-delivery. Pub/Sub takes 2xx as an acknowledgement, and delivers again
after any other answer. So a push that can never be used is acknowledged and counted; one that may
be used later is not acknowledged. Edge cases 18 to 22, 26 and 69.

| push | answer |
|---|---|
| no audience or service account configured | 503 |
| verification token missing, wrong or given twice, where one is configured | 403 |
| token missing, malformed, expired, not Google's | 401 |
| token for another audience or service account | 403 |
| certificates cannot be fetched | 503 |
| not a Gmail notification, unknown mailbox, old news | 204 |
| written down, whatever else the address asks for (`base/strictness.py` leaves it alone) | 204 |
| database does not answer | 503 |
"""

from __future__ import annotations

import asyncio
import hmac

import structlog
from fastapi import APIRouter, Request, Response

from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.settings import Settings
from webhook_api.base.auth import PUSH_PATH
from webhook_api.base.openapi import PUSH_REFUSED
from webhook_api.base.problems import problem, unavailable
from webhook_api.push.body import MalformedPushError, parse_push
from webhook_api.push.certificates import CertificateCache, CertificatesUnavailableError
from webhook_api.push.inbox import AppliedBatch, PushInbox
from webhook_api.push.token import (
    ForeignTokenError,
    InvalidTokenError,
    TokenVerifier,
    VerifiedPush,
)

log = structlog.get_logger(__name__)

#: Bytes: Gmail's notifications have about 600.
MAX_BODY = 65536
#: Seconds until the database is given up: below the 10 that Pub/Sub waits by default.
WRITE_TIMEOUT = 8.0


class PushReceiver:
    """Verifies pushes and writes them down; one for a process. ``malformed`` counts for the log."""

    def __init__(
        self, settings: Settings, certificates: CertificateCache, pushes: PostgresPushes
    ) -> None:
        self._secret = settings.pubsub_verification_token.get_secret_value().encode()
        self._verifier: TokenVerifier | None = None
        if settings.pubsub_audience and settings.pubsub_service_account:
            self._verifier = TokenVerifier(
                certificates, settings.pubsub_audience, settings.pubsub_service_account
            )
        self._inbox = PushInbox(pushes.apply, _log_batch)
        self.malformed = 0

    async def receive(self, request: Request) -> Response:
        """Answer one push by the table above."""
        verified = await self._verify(request)
        if isinstance(verified, Response):
            return verified
        return await self._take_in(verified, await _read(request))

    async def _verify(self, request: Request) -> VerifiedPush | Response:
        if self._verifier is None:
            log.error("push_not_configured")
            return unavailable(
                "pushes are not configured: set PUBSUB_AUDIENCE and PUBSUB_SERVICE_ACCOUNT", 60
            )
        given = [
            token.encode("utf-8", "surrogatepass")
            for token in request.query_params.getlist("token")
        ]
        if self._secret and not (len(given) == 1 and hmac.compare_digest(given[0], self._secret)):
            log.warning("push_refused", reason="verification_token")
            return problem(403, "the verification token is missing or wrong")
        try:
            return await self._verifier.verify(request.headers.get("authorization", ""))
        except ForeignTokenError as error:
            log.warning("push_refused", reason=error.reason)
            return problem(403, "the token is for another audience or service account")
        except InvalidTokenError as error:
            log.warning("push_refused", reason=error.reason)
            return problem(
                401, "a valid OIDC token is needed", headers={"WWW-Authenticate": "Bearer"}
            )
        except CertificatesUnavailableError:
            log.warning("certificates_unavailable")
            return unavailable("Google's certificates cannot be fetched: the token is not judged")

    async def _take_in(self, _proof: VerifiedPush, body: bytes) -> Response:
        try:
            notification = parse_push(body)
        except MalformedPushError as error:
            # It would be no better when delivered again, so it is acknowledged.
            self.malformed += 1
            log.warning("push_malformed", reason=error.reason, malformed=self.malformed)
            return Response(status_code=204)
        try:
            async with asyncio.timeout(WRITE_TIMEOUT):
                await self._inbox.put(notification)
        except TimeoutError:
            log.warning("push_not_written", seconds=WRITE_TIMEOUT)
            return unavailable("the database does not answer")
        return Response(status_code=204)


async def _read(request: Request) -> bytes:
    """The body; of one above MAX_BODY only the beginning, which is no valid notification."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return bytes(body)


def _log_batch(pushes: int, mailboxes: int, applied: AppliedBatch) -> None:
    log.info(
        "pushes_applied", pushes=pushes, mailboxes=mailboxes, unknown=mailboxes - applied.known
    )


def push_router(receiver: PushReceiver) -> APIRouter:
    """The route, with what it answers."""
    router = APIRouter(tags=["push"])

    @router.post(
        PUSH_PATH,
        status_code=204,
        summary="Take in a Pub/Sub push",
        response_class=Response,
        responses=PUSH_REFUSED,
    )
    async def receive_push(request: Request) -> Response:
        """Called by Cloud Pub/Sub with an OIDC token; 204 acknowledges, all else is redelivered."""
        return await receiver.receive(request)

    return router
