"""The comments of tables call what fetches a range of the past a backfill.

Revision 0017, after 0016. No row is written.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the comments."""
    op.create_table_comment(
        "sync_jobs",
        "of backfills: settled_at: Dagster has nothing to do for it any more; asks: those of "
        "Dagster that got nothing done, one after the other; seen_at: its worker's last word",
    )
    op.create_table_comment(
        "job_months",
        "the months of a backfill; done_at: all that Google listed has a final fate",
    )
    op.create_table_comment(
        "listings",
        "a window of a mailbox being listed: the durable page token; closed_at: used up by a "
        "completed month of a backfill",
    )
