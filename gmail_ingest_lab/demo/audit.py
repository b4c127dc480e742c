"""Is any mail missing, or there twice? What Google has against what Postgres has.

Holds: ``audit``, pure, and its values. Add here: a further way in which both could disagree.
Keep out: reading either side (``sandbox_api``, ``rows``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Mail with one of these labels is not synced: drafts change, scheduled mail may never be sent,
#: chats are no mail, and spam and trash are unwanted.
OUT_OF_SCOPE = frozenset({"DRAFT", "SCHEDULED", "SPAM", "TRASH", "CHAT"})


@dataclass(frozen=True, slots=True)
class GoogleMessage:
    """A message as the sandbox lists it; ``internal_date`` in epoch milliseconds."""

    mailbox: str
    message_id: str
    thread_id: str
    labels: frozenset[str]
    internal_date: int = 0

    @property
    def in_scope(self) -> bool:
        """Whether the service promises to store it."""
        return self.labels.isdisjoint(OUT_OF_SCOPE)

    def expected(self, since: int | None) -> bool:
        """Whether it is stored without a backfill: in scope, and not older than ``since``."""
        return self.in_scope and (since is None or self.internal_date >= since)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of ``emails``, with its mailbox's address."""

    tenant: str
    mailbox: str
    message_id: str
    thread_id: str
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings, each a count of messages (``wrong_threads``: of threads).

    ``doubled``: rows too many for a message, or with a tenant that does not own the mailbox.
    ``unknown``: rows of messages that Google does not have (any more).
    """

    at_google: int
    stored: int
    missing: int
    doubled: int
    unknown: int
    wrong_threads: int
    wrong_labels: int

    @property
    def clean(self) -> bool:
        """Whether both sides agree in everything."""
        return not (
            self.missing or self.doubled or self.unknown or self.wrong_threads or self.wrong_labels
        )


def audit(
    truth: Iterable[GoogleMessage],
    rows: Iterable[Row],
    owners: Mapping[str, str],
    since: int | None = None,
) -> Audit:
    """Compare both sides.

    Args:
        truth: every message at Google, in scope or not.
        rows: every row of ``emails``.
        owners: the tenant of each mailbox address.
        since: older messages (epoch milliseconds) need not be stored yet.
    """
    google = {(message.mailbox, message.message_id): message for message in truth}
    wanted = {key for key, message in google.items() if message.expected(since)}
    found = list(rows)
    by_message = Counter((row.mailbox, row.message_id) for row in found)
    strangers = sum(owners.get(row.mailbox) != row.tenant for row in found)
    known = [row for row in found if (row.mailbox, row.message_id) in google]
    # A stored message that went to the trash keeps its row, with the new labels.
    return Audit(
        at_google=len(wanted),
        stored=len(wanted & by_message.keys()),
        missing=len(wanted - by_message.keys()),
        doubled=by_message.total() - len(by_message) + strangers,
        unknown=len(by_message.keys() - google.keys()),
        wrong_threads=_wrong_threads(known, google),
        wrong_labels=sum(row.labels != google[row.mailbox, row.message_id].labels for row in known),
    )


def _wrong_threads(rows: list[Row], google: Mapping[tuple[str, str], GoogleMessage]) -> int:
    """How many threads have other members here than at Google."""
    ours: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    theirs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        ours[row.mailbox, row.thread_id].add(row.message_id)
        thread = google[row.mailbox, row.message_id].thread_id
        theirs[row.mailbox, thread].add(row.message_id)
    return sum(ours.get(thread) != members for thread, members in theirs.items())
