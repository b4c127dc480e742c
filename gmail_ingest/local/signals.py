"""Turns stop signals into one exception, and keeps a stop from being interrupted.

Holds: ``StopRequested``, ``stop_on_signals`` and ``uninterrupted``. Keep out: what is stopped.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C, a service manager's stop, and a terminal that was closed.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked this process to stop; no ``except Exception`` may swallow it."""


def _raise(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
        _leave_terminal()
    raise StopRequested


def _leave_terminal() -> None:
    """Send output to /dev/null: writing to a closed terminal raises OSError, which would break off
    the cleanup.
    """
    void = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(void, descriptor)
    os.close(void)


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopRequested in the main thread on any stop signal, within the context."""
    before = {number: signal.signal(number, _raise) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore stop signals within the context, whose duration must be bounded."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
