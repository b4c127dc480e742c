"""Prepares a raw mail once, so that it can be served by joining bytes.

Holds: the JSON of Gmail's payload with holes for attachment ids, the snippet, the search text.
Add here: what Gmail's payload says about a part. Keep out: message ids and labels (``render.py``),
MIME syntax (``mime.py``).
Source: docs/google.md#parts, #body-text.
"""

import base64
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from gmail_sandbox.forms import Forms
from gmail_sandbox.mail import charsets
from gmail_sandbox.mail.mime import MimePart, parse_mail
from gmail_sandbox.mail.words import normalise, text_of_html

HOLE: Final = b"\xff"
"""Encloses ``offset,length`` where an attachment id belongs; this byte is never in UTF-8."""

SEARCH_FIELDS: Final = (
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "list",
    "deliveredto",
    "filename",
    "body",
)
"""The lines of a search text, in order."""

_REPORTS: Final = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
    }
)
_GLOBAL_HEADERS: Final = frozenset({"message/global-headers"})
_EMPTY_LINE: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD_HEADERS: Final = ("from", "to", "cc", "bcc", "subject", "list-id", "delivered-to")
_SNIPPET_CHARACTERS: Final = 200
# A snippet needs a few lines; an HTML mail may open with as much style sheet.
_SNIPPET_SOURCE: Final = 16_384
_SEARCH_SOURCE: Final = 65_536


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mail as it will be served.

    `snippet` is a JSON string. `head` is the payload object up to its headers; `head + tail` is the
    whole object. `rfc_id`, `in_reply_to` and `references` are header values.
    """

    snippet: bytes
    head: bytes
    tail: bytes
    search: bytes
    rfc_id: str
    in_reply_to: str
    references: str


def prepare(
    raw: bytes, *, store: Callable[[bytes], int], large_body_bytes: int, forms: Forms
) -> Prepared:
    """Prepare a mail; never raises on its content.

    Args:
        raw: the mail as delivered.
        store: keeps the bytes of an attachment and returns their offset.
        large_body_bytes: text bodies larger than this are served by attachment id.
        forms: how parts are served whose form at Gmail is not known.
    """
    root = parse_mail(raw, forms.header_bytes)
    builder = _Builder(raw, store, large_body_bytes, forms)
    head, tail = builder.part(root, embedded=False)
    text = builder.reading_text()
    return Prepared(
        snippet=orjson.dumps(_snippet(text)),
        head=head,
        tail=tail,
        search=_search_text(root, text),
        rfc_id=root.header("message-id"),
        in_reply_to=root.header("in-reply-to"),
        references=root.header("references"),
    )


class _Builder:
    """Writes the JSON of one mail's parts and remembers the text that a reader would see."""

    def __init__(
        self, raw: bytes, store: Callable[[bytes], int], large_body_bytes: int, forms: Forms
    ) -> None:
        self._raw = raw
        self._store = store
        self._large = large_body_bytes
        self._forms = forms
        self._texts: list[tuple[str, str]] = []

    def part(self, part: MimePart, *, embedded: bool) -> tuple[bytes, bytes]:
        """Return the part's JSON up to its headers, and the rest.

        Args:
            part: the part.
            embedded: whether it is inside an attached message, whose text is not this mail's.
        """
        lost = part.mime_type.startswith("multipart/") and not part.parts
        as_text = lost and self._forms.lost_boundary == "text"
        head = orjson.dumps(
            {
                "partId": part.part_id,
                "mimeType": "text/plain" if as_text else part.mime_type,
                "filename": part.filename,
                "headers": [{"name": name, "value": value} for name, value in part.headers],
            }
        )[:-1]
        tail = b',"body":' + self._body(part, embedded=embedded)
        children = self._children(part, embedded=embedded)
        if children:
            tail += b',"parts":[' + b",".join(children) + b"]"
        return head, tail + b"}"

    def _children(self, part: MimePart, *, embedded: bool) -> list[bytes]:
        if _is_report(part):
            return self._blocks(part)
        is_mail = part.mime_type.startswith("message/")
        is_whole = self._forms.enclosed_mail in {"attachmentId", "inline"}
        if is_mail and is_whole and not _is_named(part):
            return []
        return [b"".join(self.part(child, embedded=embedded or is_mail)) for child in part.parts]

    def _blocks(self, part: MimePart) -> list[bytes]:
        """Return the fields of a report as Gmail shows them: in texts below it."""
        text = charsets.to_utf8(part.body(self._raw), "utf-8")
        if self._forms.report == "container":
            blocks = [text]
        elif self._forms.report == "blocks":
            blocks = [block for block in _EMPTY_LINE.split(text) if block.strip()]
        else:
            return []
        return [
            orjson.dumps(
                {
                    "partId": f"{part.part_id}.{number}",
                    "mimeType": "text/plain",
                    "filename": "",
                    "headers": [],
                    "body": {"size": len(block), "data": encode_base64url(block).decode()},
                }
            )
            for number, block in enumerate(blocks)
        ]

    def _body(self, part: MimePart, *, embedded: bool) -> bytes:
        named = _is_named(part)
        form = self._form(part)
        if form == "container":
            return b'{"size":0}'
        data = part.body(self._raw)
        if form == "inline":
            return self._inline(data)
        if form == "attachmentId":
            return self._by_id(data)
        if named or not part.mime_type.startswith(("text/", "multipart/")):
            return self._by_id(data) if data or named else b'{"size":0}'
        if not embedded and part.mime_type != "text/calendar":
            visible = charsets.decode(data[:_SEARCH_SOURCE], part.charset)
            self._texts.append((part.mime_type, visible))
        if len(data) > self._large:
            return self._by_id(data)
        return self._inline(charsets.to_utf8(data, part.charset))

    def _form(self, part: MimePart) -> str:
        """Return how the content of a part comes: ``""`` where its type tells."""
        if _is_report(part):
            return "container" if self._forms.report == "blocks" else self._forms.report
        if part.mime_type in _GLOBAL_HEADERS:
            return self._forms.global_headers
        if part.parts and part.mime_type.startswith("message/"):
            form = "both" if _is_named(part) else self._forms.enclosed_mail
            return "attachmentId" if form == "both" else form
        if part.mime_type.startswith("multipart/") and self._forms.lost_boundary == "empty":
            return "container"
        return "container" if part.parts else ""

    def _inline(self, data: bytes) -> bytes:
        if not data:
            return b'{"size":0}'
        return b'{"size":%d,"data":"%b"}' % (len(data), encode_base64url(data))

    def _by_id(self, data: bytes) -> bytes:
        hole = b"%b%d,%d%b" % (HOLE, self._store(data), len(data), HOLE)
        return b'{"attachmentId":"%b","size":%d}' % (hole, len(data))

    def reading_text(self) -> str:
        """Return the plain text if there is one with words in it, else the text of the HTML."""
        plain = [text for mime_type, text in self._texts if mime_type != "text/html"]
        if any(text.strip() for text in plain):
            return "\n".join(plain)
        return "\n".join(text_of_html(text) for _, text in self._texts)


def _is_named(part: MimePart) -> bool:
    return bool(part.filename) or part.is_attachment


def _is_report(part: MimePart) -> bool:
    return part.mime_type in _REPORTS and not _is_named(part)


def encode_base64url(data: bytes) -> bytes:
    """Return base64url without padding, as Google may send it.

    Args:
        data: any bytes.
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _snippet(text: str) -> str:
    short = " ".join(text[:_SNIPPET_SOURCE].split())[:_SNIPPET_CHARACTERS]
    return html.escape(short).replace("&#x27;", "&#39;")


def _search_text(root: MimePart, text: str) -> bytes:
    values: dict[str, list[str]] = {name: [] for name in _FIELD_HEADERS}
    for name, value in root.headers:
        known = values.get(name.lower())
        if known is not None:
            known.append(value)
    fields = [normalise(" ".join(values[name])) for name in _FIELD_HEADERS]
    fields.append(normalise(" ".join(part.filename for part in root.walk())))
    fields.append(normalise(text[:_SEARCH_SOURCE]))
    return b"\n".join(fields)
