"""What holds for every session of tests, of the service and of the sandbox alike.

Holds: hooks of pytest. Keep out: fixtures (each folder of tests has its own).
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile

import pytest

_BASE = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare a session, before pytest makes its own directory.

    Collects without the garbage collector: run inside CPython 3.11's parser it can break it ("AST
    constructor recursion depth mismatch"), and pytest parses every test module.
    Each session has a directory of its own: pytest's common one is closed to other users whenever
    a session begins, and servers that other sessions started there as another user lose their data.
    """
    gc.disable()
    # Everything of a test is on loopback: no proxy of the machine that runs it has a part in it.
    for name in [variable for variable in os.environ if variable.lower().endswith("_proxy")]:
        del os.environ[name]
    if config.option.basetemp is None:  # a worker of pytest-xdist has its part of the session's
        # Short names: the path of a socket must not be longer than 100 bytes.
        config.stash[_BASE] = tempfile.mkdtemp(prefix="gi-")
        config.option.basetemp = f"{config.stash[_BASE]}/s"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """``-n auto``: one worker more than there are cores, since tests of processes wait for a third
    of their time.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove the session's directory, unless a failure wants to be looked at."""
    base = session.config.stash.get(_BASE, None)
    if base is not None and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(base, ignore_errors=True)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector need not walk it again."""
    gc.collect()
    gc.freeze()
    gc.enable()
