"""What a careful reader sees of a mail: its author, its kind, whom it did not reach, its signature.

Revision 0014, after 0013. Source: ``core/message.py``. Each column has a constant default or none:
no row is written, and the table is locked for a moment only.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("emails", sa.Column("author", postgresql.JSONB()))
    op.add_column("emails", sa.Column("signature", sa.Text(), nullable=False, server_default=""))
    op.add_column("emails", sa.Column("content_kind", sa.Text()))
    op.add_column("emails", sa.Column("failed_recipients", postgresql.JSONB()))
