"""Mail knows by which reading it was stored, and mailboxes by which all of theirs is read.

Revision 0015, after 0014. Constant defaults: no row is written, and the tables are locked for a
moment only. Stored mail is read again afterwards, in batches, while the service works: the
mailboxes that there are bear reading 0, those to come 1.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("emails", "mailboxes"):
        op.add_column(
            table, sa.Column("reading", sa.SmallInteger, nullable=False, server_default="0")
        )
    op.alter_column("mailboxes", "reading", server_default="1")
    op.add_column("mailboxes", sa.Column("read_to", sa.Text, nullable=False, server_default=""))
    op.create_table_comment(
        "mailboxes",
        "cause: names why it is in its state; failed_at: of its last sync, if that failed; "
        "failing_since: of its first failure since it was synced last; retry_at: it is tried again "
        "by itself then; reading: by which all its mail is read; read_to: up to this Gmail id by "
        "the next one",
    )
