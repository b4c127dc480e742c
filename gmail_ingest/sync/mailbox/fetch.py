"""Fetching of what the ledger holds as pending: plan by price, call, parse, write in batches.

Holds: ``Fetch``. Add here: how an answer becomes an outcome.
Keep out: discovery (``discover.py``), SQL, HTTP. Every id handed to a call gets exactly one
outcome, or the whole call is undone: nothing is forgotten in between (docs/promises.md#promise-1).
Source: edge cases 1, 2, 13, 28 and 61.

If many calls in a row fail, Google or the account is at fault, not the messages: the mailbox is
given back, and those messages use up their attempts at the slowest pace, so that an outage of an
hour makes none of them a dead letter. Refusals are held back until their cause is known
(``refusals.py``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gmail_ingest.core.ledger.scope import OUTSIDE_RANGE, SCHEDULED, left_out_reason
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage, plan_fetch
from gmail_ingest.errors import (
    RefusedByGoogleError,
    RejectedRequestError,
    SuspectAccountError,
    ThrottledError,
    TransientError,
)
from gmail_ingest.sync.mailbox.ports import MailStore
from gmail_ingest.sync.mailbox.records import (
    Counts,
    Failed,
    Gone,
    Lease,
    LeftOut,
    Listing,
    Outcome,
    Stored,
)
from gmail_ingest.sync.mailbox.refusals import Refusal, Refusals, answers_for, refused_mailbox
from gmail_ingest.sync.mailbox.session import MailboxSession

#: The error of a message that Google does not have, until that is believed.
_NOT_FOUND_YET = "not found yet"


class Fetch:
    """Fetches one origin of one mailbox until nothing is due.

    A backfill fetches what one ``listing`` named; of that, what lies outside ``window`` by
    its internal date is left out (edge case 61).
    """

    def __init__(
        self,
        session: MailboxSession[MailStore],
        *,
        listing: Listing | None = None,
        window: Window | None = None,
    ) -> None:
        self._session = session
        self._store = session.store
        self._client = session.client
        self._throttle = session.throttle
        self._policy = session.policy
        self._listing_id = listing.id if listing is not None else None
        self._window = window or Window()
        self._upcoming = 0
        #: Calls that Google refused to take now, to be made again.
        self._refused: list[FetchCall] = []
        #: Messages whose calls failed without an answer since the last answer, with the error.
        self._undecided: list[tuple[PendingMessage, str]] = []
        #: All messages in doubt since that answer, also those whose failure is noted already.
        self._unanswered: set[str] = set()
        self._outage: TransientError | None = None
        self._refusals = Refusals(session.policy.refusals)
        #: Whether Google gave a message since the last look at what is due.
        self._given = False

    async def drain(self, lease: Lease, counts: Counts) -> None:
        """Fetch and store all that is due, adding to ``counts``; stays for retries due soon.

        Raises:
            ThrottledError, MailboxStateError, OperatorActionError: when the mailbox cannot go on;
                what was fetched before is stored, the rest stays pending. The mailbox is in no
                state to go on either if Google refuses all of its messages.
            TransientError: the same, when many calls in a row got no answer.
            LeaseLostError, MailboxDisconnectedError: when nothing more may be written.
        """
        while True:
            due = await self._store.due_messages(
                lease.mailbox_id, lease.origin, self._policy.chunk, self._listing_id
            )
            if due.messages:
                calls = plan_fetch(due.messages, self._policy.prices, due.thread_sizes)
                await self._run(lease, calls, counts)
            if len(due.messages) == self._policy.chunk:
                continue
            due_at = await self._store.next_due(lease.mailbox_id, lease.origin, self._listing_id)
            wait = (due_at - datetime.now(UTC)).total_seconds() if due_at else None
            if wait is None or wait > self._policy.linger:
                return
            await asyncio.sleep(max(wait, 0.05))

    async def _run(self, lease: Lease, calls: list[FetchCall], counts: Counts) -> None:
        todo = deque(calls)
        self._upcoming = sum(call.units for call in calls)
        self._given = False
        running: set[asyncio.Task[list[Outcome]]] = set()
        batch: list[Outcome] = []
        size = 0
        try:
            while todo or running:
                while todo and len(running) < self._throttle.in_flight:
                    call = todo.popleft()
                    self._upcoming -= call.units
                    running.add(asyncio.create_task(self._attempt(call)))
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                known = len(batch)
                _collect(done, batch)
                size += _characters(batch[known:])
                self._take_back(todo)
                suspect = self._refusals.suspect(ended=not todo and not running)
                if suspect is not None:
                    batch.extend(await self._resolve(suspect, ended=not todo and not running))
                if len(batch) >= self._policy.batch_messages or size >= self._policy.batch_bytes:
                    full, batch, size = batch, [], 0
                    counts.add(await self._store.save(lease, full))
                if self._outage is not None:
                    raise self._outage
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            batch.extend(self._decide())
            # Also when the mailbox cannot go on: what was fetched is stored.
            if batch:
                counts.add(await self._store.save(lease, batch))

    def _take_back(self, todo: deque[FetchCall]) -> None:
        # Not repeated here: fewer calls may be allowed side by side by now.
        self._upcoming += sum(call.units for call in self._refused)
        todo.extendleft(reversed(self._refused))
        self._refused.clear()

    async def _attempt(self, call: FetchCall) -> list[Outcome]:
        turn = await self._throttle.acquire(call.units, self._upcoming)
        try:
            messages = await self._client.fetch(call)
        except ThrottledError as error:
            await self._throttle.back_off(error, turn)
            self._refused.append(call)
            return []
        except (RefusedByGoogleError, SuspectAccountError) as error:
            self._refusals.hold(call, error)
            return self._answered()
        except TransientError as error:
            self._leave_undecided(call, error)
            return []
        except RejectedRequestError as error:
            failed: list[Outcome] = [self._failed(wanted, str(error)) for wanted in call.wanted]
            return self._answered() + self._released() + failed
        self._throttle.succeeded()
        self._given = True
        return (
            self._answered()
            + self._released()
            + [self._outcome(wanted, messages.get(wanted.message_id)) for wanted in call.wanted]
        )

    async def _resolve(self, suspect: Refusal, *, ended: bool) -> list[Outcome]:
        """Let refused messages spend an attempt, unless the mailbox as a whole is refused.

        Raises:
            MailboxStateError, TransientError: the mailbox as a whole is refused.
        """
        is_answered = (ended and self._given) or await answers_for(
            self._session, self._refusals.messages
        )
        # A call that was under way may have been answered meanwhile: then none is held any more.
        if not is_answered and self._refusals.messages:
            raise refused_mailbox(suspect)
        return self._released()

    def _released(self) -> list[Outcome]:
        return [
            self._failed(refused.message, refused.error) for refused in self._refusals.release()
        ]

    def _leave_undecided(self, call: FetchCall, error: TransientError) -> None:
        self._undecided.extend((wanted, str(error)) for wanted in call.wanted)
        self._unanswered.update(wanted.message_id for wanted in call.wanted)
        if len(self._unanswered) >= self._policy.outage:
            self._outage = error

    def _answered(self) -> list[Outcome]:
        self._unanswered.clear()
        return self._decide()

    def _decide(self) -> list[Outcome]:
        """Decide about messages without an answer, now that it is known what was at fault."""
        undecided, self._undecided = self._undecided, []
        outcome_of = self._failed if self._outage is None else self._spared
        return [outcome_of(wanted, error) for wanted, error in undecided]

    def _outcome(self, wanted: PendingMessage, message: ParsedMessage | None) -> Outcome:
        if message is not None:
            reason = left_out_reason(message.label_ids)
            if reason is None and message.is_unsent:
                reason = SCHEDULED
            if reason is None and not self._window.contains(message.internal_date):
                reason = OUTSIDE_RANGE
            if reason is not None:
                return LeftOut(wanted.message_id, reason, message.history_id)
            return Stored(message)
        # Seconds after an add, a 404 may be Google's own replication (edge case 13): believed when
        # it is repeated, not when it follows failures of another kind.
        believed = wanted.missed and wanted.attempts > 1
        if wanted.age < self._policy.young and not believed:
            return replace(self._failed(wanted, _NOT_FOUND_YET), missed=True)
        return Gone(wanted.message_id)

    def _spared(self, wanted: PendingMessage, error: str) -> Failed:
        """Keep a message from being given up because of an outage, however long that lasts."""
        delay = timedelta(seconds=self._policy.retry_delay(wanted.attempts, outage=True))
        return Failed(wanted.message_id, error, datetime.now(UTC) + delay)

    def _failed(self, wanted: PendingMessage, error: str) -> Failed:
        if wanted.attempts + 1 >= self._policy.max_attempts:
            return Failed(wanted.message_id, error, None)
        delay = timedelta(seconds=self._policy.retry_delay(wanted.attempts))
        return Failed(wanted.message_id, error, datetime.now(UTC) + delay)


def _characters(outcomes: Iterable[Outcome]) -> int:
    return sum(len(o.message.text) + len(o.message.html) for o in outcomes if type(o) is Stored)


def _collect(done: set[asyncio.Task[list[Outcome]]], batch: list[Outcome]) -> None:
    """Add all results, also those beside a failure; only then raise it."""
    errors = [error for task in done if (error := task.exception())]
    batch.extend(outcome for task in done if not task.exception() for outcome in task.result())
    if errors:
        raise errors[0]
