"""Repairs what a comparison with Google found, under the listing lease.

Holds: ``Repair``. Add here: how a further kind of difference is repaired.
Keep out: finding differences (``compare.py``). Google is read again for each message that is
repaired: listings come from an index that may lag, so that they only say where to look.
Source: docs/promises.md#promise-2, #promise-3, #promise-6; edge cases 3 and 62.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage, plan_fetch
from gmail_ingest.errors import RejectedRequestError
from gmail_ingest.sync.audit.completeness import ComparableStore
from gmail_ingest.sync.mailbox.fetch import Fetch
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import Counts, Lease, MessageRef
from gmail_ingest.sync.mailbox.session import MailboxSession


async def read_again(
    session: MailboxSession[MailStore], call: FetchCall
) -> Mapping[str, ParsedMessage] | None:
    """The wanted messages of a call as Google has them now; None if one cannot be read at all."""
    try:
        return await session.throttle.call(lambda: session.client.fetch(call), call.units)
    except RejectedRequestError:
        return None


class Repair:
    """Repairs one mailbox. Takes the listing lease at the first repair, and holds it to the end.

    Args:
        lease: one that is held already, and stays with who holds it.
    """

    def __init__(
        self,
        session: MailboxSession[ComparableStore],
        *,
        lease: Lease | None = None,
    ) -> None:
        self._session = session
        self._store = session.store
        self._mailbox = session.mailbox
        self._policy = session.policy
        self._lease = lease
        self._stack = AsyncExitStack()
        self.counts = Counts()

    async def __aenter__(self) -> Self:
        """Nothing is taken yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lease back."""
        await self._stack.__aexit__(kind, error, trace)

    async def _held(self) -> Lease:
        if self._lease is None:
            self._lease = await self._stack.enter_async_context(self._session.lease("listing"))
        return self._lease

    async def refetch(self, refs: Sequence[MessageRef]) -> None:
        """Put listed ids into the ledger, and fetch all that is due.

        Raises:
            LeaseHeldError: a listing sync has the mailbox; what it lists, it fetches itself.
            ThrottledError, MailboxStateError, OperatorActionError: Google does not go on now.
            LeaseLostError, MailboxDisconnectedError: nothing more may be written.
        """
        lease = await self._held()
        step = self._policy.chunk
        for start in range(0, len(refs), step):
            recalled = await self._store.recall(lease, refs[start : start + step])
            self.counts.discovered += recalled
        await Fetch(self._session).drain(lease, self.counts)

    async def remove(
        self, message_ids: Collection[str], unconfirmed: Collection[str] = ()
    ) -> frozenset[str]:
        """Remove stored mails that Google no longer has, unless they are too many to be removed
        without a person; returns those that were. Raises as ``refetch``.
        """
        lease = await self._held()
        admitted = await self._store.admit_removals(lease, sorted(message_ids), unconfirmed)
        ids, step = sorted(admitted), self._policy.chunk
        for start in range(0, len(ids), step):
            self.counts.add(await self._store.correct(lease, (), ids[start : start + step]))
        return admitted

    async def remove_accepted(self) -> None:
        """Remove what a person accepted, after asking Google for each mail not yet asked for.
        Raises as ``refetch``, and TransientError.
        """
        step, store = self._policy.batch_messages, self._store
        while batch := await store.accepted_removals(self._mailbox.id, step):
            lease = await self._held()
            gone = [
                removal.message_id
                for removal in batch
                if removal.confirmed or await self._is_gone(removal.message_id)
            ]
            self.counts.add(await store.correct(lease, (), gone))
            await store.settle_removals(lease, [removal.message_id for removal in batch])

    async def keep(self, message_ids: Collection[str]) -> None:
        """End the withholding of mails that Google lists again. Raises as ``refetch``."""
        await self._store.settle_removals(await self._held(), message_ids)

    async def _is_gone(self, message_id: str) -> bool:
        price = self._policy.prices.messages_get
        call = FetchCall(None, (PendingMessage(message_id, ""),), price)
        found = await read_again(self._session, call)
        return found is not None and not found

    async def drop_labels(self, label_ids: Collection[str]) -> None:
        """Take labels off all stored mail, in bounded batches. Raises as ``refetch``."""
        lease, most = await self._held(), self._policy.batch_messages
        while True:
            done = await self._store.drop_labels(lease, label_ids, most)
            self.counts.add(done)
            if done.updated < most:
                return

    async def relabel(self, message_ids: Iterable[str]) -> set[str]:
        """Read mails again whose labels differ; returns those that agree now.

        Raises as ``refetch``, and TransientError.
        """
        lease = await self._held()
        ids = sorted(message_ids)
        repaired: set[str] = set()
        for start in range(0, len(ids), self._policy.batch_messages):
            chunk = ids[start : start + self._policy.batch_messages]
            known = await self._store.known(self._mailbox.id, chunk)
            wanted = [
                PendingMessage(
                    message_id, known[message_id].thread_id if message_id in known else ""
                )
                for message_id in chunk
            ]
            read: dict[str, ParsedMessage] = {}
            unread: set[str] = set()
            for call in plan_fetch(wanted, self._policy.prices):
                found = await read_again(self._session, call)
                if found is None:
                    unread.update(message.message_id for message in call.wanted)
                else:
                    read.update(found)
            gone = set(chunk) - read.keys() - unread
            admitted = await self._store.admit_removals(lease, gone)
            self.counts.add(await self._store.correct(lease, tuple(read.values()), admitted))
            repaired |= set(chunk) - unread - (gone - admitted)
        return repaired
