"""Shared by all tables: their metadata and column types.

Holds: ``metadata`` and column types. Keep out: tables (``tables.py``, ``mail_tables.py``).
Source: edge case 10 (history ids are NUMERIC).
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Gmail's history ids: unsigned 64 bits or more, and ordered as numbers.
HISTORY_ID = sa.Numeric(30, 0)
TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")
