"""The event loop of Dagster's runs.

Holds: ``run``, and ``LoopThread`` for an op that emits while its loop works. Add here: nothing.
Keep out: what runs in it.
"""

import asyncio
import queue
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
E = TypeVar("E")

#: Seconds that a stopped loop has to give its claims back before the process ends anyway.
STOP_SECONDS = 20.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; on uvloop, which costs half the CPU a call, where it exists."""
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


class LoopThread(Generic[E, T]):
    """Runs a coroutine on a thread of its own and hands its events to this one.

    Dagster's events are emitted by the step's own thread, which takes 11 ms each: on the loop's
    thread that would stop every mailbox meanwhile.
    """

    def __init__(
        self, work: Callable[[Callable[[E], None], "StopHook"], Coroutine[Any, Any, T]]
    ) -> None:
        self._events: queue.SimpleQueue[E | None] = queue.SimpleQueue()
        self._held: list[E] = []
        self._stop = StopHook()
        self._work = work
        self._result: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="event-loop", daemon=True)

    def _main(self) -> None:
        try:
            self._result = run(self._work(self._events.put, self._stop))
        except BaseException as error:  # noqa: BLE001 - handed to the step's thread
            self._error = error
        finally:
            self._events.put(None)

    def events(self) -> Iterator[E]:
        """The coroutine's events, until it has ended."""
        while True:
            try:
                # With a timeout, so that a signal (termination from the UI) is handled in between.
                event = self._events.get(timeout=0.5)
            except queue.Empty:
                continue
            if event is None:
                return
            yield event

    def batches(self, gather: float) -> Iterator[list[E]]:
        """The coroutine's events, those of ``gather`` seconds together, until it has ended."""
        for event in self.events():
            # Not in a variable of this frame: an interruption here must not lose it.
            self._held.append(event)
            time.sleep(gather)
            yield self.left()

    def left(self) -> list[E]:
        """Events that are there already, and were not handed over yet."""
        left, self._held = self._held, []
        while True:
            try:
                event = self._events.get_nowait()
            except queue.Empty:
                return left
            if event is None:
                # Its end: for ``events`` to see, now and ever after.
                self._events.put(None)
                return left
            left.append(event)

    def result(self) -> T | None:
        """What the coroutine returned; raises what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        self._thread.join(STOP_SECONDS)


class StopHook:
    """Calls, from any thread, what the loop set as its way to stop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop_requested = False
        self._call: Callable[[], object] | None = None

    def set(self, stop: Callable[[], None]) -> None:
        """On the loop: how to stop it."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._call = lambda: None if loop.is_closed() else loop.call_soon_threadsafe(stop)
            stop_requested = self._stop_requested
        if stop_requested:
            stop()

    def __call__(self) -> None:
        """Ask the loop to stop; nothing if it has ended."""
        with self._lock:
            self._stop_requested = True
            call = self._call
        if call is not None:
            call()
