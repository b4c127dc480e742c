"""CPU and memory of other processes, against what they did."""

import os
import subprocess
import sys

from gmail_ingest_lab.benchmarks.proc import children_of, resident_bytes, tree_cpu_seconds

BURN = """
import subprocess, sys, time
def burn(seconds):
    ends = time.process_time() + seconds
    while time.process_time() < ends: pass
if sys.argv[1] == "child":
    burn(0.3)
else:
    subprocess.run([sys.executable, "-c", sys.argv[2], "child"])
    burn(0.2)
    print("burnt", flush=True)
    sys.stdin.read()
"""


def test_tree_cpu_counts_the_living_and_those_who_ended():
    """A process' own time and that of a child it waited for are added up."""
    with subprocess.Popen(
        [sys.executable, "-c", BURN, "parent", BURN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"burnt\n"
        assert process.pid in children_of(os.getpid())
        assert 0.48 <= tree_cpu_seconds(process.pid) <= 3
        assert resident_bytes(process.pid) > 1_000_000
        process.stdin.close()


def test_resident_bytes_of_a_process_that_is_gone_is_nothing():
    """A process that ended meanwhile has no memory, and is no error."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert resident_bytes(process.pid) == 0
