"""Since when a mailbox fails, what Dagster was told of it, and the last verdict of a comparison.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FAILING = """
UPDATE mailboxes SET failing_since = coalesce(failed_at, now())
WHERE state NOT IN ('active', 'disconnected') OR state = 'active' AND last_error IS NOT NULL
"""


def upgrade() -> None:
    """Add the columns and the table; mailboxes that fail now have failed since their last sync."""
    moment = sa.DateTime(timezone=True)
    op.add_column("mailboxes", sa.Column("failing_since", moment))
    op.add_column("mailboxes", sa.Column("retry_at", moment))
    op.execute(_FAILING)
    op.create_table_comment(
        "mailboxes",
        "cause: names why it is in its state; failed_at: of its last sync, if that failed; "
        "failing_since: of its first failure since it was synced last; retry_at: it is tried again "
        "by itself then",
    )
    op.add_column("tenants", sa.Column("told_trouble", sa.Text()))
    op.create_table_comment("tenants", "told_trouble: the trouble that Dagster was told of last")
    op.create_table(
        "verdicts",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("checked_at", moment, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("proven_days", sa.Integer(), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("mailbox_id", name=op.f("pk_verdicts")),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name=op.f("fk_verdicts_mailbox_id_mailboxes")
        ),
        comment="the last comparison of a mailbox with what Google lists",
    )
