"""The sandbox as a server: in an event loop, or in a thread of a test.

Holds: ``Sandbox`` (start, stop, address) and ``SandboxThread``. Add here: another way to run it.
Keep out: what it answers (``app``) and the command line (``__main__``).
It uses uvloop where that is installed: half the CPU a request.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

from gmail_sandbox.app import App
from gmail_sandbox.settings import Limits, SandboxSettings
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.http_protocol import HttpProtocol

T = TypeVar("T")
_BACKLOG = 1_024
_START_SECONDS = 30.0


class Sandbox:
    """A local Google that listens on one address.

    Args:
        settings: the set-up; the defaults listen on a free port of the loopback interface.
        limits: Google's limits, the real ones unless given.
    """

    def __init__(
        self, settings: SandboxSettings | None = None, limits: Limits | None = None
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.state = SandboxState(self.settings, limits or Limits())
        self._app = App(self.state)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL of all endpoints, without a slash at its end, once started."""
        return self.state.base_url

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address is taken or not of this machine.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpProtocol(self._app.answer, self.state.counters),
            self.settings.host,
            self.settings.port,
            backlog=_BACKLOG,
        )
        port = self._server.sockets[0].getsockname()[1]
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        self.state.base_url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening, end all connections and deliveries, and remove the stored mail."""
        if self._server is not None:
            self._server.close()
        for connection in self.state.counters.live_connections:
            connection.abort()
        await self.state.close()

    @classmethod
    def in_thread(
        cls, settings: SandboxSettings | None = None, limits: Limits | None = None
    ) -> SandboxThread:
        """Return a context manager that runs a sandbox in a thread of this process."""
        return SandboxThread(cls(settings, limits))


class SandboxThread:
    """A sandbox that runs in a thread from ``with`` to its end."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="gmail-sandbox", daemon=True)

    @property
    def url(self) -> str:
        """The base URL of all endpoints."""
        return self._sandbox.url

    @property
    def state(self) -> SandboxState:
        """The state, which only ``call`` may touch while the sandbox runs."""
        return self._sandbox.state

    def call(self, work: Callable[[SandboxState], T]) -> T:
        """Run ``work`` on the sandbox's own thread, and return or raise what it does."""
        outcome: Future[T] = Future()

        def run() -> None:
            try:
                outcome.set_result(work(self._sandbox.state))
            except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
                outcome.set_exception(error)

        if self._loop is None:
            raise RuntimeError("the sandbox does not run")
        self._loop.call_soon_threadsafe(run)
        return outcome.result(timeout=_START_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(timeout=_START_SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=_START_SECONDS)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - the starting thread raises it
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await self._sandbox.start()
        self._ready.set_result(None)
        await self._stop.wait()
        await self._sandbox.stop()


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return uvloop's event loop where it is installed, otherwise asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
