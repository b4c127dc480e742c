import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gmail_ingest.local.signals import StopRequested, stop_on_signals, uninterrupted

ROOT = Path(__file__).parents[2]

#: Tells on a terminal that it is there, waits, and tidies up while it tells of it.
TALKING = """
import sys, time
from pathlib import Path
from gmail_ingest.local.signals import StopRequested, stop_on_signals
try:
    with stop_on_signals():
        try:
            print("here", flush=True)
            Path(sys.argv[1]).write_text("waiting")
            time.sleep(60)
        finally:
            print("stopping", flush=True)
            Path(sys.argv[1]).write_text("tidied up")
except StopRequested:
    sys.exit(0)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_on_signals_raises_one_exception(number):
    """Ctrl-C, a service manager and a closed terminal ask for the same thing."""
    before = signal.getsignal(number)
    saved = [os.dup(1), os.dup(2)]
    try:
        with pytest.raises(StopRequested), stop_on_signals():
            signal.raise_signal(number)
    finally:
        for descriptor, kept in zip((1, 2), saved, strict=True):
            os.dup2(kept, descriptor)
            os.close(kept)
    assert signal.getsignal(number) == before


def test_uninterrupted_outlasts_a_second_wish():
    """Who is stopping already is not stopped from stopping by an impatient Ctrl-C."""
    done = []
    with stop_on_signals():
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append(True)
        with pytest.raises(StopRequested):
            signal.raise_signal(signal.SIGINT)
    assert done == [True]


def test_stop_survives_a_closed_terminal(tmp_path):
    """What is said while tidying up does not fail because nobody can hear it any more."""
    ours, theirs = pty.openpty()
    marker = tmp_path / "marker"
    process = subprocess.Popen(
        [sys.executable, "-c", TALKING, str(marker)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(theirs)
    assert b"here" in os.read(ours, 100)
    # What is written can be read before the write has returned: closed then, it would fail.
    deadline = time.monotonic() + 20
    while not (marker.exists() and marker.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=20) == 0
    assert marker.read_text() == "tidied up"
