import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import (
    LeaseLostError,
    MailboxDisconnectedError,
    ReauthoriseError,
    RejectedRequestError,
    ThrottledError,
    TransientError,
)
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.sync.conftest import QUICK
from gmail_ingest_tests.sync.google import added

IDS = [f"m{number}" for number in range(6)]


async def test_fetch_stores_all_that_is_due(box):
    """Every pending id is fetched once and stored."""
    lease = await box.discover(*IDS)
    counts = await box.drain(lease)
    assert box.stored == set(IDS)
    assert (counts.stored, len(box.google.fetched)) == (6, 6)


async def test_fetch_does_nothing_when_nothing_is_due(box):
    """Without pending ids no call is made and nothing is written."""
    counts = await box.drain(await box.discover())
    assert counts.totals() == dict.fromkeys(counts.totals(), 0)
    assert box.google.fetched == []
    assert box.store.saves == []


async def test_fetch_leaves_exactly_the_failed_ids_pending(box):
    """Of n fetches k fail: n-k are stored and those k wait, with one attempt (edge case 1)."""
    lease = await box.discover(*IDS)
    for message_id in IDS[:2]:
        box.google.failures[message_id].append(TransientError("503"))
    later = replace(QUICK, first_retry=60, longest_retry=60)
    counts = await box.drain(lease, later)
    assert box.stored == set(IDS[2:])
    assert [box.fate(message_id) for message_id in IDS[:2]] == ["pending", "pending"]
    assert [box.attempts(message_id) for message_id in IDS] == [1, 1, 0, 0, 0, 0]
    assert (counts.stored, counts.retrying) == (4, 2)


async def test_fetch_stores_the_failed_ids_without_new_mail(box):
    """After the fault has cleared, what waited is stored by itself (edge case 1)."""
    lease = await box.discover(*IDS)
    for message_id in IDS[:3]:
        box.google.failures[message_id].append(TransientError("503"))
    await box.drain(lease, replace(QUICK, linger=5.0))
    assert box.stored == set(IDS)


async def test_fetch_stays_for_retries_that_are_due_soon_only(box):
    """A retry beyond the linger time does not hold the worker."""
    lease = await box.discover("m1")
    box.google.failures["m1"].append(TransientError("503"))
    before = datetime.now(UTC)
    await box.drain(lease, replace(QUICK, first_retry=30, longest_retry=30, linger=5.0))
    assert datetime.now(UTC) - before < timedelta(seconds=5)
    assert box.fate("m1") == "pending"


@pytest.mark.parametrize("error", [RejectedRequestError("400"), TransientError("500")])
async def test_fetch_gives_up_after_the_last_attempt(box, error):
    """What can never be fetched ends as a dead letter with its error (edge case 2)."""
    lease = await box.discover(*IDS)
    box.google.always["m3"] = error
    counts = await box.drain(lease, replace(QUICK, linger=5.0))
    assert box.fate("m3") == "dead"
    assert box.store.attempts[box.mailbox.id, "m3"].error == str(error)
    assert box.attempts("m3") == QUICK.max_attempts
    assert box.stored == set(IDS) - {"m3"}
    assert (counts.dead, counts.retrying) == (1, QUICK.max_attempts - 1)


async def test_fetch_asks_twice_for_a_young_message_that_is_not_there(box):
    """A 404 seconds after the message was seen is tried again, then believed (edge case 13)."""
    lease = await box.discover("m1")
    del box.google.messages["m1"]
    counts = await box.drain(lease, replace(QUICK, young=60.0, linger=5.0, max_attempts=8))
    assert box.fate("m1") == "gone"
    assert len(box.google.fetched) == 3
    assert (counts.gone, counts.dead) == (1, 0)


async def test_fetch_does_not_believe_a_404_that_follows_other_failures(box):
    """A young message that failed twice and is then not there for once is stored (edge case 13)."""
    lease = await box.discover("m1")
    found = box.google.messages["m1"]
    box.google.failures["m1"].extend([TransientError("500"), TransientError("500")])

    async def vanish_once(_call) -> None:
        box.google.messages.pop("m1", None)
        if len(box.google.fetched) != 3:
            box.google.messages["m1"] = found

    box.google.on_fetch = vanish_once
    await box.drain(lease, replace(QUICK, young=60.0, linger=5.0, max_attempts=8))
    assert box.stored == {"m1"}


