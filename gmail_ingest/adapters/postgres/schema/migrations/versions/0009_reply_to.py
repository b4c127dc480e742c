"""Whom a mail asks to answer to, in its row: reading a page gathers no participants.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FILL = """
UPDATE emails e SET reply_to = named.people
FROM (SELECT mailbox_id, gmail_id,
             jsonb_agg(jsonb_build_object('address', address, 'name', name) ORDER BY position)
             AS people
      FROM participants WHERE role = 'reply-to' GROUP BY mailbox_id, gmail_id) AS named
WHERE e.mailbox_id = named.mailbox_id AND e.gmail_id = named.gmail_id
"""


def upgrade() -> None:
    """Add the column, and fill it for mail that has a Reply-To."""
    op.add_column("emails", sa.Column("reply_to", postgresql.JSONB()))
    op.execute(_FILL)
