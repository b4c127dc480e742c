"""A raw mail prepared once, so that serving it is splicing bytes.

Holds: the JSON of Gmail's payload with holes for attachment ids, the snippet, the search text.
Add here: what Gmail's payload says about a part. Keep out: message ids and labels (``render.py``),
MIME syntax (``mime.py``).
Source: google-facts section 5.
"""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson

from gmail_ingest.sandbox import charsets
from gmail_ingest.sandbox.mime import MimePart, parse_mail
from gmail_ingest.sandbox.words import normalise, text_of_html

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


def prepare(raw: bytes, *, store: Callable[[bytes], int], large_body_bytes: int) -> Prepared:
    """Prepare a mail; never raises on its content.

    Args:
        raw: the mail as delivered.
        store: keeps the bytes of an attachment and returns their offset.
        large_body_bytes: text bodies larger than this are served by attachment id.
    """
    root = parse_mail(raw)
    builder = _Builder(raw, store, large_body_bytes)
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

    def __init__(self, raw: bytes, store: Callable[[bytes], int], large_body_bytes: int) -> None:
        self._raw = raw
        self._store = store
        self._large = large_body_bytes
        self._texts: list[tuple[str, str]] = []

    def part(self, part: MimePart, *, embedded: bool) -> tuple[bytes, bytes]:
        """Return the part's JSON up to its headers, and the rest.

        Args:
            part: the part.
            embedded: it lies inside an attached message, so its text is not this mail's.
        """
        head = orjson.dumps(
            {
                "partId": part.part_id,
                "mimeType": part.mime_type,
                "filename": part.filename,
                "headers": [{"name": name, "value": value} for name, value in part.headers],
            }
        )[:-1]
        tail = b',"body":' + self._body(part, embedded=embedded)
        if part.parts:
            embedded = embedded or part.mime_type.startswith("message/")
            children = (b"".join(self.part(child, embedded=embedded)) for child in part.parts)
            tail += b',"parts":[' + b",".join(children) + b"]"
        return head, tail + b"}"

    def _body(self, part: MimePart, *, embedded: bool) -> bytes:
        named = bool(part.filename) or part.is_attachment
        if part.parts and not (named and part.mime_type.startswith("message/")):
            return b'{"size":0}'
        data = part.body(self._raw)
        if named or not part.mime_type.startswith(("text/", "multipart/")):
            return self._by_id(data) if data or named else b'{"size":0}'
        if not embedded and part.mime_type != "text/calendar":
            visible = charsets.decode(data[:_SEARCH_SOURCE], part.charset)
            self._texts.append((part.mime_type, visible))
        if len(data) > self._large:
            return self._by_id(data)
        data = charsets.to_utf8(data, part.charset)
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
