"""Options that several commands share.

Holds: annotated types for Typer, and how days and moments are read. Add here: an option that a
second command needs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA_DIR = Path(".gmail-ingest")

DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="GMAIL_INGEST_DATA_DIR",
        help="Where a local deployment keeps its database, logs and Dagster home.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Tenant = Annotated[str, typer.Argument(help="The CRM's id of the tenant.")]
ApiUrl = Annotated[
    str,
    typer.Option(
        "--api-url",
        envvar="GMAIL_INGEST_API_URL",
        help="Where the sidecar answers; that of the deployment in --data-dir if empty. "
        "The variable is read from the environment, not from .env.",
    ),
]
ApiKey = Annotated[
    str,
    typer.Option(
        "--api-key",
        envvar="GMAIL_INGEST_API_KEY",
        help="A key of the sidecar's API; `keys create` makes one. "
        "The variable is read from the environment, not from .env.",
    ),
]


def read_day(text: str) -> date:
    """A UTC day as a person types it. Raises BadParameter with the form that is wanted."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("must be a day, as 2024-01-31") from None


def read_moment(text: str) -> datetime:
    """A moment, in UTC unless it names a zone. Raises BadParameter with the form that is wanted."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = "must be a day, as 2024-01-31, or a moment, as 2024-01-31T12:00:00Z"
        raise typer.BadParameter(wanted) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
