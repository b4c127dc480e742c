"""``demo``, ``rehearse``, ``sandbox``, ``bench``: commands of the lab, a distribution of its own.

Holds: ``add_command``, ``PASS_ON``. Keep out: what they do (``gmail_ingest_lab/commands``). The
service never imports the lab: the lab's metadata says, as entry points, where its commands are.
Source: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoints, PackageNotFoundError, distribution

import typer

from gmail_ingest.errors import ConfigurationError

#: For commands whose arguments belong to another program.
PASS_ON: dict[str, object] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
_DISTRIBUTION = "gmail-ingest-lab"
_GROUP = "gmail_ingest.commands"


def add_command(
    app: typer.Typer, name: str, *, context_settings: dict[str, object] | None = None
) -> None:
    """Give an app the lab's command of this name; without the lab, one that says what to install
    and that no help lists.
    """
    found = _entry_points().select(name=name)
    if not found:
        app.command(name, hidden=True, context_settings=PASS_ON)(_absent)
    for entry_point in found:
        app.command(name, context_settings=context_settings)(entry_point.load())


@cache
def _entry_points() -> EntryPoints:
    # This one distribution by its name: a look at all that are installed takes 20 ms, each time
    # that any command starts.
    try:
        return distribution(_DISTRIBUTION).entry_points.select(group=_GROUP)
    except PackageNotFoundError:
        return EntryPoints()


def _absent(_context: typer.Context) -> None:
    """Needs gmail-ingest-lab, which is not installed."""
    raise ConfigurationError(
        "this command is not part of the service: install gmail-ingest-lab and gmail-sandbox (in a "
        "checkout, `sh setup.sh` does that)"
    )
