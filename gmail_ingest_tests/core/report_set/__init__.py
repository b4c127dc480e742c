"""Mail of servers and programs, and mail of people that looks like it.

Holds: ``samples``, which reads the tables beside it, and how a sample becomes a parsed message.
Add here: nothing but what all tables need; a sample goes into its table. Keep out: expectations.
Source: docs/decisions/0007-bounces.md; what these servers and programs write, in our own examples.

A table is a text. Of each sample: its name behind ``===``, what is right behind ``=>``, the header
lines, an empty line, and the text, up to the next sample. Further parts of the mail stand behind
``@@``, MIME type, and file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_tests.core.gmail_json import part, resource

OWNER = "sue@crm.example"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail, or a part of one.

    Attributes:
        name: What sends it.
        expected: What is right, as its table says.
        headers: Pairs of name and value.
        text: What stands below them.
    """

    name: str
    expected: str
    headers: tuple[tuple[str, str], ...]
    text: str


def samples(table: str) -> list[Sample]:
    """Return the samples of a table beside this module, by its name."""
    content = (Path(__file__).parent / f"{table}.txt").read_text("utf-8")
    return [_sample(block) for block in f"\n{content}".split("\n=== ")[1:]]


def read(sample: Sample, *, owner: str = OWNER) -> ParsedMessage:
    """Parse a mail of one plain part, or of the parts that its text has behind ``@@`` lines."""
    headers = [*sample.headers]
    if "To" not in dict(headers):
        headers.append(("To", owner))
    text, *others = f"{sample.text}\n".split("\n@@ ")
    if others:
        mime_type = dict(headers).get("Content-Type", "multipart/mixed").partition(";")[0]
        parts = [part(body=text, part_id="0")]
        parts += [_part(other, str(number)) for number, other in enumerate(others, 1)]
        payload = part(mime_type, headers=headers, parts=parts)
    else:
        payload = part(body=text.rstrip("\n"), headers=headers)
    return parse_message(resource(payload), owner_addresses=[owner])


def failed(message: ParsedMessage) -> str:
    """Return whom a mail did not reach with the status codes, as tables have it."""
    return ", ".join(
        f"{failed_recipient.address} {failed_recipient.status or '-'}"
        for failed_recipient in message.failed_recipients
    )


def _part(section: str, part_id: str) -> Json:
    name, _, content = section.partition("\n")
    mime_type, _, filename = name.partition(" ")
    if mime_type == "message/rfc822":
        return part(mime_type, part_id=part_id, parts=[part(body=content)])
    return part(mime_type, content, part_id=part_id, filename=filename)


def _sample(record: str) -> Sample:
    head, _, text = record.partition("\n\n")
    name, expected, *fields = head.split("\n")
    pairs = (field.partition(":") for field in fields)
    return Sample(
        name=name,
        expected=expected.removeprefix("=>").strip(),
        headers=tuple((key.strip(), value.strip()) for key, _, value in pairs),
        text=text.rstrip("\n"),
    )
