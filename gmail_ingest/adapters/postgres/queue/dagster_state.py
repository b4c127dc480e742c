"""What Dagster's own database tells of Dagster, without Dagster.

Holds: ``daemon_silence``. Keep out: changing anything there; runs (its API tells those).
Source: docs/dagster.md#heartbeats-of-daemons: Dagster's table ``daemon_heartbeats``: each daemon
writes its row every 30 seconds.
"""

from __future__ import annotations

import psycopg
import sqlalchemy as sa

from gmail_ingest.adapters.postgres.engine import driver_url
from gmail_ingest.adapters.postgres.schema.database_state import CONNECT_SECONDS

#: The daemon that starts syncs; the others live and die with it, in one process.
_SILENCE = """
SELECT extract(epoch FROM (now() AT TIME ZONE 'utc') - max("timestamp"))::float8
FROM daemon_heartbeats WHERE daemon_type = 'SENSOR'
"""


def daemon_silence(url: str, variable: str) -> float | None:
    """Seconds since the daemon last wrote that it lives; None if it never did.

    Args:
        url: of Dagster's database, whose tables are there (``look_at`` says so).
        variable: where the address was given, for errors.
    """
    place: sa.URL = driver_url(url, variable).set(drivername="postgresql")
    with psycopg.connect(
        place.render_as_string(hide_password=False), connect_timeout=CONNECT_SECONDS
    ) as connection:
        row = connection.execute(_SILENCE).fetchone()
    return row[0] if row else None
