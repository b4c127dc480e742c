"""Sorts the parts of a Gmail message into texts, files, enclosed mails, calendars, reports.

Holds: ``sort_parts``, and the cheaper question ``has_separate_content``.
Add here: where in the tree a kind of content stands.
Keep out: which part is the text (``text_parts``), what of a part is a file (``files``), decoding
(``bodies``).
Source: docs/google.md#parts; RFC 2046, RFC 2183. Gmail expands message/rfc822: the parts of a
forwarded mail stand below it, and are not this mail's text.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.parts.enclosed import EnclosedMail, enclosed_file, enclosed_mail
from gmail_ingest.core.mail.parts.files import FilePart, file_part
from gmail_ingest.core.mail.parts.leaf import BodyPart, Leaf
from gmail_ingest.core.mail.parts.part_types import ALTERNATIVE, ENCLOSED_MAILS, REPORTS
from gmail_ingest.core.mail.parts.text_parts import text_parts

# Real mail nests less than ten deep; deeper trees are hostile.
MAX_DEPTH = 100
MAX_PARTS = 10_000
#: In ``types``: a multipart whose parts Gmail could not tell apart.
UNDIVIDED = "multipart/*"

# Limits for parts that are read only for search or as reports: few calls, and small parts.
_MAX_FETCHED_MAIL = 1_000_000
_MAX_FETCHED_REPORT = 100_000
_MAX_FETCHES = 10
# An invitation comes once; who sends ten calendar files sends files.
_MAX_FETCHED_CALENDARS = 2
_NOTHING: Mapping[str, bytes] = MappingProxyType({})

_MORE_THAN_FILES = ENCLOSED_MAILS | REPORTS
_TEXT_ONLY = {kind: frozenset({kind}) for kind in ("text/plain", "text/html")}


class SortedParts(NamedTuple):
    """What a message consists of, in the order of its parts.

    A tuple for the reason of ``BodyPart``.

    Attributes:
        bodies: The text of the mail.
        files: The files; ``files.attachments_of`` decides which of them are inline.
        enclosed: The enclosed mails; their parts are in no other field here.
        calendars: Calendar files, also those that are listed as files.
        reports: The machine-readable texts of reports, each with the type of its part.
        types: MIME types of the mail's own parts; ``UNDIVIDED`` where a multipart has none.
        missing: The texts to fetch before the mail is complete.
    """

    bodies: tuple[BodyPart, ...] = ()
    files: tuple[FilePart, ...] = ()
    enclosed: tuple[EnclosedMail, ...] = ()
    calendars: tuple[BodyPart, ...] = ()
    reports: tuple[BodyPart, ...] = ()
    types: frozenset[str] = frozenset()
    missing: tuple[BodyPart, ...] = ()


class _Place(NamedTuple):
    part: Mapping[str, Any]
    depth: int
    slot: int | None
    parent: Leaf | None
    position: int
    mail: list[Leaf]


def sort_parts(
    payload: object,
    headers: Headers,
    cleaner: TextCleaner,
    fetched: Mapping[str, bytes] = _NOTHING,
) -> SortedParts:
    """Sort the parts of a message.

    Args:
        payload: ``payload`` of a Message; anything but an object counts as empty.
        headers: The header fields of the payload itself.
        cleaner: Makes names storable.
        fetched: Part id to raw bytes, for parts that came without their content.

    Returns:
        The sorted parts. An enclosed mail is one file; search finds its words and file names, but
        its files are not files of the outer mail.
    """
    # Nine of ten mails: a single text.
    if isinstance(payload, dict) and not payload.get("parts"):
        leaf = Leaf(payload, headers, cleaner)
        if leaf.is_nothing_but_text:
            body = leaf.body()
            missing = () if body.data or not body.attachment_id else (body,)
            return SortedParts((body,), types=_TEXT_ONLY[leaf.mime_type], missing=missing)
    leaves = _walked(payload, headers, cleaner)
    types = _types(leaves)
    found = text_parts(leaves, fetched)
    only_texts = {leaf.number for leaf in found.texts} - {leaf.number for leaf in found.also_files}
    bodies = tuple(leaf.body() for leaf in found.texts)
    if len(only_texts) == len(leaves):
        return SortedParts(bodies, types=types, missing=_unsent(bodies))
    others = [leaf for leaf in leaves if leaf.number not in only_texts]
    calendars = tuple(leaf.body() for leaf in others if leaf.is_calendar)
    files = tuple(_files(others, alone=not bodies))
    # Most of the others have files and nothing else.
    if not calendars and types.isdisjoint(_MORE_THAN_FILES):
        return SortedParts(bodies, files, types=types, missing=_unsent(bodies))
    reports = tuple(part for leaf in others if leaf.mime_type in REPORTS for part in _report(leaf))
    mails = [leaf for leaf in others if leaf.mime_type in ENCLOSED_MAILS]
    enclosed = tuple(enclosed_mail(leaf, fetched) for leaf in mails)
    in_mails = [
        part
        for leaf, mail in zip(mails, enclosed, strict=True)
        for part in ((*mail.bodies, *mail.calendars) if leaf.inner else (leaf.body(),))
    ]
    return SortedParts(
        bodies=bodies,
        files=files,
        enclosed=enclosed,
        calendars=calendars,
        reports=reports,
        types=types,
        missing=(
            *_unsent(bodies),
            *_unsent_calendars(calendars),
            *_unsent(reports, _MAX_FETCHED_REPORT),
            *_unsent(in_mails, _MAX_FETCHED_MAIL),
        ),
    )


def has_separate_content(payload: object) -> bool:
    """Tell whether the content of any part of a message must be fetched separately.

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


