"""What the owner of a mailbox and the world do to it, at random.

Holds: ``Event`` and ``Life``, which makes events happen in a sandbox mailbox and remembers what
each mail says. Add here: another thing that happens to mail at Google.
Keep out: syncs, faults, comparing. An event that is not possible now becomes a delivery.
Source: edge cases 11, 12, 14 to 16 and 90.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gmail_sandbox.account.history_log import StartAbove
from gmail_sandbox.account.mailbox import Mailbox, StoredMessage

_ARRIVALS = (
    ("INBOX", "UNREAD"),
    ("INBOX", "CATEGORY_UPDATES"),
    ("SENT",),
    (),  # a filter archived it
    ("SPAM",),
    ("TRASH",),
)
_START_ABOVE: tuple[StartAbove, ...] = (200, 404, 400)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens; ``pick`` chooses to which message, label or text."""

    kind: str
    pick: int = 0


class Life:
    """One mailbox's life; ``texts`` is what each message ever delivered says, by id."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.texts: dict[str, str] = {}
        self._written = 0
        self._labels = 0
        #: Whether something happened that Google's history says nothing of.
        self.has_unreported_change = False
        self._kinds: dict[str, Callable[[Mailbox, int], None]] = {
            "deliver": self._deliver,
            "reply": self._reply,
            "delete": self._delete,
            "trash": lambda box, pick: self._move(box, pick, "TRASH"),
            "untrash": lambda box, pick: self._move_back(box, pick, "TRASH"),
            "spam": lambda box, pick: self._move(box, pick, "SPAM"),
            "unspam": lambda box, pick: self._move_back(box, pick, "SPAM"),
            "star": lambda box, pick: self._toggle(box, pick, "STARRED"),
            "read": lambda box, pick: self._toggle(box, pick, "UNREAD"),
            "archive": self._archive,
            "archive on arrival": self._archive_on_arrival,
            "label": self._label,
            "rename label": self._rename_label,
            "delete label": self._delete_label,
            "autosave": self._autosave,
            "send draft": self._send_draft,
            "discard draft": self._discard_draft,
            "history goes back": self._history_goes_back,
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """All that can happen."""
        return tuple(self._kinds)

    def happen(self, box: Mailbox, events: Sequence[Event]) -> None:
        """Make the events happen in this order."""
        for event in events:
            self._kinds[event.kind](box, event.pick)

    def _raw(self, pick: int) -> tuple[bytes, str]:
        self._written += 1
        text = f"Mail {self._written} of {self.address}, about {pick}.\nGr\u00fc\u00dfe\n"
        head = (
            f"From: Ann <ann@example.net>\r\nTo: {self.address}\r\n"
            f"Subject: Mail {self._written}\r\nMessage-ID: <{self._written}.{self.address}>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        )
        return head.encode() + text.replace("\n", "\r\n").encode(), text

    def _deliver(self, box: Mailbox, pick: int, thread_id: str | None = None) -> StoredMessage:
        raw, text = self._raw(pick)
        labels = _ARRIVALS[pick % len(_ARRIVALS)]
        message = box.deliver(raw, label_ids=labels, thread_id=thread_id)
        self.texts[message.id] = text
        return message

    def _reply(self, box: Mailbox, pick: int) -> None:
        self._deliver(box, pick, getattr(_pick(box, pick), "thread_id", None))

    def _delete(self, box: Mailbox, pick: int) -> None:
        if message := _pick(box, pick):
            box.delete(message.id)

    def _move(self, box: Mailbox, pick: int, label: str) -> None:
        if message := _pick(box, pick, without=("DRAFT", label)):
            box.modify(message.id, add=[label], remove=["INBOX"])

    def _move_back(self, box: Mailbox, pick: int, label: str) -> None:
        if message := _pick(box, pick, label):
            box.modify(message.id, add=["INBOX"], remove=[label])

    def _toggle(self, box: Mailbox, pick: int, label: str) -> None:
        if message := _pick(box, pick):
            has = label in message.label_ids
            box.modify(message.id, add=[] if has else [label], remove=[label] if has else [])

    def _archive(self, box: Mailbox, pick: int) -> None:
        if message := _pick(box, pick, "INBOX"):
            box.modify(message.id, remove=["INBOX"])

    def _archive_on_arrival(self, box: Mailbox, pick: int) -> None:
        message = self._deliver(box, pick)
        box.modify(message.id, add=["CATEGORY_FORUMS"], remove=["INBOX", "UNREAD"])

    def _label(self, box: Mailbox, pick: int) -> None:
        if not (known := _user_labels(box)) or pick % 4 == 0:
            self._labels += 1
            known = [box.create_label(f"Label {self._labels}")["id"]]
        self._toggle(box, pick, known[pick % len(known)])

    def _rename_label(self, box: Mailbox, pick: int) -> None:
        if known := _user_labels(box):
            label = known[pick % len(known)]
            box.rename_label(label, f"{label} renamed {self._written} {pick}")

    def _delete_label(self, box: Mailbox, pick: int) -> None:
        if known := _user_labels(box):
            recorded = pick % 3 > 0
            self.has_unreported_change = self.has_unreported_change or not recorded
            box.delete_label(known[pick % len(known)], record_history=recorded)

    def _autosave(self, box: Mailbox, pick: int) -> None:
        draft = _pick(box, pick, "DRAFT")
        raw, text = self._raw(pick)
        saved = box.autosave_draft(draft.id if draft and pick % 3 else None, raw)
        self.texts[saved.id] = text

    def _send_draft(self, box: Mailbox, pick: int) -> None:
        if draft := _pick(box, pick, "DRAFT"):
            self.texts[box.send_draft(draft.id).id] = self.texts[draft.id]

    def _discard_draft(self, box: Mailbox, pick: int) -> None:
        if draft := _pick(box, pick, "DRAFT"):
            box.delete(draft.id)

    def _history_goes_back(self, box: Mailbox, pick: int) -> None:
        box.restart_history(start_above=_START_ABOVE[pick % len(_START_ABOVE)])
        # Unless something happens, a push or a poll hears of it only by the id itself.
        if pick % 2:
            self._deliver(box, pick)


KINDS = Life("").kinds


def _pick(
    box: Mailbox, pick: int, label: str | None = None, without: Sequence[str] = ()
) -> StoredMessage | None:
    found = [
        message
        for message in map(box.message, box.message_ids())
        if (label is None or label in message.label_ids) and message.label_ids.isdisjoint(without)
    ]
    return found[pick % len(found)] if found else None


def _user_labels(box: Mailbox) -> list[str]:
    return [label["id"] for label in box.labels() if label["type"] == "user"]
