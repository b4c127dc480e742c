"""Historical syncs: jobs of a range with their months, listings that belong to one.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns, the indexes and the table."""
    op.add_column("message_ledger", sa.Column("listing_id", sa.BigInteger()))
    _upgrade_listings()
    _upgrade_jobs()
    op.create_table(
        "job_months",
        sa.Column("job_id", pg.UUID(as_uuid=True), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("done_at", TIMESTAMP),
        sa.Column("counts", pg.JSONB(), nullable=False, server_default="{}"),
        sa.ForeignKeyConstraint(["job_id"], ["sync_jobs.id"], name="fk_job_months_job_id"),
        sa.PrimaryKeyConstraint("job_id", "month", name="pk_job_months"),
        comment="the months of a historical job; done_at: all that Google listed has a final fate",
    )


def _upgrade_listings() -> None:
    op.add_column(
        "listings", sa.Column("source", sa.Text(), nullable=False, server_default="listing")
    )
    op.add_column("listings", sa.Column("closed_at", TIMESTAMP))
    op.add_column("listings", sa.Column("counts", pg.JSONB(), nullable=False, server_default="{}"))
    op.create_table_comment(
        "listings",
        "a window of a mailbox being listed: the durable page token; closed_at: used up by a "
        "completed month of a historical sync",
    )


def _upgrade_jobs() -> None:
    for name in ("window_start", "window_end", "settled_at", "not_before", "seen_at"):
        op.add_column("sync_jobs", sa.Column(name, TIMESTAMP))
    op.add_column("sync_jobs", sa.Column("dagster_backfill_id", sa.Text()))
    op.add_column("sync_jobs", sa.Column("asks", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "uq_sync_jobs_open_range",
        "sync_jobs",
        ["tenant_id", "window_start", "window_end"],
        unique=True,
        postgresql_where=sa.text("kind = 'historical' AND state IN ('queued', 'running')"),
    )
    op.create_index(
        "ix_sync_jobs_unsettled",
        "sync_jobs",
        ["created_at"],
        postgresql_where=sa.text("kind = 'historical' AND settled_at IS NULL"),
    )
    op.create_table_comment(
        "sync_jobs",
        "of historical jobs: settled_at: Dagster has nothing to do for it any more; asks: "
        "backfills that got nothing done, one after the other; seen_at: its worker's last word",
    )
