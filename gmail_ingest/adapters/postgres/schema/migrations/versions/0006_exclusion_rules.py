"""Exclusion rules of tenants, and the mailboxes whose stored mail a change of them has to reach.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    """Create the tables, and the index that counts what a rule hides."""
    op.create_table(
        "exclusion_rules",
        sa.Column("tenant_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.Column("updated_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_exclusion_rules_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_exclusion_rules"),
        comment="which stored mail the CRM does not see; "
        "mailbox: the address that it is limited to",
    )
    op.create_table(
        "exclusion_marks",
        sa.Column("mailbox_id", sa.BigInteger(), nullable=False),
        sa.Column("decided_to", sa.Text(), server_default="", nullable=False),
        sa.Column("marked_at", TIMESTAMP, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailboxes.id"], name="fk_exclusion_marks_mailbox_id"
        ),
        sa.PrimaryKeyConstraint("mailbox_id", name="pk_exclusion_marks"),
        comment="mailboxes whose rules changed; "
        "decided_to: up to this Gmail id they are decided about",
    )
    op.create_index(
        "ix_message_ledger_excluded",
        "message_ledger",
        ["mailbox_id", "rule"],
        postgresql_where=sa.text("fate = 'excluded'"),
    )
