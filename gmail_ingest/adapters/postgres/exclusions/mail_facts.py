"""Reads the facts of stored mail that exclusion rules check.

Holds: ``JudgedMail`` and how it is read. Add here: a fact that another criterion needs. Keep out:
deciding (``core/exclusions/matching.py``), hiding (``visibility.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.core.exclusions.matching import MailFacts
from gmail_ingest.core.ledger.fates import fate_of

_SELECT = """
SELECT e.gmail_id, e.thread_id, e.internal_date, l.fate, l.reason, e.sender_address,
       ARRAY(SELECT p.address FROM participants p
             WHERE p.mailbox_id = e.mailbox_id AND p.gmail_id = e.gmail_id),
       e.label_ids, e.is_auto_reply, e.is_bounce, e.is_list
FROM emails e JOIN message_ledger l USING (mailbox_id, gmail_id)
WHERE e.mailbox_id = %(mailbox_id)s"""
_NAMED = f"{_SELECT} AND e.gmail_id = ANY(%(ids)s)"
_NEXT = f"{_SELECT} AND e.gmail_id > %(after)s ORDER BY e.gmail_id LIMIT %(most)s"


@dataclass(frozen=True, slots=True)
class JudgedMail:
    """A stored mail, and the name of the rule that hides it now."""

    gmail_id: str
    thread_id: str
    internal_date: datetime
    rule: str | None
    facts: MailFacts


async def read_mail(
    connection: Connection, mailbox_id: int, ids: Collection[str]
) -> list[JudgedMail]:
    """The stored mails of these Gmail ids."""
    wanted = {"mailbox_id": mailbox_id, "ids": list(ids)}
    rows = await (await connection.execute(_NAMED, wanted)).fetchall()
    return [_stored(row) for row in rows]


async def read_next(
    connection: Connection, mailbox_id: int, after: str, most: int
) -> list[JudgedMail]:
    """The mails of a mailbox after a Gmail id, in the order of their ids."""
    wanted = {"mailbox_id": mailbox_id, "after": after, "most": most}
    rows = await (await connection.execute(_NEXT, wanted)).fetchall()
    return [_stored(row) for row in rows]


def _stored(row: Sequence[Any]) -> JudgedMail:
    gmail_id, thread_id, internal_date, fate, reason, sender, addresses, labels, *flags = row
    is_auto_reply, is_bounce, is_list = flags
    return JudgedMail(
        gmail_id,
        thread_id,
        internal_date,
        reason if fate_of(fate) == "hidden" else None,
        MailFacts(
            sender,
            frozenset(addresses),
            frozenset(labels),
            is_auto_reply=is_auto_reply,
            is_bounce=is_bounce,
            is_list=is_list,
        ),
    )
