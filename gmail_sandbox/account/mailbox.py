"""One Gmail account, and the changes that it can undergo.

Holds: delivery, deletion, relabelling, drafts and labels, each recorded in the history.
Add here: another change, in steps of ``message_store``. Keep out: reads (``mailbox_reads.py``),
HTTP, quota, push.
Source: docs/google.md#history, #messages.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from gmail_sandbox.account.errors import UnknownMessageError
from gmail_sandbox.account.history_log import StartAbove
from gmail_sandbox.account.mailbox_reads import MailboxReads, ThreadHit
from gmail_sandbox.account.render import StoredMessage
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.forms import FormsInUse
from gmail_sandbox.mail.mbox import MboxMessage
from gmail_sandbox.mail.payload import prepare

__all__ = ["LARGE_BODY_BYTES", "Mailbox", "StoredMessage", "ThreadHit"]

LARGE_BODY_BYTES: Final = 1 << 20
"""Text bodies beyond this come by attachment id; Google's bound lies between 400 KB and 3 MB."""


class Mailbox(MailboxReads):
    """A Gmail account that the sandbox serves.

    One thread (an event loop) owns it. Content lies in the spool; memory holds a few hundred
    bytes a message. Every change calls each listener in `on_change`.

    Args:
        address: the account's primary address.
        spool: where content is kept; may be shared by mailboxes.
        clock: dates what arrives.
        seed: with the address, decides ids and history ids.
        life: counts the accounts that had this address before.
        large_body_bytes: text bodies beyond this are served by attachment id.
        forms: how parts are served whose form at Gmail is not known; may change at any time.
    """

    def __init__(
        self,
        address: str,
        *,
        spool: Spool,
        clock: Clock,
        seed: int = 0,
        life: int = 0,
        large_body_bytes: int = LARGE_BODY_BYTES,
        forms: FormsInUse | None = None,
    ) -> None:
        super().__init__(address, spool=spool, clock=clock, seed=seed, life=life)
        self.on_change: list[Callable[[Mailbox], None]] = []
        self._spool = spool
        self._large_body_bytes = large_body_bytes
        self._forms = forms or FormsInUse()

    def deliver(
        self,
        raw: bytes,
        *,
        label_ids: Sequence[str] = ("INBOX", "UNREAD"),
        internal_date: int | None = None,
        thread_id: str | None = None,
        record_history: bool = True,
    ) -> StoredMessage:
        """Add a message.

        Args:
            raw: any bytes.
            label_ids: existing labels that it carries.
            internal_date: epoch milliseconds; the clock's now, in whole seconds, if None.
            thread_id: the thread it joins or begins; decided by its headers if None.
            record_history: without, the history id moves and older starts are refused.

        Raises:
            UnknownLabelError: a label does not exist.
            ValueError: the thread id is not 1 to 16 lower-case hex digits.
        """
        message = self._insert(raw, label_ids, internal_date, thread_id)
        if record_history:
            self._store.record("messageAdded", message)
        else:
            message.history_id = self._store.history.advance()
            self._store.history.expire(None)
        self._changed()
        return message

    def load(self, messages: Iterable[MboxMessage], *, record_history: bool = False) -> int:
        """Add many messages, making the user labels that they name.

        Args:
            messages: as read or seeded; taken one by one.
            record_history: as for `deliver`.

        Returns:
            How many were added.
        """
        count = 0
        for count, message in enumerate(messages, start=1):  # noqa: B007 - the last count is the answer
            label_ids = [
                self._labels.find(name) or self._labels.create(name) for name in message.label_ids
            ]
            self.deliver(
                message.raw,
                label_ids=label_ids,
                internal_date=message.internal_date,
                thread_id=message.thread_id,
                record_history=record_history,
            )
        return count

    def delete(self, message_id: str) -> None:
        """Delete a message for good, whatever its labels.

        Args:
            message_id: the message.

        Raises:
            UnknownMessageError: no such message.
        """
        self._store.remove(self._store.get(message_id))
        self._changed()

    def modify(
        self, message_id: str, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> StoredMessage:
        """Change the labels of a message; nothing is recorded if nothing changes.

        Args:
            message_id: the message.
            add: labels to add.
            remove: labels to remove.

        Raises:
            UnknownMessageError: no such message.
            UnknownLabelError: a label does not exist.
        """
        message = self._store.get(message_id)
        before = message.label_ids
        self._labels.checked(frozenset((*add, *remove)))
        more = self._labels.checked(before | set(add))
        self._store.relabel(message, "labelAdded", more)
        self._store.relabel(message, "labelRemoved", self._labels.checked(more - set(remove)))
        if message.label_ids != before:
            self._changed()
        return message

    def autosave_draft(self, message_id: str | None, raw: bytes) -> StoredMessage:
        """Save a draft as Gmail's editor does: a new message, and the old one deleted.

        Args:
            message_id: the draft's last save; None begins a draft.
            raw: its content now.

        Raises:
            UnknownMessageError: no such draft.
        """
        return self._replace_draft(message_id, raw, "DRAFT")

    def send_draft(self, message_id: str) -> StoredMessage:
        """Send a draft: a new message labelled SENT, and the draft deleted.

        Args:
            message_id: the draft's last save.

        Raises:
            UnknownMessageError: no such draft.
        """
        return self._replace_draft(message_id, self._renderer.raw(self._draft(message_id)), "SENT")

    def create_label(self, name: str) -> dict[str, Any]:
        """Make a user label.

        Args:
            name: as the user sees it.

        Returns:
            Google's Label resource.

        Raises:
            LabelConflictError: the name is taken.
        """
        return self._labels.resource(self._labels.create(name))

    def rename_label(self, label_id: str, name: str) -> None:
        """Give a user label another name; no message changes.

        Args:
            label_id: the label.
            name: its new name.

        Raises:
            UnknownLabelError: no such label.
            LabelConflictError: the name is taken, or the label is the system's.
        """
        self._labels.rename(label_id, name)

    def delete_label(self, label_id: str, *, record_history: bool = True) -> None:
        """Delete a user label, which takes it off every message.

        Args:
            label_id: the label.
            record_history: whether history has a record for each message that had it; without,
                only the history id moves.

        Raises:
            UnknownLabelError: no such label.
            LabelConflictError: the label is the system's.
        """
        labelled = self._store.with_label(label_id)
        self._labels.remove(label_id)
        for message in labelled:
            left = self._labels.checked(message.label_ids - {label_id})
            if record_history:
                self._store.relabel(message, "labelRemoved", left)
            else:
                message.label_ids = left
        if not record_history:
            self._store.history.advance()
        self._changed()

    def expire_history(self, before: int | None = None) -> None:
        """Forget history; starts older than `before` are refused from now on.

        Args:
            before: a history id; the current one if None.
        """
        self._store.history.expire(before)

    def restart_history(self, at: int | None = None, *, start_above: StartAbove = 200) -> None:
        """Let history ids go back, as if Google had rebuilt the mailbox; its mail stays.

        Args:
            at: the history id from now on; if None, one below all that the mailbox ever had.
            start_above: what history.list answers to a start beyond the current id, which Google's
                documentation leaves open.
        """
        low = max(1, self.lowest_history_id * 9 // 10)
        self._store.restart_history(low if at is None else at, start_above)

    def rename(self, address: str) -> None:
        """Give the account another primary address; the old one stays as an alias to send from.

        Args:
            address: lower-cased.
        """
        self.send_as.rename(address)
        self.address = address

    def _insert(
        self,
        raw: bytes,
        label_ids: Sequence[str],
        internal_date: int | None,
        thread_id: str | None,
    ) -> StoredMessage:
        labels = self._labels.checked(frozenset(label_ids))
        prepared = prepare(
            raw,
            store=self._spool.append,
            large_body_bytes=self._large_body_bytes,
            forms=self._forms.current,
        )
        return self._store.insert(
            prepared,
            record=self._renderer.store(prepared, raw),
            size=len(raw),
            label_ids=labels,
            internal_date=(
                int(self._clock.now()) * 1000 if internal_date is None else internal_date
            ),
            thread_id=thread_id,
        )

    def _draft(self, message_id: str) -> StoredMessage:
        message = self._store.get(message_id)
        if "DRAFT" not in message.label_ids:
            raise UnknownMessageError("no such draft")
        return message

    def _replace_draft(self, message_id: str | None, raw: bytes, label_id: str) -> StoredMessage:
        old = None if message_id is None else self._draft(message_id)
        new = self._insert(raw, (label_id,), None, None if old is None else old.thread_id)
        self._store.record("messageAdded", new)
        if old is not None:
            self._store.remove(old)
        self._changed()
        return new

    def _changed(self) -> None:
        for listener in tuple(self.on_change):
            listener(self)
