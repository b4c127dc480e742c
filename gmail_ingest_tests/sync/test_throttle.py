import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.errors import ReauthoriseError, ThrottledError, TransientError
from gmail_ingest.sync.mailbox.limiter import Budget, Unlimited
from gmail_ingest.sync.mailbox.throttle import REFUSALS, TRIES, Throttle
from gmail_ingest_tests.sync.conftest import QUICK


def soon(seconds: float) -> datetime:
    """A moment of the near future."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Answers:
    """A call that raises or returns what was put in, in turn; ``times`` says when it was made."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.times: list[float] = []

    async def __call__(self) -> object:
        """Answer the next."""
        self.times.append(time.monotonic())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class RecordingLimiter(Unlimited):
    """A limiter that allows everything and records what was reported to it."""

    def __init__(self) -> None:
        self.refusals: list[tuple[str, datetime]] = []
        self.reserved: list[int] = []

    async def reserve(self, mailbox_id, units, origin) -> float:
        """Note the units."""
        self.reserved.append(units)
        return await super().reserve(mailbox_id, units, origin)

    async def refused(self, mailbox_id, scope, until) -> None:  # noqa: ARG002 - the port's
        """Note the refusal."""
        self.refusals.append((scope, until))


async def test_throttle_holds_every_call_until_the_pause_is_over():
    """After a throttle no call of the mailbox is ready before the time named (edge case 31)."""
    throttle, until = Throttle(QUICK), soon(0.15)
    await throttle.back_off(ThrottledError("mailbox", until))
    await throttle.acquire()
    assert datetime.now(UTC) >= until


async def test_throttle_lets_a_call_through_at_once_without_a_pause():
    """Nothing waits that nobody asked to wait."""
    before = time.monotonic()
    await Throttle(QUICK).acquire()
    assert time.monotonic() - before < 0.1


async def test_throttle_gives_a_long_pause_back_to_the_queue():
    """A pause too long to sleep through ends the sync, with the time in it (edge case 31)."""
    until = soon(3600)
    with pytest.raises(ThrottledError) as caught:
        await Throttle(QUICK).back_off(ThrottledError("mailbox", until))
    assert caught.value.until == until
    assert caught.value.scope == "mailbox"


async def test_throttle_keeps_the_longer_of_two_pauses():
    """A later, shorter throttle does not shorten the pause that another call was told."""
    throttle, until = Throttle(QUICK), soon(0.2)
    await throttle.back_off(ThrottledError("mailbox", until))
    await throttle.back_off(ThrottledError("mailbox", soon(0.01)))
    await throttle.acquire()
    assert datetime.now(UTC) >= until


async def test_throttle_sleeps_through_so_many_short_pauses_only():
    """Google may name a short pause in each answer: the sync ends after some in a row, with the
    time in it, instead of sleeping for hours where nobody sees it (edge case 85).
    """
    throttle, until = Throttle(QUICK), soon(0.05)
    for _ in range(REFUSALS):
        await throttle.back_off(ThrottledError("mailbox", until))
    with pytest.raises(ThrottledError) as caught:
        await throttle.back_off(ThrottledError("mailbox", until))
    assert caught.value.until == until
    throttle.succeeded()
    await throttle.back_off(ThrottledError("mailbox", until))


async def test_throttle_counts_refusals_of_calls_made_side_by_side_once():
    """A hundred calls that were refused together are one refusal, however many calls fewer they
    make for; those that are refused after the pause count again (edge case 27).
    """
    throttle = Throttle(replace(QUICK, calls_in_flight=100, longest_sleep=0.02))
    for _ in range(REFUSALS):
        turns = [await throttle.acquire() for _ in range(30)]
        for turn in turns:
            await throttle.back_off(ThrottledError("concurrency"), turn)
    assert throttle.in_flight == 1
    with pytest.raises(ThrottledError):
        await throttle.back_off(ThrottledError("concurrency"), await throttle.acquire())


async def test_throttle_lowers_its_calls_in_flight_to_one():
    """Too many parallel calls make for fewer of them, and never for none (edge case 27)."""
    throttle = Throttle(QUICK)
    seen = []
    for _ in range(QUICK.calls_in_flight + 1):
        seen.append(throttle.in_flight)
        await throttle.back_off(ThrottledError("concurrency", soon(0)))
    assert seen == [4, 3, 2, 1, 1]


async def test_throttle_leaves_calls_in_flight_alone_on_other_throttles():
    """A used-up minute says nothing about parallel calls."""
    throttle = Throttle(QUICK)
    await throttle.back_off(ThrottledError("mailbox", soon(0)))
    assert throttle.in_flight == QUICK.calls_in_flight


async def test_call_waits_through_a_throttle_and_succeeds():
    """A throttled listing goes on by itself, after at least the first backoff (edge case 34)."""
    call = Answers(ThrottledError("mailbox"), ThrottledError("mailbox"), "page")
    assert await Throttle(QUICK).call(call) == "page"
    assert call.times[1] - call.times[0] >= QUICK.first_retry / 2


async def test_call_retries_what_is_transient():
    """A page that fails now and then is asked for again (edge case 34)."""
    call = Answers(*[TransientError("500")] * (TRIES - 1), "page")
    assert await Throttle(QUICK).call(call) == "page"
    assert len(call.times) == TRIES


async def test_call_gives_up_after_some_tries():
    """A page that keeps failing goes back to the queue, and no worker stands still for it."""
    call = Answers(*[TransientError("500")] * (TRIES + 1))
    with pytest.raises(TransientError):
        await Throttle(QUICK).call(call)
    assert len(call.times) == TRIES


async def test_call_sleeps_no_longer_than_a_worker_may_stand_still():
    """However long the waits between tries grow, each is one that may be slept through."""
    policy = replace(QUICK, first_retry=3600.0, longest_retry=3600.0, longest_sleep=0.05)
    call = Answers(TransientError("500"), "page")
    assert await Throttle(policy).call(call) == "page"
    assert call.times[1] - call.times[0] < 10


async def test_call_does_not_retry_what_needs_a_person():
    """A dead grant is asked once (edge case 36)."""
    call = Answers(ReauthoriseError("dead"), "page")
    with pytest.raises(ReauthoriseError):
        await Throttle(QUICK).call(call)
    assert len(call.times) == 1


async def test_throttle_spends_the_price_of_each_call_first():
    """What a call costs is reserved before it is made."""
    limiter = RecordingLimiter()
    call = Answers("page")
    await Throttle(QUICK, Budget(limiter, 1, "push")).call(call, 5)
    assert limiter.reserved == [5]


async def test_throttle_tells_all_processes_what_google_refused():
    """A refusal pauses the mailbox for everybody, not for this worker alone (edge case 31)."""
    limiter, until = RecordingLimiter(), soon(3600)
    throttle = Throttle(QUICK, Budget(limiter, 1, "push"))
    with pytest.raises(ThrottledError):
        await throttle.back_off(ThrottledError("project", until))
    assert limiter.refusals == [("project", until)]
