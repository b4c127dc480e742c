"""Puts signs around quotes and signatures in a tree of HTML, so that its text shows them.

Holds: ``marked_text``, and the signs: ``opening_sign`` and ``closing_sign``.
Add here: another check of a mark that needs the tree.
Keep out: names of programs (``html_marks``), what a mark means for a line (``html_regions``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

from typing import Final, NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from gmail_ingest.core.mail.text.html_marks import (
    HIDDEN,
    PROGRAMS,
    SIGN_OF_HIDDEN,
    SIGNS_OF_MARKS,
    SIGNS_OF_QUOTES,
    Mark,
)

# Code points that no text has: Unicode keeps them for use inside a program.
_FIRST_SIGN: Final = 0xFDD0
_SEEN: Final = "data-seen-mark"
# A mail with answers between quotes has a dozen marks. Each costs a search from the tree's start.
_MAX_LOOKS: Final = 100
_MIN_LOOKS: Final = 10
_MAX_CHARS_LOOKED_AT: Final = 20_000_000
# Bare quotes prove least, and a page laid out with them has hundreds.
_MAX_BARE_QUOTES: Final = 10
# How Gmail's and others' editors indent a paragraph.
_INDENT: Final = "40px"


def _all_of(*marks: Mark) -> str:
    return ", ".join(
        name for _, names in PROGRAMS for mark in marks for name in names.get(mark, ())
    )


_CONTAINER: Final = _all_of(Mark.CONTAINER)
_SIGNATURE: Final = _all_of(Mark.SIGNATURE, Mark.LOOSE_SIGNATURE)
_KIN: Final = {
    Mark.CONTAINER: _CONTAINER,
    Mark.SIGNATURE: _SIGNATURE,
    Mark.LOOSE_SIGNATURE: _SIGNATURE,
}
# iOS gives lines typed below its signature the same id, beside it.
_TWO_APPLE_SIGNATURES: Final = '[id="AppleMailSignature"] ~ [id="AppleMailSignature"]'


def opening_sign(mark: Mark) -> str:
    """Return the character that marks where a part of the mail begins."""
    return chr(_FIRST_SIGN + 2 * mark)


def closing_sign(mark: Mark) -> str:
    """Return the character that marks where a part of the mail ends."""
    return chr(_FIRST_SIGN + 2 * mark + 1)


class MarkedText(NamedTuple):
    """The text of HTML, and whether there are signs in it.

    A ``Mark.QUOTE`` has no signs of marks inside it.
    """

    text: str
    has_signs: bool


def marked_text(document: str) -> MarkedText:
    """Return the text of HTML, with signs where a mark begins and ends.

    Args:
        document: HTML, however broken, without lone surrogates.
    """
    lowered = document.lower()
    # Each selector is tried on each element: only those that may fit are used.
    skipped = None
    if SIGN_OF_HIDDEN in lowered:
        skipped = [selector for sign, selector in HIDDEN if sign in lowered] or None
    if not _may_have_marks(lowered):
        return MarkedText(_plain(document, skipped), has_signs=False)
    tree = HTMLTree.parse(document)
    marked = tree.document is not None and _Marker(tree.document, lowered, skipped).mark()
    return MarkedText(_plain(tree, skipped), has_signs=marked)


def _may_have_marks(lowered: str) -> bool:
    if "quote" in lowered and any(map(lowered.__contains__, SIGNS_OF_QUOTES)):
        return True
    return any(map(lowered.__contains__, SIGNS_OF_MARKS))


def _plain(document: str | HTMLTree, skipped: list[str] | None) -> str:
    text = extract_plain_text(
        document, preserve_formatting=True, alt_texts=False, skip_elements=skipped
    )
    # If nothing is visible, the sender's program made a mistake: read the hidden text.
    return text if text.strip() or not skipped else _plain(document, None)


def _selectors_in(lowered: str) -> dict[Mark, str]:
    """Return the selectors of each mark, of the programs that may have written the HTML."""
    found: dict[Mark, list[str]] = {}
    for sign, marks in PROGRAMS:
        if sign in lowered:
            for mark, names in marks.items():
                unseen = (f"{name}:not([{_SEEN}])" for name in names)
                found.setdefault(mark, []).extend(unseen)
    return {mark: ", ".join(names) for mark, names in found.items()}


def _is_inside(element: ElementNode, names: str) -> bool:
    parent = element.parent_element
    return parent is not None and parent.closest(names) is not None


class _Marker:
    """One document, and the selectors that are searched for in it."""

    def __init__(self, root: DocumentNode, lowered: str, skipped: list[str] | None) -> None:
        self._root = root
        self._skipped = skipped
        self._names = _selectors_in(lowered)
        affordable = _MAX_CHARS_LOOKED_AT // (len(lowered) + 1)
        self._looks = max(_MIN_LOOKS, min(_MAX_LOOKS, affordable))
        self._bare_quotes = 0
        self._marked = False

    def mark(self) -> bool:
        """Put signs around each mark; return whether there is any."""
        # Never all quotes at once: that takes quadratic time where they are nested. The first in
        # the document is an outermost one.
        for _ in range(self._looks):
            names = ", ".join(self._names.values())
            element = self._root.query_selector(names) if names else None
            if element is None:
                break
            self._take(element)
        return self._marked

    def _take(self, element: ElementNode) -> None:
        mark = next((m for m, names in self._names.items() if element.matches(names)), None)
        element.setattr(_SEEN, "")
        if mark is None or not self._counts(element, mark):
            return
        self._marked = True
        if mark is Mark.NAMED_QUOTE and _is_inside(element, _CONTAINER):
            mark = Mark.QUOTE
        if mark is Mark.QUOTE:
            # The quotes inside go with it: a thread of fifty mails costs one search.
            lines = opening_sign(mark), _plain(element.html, self._skipped), closing_sign(mark)
            element.replace_with(self._node("pre", "\n".join(lines)))
            return
        element.prepend(self._node("div", opening_sign(mark)))
        if mark is not Mark.REST:
            element.append(self._node("div", closing_sign(mark)))

    def _counts(self, element: ElementNode, mark: Mark) -> bool:
        if mark is Mark.BARE_QUOTE:
            self._bare_quotes += 1
            if self._bare_quotes == _MAX_BARE_QUOTES:
                del self._names[mark]
            return _INDENT not in (element.getattr("style") or "")
        if mark is Mark.APPLE_SIGNATURE:
            return self._root.query_selector(_TWO_APPLE_SIGNATURES) is None
        # A mark inside another of its kind adds nothing, and thousands would multiply the work.
        return mark not in _KIN or not _is_inside(element, _KIN[mark])

    def _node(self, tag: str, text: str) -> ElementNode:
        node = self._root.create_element(tag)
        node.text = text
        return node
