"""Gmail message resources for tests, by hand.

Holds: ``resource`` and ``part`` (a message as Gmail's JSON has it).
Add here: what a parser test needs to build its input.
Keep out: whole mails (``served_mail.py``), quotas, history, HTTP (the sandbox has those).
Source: docs/google.md#messages-and-threads, #parts.
"""

import base64
from typing import Any


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
