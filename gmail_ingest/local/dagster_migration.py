"""Dagster's own database brought to the schema of the installed Dagster.

Holds: ``migrate_dagster`` and ``is_behind``. Keep out: the mail's database
(``adapters/postgres/schema/migrate``).
Dagster's own command migrates, in its own process, since nothing here may import Dagster. If there
are no tables, it makes them, as the webserver would.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

from gmail_ingest.adapters.postgres.schema.database_state import MIGRATION_LOCK
from gmail_ingest.errors import GmailIngestError
from gmail_ingest.local.environment import DAGSTER_HOME, DAGSTER_PG_URL

#: The storage alone: the rest of an instance is not needed, and might not load here.
_INSTANCE = f"storage: {{postgres: {{postgres_url: {{env: {DAGSTER_PG_URL}}}}}}}\n"
_SETTINGS = "telemetry: {enabled: false}\n"
_SECONDS = 3600


_REVISION = re.compile(r"^(down_)?revision\b[^=\n]*=\s*\(?\s*[\"']([^\"']+)[\"']", re.MULTILINE)


class DagsterMigrationError(GmailIngestError):
    """``dagster instance migrate`` failed."""


def newest_dagster_revision() -> str | None:
    """The schema's revision of the installed Dagster; None if its migrations do not tell."""
    return _revisions()[0]


def is_behind(revision: str | None) -> bool:
    """Whether a database at this revision is from an older Dagster than the installed one.

    False without a revision, and for one that the installed Dagster does not know.
    """
    newest, known = _revisions()
    return newest is not None and revision in known and revision != newest


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The installed Dagster's newest revision, and all; its files are read, not imported."""
    spec = find_spec("dagster")
    if spec is None or spec.origin is None:
        return None, frozenset()
    versions = Path(spec.origin).parent / "_core" / "storage" / "alembic" / "versions"
    known: set[str] = set()
    replaced: set[str] = set()
    for script in versions.glob("*.py"):
        for is_down, revision in _REVISION.findall(script.read_text("utf-8")):
            (replaced if is_down else known).add(revision)
    heads = known - replaced
    return (heads.pop() if len(heads) == 1 else None), frozenset(known)


def migrate_dagster(url: str, environment: Mapping[str, str] = os.environ) -> None:
    """Run ``dagster instance migrate`` on a database; several processes may do so at once.

    Args:
        url: Dagster's database, ``postgresql+psycopg2://…``.
        environment: for the command.

    Raises:
        DagsterMigrationError: it failed; the text names Dagster's error by its class.
    """
    plain = f"postgresql://{url.partition('://')[2]}"
    with (
        psycopg.connect(plain, autocommit=True) as lock,
        tempfile.TemporaryDirectory(prefix="gmail-ingest-dagster-") as home,
    ):
        lock.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        (Path(home) / "dagster.yaml").write_text(_INSTANCE + _SETTINGS)
        done = subprocess.run(
            (sys.executable, "-m", "dagster", "instance", "migrate"),
            env={**environment, DAGSTER_HOME: home, DAGSTER_PG_URL: url},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    if done.returncode:
        kind = _kind(done.stderr)
        raise DagsterMigrationError(
            f"`dagster instance migrate` failed{kind}: run it with {DAGSTER_HOME} and "
            f"{DAGSTER_PG_URL} set to see its whole output"
        )


def _kind(stderr: str) -> str:
    """The class of the error that a traceback ends with; its text may hold the address."""
    lines = [line for line in stderr.splitlines() if line and not line[0].isspace()]
    name = lines[-1].partition(":")[0] if lines else ""
    return f" ({name.rpartition('.')[2]})" if name.replace(".", "").isidentifier() else ""
