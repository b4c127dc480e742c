"""Raw mail for the tests of the mailbox model.

Holds: one builder of simple mail, and the reading of a rendered message.
Add here: what several of those tests need. Keep out: HTTP.
Source: RFC 5322.
"""

import base64
from typing import Any

import orjson

from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.render import StoredMessage


def letter(subject: str = "Hello", body: str = "Some words.", **headers: str) -> bytes:
    """Return a plain mail; header names are written with ``_`` for ``-``."""
    fields = {"From": "Ann <ann@example.com>", "To": "me@crm.example", "Subject": subject}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{body}\r\n".encode()


def full(mailbox: Mailbox, message: StoredMessage) -> dict[str, Any]:
    """Return the ``full`` resource of a message."""
    resource: dict[str, Any] = orjson.loads(mailbox.render(message, "full"))
    return resource


def data_of(part: dict[str, Any]) -> bytes:
    """Return the inline body of a part."""
    text: str = part["body"]["data"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(part: dict[str, Any], name: str) -> list[str]:
    """Return all values of a header."""
    return [h["value"] for h in part["headers"] if h["name"].lower() == name.lower()]