def _walked(payload: object, headers: Headers, cleaner: TextCleaner) -> list[Leaf]:
    """Return the mail's own parts in order; an enclosed mail holds its parts (``inner``)."""
    own: list[Leaf] = []
    stack = [_Place(payload, 0, None, None, 0, own)] if isinstance(payload, dict) else []
    seen = 0
    while stack and seen < MAX_PARTS:
        place = stack.pop()
        leaf = Leaf(
            place.part,
            Headers(place.part.get("headers"), cleaner) if seen else headers,
            cleaner,
            parent=place.parent,
            position=place.position,
            number=seen,
            slot=place.slot,
        )
        place.mail.append(leaf)
        stack.extend(_children(place, leaf, is_own=place.mail is own))
        seen += 1
    return own


def _children(place: _Place, leaf: Leaf, *, is_own: bool) -> list[_Place]:
    """Return the parts in a part, the first at the end."""
    parts = place.part.get("parts")
    if not isinstance(parts, list) or place.depth >= MAX_DEPTH:
        return []
    slot = place.slot
    mail = place.mail
    if leaf.mime_type.startswith("message/"):
        slot = None
        if is_own:
            mail = leaf.inner
    elif leaf.mime_type == ALTERNATIVE:
        slot = leaf.slot
    return [
        _Place(part, place.depth + 1, slot, leaf, position, mail)
        for position, part in reversed(list(enumerate(parts)))
        if isinstance(part, dict)
    ]


def _files(leaves: Sequence[Leaf], *, alone: bool) -> list[FilePart]:
    files: list[FilePart] = []
    for leaf in leaves:
        file = file_part(leaf, alone=alone)
        if file is not None:
            is_mail = leaf.mime_type in ENCLOSED_MAILS
            files.append(enclosed_file(file, leaf) if is_mail else file)
    return files


def _report(leaf: Leaf) -> list[BodyPart]:
    """Return the texts of a report; Gmail may deliver them as parts of the report's part."""
    texts = [leaf] if leaf.data or leaf.attachment_id else leaf.inner
    return [text.body(leaf.mime_type) for text in texts if text.has_content]


def _unsent_calendars(calendars: tuple[BodyPart, ...]) -> tuple[BodyPart, ...]:
    """Return those to fetch: none where one is inline, because the others are its copies."""
    if any(calendar.data for calendar in calendars):
        return ()
    return _unsent(calendars, _MAX_FETCHED_REPORT)[:_MAX_FETCHED_CALENDARS]


def _unsent(parts: Sequence[BodyPart], max_size: int | None = None) -> tuple[BodyPart, ...]:
    """Return those that came without their content; with a bound, a few that are not too long."""
    unsent = tuple([part for part in parts if part.attachment_id and not part.data])
    if max_size is None:
        return unsent
    return tuple(part for part in unsent if part.size <= max_size)[:_MAX_FETCHES]


def _types(leaves: Sequence[Leaf]) -> frozenset[str]:
    types = frozenset([leaf.mime_type for leaf in leaves])
    return types | {UNDIVIDED} if any(leaf.is_undivided for leaf in leaves) else types
