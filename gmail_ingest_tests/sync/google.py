"""A mailbox at Google in memory, for tests of use cases: pages and failures are what a test says.

Holds: ``MemoryMailboxClient`` and builders of what it answers. Add here: another way to misbehave.
Keep out: HTTP and Google's own words (the sandbox has them).
"""

# ruff: noqa: D102 - the methods are the port's, and documented there
from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import FetchCall
from gmail_ingest.sync.mailbox.records import HistoryPage, ListPage, MessageRef, Profile, Watch
from gmail_ingest_tests.fakes.messages import parsed


def added(message_id: str, history_id: int = 101, thread_id: str | None = None) -> HistoryRecord:
    """A message came in; its thread is its own unless named."""
    labels = ("INBOX", "UNREAD")
    return HistoryRecord(history_id, "added", message_id, thread_id or f"t{message_id}", labels)


def ref(message_id: str) -> MessageRef:
    """A message as a listing names it."""
    return MessageRef(message_id, f"t{message_id}")


class MemoryMailboxClient:
    """One mailbox. ``failures`` holds, by the name of a call or a message id, errors to come."""

    def __init__(self, *message_ids: str, address: str = "a@example.com") -> None:
        self.address = address
        self.messages: dict[str, ParsedMessage] = {}
        self.history_pages: list[list[HistoryRecord]] = [[]]
        self.list_pages: list[list[MessageRef]] = [[]]
        self.history_id = 500
        #: What history.list says of the history id, if its replica is late.
        self.late: int | None = None
        self.send_as: tuple[str, ...] = ()
        self.units_spent = 0
        self.failures: defaultdict[str, deque[Exception]] = defaultdict(deque)
        self.always: dict[str, Exception] = {}
        self.on_fetch: Callable[[FetchCall], Awaitable[None]] | None = None
        self.calls: list[str] = []
        self.starts: list[int] = []
        self.page = 500
        self.unlisted: set[str] = set()
        #: Labels that no message has, by answer to come.
        self.bare_labels: list[set[str]] = []
        self.windows: list[Window] = []
        self.fetched: list[FetchCall] = []
        self.in_flight = self.most_in_flight = 0
        self.arrive(*message_ids)

    def arrive(self, *message_ids: str) -> None:
        """New mail, in one page of history; each in a thread of its own."""
        for message_id in message_ids:
            self.messages[message_id] = parsed(message_id, f"t{message_id}", history_id=101)
        self.history_pages = [[added(message_id) for message_id in message_ids]]

    def listed(self, *message_ids: str) -> None:
        """Mail that was there before, in one page of the listing."""
        for message_id in message_ids:
            self.messages[message_id] = parsed(message_id, f"t{message_id}")
        self.list_pages = [[ref(message_id) for message_id in message_ids]]

    def _begin(self, name: str, units: int) -> None:
        self.calls.append(name)
        self.units_spent += units
        self._fail(name)

    def _fail(self, name: str) -> None:
        if name in self.always:
            raise self.always[name]
        if self.failures[name]:
            raise self.failures[name].popleft()

    async def profile(self) -> Profile:
        self._begin("profile", 1)
        return Profile(self.address, self.history_id)

    async def aliases(self) -> tuple[str, ...]:
        self._begin("aliases", 1)
        return self.send_as

    async def has_message(self, message_id: str) -> bool:
        self._begin("has", 20)
        return message_id in self.messages

    async def list_messages(
        self,
        window: Window,
        page_token: str | None,
        *,
        label_id: str | None = None,
        everywhere: bool = False,
    ) -> ListPage:
        index = int(page_token or 0)
        if everywhere:
            self._begin(f"list:{label_id or 'all'}:{index}", 5)
            pages = self._everywhere(window, label_id)
        else:
            self._begin(f"list:{index}", 5)
            self.windows.append(window)
            pages = self.list_pages
        return ListPage(tuple(pages[index]), _next(index, pages))

    def _everywhere(self, window: Window, label_id: str | None) -> list[list[MessageRef]]:
        """What a listing with spam and trash names: the messages themselves, by their dates, which
        Google's bounds overlap by a second.
        """
        second = timedelta(seconds=1)
        wide = Window(
            window.start - second if window.start else None,
            window.end + second if window.end else None,
        )
        refs = [
            MessageRef(message.gmail_id, message.thread_id)
            for message in self.messages.values()
            if wide.contains(message.internal_date)
            and message.gmail_id not in self.unlisted
            and (label_id is None or label_id in message.label_ids)
        ]
        return [refs[at : at + self.page] for at in range(0, len(refs), self.page)] or [[]]

    async def label_ids(self) -> frozenset[str]:
        self._begin("labels", 1)
        borne = {label for message in self.messages.values() for label in message.label_ids}
        return frozenset(borne | self.bare_labels.pop(0)) if self.bare_labels else frozenset(borne)

    async def list_history(self, start: int, page_token: str | None) -> HistoryPage:
        self._begin(f"history:{page_token or 0}", 2)
        self.starts.append(start)
        index = int(page_token or 0)
        records = tuple(self.history_pages[index])
        current = self.history_id if self.late is None else self.late
        return HistoryPage(records, _next(index, self.history_pages), current)

    async def fetch(self, call: FetchCall) -> Mapping[str, ParsedMessage]:
        self.fetched.append(call)
        self.units_spent += call.units
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.on_fetch is not None:
                await self.on_fetch(call)
            for name in (call.thread_id or "", *(wanted.message_id for wanted in call.wanted)):
                self._fail(name)
        finally:
            self.in_flight -= 1
        wanted_ids = [wanted.message_id for wanted in call.wanted]
        return {
            wanted_id: self.messages[wanted_id]
            for wanted_id in wanted_ids
            if wanted_id in self.messages
        }

    async def probe(self, message_id: str) -> None:
        self.units_spent += 20
        self.calls.append(f"probe:{message_id}")
        self._fail(message_id)

    async def watch(self, topic: str) -> Watch:
        self._begin(f"watch:{topic}", 100)
        return Watch(self.history_id, datetime.now(UTC) + timedelta(days=7))

    async def stop(self) -> None:
        self._begin("stop", 50)


def _next(index: int, pages: list[list[HistoryRecord]] | list[list[MessageRef]]) -> str | None:
    return str(index + 1) if index + 1 < len(pages) else None
