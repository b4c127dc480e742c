"""``gmail-ingest reread``: reads mail again that a former release stored, and waits for the end.

Holds: the command. Keep out: batches and pace (``adapters/postgres/sync/rereading.py``,
``sync/audit/reread.py``).
Exit codes: 0 all is read, 1 if a mail could not be read.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gmail_ingest.cli.deployment import stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir
from gmail_ingest.cli.output import NOTES, print_json

if TYPE_CHECKING:
    from gmail_ingest.sync.audit.reread import Left, Reread

_REPORT_EVERY = 5.0


def reread(
    *,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Look at all mailboxes anew: for mail that a former release stored after the "
            "upgrade, while it still ran.",
        ),
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Read mail again that a former release stored, so that this one's rules hold for it too.

    Dagster does the same by itself. Ctrl-C stops; what is read stays read.
    """
    work, left = asyncio.run(_reread(data_dir, again=again))
    counts = {"read": work.read, "changed": work.changed, "failed": work.failed}
    if as_json:
        print_json(counts | left.to_json())
    else:
        NOTES.print(str(work), highlight=False)
    if work.failed:
        NOTES.print(f"{work.failed} mails could not be read and stay as they are")
        raise typer.Exit(1)


async def _reread(data_dir: Path, *, again: bool) -> tuple[Reread, Left]:
    from gmail_ingest.sync.audit.reread import Reread

    reported_at = time.monotonic()

    def report(work: Reread) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= _REPORT_EVERY:
            reported_at = time.monotonic()
            NOTES.print(str(work), highlight=False)

    async with stores_of(data_dir) as stores:
        store = stores.rereads
        if again:
            await store.begin_again()
        left = await store.left()
        if left.mailboxes:
            NOTES.print(str(left), highlight=False)
        work = Reread(store)
        await work.run(float("inf"), report)
        return work, await store.left()
