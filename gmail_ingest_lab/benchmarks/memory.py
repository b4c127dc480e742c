"""``memory``: the worker's resident memory over a sync of 100,000 messages.

Holds: the benchmark. Baseline: the plain script over one of the mailboxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from gmail_ingest_lab.benchmarks.figure import Figure, Progress
from gmail_ingest_lab.benchmarks.harness import NO_LIMITER, open_harness
from gmail_ingest_lab.benchmarks.mail import Mail, connect, fill
from gmail_ingest_lab.benchmarks.plain_run import DESCRIPTION, run_plain
from gmail_ingest_lab.benchmarks.sync_run import run_sync

GOAL_MB = 300
#: The median of the last quarter may be so much above that of the second.
FLAT = 1.1
#: Some of the seeded mail is spam, which is not stored.
_MESSAGES = 105_000
_MAILBOXES = 20
_MB = 1_000_000


def run(progress: Progress, scale: float = 1.0) -> Figure:
    """Sync 20 mailboxes of 5,000 seeded messages each, and look at the worker's memory."""
    mail = Mail(None, "seeded mail")
    addresses = [f"memory{index}@bench.example" for index in range(_MAILBOXES)]
    messages_each = max(5, round(_MESSAGES * scale / _MAILBOXES))
    with open_harness(durable=False, changes=NO_LIMITER) as harness:
        total = fill(harness, mail, addresses, messages_each, progress)
        connect(harness, addresses)
        synced = run_sync(harness, total, progress)
        plain = run_plain(harness, addresses[:1], progress)
    grown = growth(synced.resident)
    return Figure(
        name="memory",
        figure=synced.peak_bytes / _MB,
        unit="MB resident at the peak",
        goal=f"<= {GOAL_MB}, flat (the last quarter at most {FLAT} of the second)",
        reached=synced.peak_bytes <= GOAL_MB * _MB and grown <= FLAT,
        baseline=plain.peak_bytes / _MB,
        baseline_is=f"{DESCRIPTION}; one of the mailboxes",
        conditions={
            "mail": mail.description,
            "messages": synced.stored,
            "mailboxes": _MAILBOXES,
            "growth": round(grown, 3),
            "residentMB": [round(value / _MB) for value in few(synced.resident)],
            "messagesASecond": round(synced.messages_a_second),
        },
    )


def growth(samples: Sequence[int]) -> float:
    """The median of the last quarter by that of the second; 1 where there are too few samples."""
    quarter = len(samples) // 4
    if not quarter:
        return 1.0
    return median(samples[-quarter:]) / median(samples[quarter : 2 * quarter])


def few(samples: Sequence[int], count: int = 10) -> list[int]:
    """About ``count`` of the samples, evenly apart."""
    step = max(1, len(samples) // count)
    return list(samples[::step])
