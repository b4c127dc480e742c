"""One part of a mail, with the facts that decide what it is.

Holds: ``Leaf``, ``BodyPart`` and ``size_of``.
Add here: another fact that one part and its place show.
Keep out: decisions that need the other parts (``parts``), the HTML (``files``).
Source: docs/google.md#parts; RFC 2183 (Content-Disposition).
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from gmail_ingest.core.mail.clean_text import TextCleaner, single_line
from gmail_ingest.core.mail.headers import Headers, charset_of
from gmail_ingest.core.mail.parts.part_types import (
    ALTERNATIVE,
    BODIES,
    CALENDARS,
    is_data,
    text_type,
)

# The largest value of an integer column; Gmail takes no message near this size.
MAX_SIZE = 2**31 - 1

_MULTIPART = "multipart/"
# Programs send files of unknown type as one of these.
_ANYTHING = frozenset({"application/octet-stream", "text/plain", "application/x-download"})
_CALENDAR_NAMES = (".ics", ".vcs")
_TYPES_BY_NAME = {"txt": "text/plain", "htm": "text/html", "html": "text/html"}
# Exchange turns the later pieces of a text into files with such a name.
_NAME_OF_A_PIECE = re.compile(r"att\d{5,6}\.(?:txt|html?)", re.IGNORECASE)


class BodyPart(NamedTuple):
    """A part that is text to read, not yet decoded.

    A tuple, because every mail has one and a frozen dataclass takes three times as long to make.

    Attributes:
        part_id: Gmail's position of the part.
        mime_type: Of the part; for a text of the mail, the type as which it is read: ``text/plain``
            or ``text/html``.
        charset: The declared label, or None.
        slot: Parts of one slot are renderings of the same text (multipart/alternative).
        data: base64url as sent, ``""`` where the part has none.
        attachment_id: Where the data is to be fetched, or None. Short-lived.
        size: Bytes.
        content_type: The value of the field, for its other parameters.
    """

    part_id: str
    mime_type: str
    charset: str | None
    slot: int
    data: str
    attachment_id: str | None
    size: int
    content_type: str


class Leaf:
    """A part of a message, and where it stands.

    Args:
        part: A MessagePart.
        headers: Its header fields.
        cleaner: Makes names storable.
        parent: The part around it, or None for the root.
        position: Among its parent's parts, from 0.
        number: Among all parts of the message, in their order.
        slot: See ``BodyPart``; None where the part opens its own.
    """

    __slots__ = (
        "_content", "content_type", "disposition", "filename", "headers", "inner", "is_empty",
        "mime_type", "number", "parent", "part_id", "position", "size", "slot",
    )  # fmt: skip

    def __init__(
        self,
        part: Mapping[str, Any],
        headers: Headers,
        cleaner: TextCleaner,
        *,
        parent: Self | None = None,
        position: int = 0,
        number: int = 0,
        slot: int | None = None,
    ) -> None:
        content = part.get("body")
        self._content: Mapping[str, Any] = content if isinstance(content, dict) else {}
        self.headers = headers
        self.parent = parent
        self.position = position
        self.number = number
        self.slot = number if slot is None else slot
        self.part_id = cleaner.identifier(part.get("partId"))
        filename = part.get("filename")
        self.filename = headers.readable(cleaner.clean(filename)) if filename else ""
        self.mime_type = single_line(cleaner.clean(part.get("mimeType"))).lower()
        self.content_type = headers.first("content-type")
        disposition = headers.first("content-disposition")
        self.disposition = disposition and disposition.partition(";")[0].strip().lower()
        self.size = size_of(self._content.get("size"))
        self.is_empty = not part.get("parts")
        #: Its parts, if it is an enclosed mail.
        self.inner: list[Self] = []

    @property
    def data(self) -> str:
        """The inline content, base64url, or ``""``."""
        data = self._content.get("data")
        return data if isinstance(data, str) else ""

    @property
    def attachment_id(self) -> str | None:
        """Where the content is to be fetched, or None."""
        attachment_id = self._content.get("attachmentId")
        return attachment_id if attachment_id and isinstance(attachment_id, str) else None

    @property
    def has_content(self) -> bool:
        """Whether the part itself, without its parts, has content."""
        return bool(self.data or self.attachment_id or self.size)

    @property
    def is_attached(self) -> bool:
        """Whether the sender's program says that it is a file."""
        return self.disposition == "attachment"

    @property
    def is_calendar(self) -> bool:
        """Whether it is a calendar file, by its type or by its name alone."""
        if self.mime_type in CALENDARS:
            return True
        is_any = self.mime_type in _ANYTHING
        return is_any and self.filename.lower().endswith(_CALENDAR_NAMES)

    @property
    def type_by_name(self) -> str:
        """The text type of a file of unknown type, by its name; ``""`` if it has none."""
        if self.mime_type != "application/octet-stream":
            return ""
        return _TYPES_BY_NAME.get(self.filename.rpartition(".")[2].lower(), "")

    @property
    def is_undivided(self) -> bool:
        """Whether it is a multipart that Gmail could not divide."""
        if not self.is_empty:
            return False
        said = self.content_type[: len(_MULTIPART)].lower()
        return self.mime_type.startswith(_MULTIPART) or said == _MULTIPART

    @property
    def parent_type(self) -> str:
        """MIME type of the part around it; ``""`` for the root."""
        return self.parent.mime_type if self.parent else ""

    @property
    def is_piece(self) -> bool:
        """Whether it is a piece of a text that Exchange named as a file."""
        return _NAME_OF_A_PIECE.fullmatch(self.filename) is not None

    @property
    def is_nothing_but_text(self) -> bool:
        """Whether a part that is the whole mail can only be its text."""
        if self.disposition or not self.is_empty or self.mime_type not in BODIES:
            return False
        return self.content_type[: len(_MULTIPART)].lower() != _MULTIPART

    @property
    def is_plainly_text(self) -> bool:
        """Whether it is text of the mail whatever the other parts are."""
        if self.mime_type not in BODIES:
            # A patch or a note without a name belongs to the text; a rendering does not.
            return not self.filename and not self.is_attached and self._is_other_text
        if not self.filename and not self.is_attached:
            return True
        if self.parent is None or self.is_piece:
            return True
        # A rendering of the text, unless both signs say that it is a file.
        return self.parent_type == ALTERNATIVE and not (self.filename and self.is_attached)

    @property
    def _is_other_text(self) -> bool:
        if self.parent_type == ALTERNATIVE or is_data(self.mime_type):
            return False
        return self.mime_type.startswith("text/") and text_type(self.mime_type) == "text/plain"

    @property
    def _read_as(self) -> str:
        if self.mime_type in BODIES:
            return self.mime_type
        if self.mime_type.startswith(_MULTIPART):
            return "text/plain"
        return text_type(self.mime_type) or self.type_by_name or self.mime_type

    def body(self, mime_type: str = "") -> BodyPart:
        """Return the part as a text.

        Args:
            mime_type: The type as which it is read, if not its own.
        """
        return BodyPart(
            part_id=self.part_id,
            mime_type=mime_type or self._read_as,
            charset=charset_of(self.content_type),
            slot=self.slot,
            data=self.data,
            attachment_id=self.attachment_id,
            size=self.size,
            content_type=self.content_type,
        )


def size_of(value: object) -> int:
    """Return a size from JSON as a number that fits an integer column.

    Args:
        value: A number of bytes; anything else counts as 0.

    Returns:
        0 to ``MAX_SIZE``.
    """
    return max(0, min(value, MAX_SIZE)) if isinstance(value, int) else 0
