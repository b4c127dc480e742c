"""``cpu``: CPU milliseconds a message, worker and Postgres together.

Holds: the benchmark. Baseline: the plain script. Source: docs/google.md#limits: a project has 1,000
messages a second, for which two cores must do.
"""

from __future__ import annotations

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import open_harness
from gmail_ingest_lab.benchmarks.mail import CORPUS_SIZE, connect, fill, find_mail
from gmail_ingest_lab.benchmarks.plain_run import DESCRIPTION, run_plain
from gmail_ingest_lab.benchmarks.sync_run import run_sync

GOAL = 1.5
_MAILBOXES = 7
#: The limiter runs, with limits so high that it never delays a call.
_HIGH_LIMITS = {
    "mailbox_units_per_minute": 60_000_000,
    "project_units_per_minute": 600_000_000,
    "project_units_per_day": 10_000_000_000,
}


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Sync seven mailboxes of the whole corpus each, and measure what that costs."""
    mail = find_mail()
    addresses = [f"cpu{index}@bench.example" for index in range(_MAILBOXES)]
    with open_harness(durable=True, changes=_HIGH_LIMITS) as harness:
        total = fill(harness, mail, addresses, max(5, round(CORPUS_SIZE * scale)), progress)
        connect(harness, addresses)
        synced = run_sync(harness, total, progress)
        plain = run_plain(harness, addresses, progress)
    return Figure(
        name="cpu",
        figure=synced.working_ms,
        unit="CPU ms a message",
        goal=f"<= {GOAL}",
        reached=synced.working_ms <= GOAL,
        baseline=plain.cpu_ms,
        baseline_is=DESCRIPTION,
        conditions={
            "mail": mail.description,
            "messages": synced.stored,
            "mailboxes": _MAILBOXES,
            "workerMs": round(synced.cpu_ms(synced.worker_cpu - synced.start_cpu), 3),
            "postgresMs": round(synced.cpu_ms(synced.postgres_cpu), 3),
            "startSeconds": round(synced.start_cpu, 2),
            "messagesASecond": round(synced.messages_a_second),
            "durable": True,
            "limiter": "on, with limits that hold nothing up",
            "without": "the worker's start (startSeconds, once in a drain's life), the sandbox",
        },
    )
