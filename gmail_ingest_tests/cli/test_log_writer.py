import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.local import log_writer
from gmail_ingest.local.log_writer import RotatingFile, as_object

NOW = datetime(2026, 1, 3, 1, 5, 34, tzinfo=UTC)


def read(line, level="info"):
    """The object that becomes of a line."""
    return as_object(line, "daemon", level, NOW)


def test_a_line_of_the_service_is_kept():
    """Lines in our form get the name of their process, and nothing else is touched."""
    line = {"event": "connected", "level": "info", "timestamp": "2026-01-01T00:00:00Z", "n": 1}
    assert read(json.dumps(line).encode()) == {**line, "process": "daemon"}


def test_a_line_of_dagster_in_json_gets_our_form_of_time():
    """Dagster's own JSON has the same names, and a time that is read otherwise."""
    line = {"event": "tick", "level": "info", "timestamp": "2026-01-01 00:00:00 +0000"}
    assert read(json.dumps(line).encode())["timestamp"] == "2026-01-03T01:05:34Z"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"2026-01-03 01:05:34 +0000 - dagster - DEBUG - job - STEP_START", "debug"),
        (b"\x1b[32m2026-01-03\x1b[0m - dagster.daemon - \x1b[34mWARNING\x1b[0m - x", "warning"),
        (b"2026-01-03 01:05:34 UTC [7] FATAL:  the database system is starting up", "critical"),
        (b"2026-01-03 01:05:34 UTC [7] LOG:  ready", "info"),
        (b"/x/y.py:1: BetaWarning: a parameter is in beta", "warning"),
        (b"Traceback (most recent call last):", "error"),
        (b'{"url": "http://127.0.0.1:1"}', "info"),
        (b"{not json", "info"),
        (b"plain", "info"),
    ],
)
def test_any_other_line_becomes_an_object_with_its_level(line, level):
    """Text of Dagster, PostgreSQL or Python is wrapped: event, level, time, process."""
    found = read(line)
    assert found["level"] == level
    assert set(found) == {"event", "level", "timestamp", "process"}
    assert "\x1b" not in found["event"]


def test_a_line_that_goes_on_has_the_level_of_the_line_before():
    """The frames of a traceback are as bad as its first line."""
    assert read(b'  File "x.py", line 1, in f', level="error")["level"] == "error"


def test_addresses_and_passwords_in_foreign_text_are_not_logged():
    """Text that is not ours may quote what no log may hold."""
    found = read(b"cannot reach postgresql://user:secret@db.example/mail for ann@x.example")
    assert "secret" not in found["event"]
    assert "ann@" not in found["event"]


@given(st.binary(max_size=300))
def test_every_line_becomes_one_line_of_json(line):
    """Whatever bytes a process writes, the log stays a file of objects, one a line."""
    written = json.dumps(read(line.replace(b"\n", b"")))
    assert "\n" not in written
    assert json.loads(written)["process"] == "daemon"


def test_a_full_log_is_set_aside_and_old_ones_go(tmp_path):
    """Size and number of files are bounded; the newest lines are there, in order."""
    file = RotatingFile(tmp_path / "x.log", most_bytes=200, set_aside=2)
    for number in range(100):
        file.write([{"event": "tick", "number": number}])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())
    lines = "".join((tmp_path / name).read_text() for name in reversed(names)).splitlines()
    numbers = [json.loads(line)["number"] for line in lines]
    assert numbers == list(range(100 - len(numbers), 100))


def test_lines_that_could_not_be_written_are_counted(tmp_path):
    """A disk that cannot be written stops nobody, and the log says how many lines it lacks."""
    file = RotatingFile(tmp_path / "missing" / "x.log")
    file.write([{"event": "one"}, {"event": "two"}])
    file.write([{"event": "three"}])
    (tmp_path / "missing").mkdir()
    file.write([{"event": "four"}])
    found = [json.loads(line) for line in (tmp_path / "missing" / "x.log").read_text().splitlines()]
    assert found == [{"event": "log_lines_lost", "lines": 3, "level": "error"}, {"event": "four"}]


def test_writer_ends_with_its_input_and_ignores_signals(tmp_path):
    """A writer reads to the end of file, cuts a line without end, and keeps the last one."""
    log = tmp_path / "x.log"
    command = [sys.executable, "-I", "-S", log_writer.__file__, str(log), "x"]
    writer = subprocess.Popen(command, stdin=subprocess.PIPE)
    writer.stdin.write(b"first\n" + b"y" * 300_000 + b"\n\nlast")
    writer.stdin.flush()
    writer.terminate()
    writer.stdin.close()
    assert writer.wait(20) in (0, -15)
    if writer.returncode == 0:
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        assert (events[0], events[-1]) == ("first", "last")
        assert "".join(events[1:-1]) == "y" * 300_000
