"""Pub/Sub push: at least once, signed, retried, and sometimes twice.

Holds: ``PushService`` with its subscriptions and deliveries. Add here: a behaviour of Pub/Sub's
push delivery. Keep out: when Gmail notifies (``watches``).
Source: docs/google.md#push-delivery (body, acknowledging statuses, deadline, backoff),
#push-tokens.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import Field

from gmail_sandbox.clock import Clock
from gmail_sandbox.counters import Counters
from gmail_sandbox.faults import Faults
from gmail_sandbox.oauth.certificates import KeyRing
from gmail_sandbox.wire.wire_model import WireModel

if TYPE_CHECKING:
    import aiohttp

#: Statuses that acknowledge (102 too, which no client reports as a final answer).
ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
_TOKEN_LIFE = 3_600
_TOKEN_REUSE = 1_800
_RETENTION = 7 * 86_400
_MESSAGE_IDS_FROM = 2_070_443_601_311_540
_PARALLEL = 100


class PushSubscription(WireModel):
    """A push subscription, as ``POST /sandbox/pubsub/subscription`` takes it.

    ``audience`` defaults to the endpoint; without ``serviceAccountEmail`` pushes are unsigned.
    ``duplicateRate`` is the chance that an acknowledged message comes again.
    """

    topic: str
    push_endpoint: str
    name: str = "gmail-push-sub"
    audience: str | None = None
    service_account_email: str | None = None
    ack_deadline_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    minimum_backoff_seconds: Annotated[float, Field(ge=0)] = 0.1
    maximum_backoff_seconds: Annotated[float, Field(ge=0)] = 60.0
    duplicate_rate: Annotated[float, Field(ge=0, le=1)] = 0.0


@dataclass(frozen=True, slots=True)
class _Message:
    """A published message; ``published_at`` is epoch seconds."""

    id: str
    mailbox: str
    data: bytes
    published_at: float

    def body(self, subscription: str) -> bytes:
        """Return the wrapped form that a push carries, with both spellings of its names."""
        moment = datetime.fromtimestamp(self.published_at, UTC)
        text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = {
            "attributes": {},
            "data": base64.b64encode(self.data).decode(),
            "messageId": self.id,
            "message_id": self.id,
            "publishTime": text,
            "publish_time": text,
        }
        return orjson.dumps({"message": message, "subscription": subscription})


class PushService:
    """Publishes notifications to subscriptions, on the event loop that it is used on.

    Args:
        project_id: names the subscriptions.
        clock: dates messages and tokens.
        keys: sign the tokens.
        counters: count deliveries.
        faults: may drop, double or delay a message (method ``pubsub.push``).
        seed: makes duplicates repeatable.
    """

    def __init__(
        self,
        project_id: str,
        clock: Clock,
        keys: KeyRing,
        counters: Counters,
        faults: Faults,
        *,
        seed: int = 0,
    ) -> None:
        self._project_id = project_id
        self._clock = clock
        self._keys = keys
        self._counters = counters
        self._faults = faults
        self._random = random.Random(f"push:{seed}")
        self._ids = count(_MESSAGE_IDS_FROM)
        self._subscriptions: dict[str, PushSubscription] = {}
        self._tokens: dict[tuple[str, str, str], tuple[str, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(_PARALLEL)

    def subscribe(self, subscription: PushSubscription) -> str:
        """Add or replace a subscription, and return its full name."""
        self._subscriptions[subscription.name] = subscription
        return self._full_name(subscription)

    def subscriptions(self) -> list[PushSubscription]:
        """Return the subscriptions."""
        return list(self._subscriptions.values())

    def unsubscribe(self, name: str) -> bool:
        """Remove a subscription with what it has yet to deliver; False if there is none."""
        return self._subscriptions.pop(name, None) is not None

    @property
    def outstanding(self) -> int:
        """Deliveries that are neither acknowledged nor given up."""
        return len(self._tasks)

    def publish(self, mailbox: str, history_id: int, topic: str) -> None:
        """Publish a notification; each subscription of the topic delivers it."""
        content = {"emailAddress": mailbox, "historyId": history_id}
        message = _Message(str(next(self._ids)), mailbox, orjson.dumps(content), self._clock.now())
        for subscription in self._subscriptions.values():
            if subscription.topic != topic:
                continue
            strike = self._faults.strike("pubsub.push", mailbox)
            if strike.action == "drop":
                self._counters.pushes["faultDropped"] += 1
                continue
            copies = 2 if strike.action == "duplicate" else 1
            self._counters.pushes["duplicated"] += copies - 1
            for _ in range(copies):
                self._start(self._deliver(subscription.name, message, strike.latency))

    async def close(self) -> None:
        """Stop all deliveries and close the connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _start(self, delivery: Any) -> None:  # noqa: ANN401 - a coroutine of _deliver
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, name: str, message: _Message, delay: float) -> None:
        await asyncio.sleep(delay)
        backoff = 0.0
        while (subscription := self._subscriptions.get(name)) is not None:
            if self._clock.now() - message.published_at > _RETENTION:
                self._counters.pushes["abandoned"] += 1
                return
            async with self._slots:
                acknowledged = await self._attempt(subscription, message)
            if acknowledged:
                self._counters.pushes["acked"] += 1
                self._perhaps_again(subscription, message)
                return
            self._counters.pushes["nacked"] += 1
            backoff = max(subscription.minimum_backoff_seconds, 2 * backoff)
            backoff = min(backoff, subscription.maximum_backoff_seconds)
            await asyncio.sleep(backoff)
            self._counters.pushes["redelivered"] += 1

    def _perhaps_again(self, subscription: PushSubscription, message: _Message) -> None:
        if subscription.duplicate_rate and self._random.random() < subscription.duplicate_rate:
            self._counters.pushes["duplicated"] += 1
            self._start(self._deliver(subscription.name, message, 0.0))

    async def _attempt(self, subscription: PushSubscription, message: _Message) -> bool:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"User-Agent": "APIs-Google"})
        self._counters.pushes["sent"] += 1
        deadline = aiohttp.ClientTimeout(total=subscription.ack_deadline_seconds)
        try:
            async with self._session.post(
                subscription.push_endpoint,
                data=message.body(self._full_name(subscription)),
                headers=self._headers(subscription),
                timeout=deadline,
                allow_redirects=False,
            ) as answer:
                return answer.status in ACKNOWLEDGED
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _headers(self, subscription: PushSubscription) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if subscription.service_account_email is not None:
            audience = subscription.audience or subscription.push_endpoint
            token = self.token(subscription.service_account_email, audience)
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def token(self, email: str, audience: str) -> str:
        """Return the OIDC token of a push; one is used again for half an hour."""
        now = self._clock.now()
        key = (email, audience, self._keys.current.id)
        known = self._tokens.get(key)
        if known is not None and 0 <= now - known[1] < _TOKEN_REUSE:
            return known[0]
        unique = str(10**20 + int(hashlib.sha256(email.encode()).hexdigest()[:15], 16))
        claims = {
            "aud": audience,
            "azp": unique,
            "email": email,
            "email_verified": True,
            "exp": int(now) + _TOKEN_LIFE,
            "iat": int(now),
            "iss": "https://accounts.google.com",
            "sub": unique,
        }
        token = self._keys.sign(claims)
        self._tokens[key] = (token, now)
        return token

    def _full_name(self, subscription: PushSubscription) -> str:
        return f"projects/{self._project_id}/subscriptions/{subscription.name}"