async def test_fetch_stores_a_young_message_that_turns_up(box):
    """Google's own replication is no loss (edge case 13)."""
    lease = await box.discover("m1")
    found = box.google.messages.pop("m1")

    async def turn_up(_call) -> None:
        if len(box.google.fetched) == 2:
            box.google.messages["m1"] = found

    box.google.on_fetch = turn_up
    await box.drain(lease, replace(QUICK, young=60.0, linger=5.0))
    assert box.stored == {"m1"}


async def test_fetch_believes_a_404_of_an_old_message(box):
    """A message known for long that is not there is gone at once: no error (edge case 13)."""
    lease = await box.discover("m1", "m2")
    del box.google.messages["m1"]
    counts = await box.drain(lease)
    assert box.fate("m1") == "gone"
    assert box.stored == {"m2"}
    assert (counts.gone, counts.retrying, len(box.google.fetched)) == (1, 0, 2)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [(("DRAFT",), "draft"), (("SPAM",), "spam"), (("TRASH",), "trash"), (("CHAT",), "chat")],
)
async def test_fetch_leaves_out_by_the_labels_that_came_with_the_message(box, labels, reason):
    """A message that moved out of scope before its fetch is left out by name (edge case 16)."""
    lease = await box.discover("m1")
    box.google.messages["m1"] = parsed("m1", "tm1", label_ids=labels)
    counts = await box.drain(lease)
    assert box.store.entries[box.mailbox.id, "m1"].reason == reason
    assert (box.stored, counts.left_out) == (set(), 1)


async def test_fetch_waits_through_a_short_throttle_without_an_attempt(box):
    """A throttle is nobody's failure: no message spends an attempt (edge case 31)."""
    lease = await box.discover(*IDS)
    for message_id in IDS[:2]:
        box.google.failures[message_id].append(ThrottledError("mailbox"))
    counts = await box.drain(lease)
    assert box.stored == set(IDS)
    assert counts.retrying == 0
    assert len(box.google.fetched) == len(IDS) + 2


async def test_fetch_gives_the_mailbox_back_on_a_long_throttle(box):
    """A long pause ends the fetch; what was fetched is kept, the rest stays due (edge case 31)."""
    lease = await box.discover(*IDS)
    until = datetime.now(UTC) + timedelta(hours=1)
    box.google.failures["m3"].append(ThrottledError("mailbox", until))
    one_by_one = replace(QUICK, calls_in_flight=1)
    with pytest.raises(ThrottledError) as caught:
        await box.drain(lease, one_by_one)
    assert caught.value.until == until
    fetched = {call.wanted[0].message_id for call in box.google.fetched} - {"m3"}
    assert box.stored == fetched != set()
    assert box.counts.stored == len(fetched)
    assert all(box.attempts(message_id) == 0 for message_id in IDS)
    await box.drain(lease)
    assert box.stored == set(IDS)


async def test_fetch_keeps_what_was_paid_for_when_a_call_beside_it_fails(box):
    """Answers that come together with an error are stored before it is raised (edge case 34)."""
    lease = await box.discover(*IDS[:4])
    together = asyncio.Barrier(4)

    async def meet(_call) -> None:
        async with asyncio.timeout(10):
            await together.wait()

    box.google.on_fetch = meet
    box.google.always["m0"] = ReauthoriseError("dead")
    with pytest.raises(ReauthoriseError):
        await box.drain(lease)
    assert box.stored == set(IDS[1:4])
    assert box.counts.stored == 3


