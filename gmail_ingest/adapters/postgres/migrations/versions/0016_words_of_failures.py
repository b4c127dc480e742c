"""Columns by the words of the code: the failure that was reported last.

Revision 0016, after 0015. Source: ``adapters/postgres/tenant_health.py``. A rename changes the
catalogue only: no row is written, and the tables are locked for a moment.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column."""
    op.alter_column("tenants", "told_trouble", new_column_name="reported_failure")
    op.create_table_comment(
        "tenants", "reported_failure: the failure that was reported to Dagster last"
    )
