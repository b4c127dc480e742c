"""The batch endpoint: up to a hundred calls in one multipart request.

Holds: reading the parts, answering each as a call of its own, and writing the answers. Add here:
what Google says of batches. Keep out: what a call answers (``gmail_calls``).
Source: docs/google.md#batches: parts run side by side, so they count as parallel calls; answers
come in any order, matched by Content-ID; each part costs what the single call costs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from gmail_sandbox.wire.google_errors import GoogleRefusalError
from gmail_sandbox.wire.http_messages import Request, Response, status_phrase

MAX_PARTS = 100
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE_WORDS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One call of a batch, and the Content-ID by which its answer is found."""

    content_id: str
    request: Request


class Batch:
    """Answers batches with the function that answers single calls.

    Args:
        answer: answers one call.
        seed: makes the order of the answers repeatable.
    """

    def __init__(self, answer: Callable[[Request], Response], *, seed: int = 0) -> None:
        self._answer = answer
        self._random = random.Random(f"batch:{seed}")

    def answer(self, request: Request) -> Response:
        """Return the multipart answer to a batch.

        Raises:
            GoogleRefusalError: 400, the body is no batch, or has more than a hundred calls.
        """
        parts = read_parts(request)
        if len(parts) > MAX_PARTS:
            raise GoogleRefusalError("batch_too_large")
        answers = [(part, self._answer(part.request)) for part in parts]
        self._random.shuffle(answers)
        boundary = f"batch_{self._random.getrandbits(128):032x}"
        body = b"".join(_write_part(part, answer, boundary) for part, answer in answers)
        broken = [answer.wire for _, answer in answers if answer.wire != "whole"]
        held = [answer.release for _, answer in answers if answer.release is not None]

        def release() -> None:
            for give_back in held:
                give_back()

        return Response(
            200,
            body + f"--{boundary}--\r\n".encode(),
            f"multipart/mixed; boundary={boundary}",
            delay=max((answer.delay for _, answer in answers), default=0.0),
            wire=broken[0] if broken else "whole",
            release=release,
        )


def read_parts(request: Request) -> list[Part]:
    """Return the calls of a batch; headers of the whole apply to a part that lacks them.

    Raises:
        GoogleRefusalError: 400, the body is no batch.
    """
    found = _BOUNDARY.search(request.headers.get("content-type", ""))
    if found is None:
        raise GoogleRefusalError("batch_malformed", detail="no boundary in the content type.")
    delimiter = b"--" + found.group(1).encode("latin-1", "replace")
    pieces = request.whole_body().split(delimiter)[1:]
    parts = [_read_part(piece, request) for piece in pieces if not piece.startswith(b"--")]
    if not parts:
        raise GoogleRefusalError("batch_malformed", detail="no parts found.")
    return parts


def _read_part(piece: bytes, outer: Request) -> Part:
    mime, inner = _split(piece.lstrip(b"\r\n"))
    head, body = _split(inner)
    first, _, rest = head.decode("latin-1").partition("\n")
    words = first.split()
    if len(words) != _REQUEST_LINE_WORDS:
        raise GoogleRefusalError("batch_malformed", detail="a part has no request line.")
    path, _, query = words[1].partition("?")
    shared = {k: v for k, v in outer.headers.items() if not k.startswith("content-")}
    headers = {**shared, **_headers(rest)}
    content_id = _headers(mime.decode("latin-1")).get("content-id", "")
    return Part(content_id, Request(words[0], path, query, headers, body.strip()))


def _split(text: bytes) -> tuple[bytes, bytes]:
    blank = _BLANK.search(text)
    if blank is None:
        return text, b""
    return text[: blank.start()], text[blank.end() :]


def _headers(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _write_part(part: Part, answer: Response, boundary: str) -> bytes:
    head = f"--{boundary}\r\nContent-Type: application/http\r\n"
    if part.content_id:
        inner_id = part.content_id.removeprefix("<").removesuffix(">")
        head += f"Content-ID: <response-{inner_id}>\r\n"
    head += f"\r\nHTTP/1.1 {answer.status} {status_phrase(answer.status)}\r\n"
    if answer.body:
        head += f"Content-Type: {answer.content_type}\r\n"
    for name, value in answer.headers:
        head += f"{name}: {value}\r\n"
    head += "Vary: Origin\r\nVary: X-Origin\r\nVary: Referer\r\n"
    length = f"Content-Length: {len(answer.body)}\r\n\r\n"
    return (head + length).encode("latin-1", "replace") + answer.body + b"\r\n"