async def test_fetch_reports_one_of_several_errors_and_forgets_none(box, caplog):
    """Calls that all fail at once end as one error, and asyncio has no orphan to complain of."""
    lease = await box.discover(*IDS[:4])
    together = asyncio.Barrier(4)

    async def meet(_call) -> None:
        async with asyncio.timeout(10):
            await together.wait()

    box.google.on_fetch = meet
    for message_id in IDS[:4]:
        box.google.always[message_id] = ReauthoriseError("dead")
    with pytest.raises(ReauthoriseError):
        await box.drain(lease)
    assert box.stored == set()
    assert all(box.fate(message_id) == "pending" for message_id in IDS[:4])
    assert caplog.records == []


async def test_fetch_saves_a_full_batch_before_the_end(box):
    """A batch is written as soon as it has its number of messages."""
    lease = await box.discover(*IDS)
    await box.drain(lease, replace(QUICK, batch_messages=2, calls_in_flight=1))
    assert [len(saved) for saved in box.store.saves] == [2, 2, 2]


async def test_fetch_saves_a_batch_that_grew_large(box):
    """A batch is written as soon as its texts are large: memory is bounded (edge case 54)."""
    lease = await box.discover(*IDS)
    for message_id in IDS:
        box.google.messages[message_id] = parsed(message_id, text="x" * 600, html="y" * 500)
    await box.drain(lease, replace(QUICK, batch_bytes=2_000, calls_in_flight=1))
    assert [len(saved) for saved in box.store.saves] == [2, 2, 2]


async def test_fetch_keeps_no_more_calls_in_flight_than_allowed(box):
    """Parallel calls of one mailbox are bounded (edge case 27)."""
    lease = await box.discover(*[f"m{number}" for number in range(30)])

    async def yield_once(_call) -> None:
        await asyncio.sleep(0)

    box.google.on_fetch = yield_once
    await box.drain(lease, replace(QUICK, calls_in_flight=3))
    assert box.google.most_in_flight == 3


async def test_fetch_lowers_its_calls_in_flight_when_google_says_so(box):
    """Too many concurrent requests make for fewer of them, and all is fetched (edge case 27)."""
    lease = await box.discover(*[f"m{number}" for number in range(30)])

    async def refuse_more_than_two(_call) -> None:
        await asyncio.sleep(0)
        if box.google.in_flight > 2:
            raise ThrottledError("concurrency")

    box.google.on_fetch = refuse_more_than_two
    await box.drain(lease, replace(QUICK, calls_in_flight=4, longest_sleep=30))
    assert len(box.stored) == 30


async def test_fetch_takes_a_thread_where_that_is_cheaper(box):
    """Three wanted messages of a thread are one call."""
    lease = await box.lease()
    for message_id in IDS[:3]:
        box.google.messages[message_id] = parsed(message_id, "t")
    box.google.history_pages = [[added(message_id, thread_id="t") for message_id in IDS[:3]]]
    await box.discover_pages(lease)
    await box.drain(lease)
    assert [call.thread_id for call in box.google.fetched] == ["t"]
    assert box.stored == set(IDS[:3])


async def test_fetch_asks_for_each_message_after_its_thread_failed(box):
    """One bad message fails its thread once; then it fails alone (edge case 2)."""
    lease = await box.lease()
    for message_id in IDS[:4]:
        box.google.messages[message_id] = parsed(message_id, "t")
    box.google.history_pages = [[added(message_id, thread_id="t") for message_id in IDS[:4]]]
    await box.discover_pages(lease)
    box.google.always["m2"] = RejectedRequestError("the message cannot be parsed (ValueError)")
    counts = await box.drain(lease, replace(QUICK, linger=5.0))
    assert box.stored == {"m0", "m1", "m3"}
    assert box.fate("m2") == "dead"
    assert box.google.fetched[0].thread_id == "t"
    assert {call.thread_id for call in box.google.fetched[1:]} == {None}
    assert counts.retrying == 4 + QUICK.max_attempts - 2


