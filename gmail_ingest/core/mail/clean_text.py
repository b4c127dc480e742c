"""Text that Postgres, JSON and a terminal all accept.

Holds: ``TextCleaner`` (no NUL, no lone surrogate, and it remembers that it had to act),
``single_line`` and ``unix_lines``.
Add here: a rule that every text of a message must follow.
Keep out: charsets (``charsets``), header syntax (``headers``), what a text means.
Source: PostgreSQL refuses U+0000 in text and jsonb, and UTF-8 has no surrogates.
"""

import re

REPLACEMENT = "\ufffd"
#: Gmail's ids and labels have some dozens. A longer one would break an index entry, and with it
#: the batch that its message is stored in.
MAX_ID_CHARS = 255

_CONTROL = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class TextCleaner:
    """Replaces what no database takes; one per message.

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
            The string with each NUL and each lone surrogate as U+FFFD, and with surrogate halves
            that stand side by side joined; ``""`` for what is no string.
        """
        if not isinstance(value, str):
            return ""
        if "\x00" not in value and (value.isascii() or not _has_surrogates(value)):
            return value
        self.replaced = True
        joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return joined.replace("\x00", REPLACEMENT)

    def identifier(self, value: object) -> str:
        """Return the value as the id that it should be.

        Args:
            value: Anything out of decoded JSON.

        Returns:
            As ``clean``; ``""`` for what is longer than ``MAX_ID_CHARS``, since part of an id would
            be another id.
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
        The text with each run of these (and the blanks around it) as one blank, and stripped.
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
