"""Coverage: which days are proven complete, and which mailboxes wait for a reconciliation.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
COUNTS = ("listed", "accounted", "pending", "missing", "vanished", "dead")


def upgrade() -> None:
    """Create the table and the column."""
    op.create_table(
        "coverage",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(f"ids_{name}", sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("checked_at", TIMESTAMP, nullable=False),
        sa.Column("proven_at", TIMESTAMP),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_coverage_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "day", name="pk_coverage"),
        comment="UTC days compared with what Google lists; proven_at NULL: not complete, "
        "or not over",
    )
    op.add_column("mailboxes", sa.Column("reconcile_wanted_at", TIMESTAMP))
