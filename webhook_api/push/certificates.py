"""Certificates of Google's token signers, cached as Google allows.

Holds: ``CertificateCache``. Keep out: what they verify (``token.py``).
Source: docs/google.md#certificates. Google's own verify_token fetches them on every call; here the
map of key id to PEM is kept for as long as Cache-Control allows. An unknown key id fetches again,
but at most every 10 seconds, since anybody can send one. Edge case 19.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import aiohttp
import orjson

from gmail_ingest.errors import ConfigurationError
from gmail_ingest.outbound import proxy_for, tls_context

#: Seconds between fetches that unknown key ids may cause, and after a fetch that failed.
UNKNOWN_KEY_PAUSE = 10.0
FAILURE_PAUSE = 1.0
#: Seconds for which certificates are kept where Google names none, and the most that it may name.
DEFAULT_LIFE = 3600.0
MAX_LIFE = 86400.0
FETCH_TIMEOUT = 5.0

Certificates = Mapping[str, str]


class FetchedCertificates(NamedTuple):
    """Certificates, and for how many seconds they may be kept."""

    certificates: Certificates
    life: float


Fetch = Callable[[], Awaitable[FetchedCertificates]]

_MAX_AGE = re.compile(r"max-age\s*=\s*([0-9]{1,9})", re.IGNORECASE)


class CertificatesUnavailableError(Exception):
    """No valid certificates are at hand and none could be fetched: nothing can be judged."""


class CertificateCache:
    """Fetches through ``fetch``, which gives the certificates and their seconds of life."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._certificates: Certificates = {}
        self._fetched_at = self._failed_at = float("-inf")
        self._valid_until = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> Certificates:
        """The certificates, with ``key_id`` among them if Google has it.

        Raises:
            CertificatesUnavailableError: Google cannot be asked now.
        """
        if not self._serves(key_id):
            async with self._lock:
                # Whoever held the lock may have fetched meanwhile.
                if not self._serves(key_id):
                    await self._refresh()
        return self._certificates

    def _serves(self, key_id: str) -> bool:
        now = self._clock()
        if now >= self._valid_until:
            return False
        return key_id in self._certificates or now < self._fetched_at + UNKNOWN_KEY_PAUSE

    async def _refresh(self) -> None:
        if self._clock() < self._failed_at + FAILURE_PAUSE:
            raise CertificatesUnavailableError
        try:
            fetched = await self._fetch()
        except (
            OSError,
            TimeoutError,
            aiohttp.ClientError,
            ValueError,
            ConfigurationError,
        ) as error:
            self._failed_at = self._clock()
            raise CertificatesUnavailableError from error
        self._certificates = fetched.certificates
        self._fetched_at = self._clock()
        self._valid_until = self._fetched_at + min(fetched.life, MAX_LIFE)


def google_certificates(uri: str) -> Fetch:
    """Fetching of the key id to PEM map at ``uri``; so rare that no connection is kept for it."""
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT)

    async def fetch() -> FetchedCertificates:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls_context()),
                timeout=timeout,
                raise_for_status=True,
            ) as session,
            session.get(uri, proxy=proxy_for(uri)) as answer,
        ):
            found = orjson.loads(await answer.read())
            age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        if not isinstance(found, dict) or not all(isinstance(pem, str) for pem in found.values()):
            raise ValueError("not a map of key id to certificate")
        return FetchedCertificates(found, float(age[1]) if age else DEFAULT_LIFE)

    return fetch
