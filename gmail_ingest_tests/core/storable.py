"""What every parsed message must be, so that no store refuses it.

Holds: ``assert_storable``. Add here: another bound that a store or an index has.
Keep out: what a particular message says. Source: edge cases 41, 42, 52 and 53.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from gmail_ingest.core.mail.addresses.addresses import MAX_PARTICIPANTS
from gmail_ingest.core.mail.addresses.mailbox_words import MAX_ADDRESS_CHARS
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.words.search_text import MAX_SEARCH_BYTES, MAX_SEARCH_CHARS

#: Of a key: together with the others of its index it must fit into a third of a page.
MAX_KEY_BYTES = 1_024


def assert_storable(parsed: ParsedMessage) -> None:
    """Every text is valid, every number in range, every key short."""
    for text in texts_of(parsed):
        assert b"\x00" not in text.encode("utf-8")
    assert isinstance(parsed.internal_date, datetime)
    assert parsed.internal_date.tzinfo is UTC
    assert 0 <= parsed.history_id < 2**64
    assert 0 <= parsed.size < 2**31
    assert all(0 <= attachment.size < 2**31 for attachment in parsed.attachments)
    assert len(parsed.search_text) <= MAX_SEARCH_CHARS
    assert len(parsed.search_text.encode()) <= MAX_SEARCH_BYTES
    assert len(parsed.participants) <= MAX_PARTICIPANTS
    assert all(
        0 < len(participant.address) <= MAX_ADDRESS_CHARS for participant in parsed.participants
    )
    one_line = [parsed.subject, *(participant.name for participant in parsed.participants)]
    one_line += [attachment.filename for attachment in parsed.attachments]
    assert not any("\n" in text or "\r" in text for text in one_line)
    keys = [
        parsed.thread_id,
        *parsed.label_ids,
        *(attachment.part_id for attachment in parsed.attachments),
    ]
    assert all(len(key.encode()) <= MAX_KEY_BYTES for key in keys)


def texts_of(value: Any) -> Iterator[str]:
    """Yield each string in a parsed message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from texts_of(item)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts_of(getattr(value, field.name))
