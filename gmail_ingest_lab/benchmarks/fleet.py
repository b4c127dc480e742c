"""``fleet``: messages a second over 300 mailboxes, everything on the same two cores.

Holds: the benchmark. Baseline: the plain script over some of the mailboxes.
"""

from __future__ import annotations

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import NO_LIMITER, open_harness
from gmail_ingest_lab.benchmarks.mail import connect, fill, find_mail
from gmail_ingest_lab.benchmarks.plain_run import DESCRIPTION, run_plain
from gmail_ingest_lab.benchmarks.sync_run import run_sync

GOAL = 800
_MAILBOXES = 300
_EACH = 60
#: Mailboxes of the plain script: enough for some seconds.
_PLAIN = 60


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Sync 300 mailboxes by one worker, with no limiter on either side."""
    mail = find_mail()
    addresses = [
        f"fleet{index}@bench.example" for index in range(max(3, round(_MAILBOXES * scale)))
    ]
    with open_harness(durable=True, changes=NO_LIMITER) as harness:
        total = fill(harness, mail, addresses, _EACH, progress)
        connect(harness, addresses)
        synced = run_sync(harness, total, progress)
        plain = run_plain(harness, addresses[:_PLAIN], progress)
    return Figure(
        name="fleet",
        figure=synced.messages_a_second,
        unit="messages a second",
        goal=f">= {GOAL}",
        reached=synced.messages_a_second >= GOAL,
        baseline=plain.messages_a_second,
        baseline_is=f"{DESCRIPTION}; {min(_PLAIN, len(addresses))} of the mailboxes",
        conditions={
            "mail": mail.description,
            "messages": synced.stored,
            "mailboxes": len(addresses),
            "seconds": round(synced.seconds, 1),
            "workerMs": round(synced.cpu_ms(synced.worker_cpu - synced.start_cpu), 3),
            "postgresMs": round(synced.cpu_ms(synced.postgres_cpu), 3),
            "durable": True,
            "sameCores": "worker, Postgres and sandbox",
        },
    )
