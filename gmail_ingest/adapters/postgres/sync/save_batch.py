"""Saves a batch of outcomes: emails, threads and fates together.

Holds: ``save_outcomes``. Add here: the effect of another kind of outcome.
Keep out: columns (``email_writes.py``, ``ledger.py``), the rules (``core/ledger/fates.py``).
Source: docs/promises.md#promise-1, #promise-2, #promise-5; edge cases 1, 2, 13, 14, 64.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.stored_rules import hidden_by_rule
from gmail_ingest.adapters.postgres.mail import threads
from gmail_ingest.adapters.postgres.mail.email_writes import write_emails
from gmail_ingest.adapters.postgres.mail.ledger import read_entries, write_entries, write_failures
from gmail_ingest.core.ledger.fates import Entry, after_outcome, after_ruling, after_storing
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.mailbox.records import Counts, Failed, Gone, Lease, LeftOut, Outcome, Stored


async def save_outcomes(
    connection: Connection, lease: Lease, outcomes: Sequence[Outcome]
) -> Counts:
    """Write a batch; saving it again changes and counts nothing.

    Mail that a rule of the tenant hides is stored, and counted as hidden. A message that was
    deleted meanwhile is not stored, a stored one is not given up, and one that changed after its
    fetch waits for another fetch.
    """
    before = await read_entries(
        connection, lease.mailbox_id, [_id(outcome) for outcome in outcomes]
    )
    after = dict(before)
    messages = _storable(lease, outcomes, after)
    _decide(outcomes, after)
    hidden = await hidden_by_rule(connection, lease.mailbox_id, messages)
    written = await write_emails(connection, lease.mailbox_id, messages, hidden)
    for key in written.all:
        after[key] = after_ruling(after[key], hidden.get(key))
    decided = {key: entry for key, entry in after.items() if entry is not before.get(key)}
    await write_entries(connection, lease.mailbox_id, decided)
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    failures = await write_failures(connection, lease.mailbox_id, failed)
    touched = {message.thread_id for message in messages if message.gmail_id in written.all}
    await threads.recompute(connection, lease.mailbox_id, touched)
    if written.replaced.intersection(hidden):
        await threads.remove_empty(connection, lease.mailbox_id, touched)
    shown = written.inserted.difference(hidden)
    return Counts(
        stored=len(shown),
        updated=len(written.replaced),
        hidden=sum(entry.fate == "hidden" for entry in decided.values()),
        left_out=sum(entry.fate == "left_out" for entry in decided.values()),
        gone=sum(entry.fate == "gone" for entry in decided.values()),
        retrying=failures.retrying + sum(entry.fate == "pending" for entry in decided.values()),
        dead=failures.dead,
        lag_seconds=_lag(lease, [message for message in messages if message.gmail_id in shown]),
    )


def _id(outcome: Outcome) -> str:
    return outcome.message.gmail_id if isinstance(outcome, Stored) else outcome.message_id


def _storable(
    lease: Lease, outcomes: Sequence[Outcome], entries: dict[str, Entry]
) -> list[ParsedMessage]:
    """The messages to write, each once; updates ``entries``."""
    messages: dict[str, ParsedMessage] = {}
    for outcome in outcomes:
        if isinstance(outcome, Stored):
            message = outcome.message
            key = message.gmail_id
            entry = after_storing(
                entries.get(key), message.thread_id, message.history_id, lease.origin
            )
            if entry is not None:
                entries[key] = entry
            if entry is not None and entry.has_row:
                messages[key] = message
    return list(messages.values())


def _decide(outcomes: Sequence[Outcome], entries: dict[str, Entry]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, LeftOut | Gone) and outcome.message_id in entries:
            entry = entries[outcome.message_id]
            if isinstance(outcome, LeftOut):
                entries[outcome.message_id] = after_outcome(
                    entry, "left_out", outcome.reason, outcome.history_id
                )
            else:
                entries[outcome.message_id] = after_outcome(entry, "gone")


def _lag(lease: Lease, stored: Sequence[ParsedMessage]) -> float | None:
    if lease.origin != "push" or not stored:
        return None
    newest = max(message.internal_date for message in stored)
    return max(0.0, (datetime.now(UTC) - newest).total_seconds())
