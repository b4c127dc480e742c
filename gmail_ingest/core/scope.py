"""Which messages belong in the CRM, by Gmail's own labels.

Holds: the built-in exclusion rules and their names. Add here: a rule that needs only labels.
Keep out: rules that need a tenant's settings or a message's content.
Source: https://developers.google.com/workspace/gmail/api/guides/labels (DRAFT, SPAM, TRASH, and
that users may see CHAT); which label mail bears that is to be sent later is not documented: see
docs/google.md#scheduled-mail. Edge cases 11, 15, 16, 210.
"""

from __future__ import annotations

from collections.abc import Collection

#: The rule of mail that is to be sent later.
SCHEDULED = "scheduled"
#: Label id to the name of the rule that excludes it, in the order in which rules are asked.
#: SPAM and TRASH are excluded on arrival only: a stored message that moves there keeps its row.
EXCLUDED_LABELS = {
    "DRAFT": "draft",
    "SCHEDULED": SCHEDULED,
    "CHAT": "chat",
    "SPAM": "spam",
    "TRASH": "trash",
}
#: Labels of mail that is not sent yet, as long as SENT is not there.
UNSENT_LABELS = frozenset({"DRAFT", "SCHEDULED"})
#: The rule of what a listing named though it lies beside the range that was asked for, by its
#: internal date: Google's bounds are uncertain by a second (edge case 61).
OUTSIDE_RANGE = "outside_range"
#: What these keep out is not stored; what a tenant's own rule hides is.
BUILT_IN_RULES = frozenset({*EXCLUDED_LABELS.values(), OUTSIDE_RANGE})
#: Labels that say something of a message, and nothing of where it is.
_MARKS = frozenset({"UNREAD", "STARRED", "IMPORTANT"})


def exclusion_rule(label_ids: Collection[str]) -> str | None:
    """Name the rule that keeps a message with these Gmail label ids out, or None if it belongs in.

    A sent message is never a draft: Gmail may keep both labels for a moment while it is sent.
    """
    for label, rule in EXCLUDED_LABELS.items():
        if label in label_ids and not (label in UNSENT_LABELS and "SENT" in label_ids):
            return rule
    return None


def is_nowhere(label_ids: Collection[str]) -> bool:
    """Whether no Gmail label id says where a message is, as of archived mail."""
    return _MARKS.issuperset(label_ids)
