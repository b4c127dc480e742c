"""Mail that a former release read wrongly, as files: the inputs of the cases.

Holds: ``read_case``, ``read_served_apart``, what tests look at, and the files. Add here: the input
of another case, under its number. Keep out: what is right (the tests ``test_case_*.py`` say it),
what a case is (``case_list.py``).
Source: docs/edge-cases.md#cases: public reports and public corpora, written anew with example
names.
"""

from __future__ import annotations

from pathlib import Path

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest_tests.core.served_mail import serve
from gmail_sandbox.mail.mbox import MboxMessage


def read_case(name: str) -> ParsedMessage:
    """Return a case's mail, as it is parsed when the sandbox serves it."""
    return _read(name, large_body_bytes=1 << 20)


def read_served_apart(name: str) -> ParsedMessage:
    """Return a case's mail, where Gmail gives each body by attachment id."""
    return _read(name, large_body_bytes=0)


def files_of(message: ParsedMessage) -> list[tuple[str, str, bool]]:
    """Return name, type and ``inline`` of each attachment."""
    return [
        (attachment.filename, attachment.mime_type, attachment.inline)
        for attachment in message.attachments
    ]


def people_of(message: ParsedMessage, *roles: str) -> list[tuple[str, str]]:
    """Return address and name of the participants in these roles."""
    return [
        (participant.address, participant.name)
        for participant in message.participants
        if participant.role in roles
    ]


def author_of(message: ParsedMessage) -> tuple[str, str] | None:
    """Return address and name of the author."""
    return (message.author.address, message.author.name) if message.author else None


def _read(name: str, *, large_body_bytes: int) -> ParsedMessage:
    raw = (Path(__file__).parent / f"{name}.eml").read_bytes()
    (served,) = serve([MboxMessage(raw)], large_body_bytes=large_body_bytes)
    return served.parsed()
