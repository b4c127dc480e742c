import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gmail_ingest.local.process import ChildDiedError, ProcessSpec
from gmail_ingest.local.supervisor import Supervisor
from gmail_ingest_tests.cli.processes_of import sessions_alive
from gmail_ingest_tests.cli.waiting import eventually

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

#: A child with a child of its own, which ignores SIGTERM as Dagster's servers do at times.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; "
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('grandchild up', flush=True); "
    "time.sleep(600)"])
time.sleep(600)
"""

#: A process that supervises a stubborn child until it is killed.
PARENT = """
import json, sys, time
from pathlib import Path
from gmail_ingest.local.process import ProcessSpec
from gmail_ingest.local.supervisor import Supervisor
root = Path(sys.argv[1])
supervisor = Supervisor(logs=root, directory=root)
child = supervisor.start(ProcessSpec("stubborn", (sys.executable, "-c", sys.argv[2]), {}))
print(json.dumps(child.group), flush=True)
time.sleep(600)
"""


def python(name, code):
    """The specification of a child that runs this code."""
    return ProcessSpec(name, (sys.executable, "-c", code), {})


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(logs=tmp_path, directory=tmp_path)
    yield made
    made.close()


@linux_only
def test_supervisor_stop_leaves_no_process_behind(supervisor):
    """A child that ignores SIGTERM is killed, and so is the process that it started itself."""
    child = supervisor.start(python("stubborn", STUBBORN))
    eventually(lambda: "grandchild up" in child.tail())
    assert len(sessions_alive({child.group})) == 2
    supervisor.stop(grace_seconds=0.2)
    assert sessions_alive({child.group}) == set()


def test_supervisor_stop_lets_a_child_end_by_itself(supervisor):
    """A child that ends when asked is not killed, so that it can finish what it does."""
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('ended well', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(600)"
    )
    child = supervisor.start(python("polite", code))
    eventually(lambda: "up" in child.tail())
    supervisor.stop()
    assert child.exit_code() == 0
    assert "ended well" in child.tail()


def test_supervisor_check_reports_a_dead_child_with_its_log(supervisor):
    """The death of a child is raised with its exit code and the end of its log."""
    child = supervisor.start(python("broken", "import sys; print('no such table'); sys.exit(3)"))
    eventually(lambda: child.exit_code() is not None)
    with pytest.raises(ChildDiedError, match=r"broken ended with exit code 3(?s:.*)no such table"):
        supervisor.check()


def test_supervisor_check_names_the_signal_of_a_killed_child(supervisor):
    """A child that was killed is reported with the signal."""
    child = supervisor.start(python("victim", "import time; time.sleep(600)"))
    supervisor.check()
    os.killpg(child.group, signal.SIGKILL)
    eventually(lambda: child.exit_code() is not None)
    with pytest.raises(ChildDiedError, match="ended by signal 9"):
        supervisor.check()


@linux_only
def test_supervisor_revives_a_killed_child_and_nothing_of_its_old_group_is_left(supervisor):
    """A child that died is started anew as it was, and what it had started itself is ended."""
    child = supervisor.start(python("stubborn", STUBBORN))
    other = supervisor.start(python("other", "import time; time.sleep(600)"))
    eventually(lambda: "grandchild up" in child.tail())
    assert supervisor.revive() == []
    os.kill(child.group, signal.SIGKILL)
    eventually(lambda: child.exit_code() is not None)
    assert supervisor.revive() == ["stubborn"]
    revived = supervisor.child("stubborn")
    assert revived.group != child.group
    supervisor.check()
    eventually(lambda: sessions_alive({child.group}) == set())
    assert supervisor.child("other") is other


def test_supervisor_keeps_the_log_of_the_run_before(supervisor, tmp_path):
    """A second start under the same name goes on where the log of the first ended."""
    for word in ("first", "second"):
        child = supervisor.start(python("twice", f"print('{word}')"))
        eventually(lambda child=child: child.exit_code() is not None)
        child.log_written()
    lines = map(json.loads, (tmp_path / "twice.log").read_text().splitlines())
    assert [(line["event"], line["process"]) for line in lines] == [
        ("first", "twice"),
        ("second", "twice"),
    ]


def test_supervisor_loses_no_line_of_a_child_that_is_killed(supervisor):
    """What a child wrote before SIGKILL is in its log, to the last line."""
    code = (
        "import os, signal\nfor number in range(5000): print('line', number)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    child = supervisor.start(ProcessSpec("victim", (sys.executable, "-uc", code), {}))
    eventually(lambda: child.exit_code() is not None)
    child.log_written()
    lines = [json.loads(line)["event"] for line in child.log.read_text().splitlines()]
    assert lines == [f"line {number}" for number in range(5000)]


@linux_only
def test_guard_ends_everything_when_the_parent_is_killed(tmp_path):
    """After SIGKILL of the parent, its children and theirs are gone though they ignore SIGTERM."""
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), STUBBORN],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    group = json.loads(parent.stdout.readline())
    log = tmp_path / "stubborn.log"
    eventually(lambda: log.exists() and "grandchild up" in log.read_text())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: sessions_alive({group}) == set())
