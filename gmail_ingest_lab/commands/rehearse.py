"""``gmail-ingest rehearse``: the service under faults and crashes, then compared with the sandbox.

Holds: the command. Keep out: what it does (``gmail_ingest_lab.rehearsal``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gmail_ingest.cli.output import NOTES, RESULTS, print_json
from gmail_ingest.local.signals import StopRequested, stop_on_signals
from gmail_ingest_lab.commands.demo import own_directory
from gmail_ingest_lab.commands.sandbox import require_sandbox


def rehearse(
    *,
    seed: Annotated[int, typer.Option(help="Decides mail, faults and crashes.")] = 1,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long to disturb.")] = 5.0,
    messages: Annotated[
        int, typer.Option(min=0, help="Messages in all mailboxes when it begins.")
    ] = 2000,
    as_json: Annotated[
        bool, typer.Option("--json", help="The last line is one JSON object.")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep database and logs in this new directory.")
    ] = None,
) -> None:
    """Rehearse every fault and crash against a local Google, and prove that no mail was lost.

    Runs the demonstration's processes with faults at Google, lost and doubled pushes, expired
    history and killed processes, all drawn from the seed. Then it ends all faults, waits until
    nothing is under way, and compares. Exits 0 only if nothing is missing, doubled, wrong or stuck.
    """
    require_sandbox()
    from gmail_ingest_lab.rehearsal.plan import RehearsalOptions
    from gmail_ingest_lab.rehearsal.run import open_rehearsal

    def say(text: str) -> None:
        (NOTES if as_json else RESULTS).print(f"· {text}", markup=False, highlight=False)

    options = RehearsalOptions(seed, minutes, messages)
    try:
        with (
            stop_on_signals(),
            own_directory(keep) as data,
            open_rehearsal(options, data, on_step=say) as rehearsal,
        ):
            report = rehearsal.run()
    except StopRequested:
        raise typer.Exit(130) from None
    if as_json:
        print_json(report.to_json())
    else:
        RESULTS.print(report.to_json())
    raise typer.Exit(0 if report.passed else 1)
