"""The shared limiter's lines, the units spent by day, and living drain runs.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    """Create the tables."""
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
    op.create_table(
        "drains",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("started_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("seen_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_drains"),
        comment="drain runs by their heartbeat: a dead one is soon replaced",
    )
