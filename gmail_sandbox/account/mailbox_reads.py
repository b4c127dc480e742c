"""The reads of one Gmail account: what the API asks of a mailbox.

Holds: messages, threads, labels, search, history and content, as the API's methods need them.
Add here: another read, in terms of the parts it composes. Keep out: changes (``mailbox.py``),
HTTP, errors' bodies, quota, paging.
Source: docs/google.md#history, #messages.
"""

from collections.abc import Collection, Sequence
from random import Random
from typing import Any, NamedTuple

from gmail_sandbox.account.attachments import AttachmentIds
from gmail_sandbox.account.history_log import HistorySlice
from gmail_sandbox.account.labels import LabelBook
from gmail_sandbox.account.message_store import MessageStore
from gmail_sandbox.account.query import Context, parse_query
from gmail_sandbox.account.render import Renderer, StoredMessage
from gmail_sandbox.account.search import run_query
from gmail_sandbox.account.send_as import SendAs
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock


class ThreadHit(NamedTuple):
    """A thread that a search found, with its newest message that matched."""

    thread_id: str
    newest: StoredMessage


class MailboxReads:
    """A mailbox as its readers see it; `Mailbox` adds the changes.

    Args:
        address: the account's primary address.
        spool: where content is kept.
        clock: dates attachment ids and relative queries.
        seed: with the address, decides ids and history ids.
        life: counts the accounts that had this address before, so that no id of theirs is given
            again.
    """

    def __init__(
        self, address: str, *, spool: Spool, clock: Clock, seed: int, life: int = 0
    ) -> None:
        self.address = address
        #: The address that notifications name, if another than its own.
        self.pushed_as: str | None = None
        self._clock = clock
        random = Random(f"{address}:{seed}:{life}" if life else f"{address}:{seed}")
        self.send_as = SendAs(address)
        self._labels = LabelBook()
        self._store = MessageStore(random)
        self._renderer = Renderer(spool, AttachmentIds(random.randbytes(32), clock))

    @property
    def history_id(self) -> int:
        """The mailbox's current history id."""
        return self._store.history.current

    @property
    def lowest_history_id(self) -> int:
        """The history id that the mailbox began with, or was restarted at."""
        return self._store.history.lowest

    def now(self) -> float:
        """Return the time by the mailbox's clock, in epoch seconds."""
        return self._clock.now()

    @property
    def messages_total(self) -> int:
        """How many messages there are, spam and trash included."""
        return len(self._store)

    @property
    def threads_total(self) -> int:
        """How many threads there are, spam and trash included."""
        return len(self._store.threads)

    def labels(self) -> list[dict[str, Any]]:
        """Return Google's Label resources, without counts, as labels.list does."""
        return self._labels.resources()

    def label(self, label_id: str) -> dict[str, Any]:
        """Return one Label resource with its counts, as labels.get does.

        Args:
            label_id: the label.

        Raises:
            UnknownLabelError: no such label.
        """
        resource = self._labels.resource(label_id)
        messages = self._store.with_label(label_id)
        unread = [message for message in messages if "UNREAD" in message.label_ids]
        return resource | {
            "messagesTotal": len(messages),
            "messagesUnread": len(unread),
            "threadsTotal": len({message.thread_id for message in messages}),
            "threadsUnread": len({message.thread_id for message in unread}),
        }

    def message(self, message_id: str) -> StoredMessage:
        """Return a message.

        Args:
            message_id: its id.

        Raises:
            UnknownMessageError: no such message.
        """
        return self._store.get(message_id)

    def message_ids(self) -> Collection[str]:
        """Return a live view of all ids, in order of arrival."""
        return self._store.ids()

    def thread(self, thread_id: str) -> list[StoredMessage]:
        """Return the messages of a thread, oldest first.

        Args:
            thread_id: its id.

        Raises:
            UnknownThreadError: no such thread.
        """
        return self._store.threads.messages(thread_id)

    def thread_history_id(self, thread_id: str) -> int:
        """Return the history id of a thread's latest change.

        Args:
            thread_id: its id.

        Raises:
            UnknownThreadError: no such thread.
        """
        return max(message.history_id for message in self._store.threads.messages(thread_id))

    def snippet(self, message: StoredMessage) -> str:
        """Return a message's snippet, HTML-escaped.

        Args:
            message: one of this mailbox.
        """
        return self._renderer.snippet(message)

    def search(
        self, q: str = "", *, label_ids: Sequence[str] = (), include_spam_trash: bool = False
    ) -> list[StoredMessage]:
        """Return the messages that match, newest first.

        Args:
            q: Gmail's search syntax.
            label_ids: labels that a message must carry, all of them.
            include_spam_trash: find spam and trash too.

        Raises:
            InvalidQueryError: the query cannot be understood.
            UnknownLabelError: a label does not exist.
        """
        wanted = self._labels.checked(frozenset(label_ids))
        query = parse_query(q, Context(self._clock.now(), self.address, self._labels.find))
        return run_query(
            query,
            self._store.candidates(query),
            label_ids=wanted,
            include_spam_trash=include_spam_trash,
            read=self._renderer.search_fields,
        )

    def search_threads(
        self, q: str = "", *, label_ids: Sequence[str] = (), include_spam_trash: bool = False
    ) -> list[ThreadHit]:
        """Return the threads with a message that matches, newest first.

        Args:
            q: as for `search`.
            label_ids: as for `search`.
            include_spam_trash: as for `search`.

        Raises:
            InvalidQueryError: the query cannot be understood.
            UnknownLabelError: a label does not exist.
        """
        newest: dict[str, StoredMessage] = {}
        for message in self.search(q, label_ids=label_ids, include_spam_trash=include_spam_trash):
            newest.setdefault(message.thread_id, message)
        return [ThreadHit(thread_id, message) for thread_id, message in newest.items()]

    def history(
        self, start: int, *, types: Collection[str] = (), label_id: str | None = None
    ) -> HistorySlice:
        """Return the History resources after `start`, which itself is excluded.

        Args:
            start: a history id of this mailbox.
            types: ``messageAdded``, ``messageDeleted``, ``labelAdded``, ``labelRemoved``; all if
                empty.
            label_id: only changes of messages that carry this label afterwards.

        Raises:
            HistoryExpiredError: what came after `start` is no longer kept.
        """
        return self._store.history.since(start, types, label_id)

    def render(
        self,
        message: StoredMessage,
        format: str,  # noqa: A002 - the API's own word
        *,
        metadata_headers: Sequence[str] = (),
    ) -> bytes:
        """Return the JSON of a Message resource.

        Args:
            message: one of this mailbox.
            format: ``minimal``, ``metadata``, ``full`` or ``raw``.
            metadata_headers: for ``metadata``, the only headers wanted; all if empty.

        Raises:
            ValueError: there is no such format.
        """
        return self._renderer.render(message, format, metadata_headers)

    def attachment(self, message_id: str, attachment_id: str) -> bytes:
        """Return an attachment: transfer encoding removed, charset as declared.

        Args:
            message_id: the message.
            attachment_id: from a ``full`` render of it within the last hour.

        Raises:
            UnknownMessageError: no such message.
            UnknownAttachmentError: not an id of this message, or too old.
        """
        self.message(message_id)
        return self._renderer.attachment(message_id, attachment_id)
