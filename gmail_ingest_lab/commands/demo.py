"""``gmail-ingest demo``: the whole service on this machine, against the sandbox.

Holds: the command. Keep out: what it does (``gmail_ingest_lab.demo``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gmail_ingest.cli.output import NOTES, RESULTS, print_json
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.local.data_directory import DataDirectory
from gmail_ingest.local.signals import StopRequested, stop_on_signals
from gmail_ingest_lab.commands.sandbox import require_sandbox


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Run to the end and compare, without a person.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once: the last line is one JSON object.")
    ] = False,
    mbox: Annotated[
        Path | None, typer.Option(help="This mail (an mbox file) instead of seeded mail.")
    ] = None,
    messages: Annotated[int, typer.Option(min=0, help="Seeded messages in all mailboxes.")] = 150,
    pushed: Annotated[int, typer.Option(min=0, help="Messages that arrive by push.")] = 40,
    seed: Annotated[int, typer.Option(help="Makes the seeded mail repeatable.")] = 1,
    quota_scale: Annotated[
        float, typer.Option(min=0.01, help="Multiplies Google's 6,000 units a minute a mailbox.")
    ] = 1.0,
    backfill: Annotated[
        bool, typer.Option("--history", help="With --once: also backfill the older mail.")
    ] = False,
    begin_within: Annotated[
        float | None,
        typer.Option(min=0, help="With --once: fail if an initial sync begins later, in seconds."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep database and logs in this new directory.")
    ] = None,
) -> None:
    """Run the service against a local Google: three tenants, initial sync, mail by push.

    Starts PostgreSQL, the sandbox, the sidecar and Dagster on loopback, and stops all of them at
    the end or on Ctrl-C. Tenants are connected at random moments, from the seed. With --once,
    exits 0 only if no mail is missing or doubled; the JSON object tells how soon after connecting
    each initial sync began. Neither .env nor the service's variables change what it does.
    """
    require_sandbox()
    from gmail_ingest_lab.commands.demo_view import DemoView
    from gmail_ingest_lab.demo.mail_file import require_mbox
    from gmail_ingest_lab.demo.plan import DemoOptions
    from gmail_ingest_lab.demo.run import open_demo

    wanted = {"--json": as_json, "--history": backfill, "--begin-within": begin_within is not None}
    for option, given in wanted.items():
        if given and not once:
            raise InvalidInputError(option, "goes with --once only")
    if mbox is not None:
        require_mbox(mbox)
    options = DemoOptions(
        messages, pushed, seed, mbox, quota_scale, backfill=backfill, begin_within=begin_within
    )
    view = DemoView(NOTES if as_json else RESULTS)
    try:
        with (
            stop_on_signals(),
            own_directory(keep) as data,
            open_demo(options, data, on_step=view.step, show=view.show) as running,
        ):
            view.addresses(running, data)
            with view.watching():
                if not once:
                    running.scenario.initial_sync()
                    running.scenario.go_on()
                report = running.scenario.report()
    except StopRequested:
        raise typer.Exit(130 if once else 0) from None
    if as_json:
        print_json(report.to_json())
    else:
        RESULTS.print(report.to_json())
    raise typer.Exit(0 if report.passed else 1)


@contextmanager
def own_directory(keep: Path | None) -> Iterator[DataDirectory]:
    """A directory of its own, removed at the end unless ``keep`` names it or something failed."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield DataDirectory(keep.resolve())
        return
    root = Path(tempfile.mkdtemp(prefix="gmail-ingest-demo-"))
    try:
        yield DataDirectory(root)
    except Exception:
        NOTES.print(f"database and logs are kept in {root}", markup=False)
        raise
    except BaseException:
        shutil.rmtree(root)
        raise
    shutil.rmtree(root)
