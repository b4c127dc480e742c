"""A backfill as it goes on: a bar on a terminal, a line for each month elsewhere.

Holds: ``watch``. Add here: how a figure is drawn. Keep out: asking for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gmail_ingest.cli.output import NOTES

Job = dict[str, Any]

FINAL = frozenset({"succeeded", "failed", "cancelled"})
LOOK_SECONDS = 1.0


def watch(look: Callable[[], Job], console: Console = NOTES) -> Job:
    """Show a job until it ends, asking ``look`` again and again; the job in the end."""
    if console.is_terminal:
        return _bar(look, console)
    shown = -1
    while True:
        job = look()
        if job["progress"]["monthsDone"] != shown or job["state"] in FINAL:
            shown = job["progress"]["monthsDone"]
            console.print(_line(job), markup=False, highlight=False)
        if job["state"] in FINAL:
            return job
        time.sleep(LOOK_SECONDS)


def _bar(look: Callable[[], Job], console: Console) -> Job:
    columns = (
        TextColumn("{task.fields[state]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("months, {task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("backfill", total=None, state="asking", words="")
        while True:
            job = look()
            progress = job["progress"]
            bar.update(
                task,
                total=progress["monthsTotal"],
                completed=progress["monthsDone"],
                state=job["state"],
                words=_words(job),
            )
            if job["state"] in FINAL:
                return job
            time.sleep(LOOK_SECONDS)


def _line(job: Job) -> str:
    progress = job["progress"]
    months = f"{progress['monthsDone']}/{progress['monthsTotal']} months"
    return f"{job['state']}: {months}, {_words(job)}"


def _words(job: Job) -> str:
    progress = job["progress"]
    words = [f"{progress['stored']} stored"]
    if progress["messagesPerSecond"] is not None:
        words.append(f"{progress['messagesPerSecond']:.1f}/s")
    words.append(f"{progress['units']} units")
    if progress["estimatedEnd"] is not None:
        end = datetime.fromisoformat(progress["estimatedEnd"]).astimezone()
        words.append(f"done about {end:%H:%M:%S}")
    if job["notBefore"] is not None and job["state"] not in FINAL:
        words.append(f"rests until {job['notBefore']}")
    return ", ".join(words)
