"""``gmail-ingest verify``: is any mail missing?

Holds: the command. Keep out: the comparison (``gmail_ingest.sync.audit.verify``).
Exit code 0 if every listed message is accounted for in the end, 1 if not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from gmail_ingest.cli.deployment import stores_of
from gmail_ingest.cli.options import DEFAULT_DATA_DIR, AsJson, DataDir, Tenant, read_day
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.core.ledger.shown_fates import shown_counts
from gmail_ingest.errors import InvalidInputError

if TYPE_CHECKING:
    from gmail_ingest.sync.audit.completeness import MailboxPlan, MailboxVerification


def verify(
    tenant: Tenant,
    *,
    start: Annotated[
        date | None,
        typer.Option(
            "--from",
            parser=read_day,
            metavar="DAY",
            help="The first UTC day; the first whole day that was synced if left out.",
        ),
    ] = None,
    end: Annotated[
        date | None,
        typer.Option(
            "--to",
            parser=read_day,
            metavar="DAY",
            help="The UTC day after the last; tomorrow if left out.",
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is missing, and repair what differs.")
    ] = False,
    accept_removals: Annotated[
        bool,
        typer.Option(
            "--accept-removals",
            help="Accept the removals that are withheld (of mail that Gmail no longer has); then "
            "compare, with --repair.",
        ),
    ] = False,
    mailbox: Annotated[
        str | None, typer.Option(help="With --accept-removals: of this mailbox only.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say the days and the price in quota units.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Compare the mail that Gmail lists with what is known here, mailbox by mailbox."""
    if start and end and start >= end:
        raise InvalidInputError("--to", "must be a later day than --from")
    if repair and dry_run:
        raise InvalidInputError("--repair", "not together with --dry-run, which only says a price")
    if mailbox and not accept_removals:
        raise InvalidInputError("--mailbox", "goes with --accept-removals only")
    if accept_removals:
        if dry_run:
            raise InvalidInputError("--accept-removals", "does not go with --dry-run")
        repair = True
        count = asyncio.run(_accept(tenant, mailbox, data_dir))
        NOTES.print(f"{count} removals accepted")
    plans, found = asyncio.run(_verify(tenant, start, end, data_dir, repair, dry_run))
    if as_json:
        print_json(_report(tenant, plans, found, dry_run=dry_run))
    elif dry_run:
        print_table(
            ("MAILBOX", "DAYS", "UNITS"),
            [(plan.address, len(plan.days), plan.estimated_units) for plan in plans],
        )
    else:
        print_table(*_table(found))
    if not dry_run and not all(mailbox.is_complete for mailbox in found):
        raise typer.Exit(1)


async def _accept(tenant: str, mailbox: str | None, data_dir: Path) -> int:
    async with stores_of(data_dir) as stores:
        address = mailbox.lower() if mailbox else None
        return (await stores.removals.accept(tenant, address)).count


async def _verify(
    tenant: str,
    start: date | None,
    end: date | None,
    data_dir: Path,
    repair: bool,  # noqa: FBT001 - private
    dry_run: bool,  # noqa: FBT001 - private
) -> tuple[list[MailboxPlan], list[MailboxVerification]]:
    from gmail_ingest.wiring.use_cases import UseCases, build_gmail

    async with (
        stores_of(data_dir) as stores,
        build_gmail(stores.settings, stores.credentials) as gmail,
    ):
        verifying = UseCases(stores, gmail).verify
        plans = await verifying.plan(tenant, start=start, end=end)
        if dry_run:
            return plans, []
        days = sum(len(plan.days) for plan in plans)
        units = sum(plan.estimated_units for plan in plans)
        NOTES.print(f"{len(plans)} mailboxes, {days} days: about {units} quota units")
        with _progress(days) as progress:
            found = await verifying.run(
                tenant, plans, holder=_holder(), repair=repair, progress=progress
            )
        return plans, found


def _holder() -> str:
    return f"verify:{socket.gethostname()}:{os.getpid()}"


@contextmanager
def _progress(days: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; elsewhere nothing, for the lines before and after are enough."""
    with Progress(console=NOTES, disable=not NOTES.is_terminal, transient=True) as bar:
        task = bar.add_task("days", total=days)
        yield lambda done: bar.advance(task, done)


def _report(
    tenant: str,
    plans: Sequence[MailboxPlan],
    found: Sequence[MailboxVerification],
    *,
    dry_run: bool,
) -> dict[str, object]:
    report: dict[str, object] = {
        "tenantId": tenant,
        "estimatedUnits": sum(plan.estimated_units for plan in plans),
    }
    if dry_run:
        mailboxes: list[dict[str, object]] = [
            {
                "mailboxId": plan.mailbox_id,
                "address": plan.address,
                "days": len(plan.days),
                "from": plan.days[0] if plan.days else None,
                "to": plan.days[-1] if plan.days else None,
                "estimatedUnits": plan.estimated_units,
            }
            for plan in plans
        ]
    else:
        report["complete"] = all(mailbox.is_complete for mailbox in found)
        report["units"] = sum(mailbox.counts.units for mailbox in found)
        mailboxes = [_mailbox(mailbox) for mailbox in found]
    return report | {"mailboxes": mailboxes}


def _mailbox(mailbox: MailboxVerification) -> dict[str, object]:
    values = {_camel(name): value for name, value in dataclasses.asdict(mailbox).items()}
    values["counts"] = shown_counts(mailbox.counts.totals())
    return values | {"open": mailbox.open, "complete": mailbox.is_complete}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _table(
    found: Sequence[MailboxVerification],
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    columns = (
        "MAILBOX",
        "DAYS",
        "PROVEN",
        "LISTED",
        "PENDING",
        "DEAD",
        "MISSING",
        "VANISHED",
        "LABELS",
        "OPEN",
        "UNITS",
        "PROBLEM",
    )
    rows = [
        (
            mailbox.address,
            mailbox.days,
            mailbox.proven_days,
            mailbox.listed,
            mailbox.pending,
            mailbox.dead,
            mailbox.missing,
            mailbox.vanished,
            mailbox.label_differences,
            mailbox.open,
            mailbox.counts.units,
            mailbox.error,
        )
        for mailbox in found
    ]
    return columns, rows
