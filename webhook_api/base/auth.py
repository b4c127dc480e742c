"""API keys: every path needs one, except the few that are named here.

Holds: the gate in front of the app. Add here: a path that has its own proof, or nothing to hide.
Keep out: the table of keys (``PostgresApiKeys``), pushes (``push/routes.py`` proves them).
Source: docs/promises.md#promise-7. The gate stands before routing and before a body is read:
a caller without a key learns nothing and costs little.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable

import structlog
from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gmail_ingest.adapters.postgres.accounts.api_keys import hash_key
from webhook_api.base.problems import DATABASE_ERRORS, problem, unavailable

log = structlog.get_logger(__name__)

PUSH_PATH = "/webhooks/pubsub"
DOCS_ASSETS = "/docs/assets"
#: Health, the push endpoint (a signed token), and the documentation, which holds no data.
OPEN_PATHS = frozenset({"/healthz", "/readyz", PUSH_PATH, "/docs", "/openapi.json"})

#: Seconds for which hashes are cached: a revoked key is refused after this time at the latest.
CACHE_SECONDS = 30.0
#: Seconds between reads that unknown keys cause: an unknown key may be a new one.
MISS_SECONDS = 1.0


class KeyRegister:
    """Hashes of the valid keys, read through ``load``."""

    def __init__(
        self,
        load: Callable[[], Awaitable[list[bytes]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load = load
        self._clock = clock
        self._hashes: list[bytes] = []
        self._loaded_at = float("-inf")
        self._lock = asyncio.Lock()

    async def accepts(self, key: str) -> bool:
        """Whether a key is valid. Raises what ``load`` raises when the cache is too old."""
        digest = hash_key(key)
        if await self._known(digest, CACHE_SECONDS):
            return True
        return await self._known(digest, MISS_SECONDS)

    async def _known(self, digest: bytes, believed: float) -> bool:
        async with self._lock:
            now = self._clock()
            if now - self._loaded_at >= believed:
                self._hashes = await self._load()
                self._loaded_at = now
        # Every hash is compared, each in constant time: the time tells nothing of a key.
        return bool(sum(hmac.compare_digest(digest, stored_hash) for stored_hash in self._hashes))


class ApiKeyGate:
    """Lets requests with a valid key pass, by Authorization: Bearer or X-API-Key."""

    def __init__(self, app: ASGIApp, register: KeyRegister) -> None:
        self._app = app
        self._register = register

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        refusal = None
        if scope["type"] != "lifespan" and not _is_open(scope["path"]):
            refusal = await self._authenticate(Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    async def _authenticate(self, headers: Headers) -> Response | None:
        key = _key(headers)
        try:
            if key and await self._register.accepts(key):
                return None
        except DATABASE_ERRORS as error:
            log.warning("database_unavailable", error=type(error).__name__)
            return unavailable("API keys cannot be checked: the database does not answer")
        return problem(
            401,
            "a valid API key is needed, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(f"{DOCS_ASSETS}/")


def _key(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    return headers.get("x-api-key", "").strip()
