"""Every command of the app, with arguments that it accepts, and a run of it as in a process."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import typer

from gmail_ingest.cli.main import app, run

#: These bring what they need, and run for long; none asks the environment's databases.
OWN_WORLDS = frozenset({("demo",), ("rehearse",), ("bench",), ("sandbox",)})
#: What a parameter of a type is given; by its name where the type says too little.
_BY_NAME = {"start": "2024-01-01", "end": "2024-02-01", "command": "true", "name": "crm"}


def every_command() -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each command's words, and a whole command line of it."""
    for words, command in _leaves((), typer.main.get_command(app)):
        arguments = list(words)
        for parameter in command.params:
            if parameter.required:
                given = _BY_NAME.get(parameter.name or "", "acme")
                named = parameter.param_type_name == "option"
                arguments += [parameter.opts[0], given] if named else [given]
        yield words, arguments


def _leaves(words, command):
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from _leaves((*words, name), child)


@contextmanager
def own_logging():
    """Let a command set logging and warnings up, and put both back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        with warnings.catch_warnings():
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


def exit_code(arguments: list[str]) -> int:
    """Run a command line in this process to its exit."""
    with own_logging():
        try:
            run(arguments)
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0
