"""Which message belongs to which thread.

Holds: threads by id, and the RFC message ids by which a reply finds its thread.
Add here: what makes messages one conversation. Keep out: storage of mail, search.
Source: docs/google.md#messages-and-threads (a thread's id is its first message's; threads.get is
oldest first). Threads are never merged later: a message that could join two joins the nearest.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from gmail_sandbox.account.errors import UnknownThreadError
from gmail_sandbox.account.render import StoredMessage

# A References header may name thousands of ids (edge case 52); the near ones decide.
_MAX_REFERENCES: Final = 200
_BRACKETED: Final = re.compile(r"<([^<>\s]+)>")


def rfc_key(rfc_id: str) -> int:
    """Return a key of a Message-ID: 8 bytes instead of a header of any length.

    Keys are good within one process. A missing id has the key 0.

    Args:
        rfc_id: with or without angle brackets.
    """
    bare = rfc_id.strip().strip("<>")
    return hash(bare) if bare else 0


def reference_keys(in_reply_to: str, references: str) -> list[int]:
    """Return the keys of the messages that a message answers, nearest first.

    Args:
        in_reply_to: the header's value.
        references: the header's value.
    """
    answered = _BRACKETED.findall(in_reply_to)
    if not answered and "@" in in_reply_to and len(in_reply_to.split()) == 1:
        answered = [in_reply_to]
    listed = _BRACKETED.findall(references) or references.split()
    nearest = islice(dict.fromkeys((*answered, *reversed(listed))), _MAX_REFERENCES)
    return [key for key in map(rfc_key, nearest) if key]


class ThreadIndex:
    """The threads of one mailbox."""

    def __init__(self) -> None:
        self._threads: dict[str, list[StoredMessage]] = {}
        self._by_key: dict[int, tuple[StoredMessage, ...]] = {}
        # Ids of absent messages that were referred to: messages that refer to the same one share a
        # thread.
        self._expected: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._threads)

    def find(self, key: int, references: list[int]) -> str | None:
        """Return the thread that a new message joins, if any.

        Args:
            key: of its own Message-ID.
            references: keys of what it answers, nearest first.
        """
        for known in (key, *references):
            if not known:
                continue
            messages = self._by_key.get(known)
            if messages:
                return messages[0].thread_id
            expected = self._expected.get(known)
            if expected in self._threads:
                return expected
        return None

    def add(self, message: StoredMessage, references: list[int]) -> None:
        """Enter a message and what it refers to.

        Args:
            message: with its thread id decided.
            references: keys of what it answers.
        """
        self._threads.setdefault(message.thread_id, []).append(message)
        if message.rfc_key:
            self._expected.pop(message.rfc_key, None)
            others = self._by_key.get(message.rfc_key, ())
            self._by_key[message.rfc_key] = (*others, message)
        for key in references:
            if key not in self._by_key and self._expected.get(key) not in self._threads:
                self._expected[key] = message.thread_id

    def remove(self, message: StoredMessage) -> None:
        """Take a message out; its thread ends with its last message.

        Args:
            message: an entered one.
        """
        thread = self._threads[message.thread_id]
        thread.remove(message)
        if not thread:
            del self._threads[message.thread_id]
        if message.rfc_key:
            others = tuple(m for m in self._by_key[message.rfc_key] if m is not message)
            if others:
                self._by_key[message.rfc_key] = others
            else:
                del self._by_key[message.rfc_key]
                if thread:
                    self._expected[message.rfc_key] = message.thread_id

    def messages(self, thread_id: str) -> list[StoredMessage]:
        """Return a thread's messages, oldest first; ties in order of arrival.

        Args:
            thread_id: the thread.

        Raises:
            UnknownThreadError: no such thread.
        """
        try:
            thread = self._threads[thread_id]
        except KeyError:
            raise UnknownThreadError("no such thread") from None
        return sorted(thread, key=lambda message: message.internal_date)

    def by_rfc_key(self, key: int) -> tuple[StoredMessage, ...]:
        """Return the messages of a Message-ID.

        Args:
            key: of the id.
        """
        return self._by_key.get(key, ())

    def all(self) -> Iterator[list[StoredMessage]]:
        """Yield the messages of each thread."""
        return iter(self._threads.values())
