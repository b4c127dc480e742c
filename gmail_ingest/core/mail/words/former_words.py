"""The words of mail that was indexed by a former release, until it is read again.

Holds: ``former_words_of``. Add here: nothing. Keep out: words as they are (``search_words``).
While stored mail of a tenant is still to be read again (``adapters/postgres/sync/rereading.py``), a
search asks for these as well, so that it finds no less than before. They go when no database can
have such mail any more.

The difference: a run of characters of a script without blanks was one word, points of Arabic and
Hebrew were letters, and so were digits and Arabic letters that are typed in several ways.
"""

from gmail_ingest.core.mail.words.search_words import fold, split


def former_words_of(text: str) -> tuple[bytes, ...]:
    """Return the words of a text, in their order, as releases before reading 1 found them."""
    return split(fold(text))
