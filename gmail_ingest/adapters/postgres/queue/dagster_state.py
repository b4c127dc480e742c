"""Reads the state of Dagster's daemon from Dagster's database, without importing Dagster.

Holds: ``daemon_silence``. Keep out: writes to that database; runs (Dagster's API has those).
Source: docs/dagster.md#heartbeats-of-daemons: Dagster's table ``daemon_heartbeats``: each daemon
writes its row every 30 seconds.
"""

from __future__ import annotations

import psycopg
import sqlalchemy as sa

from gmail_ingest.adapters.postgres.engine import driver_url
from gmail_ingest.adapters.postgres.schema.database_state import CONNECT_SECONDS

#: The daemon that starts syncs; the others run in the same process.
_SILENCE = """
SELECT extract(epoch FROM (now() AT TIME ZONE 'utc') - max("timestamp"))::float8
FROM daemon_heartbeats WHERE daemon_type = 'SENSOR'
"""


def daemon_silence(url: str, variable: str) -> float | None:
    """Seconds since the daemon's last heartbeat; None if there was none.

    Args:
        url: of Dagster's database, with its tables (checked by ``look_at``).
        variable: the setting that holds the URL, for errors.
    """
    place: sa.URL = driver_url(url, variable).set(drivername="postgresql")
    with psycopg.connect(
        place.render_as_string(hide_password=False), connect_timeout=CONNECT_SECONDS
    ) as connection:
        row = connection.execute(_SILENCE).fetchone()
    return row[0] if row else None
