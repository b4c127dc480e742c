"""What happens to mail during a rehearsal: arrivals, replies, changes, deletions, drafts.

Holds: ``MailboxChanges``. Add here: a further thing that owners do. Keep out: faults, crashes.
Source: edge cases 11, 12, 14 to 16 and 92.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from gmail_ingest_lab.demo.audit import GoogleMessage
from gmail_ingest_lab.demo.plan import MAILBOXES
from gmail_ingest_lab.rehearsal.google import FaultySandbox

Act = Callable[[str, list[GoogleMessage]], None]


class MailboxChanges:
    """Makes random changes in all mailboxes of the demonstration."""

    def __init__(self, sandbox: FaultySandbox, dice: Random) -> None:
        self._sandbox, self._dice = sandbox, dice
        self._written = 0
        self._labels: dict[str, list[str]] = {address: [] for address in MAILBOXES}
        # Arrivals three times: mailboxes grow.
        self._acts: tuple[Act, ...] = (
            *(self._arrive, self._arrive, self._arrive, self._reply, self._archived),
            *(self._star, self._read, self._trash, self._untrash, self._spam, self._unspam),
            *(self._archive, self._delete, self._label, self._rename, self._unlabel, self._burst),
            *(self._draft, self._draft, self._send, self._discard),
        )
        self._renamed = 0

    def change_one(self) -> None:
        """Change a few things in one mailbox, drawn at random."""
        address = self._dice.choice(MAILBOXES)
        messages = list(self._sandbox.messages(address))
        for act in self._dice.choices(self._acts, k=self._dice.randint(1, 4)):
            act(address, messages)
            messages = list(self._sandbox.messages(address))

    def rename(self, address: str) -> None:
        """Give an account another primary address; pushes name that one, or still the old one."""
        self._renamed += 1
        user, _, domain = address.partition("@")
        pushes_as = self._dice.choice(("new", "former"))
        self._sandbox.rename(address, f"{user}.{self._renamed}@{domain}", pushes_as=pushes_as)

    def forget(self, address: str) -> None:
        """Forget the labels of an address that another account has now."""
        self._labels[address].clear()

    def arrive_everywhere(self) -> None:
        """One mail in each mailbox, for a burst of pushes."""
        for address in MAILBOXES:
            self._deliver(address, 1)

    def _arrive(self, address: str, _: list[GoogleMessage]) -> None:
        self._deliver(address, self._dice.randint(1, 12))

    def _deliver(self, address: str, count: int) -> None:
        self._sandbox.deliver(address, count=count, seed=self._dice.randrange(10**9))

    def _reply(self, address: str, messages: list[GoogleMessage]) -> None:
        if answered := self._pick(messages):
            self._sandbox.reply(address, answered.thread_id, self._mail(address))

    def _archived(self, address: str, _: list[GoogleMessage]) -> None:
        self._sandbox.archive_on_arrival(address, self._mail(address))

    def _star(self, address: str, messages: list[GoogleMessage]) -> None:
        self._toggle(address, messages, "STARRED")

    def _read(self, address: str, messages: list[GoogleMessage]) -> None:
        self._toggle(address, messages, "UNREAD")

    def _trash(self, address: str, messages: list[GoogleMessage]) -> None:
        self._move(address, self._pick(messages, without=("TRASH", "DRAFT")), "TRASH", "INBOX")

    def _untrash(self, address: str, messages: list[GoogleMessage]) -> None:
        self._move(address, self._pick(messages, "TRASH"), "INBOX", "TRASH")

    def _spam(self, address: str, messages: list[GoogleMessage]) -> None:
        self._move(address, self._pick(messages, without=("SPAM", "DRAFT")), "SPAM", "INBOX")

    def _unspam(self, address: str, messages: list[GoogleMessage]) -> None:
        self._move(address, self._pick(messages, "SPAM"), "INBOX", "SPAM")

    def _archive(self, address: str, messages: list[GoogleMessage]) -> None:
        if found := self._pick(messages, "INBOX"):
            self._sandbox.modify(address, found.message_id, add=(), remove=("INBOX",))

    def _delete(self, address: str, messages: list[GoogleMessage]) -> None:
        if found := self._pick(messages):
            self._sandbox.delete(address, [found.message_id])

    def _label(self, address: str, messages: list[GoogleMessage]) -> None:
        labels = self._labels[address]
        if not labels or self._dice.random() < 0.2:
            self._written += 1
            labels.append(self._sandbox.create_label(address, f"Rehearsed {self._written}"))
        self._toggle(address, messages, self._dice.choice(labels))

    def _rename(self, address: str, _: list[GoogleMessage]) -> None:
        if labels := self._labels[address]:
            self._written += 1
            name = f"Renamed {self._written}"
            self._sandbox.rename_label(address, self._dice.choice(labels), name)

    def _unlabel(self, address: str, _: list[GoogleMessage]) -> None:
        """Delete a label, of many, for good."""
        if len(labels := self._labels[address]) > 1:
            label = self._dice.choice(labels)
            labels.remove(label)
            self._sandbox.delete_label(address, label)

    def _burst(self, address: str, _: list[GoogleMessage]) -> None:
        """Mails within a second: Gmail notifies of the first, and of no other."""
        for _number in range(self._dice.randint(2, 6)):
            self._deliver(address, 1)

    def _draft(self, address: str, messages: list[GoogleMessage]) -> None:
        draft = self._pick(messages, "DRAFT")
        for _ in range(self._dice.randint(1, 3)):
            known = draft.message_id if draft else None
            draft = self._sandbox.autosave(address, self._mail(address), known)

    def _send(self, address: str, messages: list[GoogleMessage]) -> None:
        if draft := self._pick(messages, "DRAFT"):
            self._sandbox.send(address, draft.message_id)

    def _discard(self, address: str, messages: list[GoogleMessage]) -> None:
        if draft := self._pick(messages, "DRAFT"):
            self._sandbox.delete(address, [draft.message_id])

    def _toggle(self, address: str, messages: list[GoogleMessage], label: str) -> None:
        if found := self._pick(messages):
            change = {"add": (label,), "remove": ()}
            if label in found.labels:
                change = {"add": (), "remove": (label,)}
            self._sandbox.modify(address, found.message_id, **change)

    def _move(self, address: str, found: GoogleMessage | None, to: str, out_of: str) -> None:
        if found:
            self._sandbox.modify(address, found.message_id, add=(to,), remove=(out_of,))

    def _pick(
        self,
        messages: Sequence[GoogleMessage],
        label: str | None = None,
        without: Sequence[str] = (),
    ) -> GoogleMessage | None:
        found = [
            message
            for message in messages
            if (label is None or label in message.labels) and message.labels.isdisjoint(without)
        ]
        return self._dice.choice(found) if found else None

    def _mail(self, address: str) -> str:
        self._written += 1
        return (
            f"From: Ann <ann@example.net>\r\nTo: {address}\r\n"
            f"Subject: Rehearsal {self._written}\r\n\r\n"
            f"Text {self._written} of the rehearsal, {self._dice.randrange(10**9)}.\r\n"
        )
