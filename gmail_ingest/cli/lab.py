"""``demo``, ``rehearse`` and ``bench``: commands of the lab, a distribution of its own.

Holds: ``add_command``. Keep out: what they do (``gmail_ingest_lab/commands``). The service never
imports the lab by name: where it is not installed, its commands say what to install.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import typer

from gmail_ingest.cli.local_google import PASS_ON
from gmail_ingest.errors import ConfigurationError

_PACKAGE = "gmail_ingest_lab"


def add_command(app: typer.Typer, name: str) -> None:
    """Give an app the lab's command of this name, or one that says what to install for it."""
    if find_spec(_PACKAGE) is None:
        app.command(name, context_settings=PASS_ON)(_absent)
    else:
        app.command(name)(getattr(import_module(f"{_PACKAGE}.commands.{name}"), name))


def _absent(_context: typer.Context) -> None:
    """Needs gmail-ingest-lab, which is not installed."""
    raise ConfigurationError(
        "this command is not part of the service: install gmail-ingest-lab and gmail-sandbox (in a "
        "checkout, `sh setup.sh` does that)"
    )
