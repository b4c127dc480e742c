"""The queue knows what is urgent, by which run a row is awaited, and needs no job for a poll.

Revision 0013, after 0012. What waits is taken for urgent: it is a matter of minutes, and polls that
wait too long are not.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COMMENT = (
    "mailbox_ids NULL: every mailbox of the tenant; job_id NULL: nobody asked for it; "
    "priority: the smallest is claimed first; again: look once more afterwards; dispatch_id: the "
    "run that was started for it; dispatches: runs that never took it, one after the other; "
    "deaths: workers that died with it, one after the other"
)


def upgrade() -> None:
    """Add the columns and the index of turns."""
    timestamp = sa.DateTime(timezone=True)
    op.alter_column("sync_queue", "job_id", nullable=True)
    op.drop_column("sync_queue", "dispatched_until")
    for column in (
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("dispatch_id", sa.Text),
        sa.Column("dispatched_at", timestamp),
        sa.Column("dispatches", sa.Integer, nullable=False, server_default="0"),
        sa.Column("started_at", timestamp),
        sa.Column("dagster_run_id", sa.Text),
    ):
        op.add_column("sync_queue", column)
    op.create_index("ix_sync_queue_turn", "sync_queue", ["priority", "not_before", "id"])
    op.create_table_comment("sync_queue", _COMMENT)
