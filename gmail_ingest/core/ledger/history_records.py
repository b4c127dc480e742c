"""Folding of a page of Gmail history into one change per message.

Holds: the record types and ``fold_history``. Add here: what follows from the records alone.
Keep out: what the ledger already knows about an id (``fates.py``).
Source: docs/google.md#history-records, #history-ids; edge cases 5, 6, 9, 14, 15 and 16.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """One thing that happened to one message.

    ``kind`` is ``"added"``, ``"deleted"`` or ``"labels"``; ``label_ids`` are all the labels that
    the message has afterwards, or None where Google did not say.
    """

    history_id: int
    kind: str
    message_id: str
    thread_id: str
    label_ids: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class MessageChange:
    """The net effect of a page on one message; ``history_id`` is that of the newest record."""

    message_id: str
    thread_id: str
    history_id: int
    deleted: bool
    label_ids: tuple[str, ...] | None


def fold_history(records: Iterable[HistoryRecord]) -> list[MessageChange]:
    """Fold records into one change per message, whatever order they came in.

    A deletion is final (Gmail never reuses an id). Labels are those of the newest record that has
    them. The result is ordered by history id, so that replays are deterministic.
    """
    folded: dict[str, MessageChange] = {}
    for record in sorted(records, key=lambda record: record.history_id):
        before = folded.get(record.message_id)
        labels = record.label_ids
        if labels is None and before is not None:
            labels = before.label_ids
        folded[record.message_id] = MessageChange(
            message_id=record.message_id,
            thread_id=record.thread_id or (before.thread_id if before else ""),
            history_id=record.history_id,
            deleted=record.kind == "deleted" or (before is not None and before.deleted),
            label_ids=labels,
        )
    return sorted(folded.values(), key=lambda change: change.history_id)
