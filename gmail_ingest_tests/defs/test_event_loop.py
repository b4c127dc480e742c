import asyncio
import threading

import pytest

from gmail_ingest.defs.event_loop import LoopThread, run


def test_run_returns_and_raises_what_the_coroutine_does():
    """A run is its coroutine's outcome."""

    async def answer():
        return 42

    async def fail():
        raise KeyError("x")

    assert run(answer()) == 42
    with pytest.raises(KeyError):
        run(fail())


def test_loop_thread_hands_events_over_in_order():
    """Events reach the step's own thread in the order in which they were emitted."""

    async def work(emit, _stop):
        for number in range(100):
            emit((number, threading.current_thread().name))
            await asyncio.sleep(0)
        return "done"

    with LoopThread(work) as loop:
        events = list(loop.events())
        assert loop.result() == "done"
    assert [number for number, _ in events] == list(range(100))
    assert {thread for _, thread in events} == {"event-loop"}


def test_loop_thread_hands_over_together_what_came_together():
    """Events of the same moment are one batch, and none is in two."""

    async def work(emit, _stop):
        for number in range(100):
            emit(number)

    with LoopThread(work) as loop:
        batches = list(loop.batches(0.1))
        assert loop.left() == []
    assert [number for batch in batches for number in batch] == list(range(100))
    assert len(batches) <= 2


def test_loop_thread_keeps_what_an_interruption_left():
    """Events that nobody took yet, when the step is terminated, can still be told of."""
    emitted = threading.Event()

    async def work(emit, _stop):
        for number in range(3):
            emit(number)
        emitted.set()

    def interrupted(_seconds):
        assert emitted.wait(10)
        raise KeyboardInterrupt

    loop = LoopThread(work)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gmail_ingest.defs.event_loop.time.sleep", interrupted)
        with pytest.raises(KeyboardInterrupt), loop:
            list(loop.batches(0.1))
    assert loop.left() == [0, 1, 2]
    assert loop.left() == []


def test_loop_thread_raises_what_its_loop_raised():
    """A failure of the loop is the step's failure, after the events before it."""

    async def work(emit, _stop):
        emit("first")
        raise LookupError("broken")

    with LoopThread(work) as loop:
        assert list(loop.events()) == ["first"]
        with pytest.raises(LookupError):
            loop.result()


def test_loop_thread_stops_its_loop_when_the_step_ends():
    """A step that is terminated asks its loop to stop, and waits for it (edge case 68)."""
    stopped = threading.Event()

    async def work(emit, stop):
        ask = asyncio.Event()
        stop.set(ask.set)
        emit("ready")
        await ask.wait()
        stopped.set()

    def terminated():
        with LoopThread(work) as loop:
            for _ in loop.events():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        terminated()
    assert stopped.is_set()


def test_loop_thread_stops_a_loop_that_was_not_ready():
    """A stop that comes before the loop can be stopped is not forgotten."""
    go, stopped = threading.Event(), threading.Event()

    async def work(_emit, stop):
        await asyncio.to_thread(go.wait, 10)
        ask = asyncio.Event()
        stop.set(ask.set)
        await ask.wait()
        stopped.set()

    loop = LoopThread(work)
    with loop:
        loop._stop()
        go.set()
    assert stopped.is_set()


def test_stop_after_the_end_is_no_error():
    """A loop that has ended by itself has nothing to stop."""

    async def work(_emit, stop):
        stop.set(lambda: None)

    with LoopThread(work) as loop:
        assert loop.result() is None
