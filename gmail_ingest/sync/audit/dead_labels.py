"""Takes labels that were deleted at Gmail off stored mail, for the price of the list of labels.

Holds: ``dead_among``, ``DeadLabels``. Add here: nothing. Keep out: labels of single mails
(``compare.py``), SQL (adapters).

Gmail may or may not write history for each mail of a label that is deleted; a comparison looks at
the last days only. The list of labels (1 unit) is read by each comparison anyway, and tells about
mail of any age.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from gmail_ingest.sync.audit.completeness import ComparableStore
from gmail_ingest.sync.audit.lister import Lister
from gmail_ingest.sync.mailbox.session import MailboxSession

#: How ids of labels begin that a user made. All others are Gmail's own, which are never deleted.
USER_LABEL = "Label_"
#: Labels that every mailbox has: an answer without them is not the whole list.
ALWAYS_THERE = frozenset({"INBOX", "SENT", "DRAFT", "SPAM", "TRASH"})


def dead_among(known: Collection[str], listed: Collection[str]) -> frozenset[str]:
    """Which labels of stored mail are no longer listed; none if the list is incomplete."""
    if not ALWAYS_THERE.issubset(listed):
        return frozenset()
    return frozenset(label_id for label_id in known if label_id.startswith(USER_LABEL)).difference(
        listed
    )


class ReadLabels(NamedTuple):
    """The labels that there are, and those of stored mail that are dead."""

    listed: frozenset[str]
    dead: frozenset[str]


class DeadLabels:
    """What a comparison needs of one mailbox's labels."""

    def __init__(self, session: MailboxSession[ComparableStore], lister: Lister) -> None:
        self._store = session.store
        self._lister = lister
        self._mailbox_id = session.mailbox.id

    async def read(self) -> ReadLabels:
        """Read the list of labels, and tell which labels of stored mail it lacks.

        Stored mail is read first, so that a label made meanwhile does not look dead. If some label
        looks dead, the list is read twice, since one answer may be incomplete.
        """
        known = await self._store.user_labels(self._mailbox_id, USER_LABEL)
        listed = await self._lister.label_ids()
        dead = dead_among(known, listed)
        if dead and await self._store.count_labelled(self._mailbox_id, dead):
            dead &= dead_among(known, await self._lister.label_ids())
        return ReadLabels(listed, dead)
