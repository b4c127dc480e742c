"""Reading all pages of a listing whose place needs no keeping.

Holds: ``read_pages``. Add here: nothing. Keep out: listings with a durable page token
(``discover.py``). Source: docs/google.md#history-pages, #lists; edge cases 5 and 40.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from gmail_ingest.errors import PageTokenInvalidError, TransientError
from gmail_ingest.sync.mailbox.discover import RESTARTS
from gmail_ingest.sync.mailbox.throttle import Throttle


class Page(Protocol):
    """A page of anything."""

    @property
    def next_page_token(self) -> str | None:
        """Where it goes on; None on the last page."""
        ...


P = TypeVar("P", bound=Page)


async def read_pages(
    read: Callable[[str | None], Awaitable[P]], throttle: Throttle, units: int
) -> AsyncIterator[P]:
    """Yield page after page, each a call of so many quota units.

    A refused page token begins the listing again, so that pages may come twice.

    Raises:
        TransientError: Google refuses its own page tokens again and again.
    """
    token: str | None = None
    restarts = 0
    while True:

        async def call(token: str | None = token) -> P:
            return await read(token)

        try:
            page = await throttle.call(call, units)
        except PageTokenInvalidError as error:
            if restarts >= RESTARTS:
                raise TransientError("Google refuses its own page tokens") from error
            restarts, token = restarts + 1, None
            continue
        yield page
        token = page.next_page_token
        if token is None:
            return
