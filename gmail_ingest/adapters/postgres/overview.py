"""All tenants at a glance, for the operator at a terminal.

Holds: ``PostgresOverview``. Keep out: one tenant in detail (``reads``), mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.mail_tables import emails
from gmail_ingest.adapters.postgres.tables import (
    integrations,
    mailboxes,
    message_ledger,
    sync_queue,
    tenants,
    withheld_removals,
)
from gmail_ingest.errors import remedy_of


@dataclass(frozen=True, slots=True)
class MailboxOverview:
    """A mailbox; times are UTC. ``fates`` counts its ledger's ids by fate. ``cause`` and
    ``last_error`` say why it has not been synced since ``failing_since``, ``remedy`` what a person
    has to do, ``retry_at`` when it is tried again by itself.
    """

    tenant_id: str
    tenant_state: str
    address: str
    state: str
    auth_type: str
    stored: int
    fates: Mapping[str, int]
    last_synced_at: datetime | None
    watch_expires_at: datetime | None
    cause: str | None
    last_error: str | None
    failing_since: datetime | None
    retry_at: datetime | None
    remedy: str | None
    removals_withheld: int = 0


class PostgresOverview:
    """Reads what every mailbox has come to."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def mailboxes(self) -> list[MailboxOverview]:
        """Every mailbox ever connected, by tenant and address."""
        async with self._engine.connect() as connection:
            known = (await connection.execute(_mailboxes())).all()
            fates: dict[int, dict[str, int]] = {}
            for mailbox_id, fate, count in await connection.execute(_fates()):
                fates.setdefault(mailbox_id, {})[fate] = count
        return [
            MailboxOverview(
                *(
                    *row[1:7],
                    fates.get(row[0], {}),
                    *row[7:13],
                    remedy_of(row[4], row.cause),
                    row[13],
                )
            )
            for row in known
        ]

    async def waiting(self) -> int:
        """Queue rows that nobody works on."""
        query = sa.select(sa.func.count()).where(sync_queue.c.claimed_by.is_(None))
        async with self._engine.connect() as connection:
            return int(await connection.scalar(query) or 0)


def _mailboxes() -> sa.Select[*tuple[Any, ...]]:
    stored = (
        sa.select(emails.c.mailbox_id, sa.func.count().label("rows"))
        .group_by(emails.c.mailbox_id)
        .subquery()
    )
    joined = (
        mailboxes.join(tenants, mailboxes.c.tenant_id == tenants.c.id)
        .join(integrations, mailboxes.c.integration_id == integrations.c.id)
        .outerjoin(stored, stored.c.mailbox_id == mailboxes.c.id)
    )
    withheld = (
        sa.select(sa.func.count())
        .where(withheld_removals.c.mailbox_id == mailboxes.c.id)
        .where(withheld_removals.c.accepted_at.is_(None))
        .correlate(mailboxes)
    )
    return (
        sa.select(
            mailboxes.c.id,
            tenants.c.id,
            tenants.c.state,
            mailboxes.c.address,
            mailboxes.c.state,
            integrations.c.auth_type,
            sa.func.coalesce(stored.c.rows, 0),
            mailboxes.c.last_synced_at,
            mailboxes.c.watch_expires_at,
            mailboxes.c.cause,
            mailboxes.c.last_error,
            mailboxes.c.failing_since,
            mailboxes.c.retry_at,
            withheld.scalar_subquery(),
        )
        .select_from(joined)
        .order_by(tenants.c.id, mailboxes.c.address)
    )


def _fates() -> sa.Select[int, str, int]:
    key = (message_ledger.c.mailbox_id, message_ledger.c.fate)
    return sa.select(*key, sa.func.count()).group_by(*key)
