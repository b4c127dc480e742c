"""``gmail-ingest sync``: ask for syncs as the CRM does, and watch a backfill.

Holds: these commands. Keep out: syncing (the sidecar queues it, Dagster runs it), how progress is
drawn (``sync_progress.py``).
Exit codes: 0 done or asked for, 1 if a watched backfill failed or was cancelled.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from gmail_ingest.cli.deployment import api_of
from gmail_ingest.cli.options import (
    DEFAULT_DATA_DIR,
    ApiKey,
    ApiUrl,
    AsJson,
    DataDir,
    Tenant,
    read_moment,
)
from gmail_ingest.cli.output import NOTES, RESULTS, print_json, print_table
from gmail_ingest.cli.sync_progress import watch
from gmail_ingest.errors import InvalidInputError


class _NowByDefault(TyperGroup):
    """``sync TENANT`` means ``sync now TENANT``: the most frequent command is the shortest."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's context is click's
        """Put ``now`` in where no command of the group is named."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["now", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_NowByDefault,
    no_args_is_help=True,
    help="Sync a tenant now (`sync TENANT`), or a range of its past (`sync history TENANT`). "
    "Needs the sidecar: --api-url and --api-key.",
)


@app.command()
def now(
    tenant: Tenant,
    *,
    initial: Annotated[
        bool, typer.Option("--initial", help="List the last days of mail again.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take over from a sync that is under way.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Ask for a sync of a tenant; Dagster's sensor starts it within seconds."""
    if initial and force:
        raise InvalidInputError("--force", "not together with --initial")
    how = "initial" if initial else "force" if force else ""
    print_json(api_of(data_dir, api_url, api_key).sync(tenant, how))


@app.command("history")
def backfill(
    tenant: Tenant,
    *,
    start: Annotated[
        datetime,
        typer.Option(
            "--from",
            parser=read_moment,
            metavar="MOMENT",
            help="The first moment; a day begins in UTC.",
        ),
    ],
    end: Annotated[
        datetime,
        typer.Option(
            "--to", parser=read_moment, metavar="MOMENT", help="The moment before which it ends."
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only say what it would fetch and cost, and how long it would take."
        ),
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Ask for it, and do not wait for its end.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Sync the mail of a range of time: a backfill in Dagster, watched until it ends."""
    if dry_run and detach:
        raise InvalidInputError("--detach", "not together with --dry-run, which asks for nothing")
    if start >= end:
        raise InvalidInputError("--to", "must be later than --from")
    api = api_of(data_dir, api_url, api_key)
    accepted = api.backfill(tenant, start, end, dry_run=dry_run)
    if dry_run:
        _print_price(accepted, as_json=as_json)
        return
    job_id = accepted["jobId"]
    if detach:
        print_json(accepted)
        return
    NOTES.print(
        f"job {job_id}; Ctrl-C stops watching, `gmail-ingest sync cancel` the sync", highlight=False
    )
    job = watch(lambda: api.job(tenant, job_id))
    if as_json:
        print_json(job)
    else:
        RESULTS.print(f"{job['state']}: {_summary(job)}", markup=False, highlight=False)
    if job["state"] != "succeeded":
        raise typer.Exit(1)


@app.command()
def cancel(
    tenant: Tenant,
    job: Annotated[str, typer.Argument(help="The job's id.")],
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Stop a backfill. What is stored stays; asking again goes on where it stopped."""
    print_json(api_of(data_dir, api_url, api_key).cancel_job(tenant, job))


@app.command()
def unlock(
    tenant: Tenant,
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Free a stuck tenant now: its present sync can write nothing more, the next one can start.

    Leases of a dead worker expire by themselves within GMAIL_INGEST_LEASE_SECONDS.
    """
    print_json(api_of(data_dir, api_url, api_key).unlock(tenant))


def _print_price(price: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(price)
        return
    rows = [(m["month"], m["messages"], m["toFetch"], m["units"]) for m in price["months"]]
    total = ("all", price["messages"], price["toFetch"], price["units"])
    print_table(("MONTH", "MESSAGES", "TO FETCH", "UNITS"), [*rows, total])
    seconds = price["estimatedSeconds"]
    takes = "no limit is set" if seconds is None else f"{_duration(seconds)} at the quota"
    NOTES.print(f"{takes}; the dry run took {price['dryRunUnits']} units", highlight=False)
    for reason in price["leftOut"]:
        NOTES.print(f"left out: {reason}", markup=False, highlight=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _summary(job: dict[str, Any]) -> str:
    progress = job["progress"]
    done = f"{progress['monthsDone']} of {progress['monthsTotal']} months"
    counts = ", ".join(f"{progress[name]} {name}" for name in ("listed", "stored", "excluded"))
    dead = f", {progress['dead']} given up" if progress["dead"] else ""
    error = f"; {job['error']}" if job["error"] else ""
    return f"{done}, {counts}{dead}, {progress['units']} units{error}"
