"""Mailboxes whose account was renamed, made anew, or counts its history ids from the start again.

Revision 0010, after 0009. An address is one mailbox of a tenant among those that live; the mail of
accounts that had it before stays under it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
_UNIQUE = "uq_mailboxes_tenant_id_address"


def upgrade() -> None:
    """Add the columns, let only living mailboxes exclude each other, find them by other names."""
    op.add_column(
        "mailboxes",
        sa.Column(
            "former_addresses", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"
        ),
    )
    op.add_column("mailboxes", sa.Column("present_address", sa.Text()))
    op.add_column("mailboxes", sa.Column("renamed_at", TIMESTAMP))
    op.add_column("mailboxes", sa.Column("history_reset_at", TIMESTAMP))
    op.add_column("mailboxes", sa.Column("replaced_at", TIMESTAMP))
    op.add_column("mailboxes", sa.Column("replaced_by", sa.BigInteger()))
    op.execute(f"ALTER TABLE mailboxes DROP CONSTRAINT IF EXISTS {_UNIQUE}")
    op.create_index(
        "uq_mailboxes_living_address",
        "mailboxes",
        ["tenant_id", "address"],
        unique=True,
        postgresql_where=sa.text("state <> 'replaced'"),
    )
    op.create_index(
        "ix_mailboxes_aliases",
        "mailboxes",
        ["aliases"],
        postgresql_using="gin",
        # Each push of an unknown address would read what is not merged yet.
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("aliases <> '{}'"),
    )
