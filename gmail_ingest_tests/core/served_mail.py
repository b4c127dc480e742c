"""Mail as Gmail serves it, for the parser: raw mail that went through the sandbox.

Holds: ``Served``, ``serve``, ``seeded`` and ``corpus``. Add here: another source of raw mail.
Keep out: changes of what was served (``mutations.py``), expectations.
Source: docs/google.md#messages, as the sandbox keeps it; the environment variable
GMAIL_INGEST_CORPUS names an mbox of real mail.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.payload import missing_bodies, parse_message
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.forms import Forms, FormsInUse
from gmail_sandbox.mail.mbox import MboxMessage, read_mbox
from gmail_sandbox.seeded.messages import seeded_messages

OWNER = "owner@crm.example"
#: 2023-11-14T22:13:20Z
NEWEST = 1_700_000_000.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """Mail as it was delivered, its Message resource, and its separate bodies by attachment id."""

    raw: bytes
    message: Json
    bodies: Mapping[str, bytes]

    def parsed(self, message: Json | None = None) -> ParsedMessage:
        """Parse it, or what was made of it, as the fetching adapter does."""
        message = self.message if message is None else message
        bodies = {
            missing_body.part_id: self.bodies.get(missing_body.attachment_id, b"")
            for missing_body in missing_bodies(message)
        }
        return parse_message(message, owner_addresses=[OWNER], bodies=bodies)


def serve(
    mail: Iterable[MboxMessage], *, large_body_bytes: int = 1 << 20, forms: Forms | None = None
) -> list[Served]:
    """Deliver mail to a mailbox, and return it as messages.get does."""
    spool = Spool()
    try:
        box = Mailbox(
            OWNER,
            spool=spool,
            clock=Clock(),
            large_body_bytes=large_body_bytes,
            forms=FormsInUse(forms or Forms()),
        )
        return [_serve(box, message) for message in mail]
    finally:
        spool.close()


def _serve(box: Mailbox, mail: MboxMessage) -> Served:
    stored = box.deliver(mail.raw, internal_date=mail.internal_date)
    message = orjson.loads(box.render(stored, "full"))
    bodies = {
        missing_body.attachment_id: box.attachment(stored.id, missing_body.attachment_id)
        for missing_body in missing_bodies(message)
    }
    return Served(mail.raw, message, bodies)


@functools.cache
def seeded() -> tuple[Served, ...]:
    """Seeded mail of all kinds; larger texts come as separate bodies."""
    mail = seeded_messages(150, address=OWNER, seed=11, newest=NEWEST, span_seconds=86_400.0)
    return tuple(serve(mail, large_body_bytes=2_000))


def corpus() -> list[Served] | None:
    """The mail of the environment, if there is any."""
    name = os.environ.get("GMAIL_INGEST_CORPUS")
    return serve(read_mbox(Path(name))) if name else None
