"""The history of one mailbox: what changed since when.

Holds: history ids, the records, their horizon, and Google's JSON of them.
Add here: what history.list says. Keep out: applying the changes (``mailbox.py``), paging (``api``).
Source: docs/google.md#history.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from operator import attrgetter
from random import Random
from typing import Any, Final, Literal, NamedTuple, overload

from gmail_sandbox.account.errors import HistoryExpiredError, UnknownStartError

ChangeType = Literal["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]
#: The status for a start beyond the mailbox's own history id: Google's documentation does not say
#: which one it answers.
StartAbove = Literal[200, 404, 400]

# The request's enum is singular, the answer's field plural (edge case 9).
_FIELDS: Final[dict[ChangeType, str]] = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
_LARGEST_GAP: Final = 200
_record_id = attrgetter("id")


class HistoryRecord(NamedTuple):
    """One change of one message; `label_ids` are all its labels after the change."""

    id: int
    change: ChangeType
    message_id: str
    thread_id: str
    label_ids: frozenset[str]
    changed: tuple[str, ...]

    def resource(self) -> dict[str, Any]:
        """Return Google's History resource."""
        reference = {"id": self.message_id, "threadId": self.thread_id}
        message: dict[str, Any] = dict(reference)
        if self.label_ids:
            message["labelIds"] = sorted(self.label_ids)
        entry: dict[str, Any] = {"message": message}
        if self.changed:
            entry["labelIds"] = list(self.changed)
        return {"id": str(self.id), "messages": [reference], _FIELDS[self.change]: [entry]}


class HistorySlice(Sequence[dict[str, Any]]):
    """Records that become Google's JSON only when read, so that only the page asked for is
    rendered.

    Args:
        records: the records, oldest first.
    """

    def __init__(self, records: list[HistoryRecord]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(index, slice):
            return [record.resource() for record in self._records[index]]
        return self._records[index].resource()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (record.resource() for record in self._records)


class HistoryLog:
    """Records in the order of their ids, which grow by random gaps.

    Args:
        random: makes the first id (beyond 2**53 in every third mailbox) and the gaps.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        large = random.randrange(3) == 0
        self._current = random.randrange(2**54, 2**60) if large else random.randrange(10**6, 10**12)
        self._horizon = self._lowest = self._current
        self._records: list[HistoryRecord] = []
        self._start_above: StartAbove = 200

    @property
    def current(self) -> int:
        """The mailbox's history id."""
        return self._current

    @property
    def lowest(self) -> int:
        """The history id that the mailbox began with, or was restarted at."""
        return self._lowest

    def advance(self) -> int:
        """Move the history id without a record, and return it.

        A change without a record must not look as if nothing had changed: call `expire` as well.
        """
        self._current += self._random.randint(1, _LARGEST_GAP)
        return self._current

    def add(
        self,
        change: ChangeType,
        message_id: str,
        thread_id: str,
        label_ids: frozenset[str],
        changed: tuple[str, ...] = (),
    ) -> int:
        """Record a change and return its history id.

        Args:
            change: what happened.
            message_id: to which message.
            thread_id: its thread.
            label_ids: all its labels after the change.
            changed: for a label change, the labels added or removed.
        """
        history_id = self.advance()
        self._records.append(
            HistoryRecord(history_id, change, message_id, thread_id, label_ids, changed)
        )
        return history_id

    def since(self, start: int, types: Collection[str], label_id: str | None) -> HistorySlice:
        """Return the records after `start`, which itself is excluded.

        Args:
            start: a history id of this mailbox.
            types: the change types wanted; all if empty.
            label_id: only records of messages that carry this label after the change.

        Raises:
            HistoryExpiredError: records after `start` may be gone.
        """
        if start < self._horizon:
            raise HistoryExpiredError("the start history id is older than what is kept")
        if start > self._current and self._start_above != 200:
            kind = HistoryExpiredError if self._start_above == 404 else UnknownStartError
            raise kind("the start history id is beyond the mailbox's own")
        records = self._records[bisect_right(self._records, start, key=_record_id) :]
        if types:
            records = [record for record in records if record.change in types]
        if label_id is not None:
            records = [record for record in records if label_id in record.label_ids]
        return HistorySlice(records)

    def restart(self, at: int, start_above: StartAbove) -> None:
        """Forget all records and continue from a history id, which may be lower than the last.

        Args:
            at: the history id from now on.
            start_above: what a start beyond the current id is answered with.
        """
        self._current = self._horizon = self._lowest = at
        self._records.clear()
        self._start_above = start_above

    def expire(self, before: int | None) -> None:
        """Forget the records up to a history id; older starts are refused from now on.

        Args:
            before: the oldest start that is still accepted; the current history id if None.
        """
        horizon = self._current if before is None else min(before, self._current)
        self._horizon = max(self._horizon, horizon)
        del self._records[: bisect_right(self._records, self._horizon, key=_record_id)]
