"""Text that Postgres, JSON and a terminal all accept.

Holds: ``TextCleaner`` (replaces NUL and lone surrogates, and remembers that it did),
``single_line`` and ``unix_lines``.
Add here: a rule that every text of a message must follow.
Keep out: charsets (``charsets``), header syntax (``headers``), what a text means.
Source: PostgreSQL refuses U+0000 in text and jsonb, and UTF-8 has no surrogates.
"""

import re

REPLACEMENT = "\ufffd"
#: Gmail's ids and labels have a few dozen characters. A longer one would not fit an index entry,
#: and the whole batch of its message would fail.
MAX_ID_CHARS = 255

_CONTROL = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class TextCleaner:
    """Replaces the characters that PostgreSQL and UTF-8 refuse; one per message.

    Attributes:
        replaced: True once anything had to be replaced.
    """

    __slots__ = ("replaced",)

    def __init__(self) -> None:
        self.replaced = False

    def clean(self, value: object) -> str:
        """Return the value as storable text.

        Args:
            value: Anything out of decoded JSON.

        Returns:
            The string. A NUL or a lone surrogate becomes U+FFFD; two surrogate halves side by side
            become one character. ``""`` for anything but a string.
        """
        if not isinstance(value, str):
            return ""
        if "\x00" not in value and (value.isascii() or not _has_surrogates(value)):
            return value
        self.replaced = True
        joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return joined.replace("\x00", REPLACEMENT)

    def identifier(self, value: object) -> str:
        """Return the value as a storable id.

        Args:
            value: Anything out of decoded JSON.

        Returns:
            As ``clean``; ``""`` where it is longer than ``MAX_ID_CHARS``: a shortened id could be
            another's.
        """
        cleaned = self.clean(value)
        if len(cleaned) <= MAX_ID_CHARS:
            return cleaned
        self.replaced = True
        return ""


def _has_surrogates(value: str) -> bool:
    # Four times as fast as a pattern.
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def single_line(value: str) -> str:
    """Return the text on one line, so that a header's value cannot start another.

    Args:
        value: Text that may hold line breaks and control characters.

    Returns:
        The text, stripped; each run of them, with the blanks around it, becomes one blank.
    """
    if value.isprintable():
        return value.strip()
    return _CONTROL.sub(" ", value).strip()


def unix_lines(value: str) -> str:
    """Return the text with line feeds as its only line ends.

    Args:
        value: Text with the line ends of mail (CRLF), or any mixture.

    Returns:
        The same lines.
    """
    if "\r" not in value:
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n")
