"""``gmail-ingest settings``: the reference of all settings, in two forms.

Holds: the command and both forms. ``.env.example`` and ``docs/configuration.md`` are their output;
a test compares them. Keep out: settings themselves (``gmail_ingest.settings``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import SecretStr

from gmail_ingest.local.environment import (
    CODE_SERVER_HOST,
    CODE_SERVER_PORT,
    DAGSTER_HOME,
    DAGSTER_PG_URL,
    variable_name,
)
from gmail_ingest.settings import Settings


class Form(StrEnum):
    """How settings are written."""

    MARKDOWN = "markdown"
    ENV = "env"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; ``default`` as it would be written there."""

    name: str
    default: str
    description: str


#: Read by Dagster, not by this project; `demo` and `up` set all of them.
DAGSTER_VARIABLES = (
    Variable(
        DAGSTER_PG_URL,
        "",
        "Dagster's own database, another than DATABASE_URL's, for psycopg2: "
        "postgresql+psycopg2://user:password@host/dagster. Needed with DATABASE_URL.",
    ),
    Variable(DAGSTER_HOME, "", "The directory that holds dagster.yaml."),
    Variable(CODE_SERVER_HOST, "", "Where workspace.deployment.yaml finds the code location."),
    Variable(CODE_SERVER_PORT, "", "Its port."),
)


def settings(
    *, form: Annotated[Form, typer.Option("--format", help="markdown or env.")] = Form.MARKDOWN
) -> None:
    """Print every setting with its default and meaning."""
    typer.echo(markdown() if form is Form.MARKDOWN else env_example(), nl=False)


def variables() -> Iterator[Variable]:
    """The variables of Settings, in their order there."""
    for name, field in Settings.model_fields.items():
        default = field.default
        text = default.get_secret_value() if isinstance(default, SecretStr) else str(default)
        yield Variable(variable_name(name, field), text, field.description or "")


def env_example() -> str:
    """The text of ``.env.example``: every variable, commented out, with its default."""
    lines = ["# Every setting with its default. Copy to .env and uncomment what differs.", ""]
    for variable in (*variables(), *DAGSTER_VARIABLES):
        lines += [f"# {variable.description}", f"#{variable.name}={variable.default}", ""]
    return "\n".join(lines)


def markdown() -> str:
    """The text of ``docs/configuration.md``."""
    head = (
        "# Configuration\n\nEverything is set by environment variables (or a `.env` file in the "
        "working directory).\nThis page is the output of `gmail-ingest settings`.\n\n"
    )
    own = "".join(_row(variable) for variable in variables())
    dagster = "".join(_row(variable) for variable in DAGSTER_VARIABLES)
    return (
        f"{head}{_TABLE}{own}\n## Dagster's\n\n`gmail-ingest demo` and `up` set these "
        f"themselves; a deployment of several machines sets them for Dagster's processes.\n\n"
        f"{_TABLE}{dagster}"
    )


_TABLE = "| variable | default | meaning |\n| --- | --- | --- |\n"


def _row(variable: Variable) -> str:
    default = f"`{variable.default}`" if variable.default else ""
    return (
        f"| `{variable.name}` | {default} | {variable.description.replace('|', chr(92) + '|')} |\n"
    )
