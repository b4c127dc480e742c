"""The messages of one mailbox sorted by date, and the search over them.

Holds: the index and the run of a parsed query.
Add here: a faster way to an answer. Keep out: syntax (``query.py``), conditions.
Source: docs/google.md#lists (newest first; spam and trash only on request).
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final

from gmail_sandbox.account.conditions import Candidate
from gmail_sandbox.account.query import Query
from gmail_sandbox.account.render import StoredMessage

SPAM_AND_TRASH: Final = frozenset(("SPAM", "TRASH"))
_date = attrgetter("internal_date")


class DateIndex:
    """Messages in the order of their internal dates; ties in order of arrival."""

    def __init__(self) -> None:
        self._messages: list[StoredMessage] = []

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: StoredMessage) -> None:
        """Enter a message.

        Args:
            message: a new one.
        """
        insort(self._messages, message, key=_date)

    def remove(self, message: StoredMessage) -> None:
        """Take a message out.

        Args:
            message: an entered one.
        """
        position = bisect_left(self._messages, message.internal_date, key=_date)
        del self._messages[self._messages.index(message, position)]

    def newest_first(self, start: int | None, end: int | None) -> Sequence[StoredMessage]:
        """Return the messages of a half-open period.

        Args:
            start: epoch milliseconds, included; unbounded if None.
            end: epoch milliseconds, excluded; unbounded if None.
        """
        low = 0 if start is None else bisect_left(self._messages, start, key=_date)
        high = None if end is None else bisect_left(self._messages, end, key=_date)
        return self._messages[low:high][::-1]


def run_query(
    query: Query,
    messages: Sequence[StoredMessage],
    *,
    label_ids: frozenset[str],
    include_spam_trash: bool,
    read: Callable[[StoredMessage], dict[str, bytes]],
) -> list[StoredMessage]:
    """Return the messages that a query finds, in the order given.

    Args:
        query: the parsed query.
        messages: those of the query's period.
        label_ids: labels that a message must carry, all of them.
        include_spam_trash: spam and trash are wanted whatever the query says.
        read: returns a message's words by search field.
    """
    hidden = frozenset() if include_spam_trash or query.reaches_spam_trash else SPAM_AND_TRASH
    # A mailbox has few distinct label sets, so each is judged once, not once a message.
    verdicts: dict[frozenset[str], bool] = {}
    found = []
    for message in messages:
        labels = message.label_ids
        verdict = verdicts.get(labels)
        if verdict is None:
            verdict = label_ids <= labels and not hidden & labels
            if verdict and query.on_labels:
                verdict = query.on_labels.holds(Candidate(message, read))
            verdicts[labels] = verdict
        if verdict:
            found.append(message)
    if query.on_others is None:
        return found
    return [message for message in found if query.on_others.holds(Candidate(message, read))]
