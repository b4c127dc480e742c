"""Gmail message resources for tests: by hand, and from RFC 822 bytes.

Holds: ``resource`` and ``part`` (a message as Gmail's JSON has it), ``from_rfc822`` (a small
stand-in for Gmail's own conversion, enough to feed the parser real mail) and ``corpus``.
Add here: what a parser test needs to build its input.
Keep out: quotas, history, HTTP (the sandbox has those).
Source: the Gmail API reference of ``Message`` and ``MessagePart``.
"""

import base64
import email
import email.header
import email.policy
import functools
import gzip
import pathlib
import re
from email.message import Message
from typing import Any

CORPUS = pathlib.Path(__file__).parents[3] / "shared" / "corpus" / "lists.mbox.gz"


def encoded(body: str | bytes) -> str:
    """Return a body as Gmail sends it: base64url."""
    raw = body if isinstance(body, bytes) else body.encode("utf-8")
    return base64.urlsafe_b64encode(raw).decode("ascii")


def part(
    mime_type: str = "text/plain",
    body: str | bytes | None = None,
    *,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    parts: list[dict[str, Any]] | None = None,
    part_id: str = "",
    filename: str = "",
    attachment_id: str | None = None,
) -> dict[str, Any]:
    """Return a ``MessagePart`` resource."""
    pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
    content: dict[str, Any] = {"size": len(body or b"")}
    if body is not None:
        content["data"] = encoded(body)
    if attachment_id is not None:
        content["attachmentId"] = attachment_id
    resource: dict[str, Any] = {
        "partId": part_id,
        "mimeType": mime_type,
        "filename": filename,
        "headers": [{"name": name, "value": value} for name, value in pairs],
        "body": content,
    }
    if parts is not None:
        resource["parts"] = parts
    return resource


def resource(payload: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a ``Message`` resource in the format ``full``."""
    message: dict[str, Any] = {
        "id": "18c0ffee00000001",
        "threadId": "18c0ffee00000001",
        "historyId": "4711",
        "internalDate": "1700000000000",
        "labelIds": ["INBOX"],
        "snippet": "",
        "sizeEstimate": 1234,
        "payload": part(body="") if payload is None else payload,
    }
    return message | fields


def with_headers(*pairs: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """Return a ``Message`` resource with these headers and a short plain body."""
    return resource(part(body="Hello", headers=list(pairs)), **fields)


def from_rfc822(raw: bytes, gmail_id: str = "18c0ffee00000001") -> dict[str, Any]:
    """Return the ``Message`` resource that Gmail would make of a message."""
    parsed = email.message_from_bytes(raw, policy=email.policy.compat32)
    return resource(_part_of(parsed, ""), id=gmail_id, threadId=gmail_id, sizeEstimate=len(raw))


def _part_of(message: Message, part_id: str) -> dict[str, Any]:
    filename = _safe(message.get_filename() or "")
    converted: dict[str, Any] = {
        "partId": part_id,
        "mimeType": message.get_content_type(),
        "filename": filename,
        "headers": [{"name": k, "value": _header(v)} for k, v in message.raw_items()],
        "body": {"size": 0},
    }
    if message.is_multipart():
        children = message.get_payload()
        prefix = f"{part_id}." if part_id else ""
        converted["parts"] = [_part_of(c, f"{prefix}{i}") for i, c in enumerate(children)]
        return converted
    body = message.get_payload(decode=True) or b""
    if filename or message.get_content_maintype() != "text":
        converted["body"] = {"size": len(body), "attachmentId": f"ANGjdJ{part_id}"}
        return converted
    text = _transcoded(body, message.get_content_charset("us-ascii"))
    converted["body"] = {"size": len(text), "data": encoded(text)}
    return converted


def _transcoded(body: bytes, charset: str) -> bytes:
    try:
        return body.decode({"us-ascii": "utf-8"}.get(charset, charset)).encode()
    except (LookupError, UnicodeError):
        return body.decode("cp1252", "replace").encode()


def _header(value: Any) -> str:
    text = re.sub(r"\r?\n(?=[ \t])", "", str(value))
    try:
        return _safe(str(email.header.make_header(email.header.decode_header(text))))
    except (LookupError, UnicodeError, ValueError):
        return _safe(text)


def _safe(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@functools.cache
def corpus() -> tuple[dict[str, Any], ...]:
    """Return the corpus as Gmail message resources."""
    mbox = gzip.decompress(CORPUS.read_bytes())
    raws = re.split(rb"(?m)^From .*\n", mbox)[1:]
    return tuple(
        from_rfc822(re.sub(rb"(?m)^>(>*From )", rb"\1", raw), f"{number:016x}")
        for number, raw in enumerate(raws)
    )
