"""HTTP/1.1 on a socket, with control over each byte, delay and reset.

Holds: the asyncio protocol that parses requests, keeps their answers in order, and writes,
delays, truncates or resets them. Add here: what concerns bytes and connections. Keep out: what
a request means. A framework was not used because a reset, a body cut short and an exact count
of live connections need the transport itself, and because an answer may cost 0.2 ms at most.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import httptools

from gmail_sandbox.counters import Counters
from gmail_sandbox.wire.http_messages import TEXT, Request, Response

#: Bodies above this go to a file, so that a mailbox of many gigabytes can be uploaded.
SPILL_BYTES = 8 * 1024 * 1024

Answer = Callable[[Request], Response | Coroutine[Any, Any, Response]]


class HttpProtocol(asyncio.Protocol):
    """One connection: requests in, answers out in the same order, one at a time.

    Args:
        answer: turns a request into a response, at once or as a coroutine.
        counters: told of every connection.
    """

    def __init__(self, answer: Answer, counters: Counters) -> None:
        self._answer = answer
        self._counters = counters
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._busy = False
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._current: tuple[Request, Response] | None = None
        self._start_message()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection and turn Nagle's delay off."""
        # uvloop's transports are no subclasses of asyncio's, only like them.
        self._transport = cast("asyncio.Transport", transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._counters.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was under way, and release what it held."""
        del exc
        self._counters.disconnected(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        if self._current is not None:
            self._release(*self._current)
        _discard(self._body_file)
        while self._waiting:
            _discard(self._waiting.popleft()[0].body_file)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; what is not HTTP is answered 400 and closed."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._ended = True
            if self._transport is not None and not self._busy and not self._waiting:
                _write(self._transport, Response(400, b"Bad Request", TEXT), keep_alive=False)
        if not self._busy:
            self._serve()

    def eof_received(self) -> bool:
        """Finish an answer that is being made, then close; drop a delayed one.

        A client that went away looks the same as one that only sends no more.
        """
        self._ended = True
        return self._busy and self._current is None

    def abort(self) -> None:
        """Close now, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    # the parser's side

    def on_url(self, url: bytes) -> None:
        """Keep a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; names are compared in lower case."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Answer 100 Continue to a client that waits for it before it sends its body (curl, above 1
        MB).
        """
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body, in memory while it is small."""
        self._body += body
        if len(self._body) > SPILL_BYTES:
            self._spill()

    def on_message_complete(self) -> None:
        """Queue the request, and begin the next one."""
        if self._body_file is not None:
            self._spill()
        path, _, query = self._url.decode("latin-1").partition("?")
        verb = self._parser.get_method().decode("latin-1")
        body = bytes(self._body)
        request = Request(verb, path, query, self._headers, body, self._body_file)
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._start_message()

    # answers

    def _start_message(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._body_file: Path | None = None

    def _spill(self) -> None:
        if self._body_file is None:
            handle, name = tempfile.mkstemp(prefix="gmail-sandbox-upload-")
            os.close(handle)
            self._body_file = Path(name)
        with self._body_file.open("ab") as out:
            out.write(self._body)
        self._body.clear()

    def _serve(self) -> None:
        while self._waiting and not self._busy and self._transport is not None:
            request, keep_alive = self._waiting.popleft()
            self._busy = True
            outcome = self._answer(request)
            if isinstance(outcome, Response):
                self._send(request, outcome, keep_alive=keep_alive)
            else:
                work = self._serve_later(request, outcome, keep_alive=keep_alive)
                self._task = asyncio.get_running_loop().create_task(work)

    async def _serve_later(
        self, request: Request, outcome: Awaitable[Response], *, keep_alive: bool
    ) -> None:
        self._send(request, await outcome, keep_alive=keep_alive)
        self._serve()

    def _send(self, request: Request, response: Response, *, keep_alive: bool) -> None:
        self._current = (request, response)
        if response.delay <= 0:
            self._finish(keep_alive=keep_alive)
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(response.delay, self._finish_late, keep_alive)

    def _finish_late(self, keep_alive: bool) -> None:  # noqa: FBT001 - call_later passes no keywords
        self._finish(keep_alive=keep_alive)
        self._serve()

    def _finish(self, *, keep_alive: bool) -> None:
        if self._current is None:
            return
        request, response = self._current
        self._release(request, response)
        self._busy = False
        transport = self._transport
        if transport is None:
            return
        if response.wire == "reset":
            _reset(transport)
        elif response.wire == "truncate":
            _truncate(transport, response)
        else:
            _write(
                transport,
                response,
                keep_alive=keep_alive and not (self._ended and not self._waiting),
            )

    def _release(self, request: Request, response: Response) -> None:
        self._current = None
        _discard(request.body_file)
        if response.release is not None:
            response.release()


def _write(transport: asyncio.Transport, response: Response, *, keep_alive: bool) -> None:
    head = response.head(now=time.time(), keep_alive=keep_alive)
    transport.write(head + response.body)
    if not keep_alive:
        transport.close()


def _truncate(transport: asyncio.Transport, response: Response) -> None:
    head = response.head(now=time.time(), keep_alive=True)
    transport.write(head + response.body[: len(response.body) // 2])
    transport.close()


def _reset(transport: asyncio.Transport) -> None:
    raw = transport.get_extra_info("socket")
    if raw is not None:
        # Lingering for zero seconds makes the close send RST instead of FIN.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _discard(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)
