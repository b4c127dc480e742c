"""Which parts of a mail are files to a person.

Holds: ``file_part`` (which parts are listed) and ``attachments_of`` (which of them are inline).
Add here: a kind of part that programs add and nobody attached.
Keep out: which part is the text (``text_parts``).
Source: case 02, mail 20, 21 and 40; RFC 2392 (cid), RFC 2557 (Content-Location).
Content-Disposition (``inline``, ``attachment``) is about display, and half of the programs write
the same for every part. So the rule checks whether the text uses the part.
"""

import html as entities
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from gmail_ingest.core.mail.message import Attachment
from gmail_ingest.core.mail.parts.leaf import Leaf
from gmail_ingest.core.mail.parts.part_types import (
    ALTERNATIVE,
    BODIES,
    CALENDARS,
    CONTROL,
    ENCLOSED_MAILS,
    ENCRYPTED,
    LAYOUT,
    RENDERINGS,
    REPORT,
    SEALED_MAILS,
    SIGNATURES,
    SIGNED,
    text_type,
)

_INVITATION = "invite.ics"
_SIGNATURE_NAMES = (".p7s", "signature.asc")
# Types that HTML shows inside the text; a document stays a file even if the HTML names it.
_SHOWN = ("image/", "audio/", "video/", "font/", "text/css")
_PICTURES = (
    ".png", ".apng", ".gif", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".avif", ".heic",
    ".heif", ".svg", ".ico", ".tif", ".tiff",
)  # fmt: skip
# Files that Outlook adds to its HTML, for editing it again.
_EDITING_DATA = (".mso", ".wmz", ".emz", ".wmf", ".emf", ".thmx")
# A picture of one pixel: 43 bytes as GIF, 67 to 95 as PNG.
_MAX_SPACER = 100

