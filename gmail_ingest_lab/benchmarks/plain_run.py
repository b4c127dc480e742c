"""The plain script on the same harness, for comparison.

Holds: ``run_plain`` and ``Plain``. Keep out: the script itself (``plain_script.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gmail_ingest_lab.benchmarks.figure import Progress
from gmail_ingest_lab.benchmarks.harness import Harness, plain_url

DESCRIPTION = (
    "a plain script: googleapiclient's batches of 50, one mailbox after the other, a few fields, "
    "row inserts, no search vector, no ledger"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """What the plain script did; CPU in milliseconds a message, without its start."""

    stored: int
    messages_a_second: float
    cpu_ms: float
    peak_bytes: int


def run_plain(harness: Harness, addresses: Sequence[str], progress: Progress) -> Plain:
    """Copy these mailboxes with the plain script.

    Raises:
        BenchmarkError: it failed.
    """
    progress("the plain script, for comparison", 0, 1)
    plan = {
        "endpoint": harness.url,
        "database": plain_url(harness.databases.mail),
        "mailboxes": {address: harness.google.grant(address).access_token for address in addresses},
    }
    before = harness.postgres_cpu_seconds()
    found = harness.worker("plain_script", plan).result()
    harness.checkpoint()
    cpu = found["cpuSeconds"] - found["startCpuSeconds"] + harness.postgres_cpu_seconds() - before
    progress("the plain script, for comparison", 1, 1)
    return Plain(
        stored=found["stored"],
        messages_a_second=found["stored"] / found["seconds"],
        cpu_ms=1000 * cpu / found["stored"],
        peak_bytes=found["peakBytes"],
    )
