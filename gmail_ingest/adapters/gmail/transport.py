"""HTTP to Google for a whole process: one pool of kept-alive connections.

Holds: ``GmailTransport`` and ``Answer``. Add here: limits and headers of every call.
Keep out: what an answer means (``failures``, ``answers``).
Source: docs/google.md#compression; edge case 33 (sockets that never answer).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from gmail_ingest.adapters.gmail.requests import ApiRequest
from gmail_ingest.errors import ConfigurationError, OperatorActionError, TransientError
from gmail_ingest.outbound import proxy_for, proxy_named, tls_context

#: A call may last this many timeouts in all, so that an answer that arrives byte by byte ends, too.
TOTAL_TIMEOUTS = 5.0
#: Connections of the process. At 0.1 s a call they carry 1,280 calls a second, more than a
#: project's quota allows.
CONNECTIONS = 128
#: Seconds that an idle connection is kept; Google itself closes them after some minutes.
KEEP_ALIVE = 60.0

_AGENT = "gmail-ingest"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of any status, its body read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class GmailTransport:
    """Sends requests over one aiohttp session, made at the first call.

    Args:
        timeout_seconds: until a connection or an answer without progress is given up.
        connections: most open connections, over all mailboxes.
        gzip: ask for compressed answers. It saves bandwidth and costs CPU. None: only over https,
            because plain http is a sandbox on the same machine.
    """

    def __init__(
        self, *, timeout_seconds: float, connections: int = CONNECTIONS, gzip: bool | None = None
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds * TOTAL_TIMEOUTS,
            sock_connect=timeout_seconds,
            sock_read=timeout_seconds,
        )
        self._connections = connections
        self._gzip = gzip
        self._session: aiohttp.ClientSession | None = None
        #: By scheme and host, because reading the environment takes 0.1 ms.
        self._proxies: dict[str, str | None] = {}

    async def send(self, request: ApiRequest, token: str) -> Answer:
        """Send one request with a bearer token, once.

        A GET whose connection breaks before any answer is sent once more by aiohttp (RFC 9112,
        section 9.3.1): Google closes idle connections at any time.

        Raises:
            TransientError: no complete answer came (broken, silent, refused, garbled).
            OperatorActionError: the environment names an unusable proxy or unusable certificates.
        """
        headers = dict(request.headers)
        headers["authorization"] = f"Bearer {token}"
        self._negotiate(headers, request.url)
        body = request.body.encode() if request.body is not None else None
        return await self._send(request.method, request.url, headers, body)

    async def post_form(self, url: str, fields: Mapping[str, str]) -> Answer:
        """Post a form, once, without a token.

        Raises:
            TransientError, OperatorActionError: as ``send``.
        """
        return await self._send("POST", url, {}, aiohttp.FormData(dict(fields)))

    def _negotiate(self, headers: dict[str, str], url: str) -> None:
        gzip = url.startswith("https:") if self._gzip is None else self._gzip
        headers["accept-encoding"] = "gzip" if gzip else "identity"
        headers["user-agent"] = f"{_AGENT} (gzip)" if gzip else _AGENT

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | aiohttp.FormData | None,
    ) -> Answer:
        try:
            session = self._session or self._open()
            proxy = self._proxy(url)
        except ConfigurationError as exc:
            raise OperatorActionError(str(exc)) from exc
        try:
            # Redirects would carry the token to another host; the URL is already quoted.
            async with session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
                proxy=proxy,
            ) as response:
                return Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            way = f" by the proxy {proxy_named(url)}" if proxy else ""
            raise TransientError(f"no answer from Google{way}: {type(exc).__name__}") from exc

    def _proxy(self, url: str) -> str | None:
        origin = url[: url.find("/", len("https://"))]
        if origin not in self._proxies:
            self._proxies[origin] = proxy_for(url)
        return self._proxies[origin]

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=KEEP_ALIVE,
                ttl_dns_cache=300,
                ssl=tls_context(),
            ),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("accept", "accept-encoding", "user-agent"),
        )
        return self._session

    async def aclose(self) -> None:
        """Close all connections; a later call opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
