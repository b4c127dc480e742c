"""HTML of a mail to readable text.

Holds: ``html_to_text``.
Add here: the mark of another mail program's quotes.
Keep out: sanitising HTML for a browser, finding quotes in plain text (``reply_text``).
Source: docs/decisions/0002-html-to-text-and-reply-stripping.md.
"""

import re

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

# A tree takes some ten times its source in memory; HTML beyond this is pasted images and logs.
MAX_HTML_CHARS = 4_000_000

# Apple Mail, Thunderbird and many others mark cited text with the type; Gmail with its class.
_QUOTE = 'blockquote[type="cite"], blockquote.gmail_quote'
# An answer between quotes has a dozen; each costs one more look at the tree.
_MAX_QUOTES = 100
_EMPTY_LINES = re.compile(r"\n{3,}")


def html_to_text(html: str) -> str:
    """Return what a reader sees of an HTML text.

    Args:
        html: HTML, however broken, without lone surrogates. Text past ``MAX_HTML_CHARS`` is not
            looked at.

    Returns:
        The text with paragraphs, lists and table rows on lines of their own, without scripts,
        styles, link targets and pictures. Lines of a quoted mail start with ``> ``, as in plain
        mail, so that ``reply_text`` has one notation to know.
    """
    document = html[:MAX_HTML_CHARS]
    text = _plain(_with_marked_quotes(document) if "<blockquote" in document.lower() else document)
    lines = [line.rstrip() for line in text.replace("\xa0", " ").split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _plain(document: str | HTMLTree) -> str:
    return extract_plain_text(document, preserve_formatting=True, alt_texts=False)


def _with_marked_quotes(document: str) -> HTMLTree:
    tree = HTMLTree.parse(document)
    root = tree.document
    if root is None:
        return tree
    # Never the whole list of quotes: reading it takes quadratic time on nested ones. The first in
    # the document is an outermost one, and taking it out takes those inside along.
    for _ in range(_MAX_QUOTES):
        quote = root.query_selector(_QUOTE)
        if quote is None:
            break
        marked = root.create_element("pre")
        marked.text = "\n".join(f"> {line}" for line in _plain(quote.html).split("\n"))
        quote.replace_with(marked)
    return tree
