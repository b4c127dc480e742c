"""Bringing mail into mailboxes: seeded mail, mbox files, and new arrivals.

Holds: ``MailLoading``. Add here: another source of mail. Keep out: what a message is (``mailbox``)
and how an mbox is read (``mbox``).
Source: docs/sandbox.md#mailboxes-and-their-mail. Mail is taken a few messages at a time, so that
other calls are answered meanwhile and memory stays bounded.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import Field

from gmail_sandbox.account.accounts import Account
from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.admin.call import AdminCall, AdminError
from gmail_sandbox.mail.mbox import MboxMessage, read_mbox
from gmail_sandbox.mail.mbox_share import share_of
from gmail_sandbox.seeded.messages import seeded_messages
from gmail_sandbox.state import SandboxState
from gmail_sandbox.wire.http_messages import Request, Response, json_response
from gmail_sandbox.wire.wire_model import WireModel

_CHUNK = 20


class LoadPath(WireModel):
    """An mbox of this machine, or share ``[i, n]`` of its threads; the newest may be held back."""

    path: Path
    share: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1)]] = (0, 1)
    hold_back: Annotated[int, Field(ge=0)] = 0


class Arrivals(WireModel):
    """New mail: ``count`` seeded messages, or the next ``heldBack`` of those held back."""

    count: Annotated[int, Field(ge=0)] = 0
    seed: int = 0
    held_back: Annotated[int, Field(ge=0)] = 0
    label_ids: tuple[str, ...] | None = None


class MailLoading:
    """Loads and delivers mail, over the state of one sandbox."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def seed(
        self, account: Account, count: int, seed: int, span_seconds: float, bursts: int
    ) -> None:
        """Fill a mailbox with seeded mail of the last ``span_seconds``, without history."""
        made = seeded_messages(
            count,
            address=account.mailbox.address,
            seed=seed,
            newest=self._state.clock.now(),
            span_seconds=span_seconds,
            bursts=bursts,
        )
        await _take_in(account.mailbox, made, record_history=False)

    async def seed_past(
        self, account: Account, count: int, seed: int, newest_seconds: float, oldest_seconds: float
    ) -> None:
        """Fill a mailbox with seeded mail of these ages, without history."""
        made = seeded_messages(
            count,
            address=account.mailbox.address,
            seed=-1 - seed,  # another seed, so that it is other mail than the recent
            newest=self._state.clock.now() - newest_seconds,
            span_seconds=oldest_seconds - newest_seconds,
        )
        await _take_in(account.mailbox, made, record_history=False)

    async def load(self, call: AdminCall) -> Response:
        """Load an mbox from the body, or by path where the sandbox allows paths.

        Query: ``labels`` replaces the labels of every message; ``history=true`` records arrivals.
        """
        account = call.account(self._state.accounts)
        recorded = call.option("history") == "true"
        labels = call.listed("labels")
        kept: deque[MboxMessage] = deque()
        if call.is_json():
            given = call.read(LoadPath)
            messages = _hold_back(self._by_path(given), kept, given.hold_back)
            loaded = await _take_in(
                account.mailbox, _relabelled(messages, labels), record_history=recorded
            )
        else:
            with _body_path(call.request) as path:
                messages = _relabelled(read_mbox(path), labels)
                loaded = await _take_in(account.mailbox, messages, record_history=recorded)
        account.held_back.extend(_relabelled(kept, labels))
        return json_response({"loaded": loaded, "heldBack": len(kept)})

    async def deliver(self, call: AdminCall) -> Response:
        """Deliver new mail: an RFC 822 body, seeded mail, or mail that was held back.

        Query, for a body: ``labels``, ``threadId`` and ``internalDate`` (epoch milliseconds);
        ``scheduled=true`` gives it the labels of mail that is to be sent later.
        """
        account = call.account(self._state.accounts)
        mailbox = account.mailbox
        before = mailbox.history_id
        if call.is_json():
            await _take_in(
                mailbox, self._arriving(account, call.read(Arrivals)), record_history=True
            )
        else:
            self._deliver_body(mailbox, call)
        records = mailbox.history(before, types=("messageAdded",))
        added = [
            change["message"] for record in records[:] for change in record.get("messagesAdded", ())
        ]
        return json_response({"historyId": str(mailbox.history_id), "messages": added}, 201)

    def _deliver_body(self, mailbox: Mailbox, call: AdminCall) -> None:
        date = call.option("internalDate")
        if date is not None and not date.isdecimal():
            raise AdminError(400, "internalDate must be epoch milliseconds")
        labels = call.listed("labels")
        if labels is None:
            is_scheduled = call.option("scheduled") == "true"
            scheduled = self._state.forms.current.scheduled_labels
            labels = scheduled if is_scheduled else ("INBOX", "UNREAD")
        mailbox.deliver(
            call.request.whole_body(),
            label_ids=labels,
            internal_date=None if date is None else int(date),
            thread_id=call.option("threadId"),
        )

    def _arriving(self, account: Account, given: Arrivals) -> Iterator[MboxMessage]:
        made = seeded_messages(
            given.count,
            address=account.mailbox.address,
            seed=given.seed,
            newest=self._state.clock.now(),
            span_seconds=max(float(given.count), 1.0),
        )
        yield from _relabelled(made, given.label_ids)
        for _ in range(min(given.held_back, len(account.held_back))):
            arriving = account.held_back.popleft()
            # It arrives now, whatever its Date header says, as with delayed mail.
            now = int(self._state.clock.now()) * 1_000
            yield from _relabelled([replace(arriving, internal_date=now)], given.label_ids)

    def _by_path(self, given: LoadPath) -> Iterator[MboxMessage]:
        if not self._state.settings.allow_paths:
            raise AdminError(403, "start the sandbox with --allow-paths to load by path")
        if not given.path.is_file():
            raise AdminError(404, "no such file")
        index, count = given.share
        if index >= count:
            raise AdminError(400, "share [i, n] needs i below n")
        return share_of(read_mbox(given.path), index, count)


async def _take_in(
    mailbox: Mailbox, messages: Iterable[MboxMessage], *, record_history: bool
) -> int:
    """Load messages a few at a time, and return how many."""
    rest = iter(messages)
    total = 0
    while loaded := mailbox.load(islice(rest, _CHUNK), record_history=record_history):
        total += loaded
        await asyncio.sleep(0)
    return total


def _relabelled(
    messages: Iterable[MboxMessage], labels: tuple[str, ...] | None
) -> Iterator[MboxMessage]:
    for message in messages:
        yield message if labels is None else replace(message, label_ids=labels)


def _hold_back(
    messages: Iterable[MboxMessage], kept: deque[MboxMessage], count: int
) -> Iterator[MboxMessage]:
    """Yield all messages but the last ``count``, which stay in ``kept``."""
    for message in messages:
        kept.append(message)
        if len(kept) > count:
            yield kept.popleft()


@contextmanager
def _body_path(request: Request) -> Iterator[Path]:
    """Give the body of a request as a file."""
    if request.body_file is not None:
        yield request.body_file
        return
    with tempfile.NamedTemporaryFile(prefix="gmail-sandbox-load-") as file:
        file.write(request.body)
        file.flush()
        yield Path(file.name)
