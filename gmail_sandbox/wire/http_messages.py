"""What the sandbox reads from and writes to a socket: requests and responses.

Holds: ``Request``, ``Response`` and the encoding of a response head. Add here: what every
answer carries. Keep out: sockets (``http_protocol``) and what an answer means (the APIs).
Source: RFC 9112; docs/google.md#compression (gzip needs a header *and* a user agent).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

import orjson

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"

#: A smaller body would hardly shrink or even grow, by gzip's 20 bytes of framing.
_WORTH_COMPRESSING = 256
_GZIP_CONTAINER = 31
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

Wire = Literal["whole", "reset", "truncate"]


@dataclass(slots=True)
class Request:
    """One HTTP request; header names are lower case, ``path`` and ``query`` still encoded.

    A body too large to hold is in ``body_file``, which lives until the answer is written.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    body_file: Path | None = None

    def whole_body(self) -> bytes:
        """Return the body, wherever it is kept."""
        return self.body if self.body_file is None else self.body_file.read_bytes()

    def form(self) -> dict[str, str]:
        """Return a form-encoded body as a mapping (the last of repeated names wins)."""
        text = self.whole_body().decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    def query_parameters(self) -> dict[str, str]:
        """Return the query as a mapping (the last of repeated names wins)."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def accepts_gzip(self) -> bool:
        """Tell whether Google would compress: the encoding is accepted and the agent says gzip."""
        return "gzip" in self.headers.get("accept-encoding", "") and "gzip" in self.headers.get(
            "user-agent", ""
        )


@dataclass(slots=True)
class Response:
    """One answer, and how it reaches the client: after ``delay`` seconds, whole or broken.

    ``release`` is called once when the answer was written or its connection was lost.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    cache: str = "private"
    delay: float = 0.0
    wire: Wire = "whole"
    release: Callable[[], None] | None = None

    def compress(self) -> None:
        """Replace the body by its gzip form, at the level that costs least CPU."""
        if len(self.body) < _WORTH_COMPRESSING:
            return
        packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP_CONTAINER)
        self.body = packer.compress(self.body) + packer.flush()
        self.headers = (*self.headers, ("Content-Encoding", "gzip"))

    def head(self, *, now: float, keep_alive: bool) -> bytes:
        """Encode the status line and the headers, with the empty line that ends them.

        Args:
            now: epoch seconds for the Date header.
            keep_alive: whether the connection stays open afterwards.
        """
        head = _fixed_head(self.status, self.content_type, self.cache) + _date_line(int(now))
        for name, value in self.headers:
            head += f"{name}: {value}\r\n".encode("latin-1", "replace")
        if self.status not in _BODILESS:
            head += b"Content-Length: %d\r\n" % len(self.body)
        return head + (b"\r\n" if keep_alive else b"Connection: close\r\n\r\n")


def json_response(value: object, status: int = 200, cache: str = "private") -> Response:
    """Return ``value`` as a JSON answer with this Cache-Control."""
    return Response(status, orjson.dumps(value), cache=cache)


def status_phrase(status: int) -> str:
    """Return the reason phrase of a status, or ``Unknown`` for one that HTTP does not name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@lru_cache(maxsize=128)
def _fixed_head(status: int, content_type: str, cache: str) -> bytes:
    kind = "" if status in _BODILESS else f"Content-Type: {content_type}\r\n"
    return (
        f"HTTP/1.1 {status} {status_phrase(status)}\r\n{kind}"
        f"Vary: Origin, X-Origin, Referer\r\nServer: ESF\r\nCache-Control: {cache}\r\n"
    ).encode()


@lru_cache(maxsize=2)
def _date_line(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
