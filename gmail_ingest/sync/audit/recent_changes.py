"""Messages that changed since the checkpoint: the sync applies these changes, so they are no
differences.

Holds: ``RecentChanges``. Add here: nothing. Keep out: applying history (``discover.py``).
Source: docs/google.md#history-records. What is stored is at least as new as the checkpoint, and a
message that history does not name after it has not changed at Google since: only those can be
compared.
"""

from __future__ import annotations

from gmail_ingest.errors import HistoryExpiredError, RejectedRequestError
from gmail_ingest.sync.mailbox.paging import read_pages
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import HistoryPage
from gmail_ingest.sync.mailbox.session import MailboxSession


class RecentChanges:
    """The messages that history names after a checkpoint.

    Args:
        session: the mailbox.
        checkpoint: the mailbox's, read before anything that is compared.
        began: the mailbox's history id at Google when the comparison began.
    """

    def __init__(self, session: MailboxSession[MailStore], checkpoint: int, began: int) -> None:
        self._client = session.client
        self._throttle = session.throttle
        self._prices = session.policy.prices
        self._read_to = checkpoint
        self._began = began
        self._newest: dict[str, int] = {}

    async def refresh(self) -> None:
        """Read what happened since the last time.

        If history has expired nothing is known to have changed: every difference is then real,
        since no sync will learn of it from history either.
        """
        start = self._read_to

        async def read(token: str | None) -> HistoryPage:
            return await self._client.list_history(start, token)

        try:
            async for page in read_pages(read, self._throttle, self._prices.history_list):
                for record in page.records:
                    known = self._newest.get(record.message_id, 0)
                    self._newest[record.message_id] = max(known, record.history_id)
                if page.next_page_token is None:
                    self._read_to = page.history_id
        except HistoryExpiredError:
            return
        except RejectedRequestError:
            # However Google words it: a start beyond what it has now is an expired history.
            profile = await self._throttle.call(self._client.profile, self._prices.profile_get)
            if profile.history_id >= start:
                raise

    def named(self, message_id: str) -> bool:
        """Whether the message changed after the checkpoint."""
        return message_id in self._newest

    def arrived(self, message_id: str) -> bool:
        """Whether it changed, or came, after the comparison began."""
        return self._newest.get(message_id, 0) > self._began
