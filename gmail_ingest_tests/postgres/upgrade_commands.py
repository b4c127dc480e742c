"""``gmail-ingest db upgrade`` on many databases, each in a process of its own: a program.

Holds: the loop. Add here: nothing that the command does not import before it migrates.
Keep out: what is checked afterwards (``test_upgrade_command``).

    python -m gmail_ingest_tests.postgres.upgrade_commands DATA_DIRECTORY DATABASE_URL...

Each command is forked when what it imports first has been imported, which would take a second of
each; what migrations import is imported anew in each. Prints the exit codes, one a line.
"""

from __future__ import annotations

import os
import sys

from gmail_ingest.adapters.postgres.schema import (
    migrate,  # noqa: F401 - for all commands
)
from gmail_ingest.cli.main import run
from gmail_ingest.local import dagster_migration  # noqa: F401 - for all commands


def main() -> None:
    """Run the command on one database after the other."""
    data_directory, *urls = sys.argv[1:]
    for url in urls:
        process = os.fork()
        if process == 0:
            os.environ["DATABASE_URL"] = url
            run(["db", "upgrade", "--data-dir", data_directory])
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
