"""Joins the body parts of a mail into one text and one HTML.

Holds: ``join_bodies``.
Add here: a rule about which rendering wins, or how several texts become one.
Keep out: which part is a body (``parts``), HTML to text itself (``html_text``).
Source: edge cases 43 to 47; Apple Mail writes several texts with files between them, mailing
lists append their footer as a part of its own.
"""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gmail_ingest.core.mail.charsets.charsets import (
    decode_base64url,
    decode_declared,
    decode_inline,
)
from gmail_ingest.core.mail.clean_text import TextCleaner, unix_lines
from gmail_ingest.core.mail.parts.leaf import BodyPart
from gmail_ingest.core.mail.parts.text_parts import INVISIBLE
from gmail_ingest.core.mail.text.enriched import is_enriched, plain_of_enriched
from gmail_ingest.core.mail.text.flowed import line_ends_of, unfolded, unmarked
from gmail_ingest.core.mail.text.html_text import html_to_text

# Plain texts of newsletters may say only "see this mail in a browser". Reading HTML takes a third
# of a mail's time, so it is read only for a short text beside long HTML, and replaces the text only
# if it has much more to read.
_LONGEST_STUB = 1_000
_HTML_OF_STUB = 10
_TEXT_OF_STUB = 4
_MORE_THAN_A_STUB = 500


@dataclass(slots=True)
class _Slot:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        plain = "\n".join(self.plain)
        markup = "\n".join(self.html)
        seen = len(plain.strip(INVISIBLE))
        if not markup or seen > _LONGEST_STUB or len(markup) < _HTML_OF_STUB * seen:
            return plain
        text = html_to_text(markup)
        is_stub = len(text) > _TEXT_OF_STUB * seen + _MORE_THAN_A_STUB
        return text if is_stub or not seen else plain

    def as_html(self) -> str:
        if self.html:
            return "\n".join(self.html)
        text = html.escape(unmarked("".join(self.plain)))
        return f'<pre style="white-space: pre-wrap">{text}</pre>'


class Bodies(NamedTuple):
    """The text and the HTML of a mail.

    Attributes:
        text: The plain text of each slot, made from its HTML where it is empty or a stub; the
            sender's own lines that look quoted have ``flowed.OWN_LINE`` in front.
        html: ``""`` where no part has any, else that of each slot (of plain slots in ``<pre>``).
    """

    text: str
    html: str


def join_bodies(
    parts: Iterable[BodyPart], fetched: Mapping[str, bytes], cleaner: TextCleaner
) -> Bodies:
    """Return the text and the HTML of a mail.

    Args:
        parts: The body parts in their order.
        fetched: Part id to raw bytes in the declared charset, for parts without inline data.
        cleaner: Makes texts storable, and notes replaced bytes.
    """
    slots: dict[int, _Slot] = {}
    for part in parts:
        content = decoded_text(part, fetched, cleaner)
        if content:
            slot = slots.setdefault(part.slot, _Slot())
            (slot.html if part.mime_type == "text/html" else slot.plain).append(content)
    found = tuple(slots.values())
    if not any(slot.html for slot in found):
        return Bodies("\n".join(slot.as_text() for slot in found), "")
    if len(found) == 2 and _say_the_same(*found):
        found = (_Slot(found[0].plain, found[1].html),)
    text = "\n".join(slot.as_text() for slot in found)
    return Bodies(text, "\n".join(slot.as_html() for slot in found))


def _say_the_same(first: _Slot, second: _Slot) -> bool:
    """Tell whether two slots are one text, sent once plain and once as HTML."""
    if first.html or second.plain:
        return False
    plain = "".join("\n".join(first.plain).split())
    return plain == "".join(html_to_text("\n".join(second.html)).split())


def decoded_text(part: BodyPart, fetched: Mapping[str, bytes], cleaner: TextCleaner) -> str:
    """Return what a part says.

    Args:
        part: Any part that holds text.
        fetched: As of ``join_bodies``.
        cleaner: Makes the text storable, and notes replaced bytes.

    Returns:
        The text with line feeds, unfolded where it is flowed, without the commands of enriched
        text; ``""`` where there is none.
    """
    is_html = part.mime_type == "text/html"
    if part.data:
        raw = decode_base64url(part.data)
        if raw is None:
            cleaner.replaced = True
            return ""
        decoded = decode_inline(raw, part.charset, is_html=is_html)
    elif part.part_id in fetched:
        decoded = decode_declared(fetched[part.part_id], part.charset, is_html=is_html)
    else:
        return ""
    cleaner.replaced |= decoded.replaced
    text = cleaner.clean(unix_lines(decoded.text).removeprefix("\ufeff"))
    if is_html:
        return text
    if is_enriched(part.content_type):
        return plain_of_enriched(text)
    lines = line_ends_of(part.content_type)
    return unfolded(text, drops_blank=lines.drop_blanks) if lines.flow else text
