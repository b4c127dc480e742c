"""``gmail-ingest sandbox``, and the error of commands that need it where it is not installed.

Holds: the command, and ``require_sandbox``. Keep out: the sandbox itself, a distribution of its own
(``gmail_sandbox/README.md``).
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import typer

from gmail_ingest.errors import ConfigurationError

_PACKAGE = "gmail_sandbox"


def sandbox(context: typer.Context) -> None:
    """Run a local Google alone; `gmail-ingest sandbox --help` lists its options."""
    require_sandbox()
    # It takes the place of this process, so that signals reach it.
    os.execv(sys.executable, [sys.executable, "-m", _PACKAGE, *context.args])  # noqa: S606 - ours


def require_sandbox() -> None:
    """Check that the local Google is installed, before anything is started that needs it.

    Raises:
        ConfigurationError: it is not installed.
    """
    if find_spec(_PACKAGE) is None:
        raise ConfigurationError(
            "this command needs a local Google: install gmail-sandbox (in a checkout, "
            "`sh setup.sh` does that)"
        )
