"""Header fields of a Gmail message part.

Holds: ``Headers`` (case-insensitive, duplicates kept in order), parameters of a structured
field, and message ids.
Add here: the reading of another kind of header value.
Keep out: addresses (``addresses``), what a header says about the mail (``classify``).
Source: docs/google.md#headers (case, order and duplicates of names are kept); RFC 5322 and RFC
2045.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

from gmail_ingest.core.mail.charsets.encoded_words import decode_words, repaired
from gmail_ingest.core.mail.clean_text import TextCleaner, single_line

_CHARSET = re.compile(r"""\bcharset\*?\s*=\s*["']?([^\s"';]{1,80})""", re.IGNORECASE)


# No character fits two alternatives, so nothing is read twice.
_PARAMETER = re.compile(
    r""";\s*([^\s=;"()]{1,60})\s*=\s*("(?:[^"\\]|\\.){0,998}"?|[^;\s]{0,998})"""
)
_MAX_PARAMETERS_CHARS = 4_000
_MAX_KNOWN_NAMES = 1_000
_MAX_KNOWN_CHARS = 100


class _Names(dict[str, str]):
    """Field names as sent, and their lower-cased forms; mail programs write a few hundred."""

    def __missing__(self, name: str) -> str:
        lowered = name.strip().lower()
        if len(self) < _MAX_KNOWN_NAMES and len(name) <= _MAX_KNOWN_CHARS:
            self[name] = lowered
        return lowered


_NAMES = _Names()


class Headers:
    """The header fields of one part, by lower-cased name.

    Args:
        fields: ``headers`` of a MessagePart: ``[{name, value}]``; anything else counts as none.
        cleaner: Makes each value that is read storable.
    """

    __slots__ = ("_cleaner", "_values")

    def __init__(self, fields: object, cleaner: TextCleaner) -> None:
        self._cleaner = cleaner
        self._values = values = dict[str, list[str]]()
        for field in fields if isinstance(fields, list) else ():
            # A mail has thirty fields. Checking the types first would take 1.5 times as long.
            try:
                name, value = _NAMES[field["name"]], field["value"]
            except (AttributeError, KeyError, TypeError):
                continue
            if isinstance(value, str):
                if name in values:
                    values[name].append(value)
                else:
                    values[name] = [value]

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

    def legible(self, name: str) -> list[str]:
        """Return all values of a field, with damaged UTF-8 repaired.

        Args:
            name: In lower case.

        Returns:
            As ``every``, with UTF-8 that was read as Latin-1 repaired. That must come first: half
            of such a character may look like a line break or a blank.
        """
        if name not in self._values:
            return []
        return [
            value
            if value.isascii() and "\x00" not in value
            else repaired(self._cleaner.clean(value))
            for value in self._values[name]
        ]

    def first(self, name: str) -> str:
        """Return the first value of a field, or ``""``.

        Args:
            name: In lower case.

        Returns:
            The value on one line, not decoded.
        """
        values = self._values.get(name)
        if not values:
            return ""
        value = values[0]
        # Nearly all values are plain, and a mail asks for about twenty: no calls for those.
        if value.isascii() and value.isprintable():
            return value.strip()
        return single_line(self._cleaner.clean(value))

    def decoded(self, name: str) -> str:
        """Return the first value of a field of free text, or ``""``.

        Args:
            name: In lower case.

        Returns:
            The value on one line, with encoded words decoded.
        """
        values = self._values.get(name)
        return self.readable(self._cleaner.clean(values[0])) if values else ""

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


# Values without a boundary are few, and come again and again.
@lru_cache(maxsize=512)
def charset_of(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type value.

    Args:
        content_type: The value of the field.

    Returns:
        The label as sent, or None.
    """
    match = _CHARSET.search(content_type)
    if match is not None and "*" not in match.group():
        return match.group(1)
    # In pieces, or with a charset of its own (RFC 2231).
    is_extended = match is not None or "charset*" in content_type.lower()
    return (parameters_of(content_type).get("charset") or None) if is_extended else None


def parameters_of(value: str) -> dict[str, str]:
    """Return the parameters of a structured value, as of Content-Type.

    Args:
        value: The value of the field; only its first few thousand characters are read.

    Returns:
        Lower-cased names to values without quotes. By RFC 2231, the pieces of a long value
        (``name*0=``) are joined, and charset and language of an extended one
        (``name*=us-ascii'en'``) are dropped. Of two parameters with the same name the first counts.
    """
    pieces: dict[str, str] = {}
    for match in _PARAMETER.finditer(value[:_MAX_PARAMETERS_CHARS]):
        name, star, section = match.group(1).lower().partition("*")
        content = match.group(2)
        if content.startswith('"'):
            content = content.strip('"').replace("\\", "")
        if star and section in {"", "0*"}:
            content = unquote(content.rpartition("'")[2])
        if section.strip("0*"):
            pieces[name] = pieces.get(name, "") + content
        else:
            pieces.setdefault(name, content)
    return pieces


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
