"""The ``gmail-ingest`` command: puts the commands together, and turns errors into exit codes.

Holds: ``app`` and ``run``. Add here: a command's registration. Keep out: what it does.
Exit codes: 0 done, 1 not done, 2 wrong input or configuration, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from gmail_ingest.cli import database, demo, doctor, execute, keys, processes, settings, tenants
from gmail_ingest.cli.output import NOTES
from gmail_ingest.errors import ConfigurationError, GmailIngestError, InvalidInputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Gmail of many CRM customers, kept complete in Postgres.",
)
app.command()(demo.demo)
app.command()(processes.up)
app.command(context_settings=processes.PASS_ON)(processes.sandbox)
app.command()(processes.status)
app.add_typer(tenants.app, name="tenants")
app.command()(tenants.sync)
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.command()(doctor.doctor)
app.command("exec", context_settings={"allow_interspersed_args": False})(execute.execute)
app.command()(settings.settings)


def run() -> None:
    """Run the command line of this process."""
    try:
        app()
    except GmailIngestError as error:
        NOTES.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(2 if isinstance(error, ConfigurationError | InvalidInputError) else 1)
