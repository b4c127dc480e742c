"""The machine-readable parts of reports, wherever Gmail puts their content.

Holds: ``report_parts``. Add here: another MIME type of such a part.
Keep out: what they say (``delivery_status``, ``reports``).
Source: RFC 6522 (multipart/report), RFC 3464, RFC 8098, RFC 5965, RFC 8460, RFC 6533.

Public reports say that Gmail gives message/delivery-status as a container with a text/plain
child; content in the part itself, and content by attachment id, are read, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gmail_ingest.core.charsets import decode_base64url, decode_inline
from gmail_ingest.core.parts import MAX_PARTS, size_of
from gmail_ingest.core.text import TextCleaner, single_line, unix_lines

ReportKind = Literal["delivery", "disposition", "feedback", "figures"]

# A report about a thousand recipients.
_MAX_CHARS = 300_000
_KINDS: Mapping[str, ReportKind] = {
    "message/delivery-status": "delivery",
    "message/global-delivery-status": "delivery",
    "message/disposition-notification": "disposition",
    "message/global-disposition-notification": "disposition",
    "message/feedback-report": "feedback",
    "message/tracking-status": "figures",
    "application/tlsrpt+gzip": "figures",
    "application/tlsrpt+json": "figures",
}
# The mail that is reported about, whose own parts say nothing of this one.
_ORIGINALS = frozenset({"message/rfc822", "message/global"})


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part for programs.

    Attributes:
        kind: What is reported.
        text: Its content; ``""`` where that is to be fetched.
        part_id: Gmail's position of the part.
        mime_type: Lower-cased.
        attachment_id: Where the content is to be fetched, or None. Short-lived.
        size: Bytes.
    """

    kind: ReportKind
    text: str
    part_id: str
    mime_type: str
    attachment_id: str | None
    size: int


def report_parts(
    payload: object, fetched: Mapping[str, bytes], cleaner: TextCleaner
) -> list[ReportPart]:
    """Return the parts of a report that are for programs.

    Args:
        payload: ``payload`` of a Message; anything but an object has none.
        fetched: Part id to content, for parts that came without.
        cleaner: Makes texts storable.

    Returns:
        In their order; those of enclosed mail are not looked for.
    """
    found: list[ReportPart] = []
    for part, mime_type in _walk(payload, cleaner):
        kind = _KINDS.get(mime_type)
        if kind is None:
            continue
        content = _content(part)
        part_id = cleaner.identifier(part.get("partId"))
        text = "" if kind == "figures" else _text(part, fetched.get(part_id), cleaner)
        attachment_id = content.get("attachmentId")
        found.append(
            ReportPart(
                kind=kind,
                text=text,
                part_id=part_id,
                mime_type=mime_type,
                attachment_id=attachment_id if isinstance(attachment_id, str) else None,
                size=size_of(content.get("size")),
            )
        )
    return found


def missing_reports(payload: object, cleaner: TextCleaner) -> list[ReportPart]:
    """Return the parts of a report whose content Gmail did not send along.

    Args:
        payload: ``payload`` of a Message.
        cleaner: Makes texts storable.

    Returns:
        Those of multipart/report that say what is reported; none that are too long for it.
    """
    mime_type = payload.get("mimeType") if isinstance(payload, dict) else None
    if not isinstance(mime_type, str) or mime_type.lower() != "multipart/report":
        return []
    return [
        part
        for part in report_parts(payload, {}, cleaner)
        if part.kind != "figures" and not part.text and part.size <= _MAX_CHARS
    ]


def _walk(payload: object, cleaner: TextCleaner) -> Iterator[tuple[Mapping[str, Any], str]]:
    stack = [payload]
    seen = 0
    while stack and seen < MAX_PARTS:
        part = stack.pop()
        seen += 1
        if not isinstance(part, dict):
            continue
        mime_type = single_line(cleaner.clean(part.get("mimeType"))).lower()
        yield part, mime_type
        below = part.get("parts")
        if isinstance(below, list) and mime_type not in _ORIGINALS and mime_type not in _KINDS:
            stack.extend(reversed(below))


def _text(part: Mapping[str, Any], fetched: bytes | None, cleaner: TextCleaner) -> str:
    if fetched is not None:
        return cleaner.clean(unix_lines(decode_inline(fetched[:_MAX_CHARS], None)[0]))
    texts: list[str] = []
    size = 0
    stack: list[object] = [part]
    while stack and size < _MAX_CHARS and len(texts) < MAX_PARTS:
        each = stack.pop()
        if not isinstance(each, dict):
            continue
        data = _content(each).get("data")
        raw = decode_base64url(data[: 2 * _MAX_CHARS]) if isinstance(data, str) else None
        texts.append(decode_inline(raw or b"", None)[0])
        size += len(texts[-1])
        below = each.get("parts")
        if isinstance(below, list):
            stack.extend(reversed(below))
    return cleaner.clean(unix_lines("\n\n".join(texts)))


def _content(part: Mapping[str, Any]) -> Mapping[str, Any]:
    content = part.get("body")
    return content if isinstance(content, dict) else {}
