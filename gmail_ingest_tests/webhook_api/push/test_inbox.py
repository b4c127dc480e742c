import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from webhook_api.push.body import Notification
from webhook_api.push.inbox import PushInbox


@dataclass
class Applied:
    """What the writer met."""

    known: int = 1


class Writer:
    """A database that answers when the test says so."""

    def __init__(self) -> None:
        self.batches: list[dict[str, int]] = []
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.error: Exception | None = None

    async def apply(self, batch: Mapping[str, Notification]) -> Applied:
        """Write a batch when it may go on."""
        self.batches.append(
            {address: notification.history_id for address, notification in batch.items()}
        )
        self.began.set()
        await self.go_on.wait()
        if self.error:
            raise self.error
        return Applied()


def test_push_inbox_writes_a_burst_in_two_statements(run):
    """A thousand pushes of a mailbox are one write and one that waited: edge case 22."""

    async def burst() -> Writer:
        writer = Writer()
        inbox = PushInbox(writer.apply, lambda *_: None)
        first = asyncio.create_task(inbox.put(Notification("a@x.test", 1)))
        await writer.began.wait()
        others = [asyncio.create_task(inbox.put(Notification("a@x.test", n))) for n in range(1000)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in others)
        writer.go_on.set()
        await asyncio.gather(first, *others)
        return writer

    assert run(burst()).batches == [{"a@x.test": 1}, {"a@x.test": 999}]


def test_push_inbox_answers_nobody_before_the_commit_and_all_with_its_error(run):
    """Who waits for a write that failed hears of it, so that Pub/Sub redelivers: edge case 26."""

    async def fail() -> list[object]:
        writer = Writer()
        writer.error = ConnectionError("gone")
        inbox = PushInbox(writer.apply, lambda *_: None)
        writer.go_on.set()
        puts = [inbox.put(Notification("a@x.test", n)) for n in range(3)]
        return await asyncio.gather(*puts, return_exceptions=True)

    assert [type(error) for error in run(fail())] == [ConnectionError] * 3


def test_push_inbox_survives_a_caller_that_hangs_up(run):
    """A cancelled request neither cancels the write nor the others that wait for it."""

    async def hang_up() -> Writer:
        writer = Writer()
        inbox = PushInbox(writer.apply, lambda *_: None)
        gone = asyncio.create_task(inbox.put(Notification("a@x.test", 1)))
        stays = asyncio.create_task(inbox.put(Notification("b@x.test", 2)))
        await writer.began.wait()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        writer.go_on.set()
        await stays
        return writer

    assert run(hang_up()).batches == [{"a@x.test": 1, "b@x.test": 2}]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([(900, 1), (30, 2)], 30),
        ([(30, 2), (900, 1)], 30),
        ([(101, 2), (100, 1)], 101),
        ([(101, None), (100, None)], 101),
        ([(101, None), (100, 1)], 101),
    ],
)
def test_push_inbox_keeps_what_google_sent_last(run, sent, kept):
    """Of pushes that wait together, the last one by Google's time is kept, though its history id be
    lower: an old one that is repeated beside it hides no news (case 09, edge cases 90 and 94).
    """

    async def burst() -> Writer:
        writer = Writer()
        inbox = PushInbox(writer.apply, lambda *_: None)
        first = asyncio.create_task(inbox.put(Notification("z@x.test", 1)))
        await writer.began.wait()
        times = [(n, None if at is None else datetime(2026, 1, at, tzinfo=UTC)) for n, at in sent]
        puts = [inbox.put(Notification("a@x.test", *time)) for time in times]
        others = [asyncio.create_task(put) for put in puts]
        await asyncio.sleep(0)
        writer.go_on.set()
        await asyncio.gather(first, *others)
        return writer

    assert run(burst()).batches[1] == {"a@x.test": kept}
