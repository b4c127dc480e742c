"""Hides stored mail from all reads, and shows it again; no mail is deleted.

Holds: ``redecide``, ``decide``. Add here: another row by which reads find mail.
Keep out: which mail is hidden (``core/exclusions/matching.py``), writing mail
(``email_writes.py``).
Source: docs/promises.md#promise-5; edge cases 17, 64, 65. The caller holds the mailbox's row, as
every writer of it does.

Lists, searches, threads and counts do not find hidden mail, at no cost: it has no row in
``email_keys``, and the number of no facet (``facets.HIDDEN_BIT``). Text, words and people stay, so
no fetch is needed to show it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.mail_facts import JudgedMail, read_mail
from gmail_ingest.adapters.postgres.exclusions.stored_rules import read_rulebook
from gmail_ingest.adapters.postgres.mail import threads
from gmail_ingest.adapters.postgres.mail.email_writes import WRITE_KEYS
from gmail_ingest.adapters.postgres.mail.facets import HIDDEN_BIT
from gmail_ingest.adapters.postgres.mail.ledger import read_entries, write_entries
from gmail_ingest.core.exclusions.matching import Rulebook
from gmail_ingest.core.ledger.fates import after_ruling

_HIDE = """
WITH keys AS (
    DELETE FROM email_keys WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
), people AS (
    UPDATE participants SET facet_id = facet_id | %(hidden_bit)s
    WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
)
UPDATE emails SET facet_id = facet_id | %(hidden_bit)s
WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
"""
_SHOW = """
WITH people AS (
    UPDATE participants SET facet_id = facet_id & ~%(hidden_bit)s::bigint
    WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
)
UPDATE emails SET facet_id = facet_id & ~%(hidden_bit)s::bigint
WHERE mailbox_id = %(mailbox_id)s AND gmail_id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """Mails that are newly hidden or hidden by another rule, and mails that are shown again."""

    hidden: int = 0
    shown: int = 0


async def redecide(connection: Connection, mailbox_id: int, ids: Collection[str]) -> Decided:
    """Apply the tenant's rules again to mails whose labels changed."""
    if not ids:
        return Decided()
    rulebook = await read_rulebook(connection, mailbox_id)
    if rulebook.is_empty:
        # Mail that is still hidden waits for the job that the deletion of a rule queued.
        return Decided()
    return await decide(
        connection, mailbox_id, rulebook, await read_mail(connection, mailbox_id, ids)
    )


async def decide(
    connection: Connection, mailbox_id: int, rulebook: Rulebook, mails: Sequence[JudgedMail]
) -> Decided:
    """Hide or show these mails by the rules."""
    hiding_rules = {mail.gmail_id: rulebook.hiding(mail.facts) for mail in mails}
    changed = [mail for mail in mails if mail.rule != hiding_rules[mail.gmail_id]]
    if not changed:
        return Decided()
    entries = await read_entries(connection, mailbox_id, [mail.gmail_id for mail in changed])
    noted = {key: after_ruling(entry, hiding_rules[key]) for key, entry in entries.items()}
    await write_entries(connection, mailbox_id, noted)
    hide = {mail.gmail_id for mail in changed if not mail.rule}
    show = {mail.gmail_id for mail in changed if not hiding_rules[mail.gmail_id]}
    if hide:
        await _turn(connection, _HIDE, mailbox_id, hide)
    if show:
        await _turn(connection, _SHOW, mailbox_id, show)
        await connection.execute(WRITE_KEYS, (mailbox_id, sorted(show)))
    touched = {mail.thread_id for mail in changed if mail.gmail_id in hide | show}
    await threads.recompute(connection, mailbox_id, touched)
    await threads.remove_empty(connection, mailbox_id, touched)
    return Decided(len(changed) - len(show), len(show))


async def _turn(
    connection: Connection, statement: str, mailbox_id: int, ids: Collection[str]
) -> None:
    arguments = {"mailbox_id": mailbox_id, "ids": sorted(ids), "hidden_bit": HIDDEN_BIT}
    await connection.execute(statement.encode(), arguments)
