"""What Google lists of a window, with spam and trash: ids, and how labels fall on them.

Holds: ``Lister``, and ``compare_labels``. Add here: another way to ask for ids.
Keep out: what the ledger says of them (``compare.py``).
Source: docs/google.md#lists (labelIds, includeSpamTrash); edge cases 5 and 60 (estimates are not
read). A label costs 5 units for 500 ids, where reading each message again costs 20 for one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from gmail_ingest.core.ledger.completeness import StoredMails, label_differences
from gmail_ingest.core.ledger.scope import LEFT_OUT_LABELS, UNSENT_LABELS
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import RejectedRequestError
from gmail_ingest.sync.mailbox.paging import read_pages
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import ListPage
from gmail_ingest.sync.mailbox.session import MailboxSession


class Lister:
    """Lists a mailbox at the pace of its session; raises what a call of it raises."""

    def __init__(self, session: MailboxSession[MailStore]) -> None:
        self._client = session.client
        self._throttle = session.throttle
        self._prices = session.policy.prices

    async def label_ids(self) -> frozenset[str]:
        """The mailbox's labels."""
        return await self._throttle.call(self._client.label_ids, self._prices.labels_list)

    async def ids(self, window: Window, label_id: str | None = None) -> dict[str, str]:
        """All ids of a window, or those with a label, with their threads."""
        return await self._list(window, label_id, None) or {}

    async def ids_up_to(self, window: Window, most: int) -> dict[str, str] | None:
        """The ids of a window with their threads; None if they are more than ``most``."""
        return await self._list(window, None, most)

    async def _list(
        self, window: Window, label_id: str | None, most: int | None
    ) -> dict[str, str] | None:
        async def read(token: str | None) -> ListPage:
            return await self._client.list_messages(
                window, token, label_id=label_id, everywhere=True
            )

        listed: dict[str, str] = {}
        async for page in read_pages(read, self._throttle, self._prices.messages_list):
            listed.update((ref.message_id, ref.thread_id) for ref in page.refs)
            if most is not None and len(listed) > most:
                return None
        return listed


class LabelComparison(NamedTuple):
    """How labels at Google fall on a window.

    ``differing``: ids of stored mails with other labels; ``out``: ids that do not belong in the CRM
    by their labels at Google; ``sent``: ids that are sent.
    """

    differing: set[str]
    out: set[str]
    sent: set[str]


async def compare_labels(
    lister: Lister,
    window: Window,
    label_ids: Collection[str],
    stored: Sequence[StoredMails],
    settled: Collection[str] = (),
) -> LabelComparison:
    """List a window label by label, holding one label's ids at a time, and those that decide.

    Args:
        lister: of the mailbox.
        window: what ``stored`` holds.
        label_ids: the labels that the mailbox has.
        stored: all stored mails of the window.
        settled: labels that are not looked at.
    """
    here = {label for mails in stored for label in mails.label_ids}
    differing: set[str] = set()
    unsent: set[str] = set()
    sent: set[str] = set()
    out: set[str] = set()
    wanted = here.union(label_ids).difference(settled)
    for label_id in sorted(wanted):
        ids: set[str] = set()
        if label_id in label_ids:
            try:
                ids = set(await lister.ids(window, label_id))
            except RejectedRequestError:
                # Deleted since the labels were read: history names the messages that had it.
                continue
        differing |= label_differences(stored, label_id, ids)
        if label_id in UNSENT_LABELS:
            unsent |= ids
        elif label_id == "SENT":
            sent = ids
        elif label_id in LEFT_OUT_LABELS:
            out |= ids
    # A sent message is no draft any more (core/ledger/scope.py).
    return LabelComparison(differing, out | (unsent - sent), sent)
