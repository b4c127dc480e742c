"""Header fields of a Gmail message part.

Holds: ``Headers`` (case-insensitive, duplicates kept in order), parameters of a structured
field, and message ids.
Add here: the reading of another kind of header value.
Keep out: addresses (``addresses``), what a header says about the mail (``classify``).
Source: the Gmail API keeps case, order and duplicates of names; RFC 5322 and RFC 2045.
"""

import re

from gmail_ingest.core.encoded_words import decode_words, repaired
from gmail_ingest.core.text import TextCleaner, single_line

_CHARSET = re.compile(r"""\bcharset\*?\s*=\s*["']?([^\s"';]{1,80})""", re.IGNORECASE)


class Headers:
    """The header fields of one part, by lower-cased name.

    Args:
        fields: ``headers`` of a MessagePart: ``[{name, value}]``; anything else counts as none.
        cleaner: Makes each value that is read storable.
    """

    __slots__ = ("_cleaner", "_values")

    def __init__(self, fields: object, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        self._values: dict[str, list[str]] = {}
        for field in fields if isinstance(fields, list) else ():
            if not isinstance(field, dict):
                continue
            name, value = field.get("name"), field.get("value")
            if isinstance(name, str) and isinstance(value, str):
                self._values.setdefault(name.strip().lower(), []).append(value)

    def __contains__(self, name: str) -> bool:
        """Tell whether a field is there (the name in lower case)."""
        return name in self._values

    def has_any(self, names: frozenset[str]) -> bool:
        """Tell whether one of several fields is there (the names in lower case)."""
        return not self._values.keys().isdisjoint(names)

    def every(self, name: str) -> list[str]:
        """Return all values of a field.

        Args:
            name: In lower case.

        Returns:
            The values in their order, storable, otherwise as sent.
        """
        return [self._cleaner.clean(value) for value in self._values.get(name, ())]

    def first(self, name: str) -> str:
        """Return the first value of a field, or ``""``.

        Args:
            name: In lower case.

        Returns:
            The value on one line, not decoded.
        """
        values = self._values.get(name)
        return single_line(self._cleaner.clean(values[0])) if values else ""

    def decoded(self, name: str) -> str:
        """Return the first value of a field of free text, or ``""``.

        Args:
            name: In lower case.

        Returns:
            The value on one line, with encoded words decoded.
        """
        return self.readable(self.first(name))

    def readable(self, value: str) -> str:
        """Return a value on one line, storable, with encoded words decoded.

        UTF-8 that was read as Latin-1 on the way is repaired where that is certain.

        Args:
            value: A header value, or a part of one.

        Returns:
            The value. A decoded word may hold anything, so it is cleaned again.
        """
        if "=?" not in value:
            return single_line(value if value.isascii() else repaired(value))
        return single_line(self._cleaner.clean(decode_words(value)))


def charset_of(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type value.

    Args:
        content_type: The value of the field.

    Returns:
        The label as sent, or None.
    """
    match = _CHARSET.search(content_type)
    return match.group(1) if match else None


def message_ids(value: str) -> tuple[str, ...]:
    """Return the message ids of an In-Reply-To or References value.

    Args:
        value: The value of the field.

    Returns:
        Each id once, in order, with its angle brackets as sent. Words that are no id
        (``Your message of Tuesday``) are left out; malformed ids are kept.
    """
    tokens = value.replace("><", "> <").split()
    return tuple(dict.fromkeys(t for t in tokens if t[0] == "<" or ("@" in t and t[-1] == ">")))
