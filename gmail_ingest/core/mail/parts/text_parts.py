"""Which parts of a mail are its text.

Holds: ``text_parts`` and ``has_words``.
Add here: a way in which senders hide the text of a mail from a simple rule.
Keep out: facts of one part (``leaf``), how texts become one (``bodies``).
Source: case 07, mail 18. One sign is not enough: a file name does not make a file of the only
possible text, and where there is a text, a file stays a file.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from gmail_ingest.core.mail.charsets.charsets import decode_base64url
from gmail_ingest.core.mail.parts.leaf import BodyPart, Leaf
from gmail_ingest.core.mail.parts.part_types import ALTERNATIVE, is_data, text_type

#: Invisible characters that senders put into an empty text; str.strip removes only some.
INVISIBLE = " \t\n\r\x0b\x0c\xa0\u200b\u200c\u200d\u2060\ufeff\xad\u034f\ufffd"

# Programs write an empty text beside a file: some line ends, or an HTML frame.
_MAX_EMPTY_CHARS = 3_000
_TAG_OR_ENTITY = re.compile(r"<[^<>]*>|&nbsp;|&#160;")
# A named text costs a fetch, and a log of megabytes is no letter.
_MAX_NAMED_TEXT = 1_000_000
# A text to be fetched that has no more bytes may be empty, too.
_MAX_EMPTY_BYTES = 1_000
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


class TextParts(NamedTuple):
    """The parts that are the text of a mail.

    Attributes:
        texts: In their order.
        also_files: Those of them that are also files: a mail that is one named file, and a named
            text beside an empty one.
    """

    texts: list[Leaf]
    also_files: list[Leaf]


def text_parts(leaves: Sequence[Leaf], fetched: Mapping[str, bytes] = _NOTHING) -> TextParts:
    """Return the parts that are the text of a mail.

    Args:
        leaves: The parts of the mail, without those of enclosed mails.
        fetched: Part id to raw bytes, for parts that came without their content.
    """
    plain = [leaf for leaf in leaves if leaf.is_plainly_text]
    if len(plain) == len(leaves):
        return TextParts(plain, [leaf for leaf in plain if leaf.is_attached and leaf.filename])
    others = _other_texts([leaf for leaf in leaves if not leaf.is_plainly_text])
    if not others or any(has_words(leaf, fetched) for leaf in plain):
        return TextParts(plain, [])
    also_files = [leaf for leaf in others if leaf.filename and (plain or leaf.type_by_name)]
    return TextParts(sorted((*plain, *others), key=lambda leaf: leaf.number), also_files)


def _other_texts(leaves: Iterable[Leaf]) -> list[Leaf]:
    """Return the parts that a person takes for the text where none is plainly so."""
    readable = [leaf for leaf in leaves if _is_readable(leaf)]
    for question in _QUESTIONS:
        found = next((leaf for leaf in readable if question(leaf)), None)
        if found is not None:
            return [leaf for leaf in readable if leaf is found or _is_beside(leaf, found)]
    return []


def _is_readable(leaf: Leaf) -> bool:
    if leaf.is_attached and leaf.filename and leaf.parent_type != ALTERNATIVE:
        return False
    if leaf.filename and (is_data(leaf.mime_type) or leaf.size > _MAX_NAMED_TEXT):
        return False
    return bool(text_type(leaf.mime_type) or leaf.type_by_name) or leaf.is_undivided


def _is_named_body(leaf: Leaf) -> bool:
    return leaf.mime_type in {"text/plain", "text/html"}


def _is_nameless(leaf: Leaf) -> bool:
    return not leaf.filename


def _is_any(leaf: Leaf) -> bool:
    return leaf.has_content


_QUESTIONS: tuple[Callable[[Leaf], bool], ...] = (_is_named_body, _is_nameless, _is_any)


def _is_beside(leaf: Leaf, found: Leaf) -> bool:
    return leaf.slot == found.slot and _is_named_body(leaf) and _is_named_body(found)


def has_words(leaf: Leaf | BodyPart, fetched: Mapping[str, bytes] = _NOTHING) -> bool:
    """Tell whether a text is more than empty.

    Args:
        leaf: A part of type text/plain or text/html.
        fetched: As of ``text_parts``.

    Returns:
        By its content; for a text that is still to be fetched, whether it is too long to be empty.
    """
    if len(leaf.data) > _MAX_EMPTY_CHARS:
        return True
    raw = decode_base64url(leaf.data) if leaf.data else fetched.get(leaf.part_id)
    if raw is None:
        return leaf.attachment_id is not None and leaf.size > _MAX_EMPTY_BYTES
    if len(raw) > _MAX_EMPTY_CHARS:
        return True
    # UTF-16 has a zero in every second byte.
    text = raw.replace(b"\x00", b"").decode("utf-8", "replace")
    if leaf.mime_type == "text/html" and "<img" not in text.lower():
        text = _TAG_OR_ENTITY.sub("", text)
    return bool(text.strip(INVISIBLE))