_MAX_HTML_CHARS = 4_000_000
# Around a Content-ID there may be comments or quotes.
_ID = re.compile(r"<\s{0,9}([^<>\s]{1,998})\s{0,9}>")
# Outlook writes [cid:image001.png] where it makes plain text of its HTML; a srcset names several.
_CID = re.compile(r"cid:((?:(?!,\s{0,9}cid:)[^\"'>)\]]){1,998})", re.IGNORECASE)
_PLACE = re.compile(
    r"(?:\b(?:src|background|data|poster)\s{0,9}=\s{0,9}|\burl\()[\"']?([^\"'>)]{1,998})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part that is listed as a file.

    Attributes:
        attachment: The file as known without the HTML; ``inline`` where it belongs to the text in
            any case.
        location: The Content-Location, or ``""``.
        is_attached: The sender's program calls it an attachment.
    """

    attachment: Attachment
    location: str
    is_attached: bool


def file_part(leaf: Leaf, *, alone: bool) -> FilePart | None:
    """Return a part as a file, or None if it is none.

    Args:
        leaf: A part that is not the text of the mail, or is also a file.
        alone: The mail has no text beside it.
    """
    if not _is_listed(leaf):
        return None
    # Gmail writes both; programs that resend its mail drop Content-ID.
    named = leaf.headers.first("content-id") or leaf.headers.first("x-attachment-id")
    bracketed = _ID.search(named)
    content_id = bracketed[1] if bracketed else named.strip('<>" ')
    attachment = Attachment(
        part_id=leaf.part_id,
        filename=leaf.filename or (_INVITATION if leaf.mime_type in CALENDARS else ""),
        mime_type=leaf.mime_type,
        size=leaf.size,
        content_id=content_id or None,
        inline=_belongs_to_text(leaf, alone=alone),
    )
    return FilePart(attachment, leaf.headers.first("content-location"), leaf.is_attached)


def attachments_of(files: Iterable[FilePart], html: str, text: str) -> tuple[Attachment, ...]:
    """Return the files of a mail.

    Args:
        files: In their order.
        html: The HTML of the mail, ``""`` where it has none.
        text: Its text, used where there is no HTML.

    Returns:
        Each with ``inline`` set where it belongs to the text: a signature, another rendering of the
        text, a part that the HTML shows, an invisible picture, and, where there is no HTML, a
        picture without a name.
    """
    listed = tuple(files)
    if not listed:
        return ()
    if not html and not text.strip():
        return tuple(file.attachment for file in listed)
    shown = _Shown(html or text, is_html=bool(html))
    return tuple(
        _inline(file.attachment) if _is_shown(file, shown) else file.attachment for file in listed
    )


class _Shown:
    """The names by which a text refers to parts of its mail; read at the first question."""

    def __init__(self, source: str, *, is_html: bool) -> None:
        self.is_html = is_html
        self._html = source[:_MAX_HTML_CHARS]
        self._ids: set[str] | None = None
        self._places: set[str] | None = None

    def has_id(self, content_id: str) -> bool:
        if self._ids is None:
            self._ids = _names(_CID.findall(self._html))
        return _plain_name(content_id) in self._ids

    def has_place(self, location: str) -> bool:
        if self._places is None:
            self._places = _names(_PLACE.findall(self._html))
        wanted = _plain_name(location)
        # The HTML may have only the last segments of an address.
        steps = wanted.split("/")[-4:]
        ends = ("/".join(steps[start:]) for start in range(len(steps)))
        return wanted in self._places or any(end in self._places for end in ends if end)


def _names(found: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for value in found:
        # Without quotes, an attribute ends at a blank.
        names.update((_plain_name(value), _plain_name(value.partition(" ")[0])))
    return names


def _plain_name(name: str) -> str:
    return unquote(entities.unescape(name)).strip("<> \t\r\n").removeprefix("//").lower()


def _is_listed(leaf: Leaf) -> bool:
    kind = leaf.mime_type
    if kind in CONTROL and (not leaf.filename or leaf.parent_type in {REPORT, ENCRYPTED}):
        return False
    if kind.startswith("multipart/"):
        return leaf.has_content
    if leaf.filename or leaf.is_attached:
        # Old Macintosh files come as two parts with one name; the first is not the content.
        return not (kind == "application/applefile" and leaf.position == 0 and _is_double(leaf))
    if kind.startswith("message/"):
        return True
    if text_type(kind) and (kind in BODIES or leaf.parent_type == ALTERNATIVE):
        return False
    return leaf.has_content and kind not in RENDERINGS


def _is_double(leaf: Leaf) -> bool:
    return leaf.parent_type == "multipart/appledouble"


def _belongs_to_text(leaf: Leaf, *, alone: bool) -> bool:
    kind = leaf.mime_type
    if kind in SIGNATURES or kind in LAYOUT or leaf.filename.lower().endswith(_SIGNATURE_NAMES):
        return True
    # RFC 1847: the parts behind the first are the signature, or the encrypted data.
    if leaf.parent_type in {SIGNED, ENCRYPTED} and leaf.position > 0:
        return not kind.startswith(("text/", "multipart/"))
    if leaf.parent_type == REPORT and kind in ENCLOSED_MAILS:
        return True
    is_whole = alone and leaf.parent is None
    if is_whole and kind in SEALED_MAILS:
        return True
    if leaf.is_attached:
        return False
    if leaf.parent_type == ALTERNATIVE and (kind in CALENDARS or not leaf.filename):
        return True
    return is_whole and kind in CALENDARS


def _is_shown(file: FilePart, shown: _Shown) -> bool:
    attachment = file.attachment
    if attachment.inline:
        return True
    is_picture = attachment.mime_type.startswith("image/")
    if is_picture and not file.is_attached and _is_unseen(attachment, is_html=shown.is_html):
        return True
    if not attachment.mime_type.startswith(_SHOWN) and not _is_shown_by_name(attachment):
        return False
    if attachment.content_id and shown.has_id(attachment.content_id):
        return True
    # Some programs refer to a picture by its file name, without a Content-ID.
    if attachment.filename and shown.has_id(attachment.filename):
        return True
    place = file.location or attachment.filename
    return shown.is_html and bool(place) and shown.has_place(place)


def _is_shown_by_name(attachment: Attachment) -> bool:
    if not attachment.mime_type.startswith("application/"):
        return False
    return not attachment.filename or attachment.filename.lower().endswith(
        (*_PICTURES, *_EDITING_DATA)
    )


def _is_unseen(picture: Attachment, *, is_html: bool) -> bool:
    """Tell whether a picture is a spacer in HTML, or has no name beside plain text."""
    if not is_html:
        return not picture.filename
    if not 0 < picture.size <= _MAX_SPACER:
        return False
    return not picture.filename or picture.mime_type == "image/gif"


def _inline(attachment: Attachment) -> Attachment:
    return attachment if attachment.inline else replace(attachment, inline=True)
