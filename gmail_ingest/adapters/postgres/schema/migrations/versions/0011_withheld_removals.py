"""Removals of stored mail: how many a day, and those that wait for a person.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables; they begin empty."""
    op.create_table(
        "removals",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", TIMESTAMP, nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], name="fk_removals_mailbox_id"),
        sa.PrimaryKeyConstraint("mailbox_id", "hour", name="pk_removals"),
        comment="stored mails removed because Gmail no longer has them, without a person's word",
    )
    op.create_table(
        "withheld_removals",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("gmail_id", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("withheld_at", TIMESTAMP, server_default=sa.text("now()"), nullable=False),
        sa.Column("accepted_at", TIMESTAMP),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name="fk_withheld_removals_mailbox_id"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", "gmail_id", name="pk_withheld_removals"),
        comment="stored mails that Gmail no longer has, too many to remove unasked; confirmed: "
        "Gmail said so of the mail itself; accepted_at: a person agreed that it goes",
    )
