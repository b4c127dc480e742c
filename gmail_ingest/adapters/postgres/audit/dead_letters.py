"""Dead letters, messages given up after too many attempts: lists them and tries them again.

Holds: ``PostgresDeadLetters``. Add here: another action of a person on dead letters. Keep out:
giving up (``ledger.py``), the fate of one mail (``traces.py``).
Source: docs/promises.md#promise-5; edge case 2. All queries use a partial index of dead letters
only.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from gmail_ingest.adapters.postgres.engine import statement, transaction
from gmail_ingest.adapters.postgres.mailboxes.mailbox_rows import NAMED
from gmail_ingest.adapters.postgres.queue.sync_queue import enqueue
from gmail_ingest.errors import InvalidInputError

_LIST = f"""
SELECT l.mailbox_id, l.gmail_id, m.address, l.thread_id, l.attempts, l.error, l.first_seen_at,
       l.decided_at
FROM message_ledger l JOIN mailboxes m ON m.id = l.mailbox_id
WHERE m.tenant_id = %(tenant)s AND l.fate = 'dead'
  AND (%(mailbox)s::text IS NULL OR {NAMED})
  AND (%(after_mailbox)s::bigint IS NULL
       OR (l.mailbox_id, l.gmail_id) < (%(after_mailbox)s, %(after_id)s))
ORDER BY l.mailbox_id DESC, l.gmail_id DESC LIMIT %(limit)s
"""  # noqa: S608 - a constant
# Locked like every writer of a mailbox's ledger does, so that no entry that was read before is
# written back afterwards.
_LOCK = f"""
SELECT m.id FROM mailboxes m
WHERE m.tenant_id = %(tenant)s AND m.state NOT IN ('disconnected', 'replaced')
  AND (%(mailbox)s::text IS NULL OR {NAMED})
  AND EXISTS (SELECT FROM message_ledger l WHERE l.mailbox_id = m.id AND l.fate = 'dead')
ORDER BY m.id FOR NO KEY UPDATE
"""  # noqa: S608 - a constant
# Dead letters of backfills get the origin "listing", so that the queued sync fetches them.
_RETRY = """
UPDATE message_ledger
SET fate = 'pending', reason = NULL, attempts = 0, error = NULL, missed = false,
    next_attempt_at = now(), decided_at = NULL,
    origin = CASE WHEN origin = 'backfill' THEN 'listing' ELSE origin END
WHERE mailbox_id = ANY(%(mailboxes)s) AND fate = 'dead'
  AND (%(ids)s::text[] IS NULL OR gmail_id = ANY(%(ids)s))
RETURNING mailbox_id
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up ``since`` (UTC) because of ``error``."""

    gmail_id: str
    mailbox: str
    thread_id: str
    attempts: int
    error: str | None
    first_seen_at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """A page, by mailbox, newest ids first; ``next_cursor`` is None on the last page."""

    dead_letters: tuple[DeadLetter, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Retried:
    """How many dead letters are pending again, and the job of their sync (None if none were)."""

    count: int
    job_id: UUID | None


class PostgresDeadLetters:
    """The dead letters of tenants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(
        self, tenant_id: str, *, mailbox: str | None, cursor: str | None, limit: int
    ) -> DeadLetterPage:
        """A page of a tenant's dead letters, of one mailbox (lower-cased address) or all.

        Raises:
            InvalidInputError: the cursor was not made by this method.
        """
        mailbox_id, gmail_id = _decode(cursor) if cursor else (None, None)
        wanted = {
            "tenant": tenant_id,
            "mailbox": mailbox,
            "after_mailbox": mailbox_id,
            "after_id": gmail_id,
            "limit": limit + 1,
        }
        async with statement(self._engine) as connection:
            rows = await (await connection.execute(_LIST, wanted)).fetchall()
        shown = rows[:limit]
        more = len(rows) > limit
        return DeadLetterPage(
            tuple(DeadLetter(*row[1:]) for row in shown),
            _encode(shown[-1][0], shown[-1][1]) if more else None,
        )

    async def retry(
        self, tenant_id: str, *, message_ids: Collection[str] | None, mailbox: str | None
    ) -> Retried:
        """Make dead letters pending, with a new count of attempts, and queue their sync.

        Args:
            tenant_id: whose.
            message_ids: Gmail ids; None for all.
            mailbox: lower-cased address; None for all.
        """
        ids = None if message_ids is None else list(message_ids)
        async with transaction(self._engine) as connection:
            locked = await connection.execute(_LOCK, {"tenant": tenant_id, "mailbox": mailbox})
            mailboxes = [row[0] for row in await locked.fetchall()]
            retried = await connection.execute(_RETRY, {"mailboxes": mailboxes, "ids": ids})
            touched = [row[0] for row in await retried.fetchall()]
            if not touched:
                return Retried(0, None)
            job = await enqueue(connection, tenant_id, "incremental", mailbox_ids=set(touched))
        return Retried(len(touched), job)


def _encode(mailbox_id: int, gmail_id: str) -> str:
    return urlsafe_b64encode(f"{mailbox_id}:{gmail_id}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[int, str]:
    try:
        content = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
        number, _, gmail_id = content.partition(":")
        mailbox_id = int(number)
    except (Base64Error, ValueError) as error:
        raise _invalid() from error
    # Numbers and base64 have several spellings, of which one is valid. Postgres refuses U+0000 and
    # numbers of more than 63 bits.
    known = _encode(mailbox_id, gmail_id) == cursor and abs(mailbox_id) < 1 << 63
    if not known or "\0" in gmail_id:
        raise _invalid()
    return mailbox_id, gmail_id


def _invalid() -> InvalidInputError:
    return InvalidInputError("cursor", "is not one that this API gave out")
