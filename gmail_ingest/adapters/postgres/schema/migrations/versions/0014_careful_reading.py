"""What a careful reader sees of a mail: its author, its kind, whom it did not reach, its signature.

Revision 0014, after 0013. Each column has a constant default or none: no row is written, and the
table is locked for a moment only. ``scheduled`` is the name of a built-in rule from now on: a
tenant's own rule of that name gets another.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_RENAME_ITS_MAIL = """
UPDATE message_ledger l SET rule = 'scheduled.tenant'
FROM exclusion_rules r JOIN mailboxes m ON m.tenant_id = r.tenant_id
WHERE r.name = 'scheduled' AND l.mailbox_id = m.id AND l.fate = 'excluded' AND l.rule = 'scheduled'
"""
_RENAME = "UPDATE exclusion_rules SET name = 'scheduled.tenant' WHERE name = 'scheduled'"


def upgrade() -> None:
    """Add the columns, and make room for the rule's name."""
    op.execute(_RENAME_ITS_MAIL)
    op.execute(_RENAME)
    op.add_column("emails", sa.Column("author", postgresql.JSONB()))
    op.add_column("emails", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
    op.add_column("emails", sa.Column("content_kind", sa.Text()))
    op.add_column("emails", sa.Column("failed_recipients", postgresql.JSONB()))
