"""Waiting in tests for what another thread or process does."""

import time


def eventually(found, seconds=20.0):
    """Wait, with a deadline, until something is found, and return it."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.02)
    return result
