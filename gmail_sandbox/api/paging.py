"""Page tokens: opaque, bound to their query, and stable while mail arrives.

Holds: ``PageTokens`` and where a listing goes on. Add here: nothing that knows a resource. Keep
out: page sizes and bodies (``gmail_reads``).
Source: docs/google.md#lists: a token belongs to the same query; new mail shifts a listing.

A token remembers the last item that was shown, not only how many, so that a deletion between two
pages skips nothing.
"""

from __future__ import annotations

import binascii
import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import orjson

from gmail_sandbox.wire.google_errors import GoogleRefusalError

T = TypeVar("T")
_SEAL = 8


class Position(NamedTuple):
    """Where a listing stands: items shown, and the last one's id and date (epoch ms)."""

    shown: int
    last_id: str
    last_date: int


class PageTokens:
    """Makes tokens and reads them back; a token of another query or sandbox is refused."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def make(self, query: str, position: Sequence[str | int]) -> str:
        """Return a token for a position in the listing of a query."""
        content = orjson.dumps(list(position))
        return urlsafe_b64encode(self._seal(query, content) + content).rstrip(b"=").decode()

    def read(self, query: str, token: str) -> list[str | int]:
        """Return the position that a token stands for.

        Raises:
            GoogleRefusalError: 400, the token was not made for this query.
        """
        try:
            packed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as exc:
            raise GoogleRefusalError("invalid_page_token") from exc
        seal, content = packed[:_SEAL], packed[_SEAL:]
        if not secrets.compare_digest(seal, self._seal(query, content)):
            raise GoogleRefusalError("invalid_page_token")
        position: list[str | int] = orjson.loads(content)
        return position

    def _seal(self, query: str, content: bytes) -> bytes:
        text = query.encode() + b"\0" + content
        return hashlib.blake2b(text, digest_size=_SEAL, key=self._key).digest()


def resume(
    items: Sequence[T], position: Position, id_of: Callable[[T], str], date_of: Callable[[T], int]
) -> int:
    """Return the index at which a listing, newest first, goes on after a position.

    If the last item is gone, the listing goes on at its date: it may show an item of the same
    millisecond twice, and skips none.
    """
    shown, last_id, last_date = position
    if shown == 0:
        return 0
    if shown <= len(items) and id_of(items[shown - 1]) == last_id:
        return shown
    start = bisect_left(items, -last_date, key=lambda item: -date_of(item))
    for index in range(start, len(items)):
        if date_of(items[index]) != last_date:
            break
        if id_of(items[index]) == last_id:
            return index + 1
    return start
