"""The messages of one mailbox, and the indexes over them.

Holds: the single steps that a change is made of (insert, remove, relabel), each keeping ids,
threads, dates and history in agreement.
Add here: an index over messages. Keep out: which steps make one change (``mailbox.py``), content.
Source: docs/google.md#history, #messages.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from random import Random
from typing import Final

from gmail_sandbox.account.errors import UnknownMessageError
from gmail_sandbox.account.history_log import ChangeType, HistoryLog, StartAbove
from gmail_sandbox.account.query import Query
from gmail_sandbox.account.render import StoredMessage
from gmail_sandbox.account.search import DateIndex
from gmail_sandbox.account.threads import ThreadIndex, reference_keys, rfc_key
from gmail_sandbox.mail.payload import Prepared

_THREAD_ID: Final = re.compile(r"[0-9a-f]{1,16}\Z")


class MessageStore:
    """Messages by id, thread, date and Message-ID, and the history of their changes.

    Args:
        random: makes ids and history ids.
    """

    def __init__(self, random: Random) -> None:
        self.threads = ThreadIndex()
        self.history = HistoryLog(random)
        self._random = random
        self._messages: dict[str, StoredMessage] = {}
        self._dates = DateIndex()

    def __len__(self) -> int:
        return len(self._messages)

    def ids(self) -> Collection[str]:
        """Return a live view of all ids, in order of arrival."""
        return self._messages.keys()

    def get(self, message_id: str) -> StoredMessage:
        """Return a message.

        Args:
            message_id: its id.

        Raises:
            UnknownMessageError: no such message.
        """
        try:
            return self._messages[message_id]
        except KeyError:
            raise UnknownMessageError("no such message") from None

    def with_label(self, label_id: str) -> list[StoredMessage]:
        """Return the messages that carry a label.

        Args:
            label_id: the label.
        """
        return [m for m in self._messages.values() if label_id in m.label_ids]

    def candidates(self, query: Query) -> Sequence[StoredMessage]:
        """Return the messages of a query's period and Message-ID, newest first.

        Args:
            query: the parsed query.
        """
        if query.rfc_key is None:
            return self._dates.newest_first(query.start, query.end)
        named: Iterable[StoredMessage] = self.threads.by_rfc_key(query.rfc_key)
        if query.start is not None:
            named = [message for message in named if message.internal_date >= query.start]
        if query.end is not None:
            named = [message for message in named if message.internal_date < query.end]
        return sorted(named, key=lambda message: message.internal_date, reverse=True)

    def insert(
        self,
        prepared: Prepared,
        *,
        record: tuple[int, int],
        size: int,
        label_ids: frozenset[str],
        internal_date: int,
        thread_id: str | None,
    ) -> StoredMessage:
        """Enter a message; the caller records its history.

        Args:
            prepared: its content, for the headers that thread it.
            record: offset and length of its record in the spool.
            size: bytes of the raw mail.
            label_ids: its labels, checked.
            internal_date: epoch milliseconds.
            thread_id: its thread; decided by its headers if None.

        Raises:
            ValueError: the thread id is not 1 to 16 lower-case hex digits.
        """
        if thread_id is not None and not _THREAD_ID.match(thread_id):
            raise ValueError("a thread id is 1 to 16 lower-case hex digits")
        key = rfc_key(prepared.rfc_id)
        references = reference_keys(prepared.in_reply_to, prepared.references)
        message_id = self._new_id(internal_date)
        message = StoredMessage(
            id=message_id,
            thread_id=thread_id or self.threads.find(key, references) or message_id,
            label_ids=label_ids,
            internal_date=internal_date,
            history_id=self.history.current,
            size_estimate=size,
            record_offset=record[0],
            record_length=record[1],
            rfc_key=key,
        )
        self._messages[message_id] = message
        self.threads.add(message, references)
        self._dates.add(message)
        return message

    def remove(self, message: StoredMessage) -> None:
        """Take a message out and record it.

        Args:
            message: an entered one.
        """
        del self._messages[message.id]
        self.threads.remove(message)
        self._dates.remove(message)
        self.record("messageDeleted", message)

    def relabel(
        self, message: StoredMessage, change: ChangeType, label_ids: frozenset[str]
    ) -> None:
        """Give a message other labels and record it; equal labels are no change.

        Args:
            message: an entered one.
            change: ``labelAdded`` or ``labelRemoved``.
            label_ids: all its labels from now on, checked.
        """
        changed = tuple(sorted(message.label_ids ^ label_ids))
        if changed:
            message.label_ids = label_ids
            self.record(change, message, changed)

    def record(
        self, change: ChangeType, message: StoredMessage, changed: tuple[str, ...] = ()
    ) -> None:
        """Write a history record and date the message by it.

        Args:
            change: what happened.
            message: to which message, as it is now.
            changed: for a label change, the labels added or removed.
        """
        message.history_id = self.history.add(
            change, message.id, message.thread_id, message.label_ids, changed
        )

    def restart_history(self, at: int, start_above: StartAbove) -> None:
        """Continue history ids from another one, which every message gets.

        Args:
            at: the history id from now on.
            start_above: what a start beyond the current id is answered with.
        """
        self.history.restart(at, start_above)
        for message in self._messages.values():
            message.history_id = at

    def _new_id(self, date: int) -> str:
        """Return 16 hex digits, the first eleven of them the date, as in Gmail's own ids."""
        message_id = f"{(date & (2**44 - 1)) << 20 | self._random.getrandbits(20):016x}"
        while message_id in self._messages:
            message_id = f"{self._random.getrandbits(64):016x}"
        return message_id
