"""Options that several commands share.

Holds: annotated types for Typer. Add here: an option that a second command needs.
"""

from __future__ import annotations

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
