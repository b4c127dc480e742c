"""The ``gmail-ingest`` command: registers all commands, and turns errors into exit codes.

Holds: ``app`` and ``run``. Add here: a command's registration. Keep out: what it does, and the
texts of errors (``failures``).
Exit codes: 0 done, 1 not done, 2 wrong input or configuration, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated

import typer

from gmail_ingest.cli import (
    coverage,
    database,
    dead_letters,
    doctor,
    execute,
    keys,
    lab,
    reread,
    settings,
    status,
    sync,
    tenants,
    up,
    verify,
    why,
)
from gmail_ingest.cli.failures import explain_failure
from gmail_ingest.cli.output import NOTES, print_json
from gmail_ingest.errors import ConfigurationError
from gmail_ingest.logs import configure_logging
from gmail_ingest.settings import log_level_of
from gmail_ingest.variables import misspelt

_LOG_LEVEL = "GMAIL_INGEST_LOG_LEVEL"
#: These work with a wrong log level, since they tell how settings are written.
_WITHOUT_SETTINGS = frozenset({"--help", "--version", "settings"})
#: Their arguments, --json too, belong to another program.
_OF_OTHERS = frozenset({"exec", "sandbox"})

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Gmail of many CRM customers, kept complete in Postgres.",
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"gmail-ingest {version('gmail-ingest')}")
        raise typer.Exit(0)


@app.callback()
def gmail_ingest(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda wanted: _show_version(wanted=wanted),
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Gmail of many CRM customers, kept complete in Postgres."""


lab.add_command(app, "demo")
lab.add_command(app, "rehearse")
app.command()(up.up)
lab.add_command(app, "sandbox", context_settings=lab.PASS_ON)
app.command()(status.status)
app.add_typer(tenants.app, name="tenants")
app.add_typer(sync.app, name="sync")
app.add_typer(dead_letters.app, name="dead-letters")
app.command()(verify.verify)
app.command()(coverage.coverage)
app.command()(why.why)
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.command()(reread.reread)
app.command()(doctor.doctor)
app.command("exec", context_settings={"allow_interspersed_args": False})(execute.execute)
app.command()(settings.settings)
lab.add_command(app, "bench")


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and exit; an error is printed as one sentence.

    Args:
        arguments: without the program's name; those of this process if left out.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _prepare(given, os.environ)
        _command()(given, prog_name="gmail-ingest")
    except Exception as error:  # noqa: BLE001 - the outermost place
        if os.environ.get(_LOG_LEVEL, "").upper() == "DEBUG":
            traceback.print_exc()
        failure = explain_failure(error)
        NOTES.print(f"error: {failure.text}", markup=False, highlight=False)
        if "--json" in given and given[0] not in _OF_OTHERS:
            print_json({"error": failure.text, "exitCode": failure.exit_code})
        sys.exit(failure.exit_code)


@cache
def _command() -> Callable[..., object]:
    return typer.main.get_command(app)


def _prepare(given: Sequence[str], environment: Mapping[str, str]) -> None:
    """Set the log level, silence other packages' warnings, and name misspelt settings.

    Raises:
        ConfigurationError: there is no such log level.
    """
    level = "ERROR"
    try:
        level = log_level_of(environment, default=level)
    except ConfigurationError:
        if not _WITHOUT_SETTINGS & set(given):
            raise
    if not sys.warnoptions and level != "DEBUG":
        warnings.simplefilter("ignore")
    configure_logging(level)
    for sentence in misspelt(environment):
        NOTES.print(f"warning: {sentence}", markup=False, highlight=False)
