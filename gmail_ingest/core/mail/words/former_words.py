"""The words of mail that was indexed by a former release, until it is read again.

While stored mail of a tenant is still to be read again (``adapters/postgres/sync/rereading.py``), a
search asks for these as well, so that it finds no less than before. Remove this module once no
database can hold such mail.

The differences: a run of characters of a script without blanks was one word; vowel points of Arabic
and Hebrew were letters; digits and Arabic letters that are typed in several ways were different
letters.
"""

from gmail_ingest.core.mail.words.search_words import fold, split


def former_words_of(text: str) -> tuple[bytes, ...]:
    """Return the words of a text, in their order, as releases before reading 1 found them."""
    return split(fold(text))
