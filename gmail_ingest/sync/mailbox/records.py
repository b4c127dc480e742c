"""The frozen values that cross the ports.

Holds: what clients, stores and queues take and give. Add here: a value of a port.
Keep out: ports (``ports.py``), and values that only one use case or adapter knows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Literal, NamedTuple, assert_never

from gmail_ingest.core.ledger.fates import Fate, Origin
from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.core.ledger.scope import LeftOutReason
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import PendingMessage

#: ``incremental`` follows the history from the checkpoint; ``initial`` lists the last N days;
#: ``exclusions`` applies changed exclusion rules to stored mail, without Google.
SyncKind = Literal["incremental", "initial", "exclusions"]
#: What came of noting an address: nothing new, the mailbox has it, another mailbox has it.
Renaming = Literal["same", "renamed", "taken"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One connected Gmail account of a tenant; ``checkpoint`` is the history id durably applied."""

    id: int
    tenant_id: str
    integration_id: int
    address: str
    aliases: tuple[str, ...]
    checkpoint: int
    state: str
    last_synced_at: datetime | None
    watch_expires_at: datetime | None
    #: Of its integration: grows with each consent.
    generation: int = 1
    #: History expired: what is stored must be compared with Google once.
    reconcile_wanted: bool = False
    #: Primary addresses that the account had before; they are among the aliases, too.
    former_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to sync one origin of one mailbox until ``until`` (UTC); ``token`` fences it."""

    mailbox_id: int
    origin: Origin
    holder: str
    token: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """users.getProfile: the primary address, and the history id at this moment."""

    address: str
    history_id: int


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message as a listing names it."""

    message_id: str
    thread_id: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of users.messages.list."""

    refs: tuple[MessageRef, ...]
    next_page_token: str | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of users.history.list; ``history_id`` is the mailbox's current one."""

    records: tuple[HistoryRecord, ...]
    next_page_token: str | None
    history_id: int


@dataclass(frozen=True, slots=True)
class Watch:
    """users.watch: pushes come until ``expires_at`` (UTC)."""

    history_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """A window being listed; ``page_token`` is where it goes on, ``done`` that all is listed."""

    id: int
    mailbox_id: int
    window: Window
    page_token: str | None
    done: bool
    origin: Origin = "listing"


class AppliedPage(NamedTuple):
    """A page of a listing in the ledger: the listing as it goes on, and what the page counts."""

    listing: Listing
    counts: Counts


class DueMessages(NamedTuple):
    """Ids to fetch now, newest thread first, and how many messages their threads are known to have.

    ``thread_sizes`` has no entry for a message whose thread is not known.
    """

    messages: Sequence[PendingMessage]
    thread_sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """The message is to be written to ``emails``."""

    message: ParsedMessage


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The message is not to be stored, as it was at ``history_id`` (0 if unknown)."""

    message_id: str
    reason: LeftOutReason
    history_id: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """Google no longer has the message."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed: again at ``retry_at`` (UTC), or dead-lettered if that is None.

    ``missed``: Google said that there is no such message, which is not believed yet.
    """

    message_id: str
    error: str
    retry_at: datetime | None
    missed: bool = False


Outcome = Stored | LeftOut | Gone | Failed


def _count(*, found: bool, changed: bool = False) -> int:
    """A counter that says whether it makes ``Counts.found`` and ``Counts.has_changes`` true."""
    return field(default=0, metadata={"found": found, "changed": changed})


@dataclass(slots=True)
class Counts:
    """What a sync did, in messages; ``units`` in Google's quota units.

    Each counter is made by ``_count``. If it counts what every look costs, as ``units`` does, it
    finds nothing; else the mailbox would be looked at again and again.
    """

    listed: int = _count(found=True)
    discovered: int = _count(found=True)
    stored: int = _count(found=True, changed=True)
    updated: int = _count(found=True, changed=True)
    deleted: int = _count(found=True, changed=True)
    hidden: int = _count(found=True)
    left_out: int = _count(found=True)
    gone: int = _count(found=True)
    retrying: int = _count(found=True)
    dead: int = _count(found=True)
    units: int = _count(found=False)
    #: Seconds from the internal date to the commit of the newest live message stored.
    lag_seconds: float | None = field(default=None)

    def add(self, other: Counts) -> None:
        """Add another sync's counts to these."""
        for name in self.totals():
            setattr(self, name, getattr(self, name) + getattr(other, name))
        lags = [lag for lag in (self.lag_seconds, other.lag_seconds) if lag is not None]
        self.lag_seconds = max(lags, default=None)

    def take(self) -> Counts:
        """Hand these counts over, and begin anew."""
        taken = replace(self)
        for name in self.totals():
            setattr(self, name, 0)
        self.lag_seconds = None
        return taken

    def came_to(self, fates: Collection[Fate]) -> int:
        """How many messages came to one of these fates."""
        return sum(self._of(fate) for fate in fates)

    def _of(self, fate: Fate) -> int:
        match fate:
            case "pending":
                return self.retrying
            case "stored":
                return self.stored
            case "hidden":
                return self.hidden
            case "left_out":
                return self.left_out
            case "gone":
                return self.gone
            case "dead":
                return self.dead
            case _:
                assert_never(fate)

    @property
    def found(self) -> bool:
        """Whether the sync found anything, beyond the cost of looking."""
        return any(getattr(self, name) for name in _FOUND)

    @property
    def has_changes(self) -> bool:
        """Whether a row was stored, changed or removed."""
        return any(getattr(self, name) for name in _CHANGED)

    def totals(self) -> dict[str, int]:
        """The counters by name, without the lag."""
        names = [name for name in self.__slots__ if name != "lag_seconds"]
        return {name: getattr(self, name) for name in names}


_COUNTERS = [counter for counter in fields(Counts) if counter.name != "lag_seconds"]
_FOUND = [counter.name for counter in _COUNTERS if counter.metadata["found"]]
_CHANGED = [counter.name for counter in _COUNTERS if counter.metadata["changed"]]


@dataclass(frozen=True, slots=True)
class AppliedRules:
    """A batch after rules were applied: ``hidden`` are hidden anew, ``updated`` shown again."""

    mailbox_id: int
    counts: Counts
