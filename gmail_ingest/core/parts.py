"""The part tree of a Gmail message, sorted into bodies and attachments.

Holds: ``sort_parts``, and ``has_separate_content``, which asks less.
Add here: a rule about which part is text to read and which is a file.
Keep out: decoding and joining of bodies (``bodies``).
Source: the MessagePart resource of the Gmail API; RFC 2046, RFC 2183. Gmail expands
message/rfc822: the parts of a forwarded mail stand below it, and are not this mail's text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gmail_ingest.core.headers import Headers, charset_of
from gmail_ingest.core.message import Attachment
from gmail_ingest.core.text import TextCleaner, single_line

# A column of type integer holds it; Gmail takes no message near this size.
MAX_SIZE = 2**31 - 1
# Real mail nests below ten; deeper trees are made to hurt.
MAX_DEPTH = 100
MAX_PARTS = 10_000

_BODY_TYPES = frozenset({"text/plain", "text/html"})
# Renderings of the same text for other programs.
_RENDERINGS = frozenset({"text/x-amp-html", "text/watch-html"})
# They seal the text; nobody attached them. Some mailers name them "smime.p7s", some call them
# attachments, so neither tells.
_SIGNATURES = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)


@dataclass(frozen=True, slots=True)
class BodyPart:
    """A part that is text to read.

    Attributes:
        part_id: Gmail's position of the part.
        mime_type: ``text/plain`` or ``text/html``.
        charset: The declared label, or None.
        slot: Parts of one slot are renderings of the same text (multipart/alternative).
        data: base64url as sent, ``""`` where the part has none.
        attachment_id: Where the data is to be fetched, or None. Short-lived.
        size: Bytes.
    """

    part_id: str
    mime_type: str
    charset: str | None
    slot: int
    data: str
    attachment_id: str | None
    size: int


@dataclass(frozen=True, slots=True)
class SortedParts:
    """What a message consists of, in the order of its parts."""

    bodies: tuple[BodyPart, ...]
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    part: Mapping[str, Any]
    depth: int
    slot: int | None
    enclosed: bool


def sort_parts(payload: object, headers: Headers, cleaner: TextCleaner) -> SortedParts:
    """Sort the parts of a message.

    Args:
        payload: ``payload`` of a Message; anything but an object counts as empty.
        headers: The header fields of the payload itself.
        cleaner: Makes names storable.

    Returns:
        Text parts without a file name that are no attachments and lie in no enclosed mail are
        bodies. Files are attachments; so is an enclosed mail that can be fetched whole. Of one
        that cannot, the files are listed in its place.
    """
    bodies: list[BodyPart] = []
    attachments: list[Attachment] = []
    stack = [_Place(payload, 0, None, enclosed=False)] if isinstance(payload, dict) else []
    seen = 0
    while stack and seen < MAX_PARTS:
        place = stack.pop()
        own = Headers(place.part.get("headers"), cleaner) if seen else headers
        leaf = _Leaf(place.part, own, cleaner)
        if leaf.is_body and not place.enclosed:
            bodies.append(leaf.body(seen if place.slot is None else place.slot))
        elif leaf.is_file:
            attachments.append(leaf.attachment())
        if not leaf.is_whole_file:
            stack.extend(reversed(_children(place, leaf.mime_type, seen)))
        seen += 1
    return SortedParts(tuple(bodies), tuple(attachments))


def has_separate_content(payload: object) -> bool:
    """Tell whether any part of a message came without its content, which is to be fetched.

    Args:
        payload: ``payload`` of a Message.
    """
    stack: list[object] = [payload]
    seen = 0
    while stack and seen < MAX_PARTS:
        part = stack.pop()
        seen += 1
        if not isinstance(part, dict):
            continue
        content = part.get("body")
        if isinstance(content, dict) and content.get("attachmentId") and not content.get("data"):
            return True
        below = part.get("parts")
        if isinstance(below, list):
            stack.extend(reversed(below))
    return False


def size_of(value: object) -> int:
    """Return a size out of JSON as a number that every store takes.

    Args:
        value: A number of bytes; anything else counts as 0.

    Returns:
        0 to ``MAX_SIZE``.
    """
    return max(0, min(value, MAX_SIZE)) if isinstance(value, int) else 0


def _children(place: _Place, mime_type: str, number: int) -> list[_Place]:
    parts = place.part.get("parts")
    if not isinstance(parts, list) or place.depth >= MAX_DEPTH:
        return []
    opens_slot = place.slot is None and mime_type == "multipart/alternative"
    slot = number if opens_slot else place.slot
    enclosed = place.enclosed or mime_type.startswith("message/")
    return [_Place(p, place.depth + 1, slot, enclosed) for p in parts if isinstance(p, dict)]


class _Leaf:
    """One part with the few facts that decide what it is."""

    __slots__ = ("_content", "_disposition", "_headers", "filename", "mime_type", "part_id")

    def __init__(self, part: Mapping[str, Any], headers: Headers, cleaner: TextCleaner) -> None:
        content = part.get("body")
        self._content: Mapping[str, Any] = content if isinstance(content, dict) else {}
        self._headers = headers
        self.part_id = cleaner.identifier(part.get("partId"))
        self.filename = headers.readable(cleaner.clean(part.get("filename")))
        self.mime_type = single_line(cleaner.clean(part.get("mimeType"))).lower()
        disposition = headers.first("content-disposition")
        self._disposition = disposition.partition(";")[0].strip().lower()

    @property
    def is_body(self) -> bool:
        return (
            self.mime_type in _BODY_TYPES
            and not self.filename
            and self._disposition != "attachment"
        )

    @property
    def is_file(self) -> bool:
        if self.filename or self._disposition == "attachment":
            return True
        if self.mime_type.startswith("multipart/") or self.mime_type in _BODY_TYPES:
            return False
        return self.mime_type not in _RENDERINGS and self._has_content

    @property
    def is_whole_file(self) -> bool:
        return self.is_file and bool(self._content.get("attachmentId") or self._content.get("data"))

    @property
    def _has_content(self) -> bool:
        content = self._content
        return bool(content.get("attachmentId") or content.get("data") or content.get("size"))

    def body(self, slot: int) -> BodyPart:
        data = self._content.get("data")
        attachment_id = self._content.get("attachmentId")
        return BodyPart(
            part_id=self.part_id,
            mime_type=self.mime_type,
            charset=charset_of(self._headers.first("content-type")),
            slot=slot,
            data=data if isinstance(data, str) else "",
            attachment_id=attachment_id if isinstance(attachment_id, str) else None,
            size=size_of(self._content.get("size")),
        )

    def attachment(self) -> Attachment:
        content_id = self._headers.first("content-id").strip("<> ")
        return Attachment(
            part_id=self.part_id,
            filename=self.filename,
            mime_type=self.mime_type,
            size=size_of(self._content.get("size")),
            content_id=content_id or None,
            inline=self._is_inline(content_id),
        )

    def _is_inline(self, content_id: str) -> bool:
        if self._disposition == "inline" or self.mime_type in _SIGNATURES:
            return True
        # HTML names its pictures by either (RFC 2392, RFC 2557).
        is_named = bool(content_id or self._headers.first("content-location"))
        return is_named and self._disposition != "attachment"
