"""One mailbox compared with what Google lists: ids day by day, then labels.

Holds: ``Comparison``. Add here: what else is compared. Keep out: the rules
(``core/ledger/completeness.py``), asking Google (``lister.py``), repair (``repair.py``), which
mailboxes and days (``verify.py``).

It compares with the listing that includes spam and trash, since stored mail that moved there stays
stored. Ids that are not stored and have a label that leaves mail out (spam, trash, draft, chat) do
not count. Days that fit a page are listed together, and halved only while something is open: that
costs a fraction of a listing for each day.
Source: docs/promises.md#promise-6; edge cases 5, 13, 60 (no estimate is read), 61, 62, 67.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime

from gmail_ingest.core.ledger.completeness import (
    PAGE_IDS,
    SPAN_IDS,
    DayTally,
    Known,
    Presence,
    StoredMails,
    group_days,
    is_dated,
    presence_of,
)
from gmail_ingest.core.ledger.removals import question
from gmail_ingest.core.ledger.scope import SCHEDULED
from gmail_ingest.core.ledger.windows import window_of
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage
from gmail_ingest.errors import AccountReplacedError, LeaseHeldError, MailboxDisconnectedError
from gmail_ingest.sync.audit.completeness import ComparableStore, MailboxVerification
from gmail_ingest.sync.audit.dead_labels import DeadLabels
from gmail_ingest.sync.audit.lister import Lister, compare_labels
from gmail_ingest.sync.audit.recent_changes import RecentChanges
from gmail_ingest.sync.audit.repair import Repair, read_again
from gmail_ingest.sync.mailbox.identity import note_address, recognise
from gmail_ingest.sync.mailbox.records import MessageRef
from gmail_ingest.sync.mailbox.session import MailboxSession

Progress = Callable[[int], None]


class Comparison:
    """Compares one mailbox, filling ``found``; with a ``repair`` it repairs on the way.

    ``session`` must be paced as ``listing``, so that live mail keeps its reserve.
    """

    def __init__(
        self,
        session: MailboxSession[ComparableStore],
        found: MailboxVerification,
        repair: Repair | None,
    ) -> None:
        self._session = session
        self._store = session.store
        self._mailbox = session.mailbox
        self._policy = session.policy
        self._lister = Lister(session)
        self._found = found
        self._repair = repair
        self._out: set[str] = set()
        self._sent: set[str] = set()
        self._undated: set[str] = set()
        self._gone: dict[str, bool] = {}
        self._stored: Sequence[StoredMails] = ()
        self._dead: frozenset[str] = frozenset()
        #: Gone at Google: removed together at the end, unless they are too many.
        self._vanished: set[str] = set()
        #: Those of them that Google was not asked for one by one, since they were too many.
        self._unconfirmed: set[str] = set()
        self._confirmed = 0
        #: Days on which mail vanished, as they were recorded.
        self._short: list[tuple[DayTally, datetime]] = []
        self._withheld: frozenset[str] = frozenset()
        self._returned: set[str] = set()

    async def run(self, days: Sequence[date], progress: Progress | None = None) -> None:
        """Compare consecutive UTC days; ``progress`` hears of each group of days that is done.

        A repair while somebody else lists the mailbox is left out, and noted as its error.

        Raises:
            ThrottledError, TransientError, MailboxStateError, OperatorActionError: Google does
                not go on now; the days done so far are recorded.
            LeaseLostError, MailboxDisconnectedError: the repair may write nothing more.
        """
        if not days:
            return
        await self._begin()
        sizes = await self._store.stored_days(self._mailbox.id)
        label_ids = await self._settle_dead_labels()
        for span in group_days(days, sizes, SPAN_IDS):
            window = window_of(span)
            self._stored = await self._store.stored_mails(self._mailbox.id, window)
            labels = await compare_labels(self._lister, window, label_ids, self._stored, self._dead)
            self._out, self._sent = labels.out, labels.sent
            for group in group_days(span, sizes, self._policy.compared_together):
                await self._compare_days(group, first_look=True)
                if progress is not None:
                    progress(len(group))
            await self._settle_labels(labels.differing)
        await self._settle_vanished()

    async def _begin(self) -> None:
        # In this order, since what is compared must be at least as new as the checkpoint.
        active = await self._store.mailboxes(self._mailbox.tenant_id, [self._mailbox.id])
        if not active:
            raise MailboxDisconnectedError("the mailbox cannot be read in its present state")
        await self._run_repair(lambda repair: repair.remove_accepted())
        self._withheld = await self._store.withheld_removals(self._mailbox.id)
        self._gone = dict.fromkeys(self._withheld, True)
        self._room = await self._store.removal_room(self._mailbox.id)
        session, prices = self._session, self._policy.prices
        profile = await session.throttle.call(session.client.profile, prices.profile_get)
        await note_address(self._store, self._mailbox, profile)
        # Compared with another account, all that is stored would have vanished.
        went_back = profile.history_id < active[0].checkpoint
        if (
            went_back
            and await recognise(
                self._store, session.client, session.throttle, active[0], profile, prices
            )
            == "other"
        ):
            raise AccountReplacedError("another account has this address now: the next sync tells")
        self._changes = RecentChanges(session, active[0].checkpoint, profile.history_id)

    async def _settle_dead_labels(self) -> frozenset[str]:
        """Take dead labels off all stored mail, or count that mail; returns the existing labels."""
        read = await DeadLabels(self._session, self._lister).read()
        self._dead = read.dead
        bearing = await self._store.count_labelled(self._mailbox.id, self._dead)
        self._found.label_differences += bearing
        if bearing and await self._run_repair(lambda repair: repair.drop_labels(self._dead)):
            bearing = 0
        self._found.open_label_differences += bearing
        return read.listed

    async def _compare_days(self, days: Sequence[date], *, first_look: bool) -> None:
        """Compare a group of days and record them; what is open makes it look at each half."""
        checked_at = datetime.now(UTC)
        window = window_of(days)
        if len(days) == 1:
            listed = await self._lister.ids(window)
        elif (few := await self._lister.ids_up_to(window, self._policy.most_listed)) is not None:
            listed = few
        else:
            await self._halve(days, first_look=first_look)
            return
        tallies = {day: DayTally(day) for day in days}
        refs = [MessageRef(message_id, thread_id) for message_id, thread_id in listed.items()]
        open_ = await self._classify(refs, tallies)
        vanished = self._unlisted(days, listed)
        self._returned.update(self._withheld.intersection(listed))
        if vanished or "missing" in open_.values():
            await self._changes.refresh()
            open_ = {ref: self._reclassify(ref, how) for ref, how in open_.items()}
            vanished = await self._confirm_gone(vanished)
        if first_look:
            missing = [ref for ref, how in open_.items() if how == "missing"]
            self._found.missing += len(missing)
            self._found.vanished += len(vanished)
            if missing and await self._run_repair(lambda repair: repair.refetch(missing)):
                again = await self._classify(open_, tallies)
                open_ = {ref: self._reclassify(ref, how) for ref, how in again.items()}
            self._vanished |= vanished
        undated: dict[MessageRef, Presence] = {
            ref: how for ref, how in open_.items() if how != "out"
        }
        if undated and len(days) > 1:
            await self._halve(days, first_look=False)
            return
        self._count(tallies, undated, vanished)
        await self._record(tallies.values(), checked_at)

    async def _run_repair(self, work: Callable[[Repair], Awaitable[None]]) -> bool:
        """Repair, if that was asked for and nobody else lists the mailbox; whether it was done."""
        if self._repair is None:
            return False
        try:
            await work(self._repair)
        except LeaseHeldError as error:
            # Reading needs no lease: what is open is reported, and the next verification repairs
            # it.
            self._found.error = f"not repaired: {error}"
            self._repair = None
            return False
        return True

    async def _halve(self, days: Sequence[date], *, first_look: bool) -> None:
        middle = len(days) // 2
        for half in (days[:middle], days[middle:]):
            await self._compare_days(half, first_look=first_look)

    async def _classify(
        self, refs: Iterable[MessageRef], tallies: dict[date, DayTally]
    ) -> dict[MessageRef, Presence]:
        """Count ids with a row on their days; return the others, whose day no listing tells."""
        todo = list(refs)
        undated: dict[MessageRef, Presence] = {}
        for start in range(0, len(todo), PAGE_IDS):
            chunk = todo[start : start + PAGE_IDS]
            ids = [ref.message_id for ref in chunk]
            known = await self._store.known(self._mailbox.id, ids)
            for ref in chunk:
                entry = known.get(ref.message_id)
                how = presence_of(entry, out=self._is_out(ref.message_id, entry))
                if not is_dated(how):
                    undated[ref] = how
                elif entry is not None and entry.internal_date is not None:
                    # Outside of the window by its date: it counts on its own day (edge case 61).
                    day = entry.internal_date.astimezone(UTC).date()
                    if day in tallies:
                        tallies[day].count(how)
        return undated

    def _is_out(self, message_id: str, entry: Known | None) -> bool:
        waits = entry is not None and entry.fate == "left_out" and entry.reason == SCHEDULED
        return message_id in self._out or (waits and message_id not in self._sent)

    def _unlisted(self, days: Collection[date], listed: Collection[str]) -> set[str]:
        wanted = frozenset(days)
        ids: set[str] = set()
        for mails in self._stored:
            if mails.day in wanted:
                ids |= mails.message_ids
        return ids.difference(listed)

    def _reclassify(self, ref: MessageRef, how: Presence) -> Presence:
        """Count a message that history names as pending, or as newer than the comparison."""
        if how != "missing" or not self._changes.named(ref.message_id):
            return how
        return "out" if self._changes.arrived(ref.message_id) else "pending"

    async def _confirm_gone(self, unlisted: Collection[str]) -> set[str]:
        """Return those of the unlisted stored mails that Google does not give one by one either.

        Once they are too many to be removed, the others count as gone without being asked for.
        """
        price = self._policy.prices.messages_get
        still = {message_id for message_id in unlisted if not self._changes.named(message_id)}
        for message_id in sorted(still - self._gone.keys()):
            if self._confirmed > self._room:
                self._gone[message_id] = True
                self._unconfirmed.add(message_id)
                continue
            call = FetchCall(None, (PendingMessage(message_id, ""),), price)
            answer = await read_again(self._session, call)
            self._gone[message_id] = answer is not None and not answer
            self._confirmed += self._gone[message_id]
        return {message_id for message_id in still if self._gone[message_id]}

    def _count(
        self,
        tallies: dict[date, DayTally],
        undated: dict[MessageRef, Presence],
        vanished: Collection[str],
    ) -> None:
        """Count what is open: undated ids are left only where a single day was listed."""
        for ref, how in undated.items():
            # Listings overlap by a second at midnight.
            if ref.message_id not in self._undated:
                self._undated.add(ref.message_id)
                for tally in tallies.values():
                    tally.count(how)
        for mails in self._stored:
            if mails.day in tallies:
                tallies[mails.day].vanished += len(mails.message_ids.intersection(vanished))

    async def _record(self, tallies: Collection[DayTally], checked_at: datetime) -> None:
        await self._store.record(self._mailbox.id, tallies, checked_at)
        for tally in tallies:
            self._found.add_day(tally, proven=tally.is_proven(checked_at))
        self._short.extend((tally, checked_at) for tally in tallies if tally.vanished)

    async def _settle_vanished(self) -> None:
        """Remove what is gone, all of it or nothing, and record its days as whole."""
        removed: set[str] = set()
        new = self._vanished - self._withheld

        async def remove(repair: Repair) -> None:
            removed.update(await repair.remove(new, self._unconfirmed))

        if self._returned:
            await self._run_repair(lambda repair: repair.keep(self._returned))
        if new:
            await self._run_repair(remove)
        if removed and removed == self._vanished:
            for tally, checked_at in self._short:
                self._found.open_vanished -= tally.vanished
                tally.vanished = 0
                self._found.proven_days += tally.is_proven(checked_at)
                await self._store.record(self._mailbox.id, [tally], checked_at)
        self._found.withheld = len(await self._store.withheld_removals(self._mailbox.id))
        if self._found.withheld:
            self._found.error = self._found.error or question(self._found.withheld)

    async def _settle_labels(self, differing: set[str]) -> None:
        """Leave out what history is about to change; repair the rest, or count it."""
        if not differing:
            return
        await self._changes.refresh()
        real = {message_id for message_id in differing if not self._changes.named(message_id)}
        still = await self._with_row(
            {message_id for message_id in real if not self._gone.get(message_id)}
        )
        self._found.label_differences += len(still)
        repaired: set[str] = set()

        async def relabel(repair: Repair) -> None:
            repaired.update(await repair.relabel(still))

        if still:
            await self._run_repair(relabel)
        self._found.open_label_differences += len(still - repaired)

    async def _with_row(self, ids: Collection[str]) -> set[str]:
        todo = sorted(ids)
        found: set[str] = set()
        for start in range(0, len(todo), PAGE_IDS):
            known = await self._store.known(self._mailbox.id, todo[start : start + PAGE_IDS])
            found |= {key for key, entry in known.items() if entry.internal_date is not None}
        return found