async def test_fetch_stops_when_its_lease_is_taken_over(box):
    """After a take-over this worker writes nothing more, and its calls end (edge case 74)."""
    lease = await box.discover(*IDS)

    async def taken_over(_call) -> None:
        if len(box.google.fetched) == 3:
            await box.lease(holder="other")

    box.google.on_fetch = taken_over
    with pytest.raises(LeaseLostError):
        await box.drain(lease, replace(QUICK, batch_messages=2, calls_in_flight=1))
    assert len(box.stored) == 2
    assert len(box.google.fetched) < len(IDS)
    await box.drain(await box.lease())
    assert box.stored == set(IDS)


async def test_fetch_writes_nothing_after_a_disconnect(box):
    """A mailbox that is disconnected meanwhile gets no further row (edge case 72)."""
    lease = await box.discover(*IDS)

    async def disconnect(_call) -> None:
        if len(box.google.fetched) == 3:
            await box.store.set_mailbox_state(box.mailbox.id, "disconnected", None)

    box.google.on_fetch = disconnect
    with pytest.raises(MailboxDisconnectedError):
        await box.drain(lease, replace(QUICK, batch_messages=2, calls_in_flight=1))
    assert len(box.stored) == 2


async def test_fetch_cancelled_from_outside_keeps_what_it_has(box):
    """A worker that is told to stop stores what was fetched and leaves no call behind."""
    lease = await box.discover(*IDS)
    stuck = asyncio.Event()

    async def hang(_call) -> None:
        if len(box.google.fetched) > 2:
            stuck.set()
            await asyncio.Event().wait()

    box.google.on_fetch = hang
    task = asyncio.create_task(box.drain(lease, replace(QUICK, calls_in_flight=1)))
    await asyncio.wait_for(stuck.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert box.google.in_flight == 0
    assert len(box.stored) == 2


async def test_an_outage_gives_the_mailbox_back_and_spends_attempts_slowly(box):
    """Many calls without an answer end the sync; their messages lose one attempt and wait long, the
    others lose none (edge cases 1 and 34).
    """
    names = [f"m{number:03}" for number in range(60)]
    policy = replace(QUICK, outage=10, longest_retry=600.0, calls_in_flight=2)
    lease = await box.discover(*names)
    for name in names:
        box.google.always[name] = TransientError("Google is failing (500)")
    with pytest.raises(TransientError, match="500"):
        await box.drain(lease, policy)
    due, _ = await box.store.due_messages(box.mailbox.id, "push", 100)
    untouched = {message.message_id for message in due}
    assert 60 - 10 - policy.calls_in_flight <= len(untouched) <= 60 - 10
    assert {box.attempts(name) for name in untouched} == {0}
    burned = set(names) - untouched
    assert {(box.fate(name), box.attempts(name)) for name in burned} == {("pending", 1)}
    assert len(box.google.fetched) <= 10 + policy.calls_in_flight


async def test_an_outage_gives_no_message_up(box):
    """Messages that had one attempt left when an outage began are stored when it is over
    (edge cases 1 and 34).
    """
    names = [f"m{number:03}" for number in range(10)]
    policy = replace(QUICK, outage=10, max_attempts=1, outage_retry=0.01)
    lease = await box.discover(*names)
    for name in names:
        box.google.always[name] = TransientError("Google is failing (500)")
    with pytest.raises(TransientError):
        await box.drain(lease, policy)
    box.google.always.clear()
    await box.drain(lease, replace(policy, linger=5.0))
    assert box.stored == set(names)


async def test_messages_that_fail_among_others_keep_their_pace(box):
    """An answer in between says that Google lives: the failures were the messages' own
    (edge case 2).
    """
    names = [f"m{number:03}" for number in range(60)]
    poison = names[::2]
    lease = await box.discover(*names)
    for name in poison:
        box.google.always[name] = TransientError("Google is failing (500)")
    later = replace(QUICK, first_retry=60, longest_retry=600)
    await box.drain(lease, replace(later, outage=5, calls_in_flight=1))
    assert {box.fate(name) for name in names[1::2]} == {"stored"}
    assert {(box.fate(name), box.attempts(name)) for name in poison} == {("pending", 1)}
    soon = datetime.now(UTC) + timedelta(seconds=61)
    dues = [box.store.attempts[box.mailbox.id, name].due for name in poison]
    assert max(dues) < soon
