"""The MailboxClient port on the Gmail API.

Holds: ``GmailMailboxClient``. Add here: a call that a use case needs.
Keep out: URLs (``requests``), refusals (``failures``), parsing of mail (``core.mail.payload``).
Source: docs/google.md#prices, #history-pages, #lists, #body-text; edge cases 13, 45.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from gmail_ingest.adapters.gmail import answers
from gmail_ingest.adapters.gmail.caller import Caller
from gmail_ingest.adapters.gmail.requests import GmailRequests
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.mail.payload import missing_bodies, parse_message
from gmail_ingest.core.quota.planner import FetchCall
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.errors import GoneError, RejectedRequestError
from gmail_ingest.sync.mailbox.records import (
    HistoryPage,
    ListPage,
    Mailbox,
    MessageRef,
    Profile,
    Watch,
)

T = TypeVar("T")

_MUST_QUOTE = re.compile(r'[\s(){}"]')


class GmailMailboxClient:
    """One mailbox at Google. Cheap to make; shares connections and requests with all others."""

    def __init__(
        self, mailbox: Mailbox, caller: Caller, requests: GmailRequests, prices: Prices
    ) -> None:
        self._owners = (mailbox.address, *mailbox.aliases)
        self._caller = caller
        self._requests = requests
        self._prices = prices

    @property
    def units_spent(self) -> int:
        """Quota units of all calls so far."""
        return self._caller.units_spent

    async def profile(self) -> Profile:
        """Read address and history id."""
        answer = await self._caller.call(self._requests.profile(), self._prices.profile_get)
        return answers.read(answers.profile, answer)

    async def aliases(self) -> tuple[str, ...]:
        """Read the other addresses that the mailbox sends as."""
        answer = await self._caller.call(self._requests.send_as(), self._prices.send_as_list)
        found = answers.read(answers.aliases, answer)
        return tuple(alias for alias in found if alias != self._owners[0])

    async def has_message(self, message_id: str) -> bool:
        """Ask for a message without reading it."""
        try:
            await self._caller.call(
                self._requests.has_message(message_id), self._prices.messages_get
            )
        except GoneError:
            return False
        return True

    async def list_messages(
        self,
        window: Window,
        page_token: str | None,
        *,
        label_id: str | None = None,
        everywhere: bool = False,
    ) -> ListPage:
        """List a page of a window's ids, all or those with a label."""
        request = self._requests.list_messages(
            window.query(), page_token, label_id=label_id, everywhere=everywhere
        )
        answer = await self._caller.call(request, self._prices.messages_list)
        return answers.read(answers.list_page, answer)

    async def label_ids(self) -> frozenset[str]:
        """Read the ids of all labels."""
        answer = await self._caller.call(self._requests.label_ids(), self._prices.labels_list)
        return answers.read(answers.label_ids, answer)

    async def find(self, rfc_id: str) -> tuple[MessageRef, ...]:
        """Messages with this Message-ID, also those in spam and trash."""
        request = self._requests.list_messages(_rfc_query(rfc_id), None, everywhere=True)
        answer = await self._caller.call(request, self._prices.messages_list)
        return answers.read(answers.list_page, answer).refs

    async def list_history(self, start: int, page_token: str | None) -> HistoryPage:
        """Read a page of what happened after ``start``."""
        request = self._requests.list_history(start, page_token)
        answer = await self._caller.call(request, self._prices.history_list)
        return answers.read(answers.history_page, answer)

    async def fetch(self, call: FetchCall) -> Mapping[str, ParsedMessage]:
        """Fetch and parse the wanted messages of a call; those that are gone are absent.

        Raises:
            RejectedRequestError: a message cannot be parsed. The messages of its thread are fetched
                one by one next time (``core.quota.planner``), so that only the bad one keeps
                failing.
        """
        wanted = [message.message_id for message in call.wanted]
        found = await self._thread(call.thread_id) if call.thread_id is not None else {}
        parsed: dict[str, ParsedMessage] = {}
        for message_id in wanted:
            # A message that is missing in the thread's answer need not be gone: only its own 404
            # says so.
            message = found.get(message_id) or await self._message(message_id)
            if message is not None:
                parsed[message_id] = await self._parse(message_id, message)
        return parsed

    async def probe(self, message_id: str) -> None:
        """Fetch a whole message and discard it."""
        request = self._requests.message(message_id)
        with contextlib.suppress(GoneError):
            await self._caller.call(request, self._prices.messages_get)

    async def _thread(self, thread_id: str) -> dict[str, answers.Json]:
        try:
            answer = await self._caller.call(
                self._requests.thread(thread_id), self._prices.threads_get
            )
        except GoneError:
            return {}
        return answers.read(answers.thread_messages, answer)

    async def _message(self, message_id: str) -> answers.Json | None:
        try:
            answer = await self._caller.call(
                self._requests.message(message_id), self._prices.messages_get
            )
        except GoneError:
            return None
        return answers.read(partial(answers.message, message_id), answer)

    async def _parse(self, message_id: str, message: answers.Json) -> ParsedMessage:
        # Attachment ids are short-lived: only those of this answer are used.
        bodies = {
            part.part_id: await self._attachment(message_id, part.attachment_id)
            for part in _guarded(partial(missing_bodies, message))
        }
        parse = partial(parse_message, message, owner_addresses=self._owners, bodies=bodies)
        return _guarded(parse)

    async def _attachment(self, message_id: str, attachment_id: str) -> bytes:
        request = self._requests.attachment(message_id, attachment_id)
        answer = await self._caller.call(request, self._prices.attachments_get)
        return answers.read(answers.attachment, answer)

    async def watch(self, topic: str) -> Watch:
        """Start or renew push notifications."""
        answer = await self._caller.call(self._requests.watch(topic), self._prices.watch)
        return answers.read(answers.watch, answer)

    async def stop(self) -> None:
        """Stop push notifications."""
        await self._caller.call(self._requests.stop(), self._prices.stop)


def _rfc_query(rfc_id: str) -> str:
    bare = rfc_id.strip().removeprefix("<").removesuffix(">")
    # Gmail's search cannot escape a quotation mark; white space and brackets can be quoted.
    words = bare.replace('"', "")
    return f'rfc822msgid:"{words}"' if _MUST_QUOTE.search(bare) else f"rfc822msgid:{bare}"


def _guarded(function: Callable[[], T]) -> T:
    """Turn any parsing error into one that fails this mail only, not its mailbox."""
    try:
        return function()
    except Exception as exc:  # noqa: BLE001 - of any kind, and its text may quote the mail
        kind = type(exc).__name__
        raise RejectedRequestError(f"the message cannot be parsed ({kind})") from None
