"""The ``gmail-ingest`` command: puts the commands together, and turns errors into exit codes.

Holds: ``app`` and ``run``. Add here: a command's registration. Keep out: what it does.
Exit codes: 0 done, 1 not done, 2 wrong input or configuration, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NoReturn

import typer
from pydantic import ValidationError

from gmail_ingest.cli import (
    bench,
    database,
    demo,
    doctor,
    execute,
    keys,
    processes,
    rehearse,
    settings,
    sync,
    tenants,
    verify,
    why,
)
from gmail_ingest.cli.output import NOTES
from gmail_ingest.errors import ConfigurationError, GmailIngestError, InvalidInputError
from gmail_ingest.runtime.environment import variable_names

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Gmail of many CRM customers, kept complete in Postgres.",
)
app.command()(demo.demo)
app.command()(rehearse.rehearse)
app.command()(processes.up)
app.command(context_settings=processes.PASS_ON)(processes.sandbox)
app.command()(processes.status)
app.add_typer(tenants.app, name="tenants")
app.add_typer(sync.app, name="sync")
app.command()(verify.verify)
app.command()(why.why)
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.command()(doctor.doctor)
app.command("exec", context_settings={"allow_interspersed_args": False})(execute.execute)
app.command()(settings.settings)
app.command()(bench.bench)


def run() -> None:
    """Run the command line of this process."""
    try:
        app()
    except GmailIngestError as error:
        _fail(str(error), 2 if isinstance(error, ConfigurationError | InvalidInputError) else 1)
    except ValidationError as error:
        # Without the input: it may be a secret that was put under the wrong name.
        wrong = error.errors(include_input=False, include_url=False)
        names = variable_names()
        _fail("; ".join(f"{_name(each['loc'], names)}: {each['msg']}" for each in wrong), 2)


def _name(place: tuple[int | str, ...], names: Mapping[str, str]) -> str:
    field = str(place[0])
    return names.get(field, field)


def _fail(text: str, code: int) -> NoReturn:
    NOTES.print(f"error: {text}", markup=False, highlight=False)
    sys.exit(code)
