"""Why a mailbox is in its state, how often a queue row's worker died, and the dead letters.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_QUEUE = "mailbox_ids NULL: every mailbox of the tenant; dispatched_until: a run was asked for"


def upgrade() -> None:
    """Add the columns and the index."""
    op.add_column("mailboxes", sa.Column("cause", sa.Text()))
    op.add_column("mailboxes", sa.Column("failed_at", sa.DateTime(timezone=True)))
    op.create_table_comment(
        "mailboxes",
        "cause: names why it is in its state; failed_at: of its last sync, if that failed",
    )
    op.add_column(
        "sync_queue", sa.Column("deaths", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_table_comment(
        "sync_queue",
        f"{_QUEUE}; deaths: workers that died with it, one after the other",
        existing_comment=_QUEUE,
    )
    op.create_index(
        "ix_message_ledger_dead",
        "message_ledger",
        ["mailbox_id", "gmail_id"],
        postgresql_where=sa.text("fate = 'dead'"),
    )
