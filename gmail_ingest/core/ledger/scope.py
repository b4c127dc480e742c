"""Which messages belong in the CRM, by Gmail's own labels.

Holds: the reasons for which a message is left out (known to the ledger and never stored). Add here:
a reason that needs only labels. Keep out: what a tenant's rules hide, which is stored
(``core/exclusions/matching.py``).
Source: https://developers.google.com/workspace/gmail/api/guides/labels (DRAFT, SPAM, TRASH, and
that users may see CHAT). The label of scheduled mail is not documented: see
docs/google.md#scheduled-mail. Edge cases 11, 15, 16, 210.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, get_args

#: Why a message is left out.
LeftOutReason = Literal["draft", "scheduled", "chat", "spam", "trash", "outside_range"]
LEFT_OUT_REASONS: frozenset[str] = frozenset(get_args(LeftOutReason))
#: The reason of scheduled mail, to be sent later.
SCHEDULED: Final = "scheduled"
#: Label ids to reasons; the first that fits counts. SPAM and TRASH count on arrival only: a stored
#: message that moves there keeps its row.
LEFT_OUT_LABELS: Mapping[str, LeftOutReason] = {
    "DRAFT": "draft",
    "SCHEDULED": SCHEDULED,
    "CHAT": "chat",
    "SPAM": "spam",
    "TRASH": "trash",
}
#: Labels of unsent mail; they do not count beside SENT.
UNSENT_LABELS = frozenset({"DRAFT", "SCHEDULED"})
#: The reason of listed mail whose internal date lies outside the requested range: Google's bounds
#: are uncertain by a second (edge case 61).
OUTSIDE_RANGE: Final = "outside_range"
#: Labels that do not say where a message is.
_MARKS = frozenset({"UNREAD", "STARRED", "IMPORTANT"})


def left_out_reason(label_ids: Collection[str]) -> LeftOutReason | None:
    """Return why a message with these Gmail label ids is left out; None if it belongs in the CRM.

    A sent message is never a draft: Gmail may keep both labels for a moment while it is sent.
    """
    for label, reason in LEFT_OUT_LABELS.items():
        if label in label_ids and not (label in UNSENT_LABELS and "SENT" in label_ids):
            return reason
    return None


def is_nowhere(label_ids: Collection[str]) -> bool:
    """Whether no label says where a message is, as for archived mail."""
    return _MARKS.issuperset(label_ids)
