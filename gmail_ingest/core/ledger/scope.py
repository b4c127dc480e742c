"""Which messages belong in the CRM, by Gmail's own labels.

Holds: why a message is left out: it is known to the ledger, and never stored. Add here: a reason
that needs only labels. Keep out: what a tenant hides by rules of its own: that is stored
(``exclusions/matching.py``).
Source: https://developers.google.com/workspace/gmail/api/guides/labels (DRAFT, SPAM, TRASH, and
that users may see CHAT); which label mail bears that is to be sent later is not documented: see
docs/google.md#scheduled-mail. Edge cases 11, 15, 16, 210.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

#: Why a message is left out.
LeftOutReason = Literal["draft", "scheduled", "chat", "spam", "trash", "outside_range"]
LEFT_OUT_REASONS: frozenset[str] = frozenset(get_args(LeftOutReason))
#: Of mail that is to be sent later.
SCHEDULED: Final = "scheduled"
#: Label id to the reason for which it leaves a message out; the first that fits is named.
#: SPAM and TRASH do so on arrival only: a stored message that moves there keeps its row.
LEFT_OUT_LABELS: Mapping[str, LeftOutReason] = {
    "DRAFT": "draft",
    "SCHEDULED": SCHEDULED,
    "CHAT": "chat",
    "SPAM": "spam",
    "TRASH": "trash",
}
#: Labels of mail that is not sent yet, as long as SENT is not there.
UNSENT_LABELS = frozenset({"DRAFT", "SCHEDULED"})
#: Of what a listing named though it lies beside the range that was asked for, by its internal
#: date: Google's bounds are uncertain by a second (edge case 61).
OUTSIDE_RANGE: Final = "outside_range"
#: Labels that say something of a message, and nothing of where it is.
_MARKS = frozenset({"UNREAD", "STARRED", "IMPORTANT"})


def left_out_reason(label_ids: Collection[str]) -> LeftOutReason | None:
    """Say why a message with these Gmail label ids is left out, or None if it belongs in.

    A sent message is never a draft: Gmail may keep both labels for a moment while it is sent.
    """
    for label, reason in LEFT_OUT_LABELS.items():
        if label in label_ids and not (label in UNSENT_LABELS and "SENT" in label_ids):
            return reason
    return None


def is_nowhere(label_ids: Collection[str]) -> bool:
    """Whether no Gmail label id says where a message is, as of archived mail."""
    return _MARKS.issuperset(label_ids)
