"""The shared limiter's lines, and the units spent by day.

Revision 0002, after 0001. Source: ``adapters/postgres/quota.py``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "quota_lines",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("live_at", TIMESTAMP, nullable=False),
        sa.Column("history_at", TIMESTAMP, nullable=False),
        sa.Column("burst_at", TIMESTAMP, nullable=False),
        sa.Column("paused_until", TIMESTAMP),
        sa.PrimaryKeyConstraint("scope", name="pk_quota_lines"),
        comment="scope: a mailbox id, 0 is the project; times up to which units are reserved",
    )
    op.create_table(
        "quota_usage",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "day", name="pk_quota_usage"),
        comment="scope as in quota_lines; the day is Google's (Pacific time)",
    )
