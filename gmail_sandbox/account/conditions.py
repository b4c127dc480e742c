"""What a search query may ask of a message.

Holds: the conditions that a query is made of.
Add here: a condition. Keep out: the query's syntax (``query.py``), the index (``search.py``).
Source: docs/google.md#search.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from gmail_sandbox.account.render import StoredMessage


class Candidate:
    """A message under test; its words are read at most once, and only when asked for.

    Args:
        message: the message.
        read: returns its words by search field.
    """

    __slots__ = ("_fields", "_read", "message")

    def __init__(
        self, message: StoredMessage, read: Callable[[StoredMessage], dict[str, bytes]]
    ) -> None:
        self.message = message
        self._read = read
        self._fields: dict[str, bytes] | None = None

    @property
    def fields(self) -> dict[str, bytes]:
        """The message's words by search field."""
        if self._fields is None:
            self._fields = self._read(self.message)
        return self._fields


class Condition(Protocol):
    """Something that is true or false of a message."""

    @property
    def reads_words(self) -> bool:
        """Whether it has to read the spool; such conditions are tried last."""

    def holds(self, candidate: Candidate) -> bool:
        """Say whether the condition is true.

        Args:
            candidate: the message under test.
        """


@dataclass(frozen=True, slots=True)
class Constant:
    """Always or never true."""

    value: bool
    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:  # noqa: ARG002 - a constant looks at nothing
        """Return the constant."""
        return self.value


@dataclass(frozen=True, slots=True)
class HasLabel:
    """The message carries a label."""

    label_id: str
    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:
        """Look at the label ids."""
        return self.label_id in candidate.message.label_ids


@dataclass(frozen=True, slots=True)
class HasUserLabel:
    """The message carries any label that the user made."""

    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:
        """Look at the label ids."""
        return any(label_id.startswith("Label_") for label_id in candidate.message.label_ids)


@dataclass(frozen=True, slots=True)
class InPeriod:
    """The internal date lies in a half-open period of epoch milliseconds."""

    start: int | None = None
    end: int | None = None
    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:
        """Look at the internal date."""
        date = candidate.message.internal_date
        return (self.start is None or date >= self.start) and (self.end is None or date < self.end)


@dataclass(frozen=True, slots=True)
class OfSize:
    """The size in bytes lies between two bounds, both excluded."""

    above: int | None = None
    below: int | None = None
    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:
        """Look at the size."""
        size = candidate.message.size_estimate
        return (self.above is None or size > self.above) and (
            self.below is None or size < self.below
        )


@dataclass(frozen=True, slots=True)
class HasRfcId:
    """The Message-ID header has this key."""

    key: int
    reads_words: bool = False

    def holds(self, candidate: Candidate) -> bool:
        """Look at the key."""
        return candidate.message.rfc_key == self.key


@dataclass(frozen=True, slots=True)
class HasWords:
    """A phrase, in normal form, occurs in one of the fields; in any field if none is named."""

    phrase: bytes
    fields: tuple[str, ...] = ()
    reads_words: bool = True

    def holds(self, candidate: Candidate) -> bool:
        """Look at the words."""
        found = candidate.fields
        return any(self.phrase in found[field] for field in self.fields or found)


@dataclass(frozen=True, slots=True)
class HasAttachment:
    """A part of the message has a file name."""

    reads_words: bool = True

    def holds(self, candidate: Candidate) -> bool:
        """Look at the file names."""
        return bool(candidate.fields["filename"].strip())


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    @property
    def reads_words(self) -> bool:
        """As the condition does."""
        return self.condition.reads_words

    def holds(self, candidate: Candidate) -> bool:
        """Try the condition."""
        return not self.condition.holds(candidate)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition is true."""

    conditions: tuple[Condition, ...]

    @property
    def reads_words(self) -> bool:
        """As any of them does."""
        return any(condition.reads_words for condition in self.conditions)

    def holds(self, candidate: Candidate) -> bool:
        """Try them in order."""
        return any(condition.holds(candidate) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class AllOf:
    """All conditions are true."""

    conditions: tuple[Condition, ...]

    @property
    def reads_words(self) -> bool:
        """As any of them does."""
        return any(condition.reads_words for condition in self.conditions)

    def holds(self, candidate: Candidate) -> bool:
        """Try them in order."""
        return all(condition.holds(candidate) for condition in self.conditions)


def cheap_first(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions so ordered that a read of the spool is the last resort.

    Args:
        conditions: in any order.
    """
    return tuple(sorted(conditions, key=lambda condition: condition.reads_words))


def looks_at_labels_only(condition: Condition) -> bool:
    """Say whether it has the same result for all messages with the same labels.

    Args:
        condition: any.
    """
    if isinstance(condition, Not):
        return looks_at_labels_only(condition.condition)
    if isinstance(condition, AllOf | AnyOf):
        return all(map(looks_at_labels_only, condition.conditions))
    return isinstance(condition, Constant | HasLabel | HasUserLabel)
