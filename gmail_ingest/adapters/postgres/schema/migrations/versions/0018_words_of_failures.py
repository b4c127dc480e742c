"""Columns by the words of the code: the failure that was reported last, crashes of workers.

Revision 0018, after 0017. A rename changes the catalogue only: no row is written, and the tables
are locked for a moment.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_QUEUE = (
    "mailbox_ids NULL: every mailbox of the tenant; job_id NULL: nobody asked for it; "
    "priority: the smallest is claimed first; again: look once more afterwards; dispatch_id: the "
    "run that was started for it; dispatches: runs that never took it, one after the other; "
    "crashes: workers that died with it, one after the other"
)


def upgrade() -> None:
    """Rename the columns."""
    op.alter_column("tenants", "told_trouble", new_column_name="reported_failure")
    op.create_table_comment(
        "tenants", "reported_failure: the failure that was reported to Dagster last"
    )
    op.alter_column("sync_queue", "deaths", new_column_name="crashes")
    op.create_table_comment("sync_queue", _QUEUE)
