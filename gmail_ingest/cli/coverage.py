"""``gmail-ingest coverage``: which days of a tenant's mail are proven complete, and which are open.

Holds: the command. Keep out: comparing with Gmail (``verify``, and a nightly Dagster job).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from gmail_ingest.cli.deployment import api_of
from gmail_ingest.cli.options import (
    DEFAULT_DATA_DIR,
    ApiKey,
    ApiUrl,
    AsJson,
    DataDir,
    Tenant,
    read_day,
)
from gmail_ingest.cli.output import NOTES, print_json, print_table
from gmail_ingest.errors import InvalidInputError

_COUNTS = ("listed", "accounted", "pending", "missing", "vanished", "dead")


def coverage(
    tenant: Tenant,
    *,
    start: Annotated[
        date | None,
        typer.Option(
            "--from", parser=read_day, metavar="DAY", help="The first UTC day; all if left out."
        ),
    ] = None,
    end: Annotated[
        date | None,
        typer.Option("--to", parser=read_day, metavar="DAY", help="The UTC day after the last."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    api_url: ApiUrl = "",
    api_key: ApiKey = "",
) -> None:
    """Show for each mailbox which days are proven complete, and which are open.

    Asks the sidecar (--api-url, --api-key), not Gmail: `gmail-ingest verify` compares anew.
    """
    if start and end and start >= end:
        raise InvalidInputError("--to", "must be a later day than --from")
    answer = api_of(data_dir, api_url, api_key).coverage(
        tenant, *(day.isoformat() if day else None for day in (start, end))
    )
    if as_json:
        print_json(answer)
        return
    print_table(
        ("MAILBOX", "FROM", "TO", "DAYS", "PROVEN", *map(str.upper, _COUNTS), "CHECKED"),
        [row for mailbox in answer["mailboxes"] for row in _rows(mailbox)],
    )
    for mailbox in answer["mailboxes"]:
        NOTES.print(_summary(mailbox), markup=False, highlight=False)
    if any(not day_range["proven"] for box in answer["mailboxes"] for day_range in box["ranges"]):
        NOTES.print(f"`gmail-ingest verify {tenant} --repair` repairs open days", highlight=False)


def _rows(mailbox: Mapping[str, Any]) -> Iterable[Sequence[object]]:
    for day_range in mailbox["ranges"]:
        proven = "yes" if day_range["proven"] else "OPEN"
        counts = (day_range[name] for name in _COUNTS)
        days = (day_range["from"], day_range["to"], day_range["days"])
        yield (mailbox["address"], *days, proven, *counts, day_range["checkedAt"])


def _summary(mailbox: Mapping[str, Any]) -> str:
    if not mailbox["ranges"]:
        return f"{mailbox['address']}: no day was compared yet"
    proven = sum(day_range["days"] for day_range in mailbox["ranges"] if day_range["proven"])
    still = sum(day_range["days"] for day_range in mailbox["ranges"] if not day_range["proven"])
    return f"{mailbox['address']}: {proven} days proven complete, {still} open"
