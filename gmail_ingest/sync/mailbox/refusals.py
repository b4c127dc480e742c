"""Whether a refusal concerns one message, or the mailbox as a whole.

Holds: ``Refusals``, what a fetch remembers of calls that Google refused; ``answers_for``, the trial
that decides; ``try_reading``, the same trial before a mailbox is connected. Add here: another sign
that a mailbox as a whole is refused. Keep out: fates (``fetch.py``), Google's reasons (adapters),
what a refusal means for the mailbox (``consequences.py``).

A grant may allow the profile, the watch and the history, and refuse every mail. So refusals for one
reason, with no answer in between, are held back, and another message is asked for. If Google gives
that one, the refusals concern their messages: each spends an attempt (edge case 2). If it does not,
the mailbox is refused: it stops, and no message has spent an attempt.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.quota.planner import FetchCall, PendingMessage
from gmail_ingest.errors import (
    MailboxUnavailableError,
    RefusalReason,
    RefusedByGoogleError,
    SuspectAccountError,
)
from gmail_ingest.sync.mailbox.ports import MailboxClient, MailStore
from gmail_ingest.sync.mailbox.records import ListPage
from gmail_ingest.sync.mailbox.session import MailboxSession

#: Errors of a message that may concern the whole mailbox.
Refusal = RefusedByGoogleError | SuspectAccountError
_Kind = tuple[type[Refusal], RefusalReason | None]
#: So many other messages are asked for, since one of them may be refused itself, too.
WITNESSES = 3
#: All mail that there can be, asked for as the syncs ask: with a search query.
_ALL = Window(start=datetime(2004, 4, 1, tzinfo=UTC))


class RefusedMessage(NamedTuple):
    """A message that Google refused, and the error's text."""

    message: PendingMessage
    error: str


class Refusals:
    """Refused calls since Google last answered one, by what it gave as its reason."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: defaultdict[_Kind, list[tuple[FetchCall, Refusal]]] = defaultdict(list)

    def hold(self, call: FetchCall, error: Refusal) -> None:
        """Remember a refused call."""
        self._held[type(error), error.reason].append((call, error))

    def release(self) -> list[RefusedMessage]:
        """Google answers for this mailbox: the messages, each with its own error."""
        held = [
            RefusedMessage(wanted, str(error))
            for refused in self._held.values()
            for call, error in refused
            for wanted in call.wanted
        ]
        self._held.clear()
        return held

    def suspect(self, *, ended: bool) -> Refusal | None:
        """The error to investigate, if it is time: it came more often than single messages explain,
        or (``ended``) no other call is left.
        """
        for refused in self._held.values():
            if ended or len(refused) >= self._most:
                _, error = refused[-1]
                return error
        return None

    @property
    def messages(self) -> frozenset[str]:
        """Ids of all messages that are held."""
        calls = (call for refused in self._held.values() for call, _ in refused)
        return frozenset(wanted.message_id for call in calls for wanted in call.wanted)


def refused_mailbox(error: Refusal) -> MailboxUnavailableError | SuspectAccountError:
    """What stops a mailbox that is refused with this error."""
    if isinstance(error, SuspectAccountError):
        return error
    return MailboxUnavailableError(f"no mail of this mailbox is given: {error}", "refused")


async def answers_for(session: MailboxSession[MailStore], refused: Collection[str]) -> bool:
    """Whether Google gives any other message than the refused ones.

    If the mailbox has no other message, the refusal counts as the message's own.

    Raises:
        what a listing or a fetch raises, other than a refused request.
    """
    client, throttle, prices = session.client, session.throttle, session.policy.prices

    async def listed() -> ListPage | None:
        # Refused here, it is no call to make again: so it is no error for ``throttle``.
        with contextlib.suppress(RefusedByGoogleError, SuspectAccountError):
            return await client.list_messages(_ALL, None, everywhere=True)
        return None

    page = await throttle.call(listed, prices.messages_list)
    if page is None:
        return False
    others = [ref.message_id for ref in page.refs if ref.message_id not in refused]
    if not others and len(refused) == 1:
        return True
    # Where all mail is refused, it may still be given alone and not by its thread.
    for message_id in (others or sorted(refused))[:WITNESSES]:
        if await throttle.call(partial(_is_given, client, message_id), prices.messages_get):
            return True
    return False


async def _is_given(client: MailboxClient, message_id: str) -> bool:
    try:
        await client.probe(message_id)
    except (RefusedByGoogleError, SuspectAccountError):
        return False
    return True


async def try_reading(client: MailboxClient) -> None:
    """Do once what a sync will do: search, and get a whole message (25 units).

    Raises:
        RefusedByGoogleError: no message is given; and what the calls raise.
    """
    page = await client.list_messages(_ALL, None)
    refused: RefusedByGoogleError | None = None
    for ref in page.refs[:WITNESSES]:
        try:
            await client.probe(ref.message_id)
        except RefusedByGoogleError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused
