"""Which account is this? An account is not its address, and not its history ids.

Holds: ``recognise``, ``find_former``, ``note_address``. Add here: another way to tell accounts
apart. Keep out: what follows (``discover.py``, ``connect.py``, ``watch.py``), rows.
Source: docs/google.md#accounts, #restarted-history; edge cases 39 and 90 to 93. An account's
message ids never change and are never given again: they are the evidence. History ids go back
when Google rebuilds a mailbox, and begin low in an account that was made anew; addresses change,
and are given to others.

It costs a page of one listing (5 units), and only where that names nothing known, at most
``SAMPLE`` reads of single messages (20 units each): 105 units, once for each time that ids went
back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal, Protocol, TypeVar

from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.quota.prices import Prices
from gmail_ingest.sync.mailbox.ports import MailboxClient, MailStore
from gmail_ingest.sync.mailbox.records import ListPage, Mailbox, Profile, Renaming

T = TypeVar("T")

#: Stored messages that are asked for one by one before an account counts as another one.
SAMPLE = 5
#: Pages of the listing that are read until one names a message: Gmail may answer an empty one.
PAGES = 3
#: So many ids in common prove two mailboxes to be one account where no address hints at it. One is
#: not enough: ids depend on time, and two accounts may share one by chance.
PROOF = 3

#: ``unsure``: none of its mail is there, and its history id is no lower than it was. Either all
#: mail was deleted, or it is another account: a person decides.
Verdict = Literal["same", "other", "unsure"]


class Pace(Protocol):
    """Makes calls when the limits allow it, as ``Throttle`` does."""

    async def call(self, function: Callable[[], Awaitable[T]], units: int) -> T:
        """Make a call of this price."""
        ...


class AtOnce:
    """Makes calls at once: for a mailbox that is not synced yet."""

    async def call(self, function: Callable[[], Awaitable[T]], units: int) -> T:  # noqa: ARG002 - the protocol's
        """Make a call."""
        return await function()


async def recognise(
    store: MailStore,
    client: MailboxClient,
    pace: Pace,
    mailbox: Mailbox,
    profile: Profile,
    prices: Prices | None = None,
) -> Verdict:
    """Tell whether the account behind ``client`` is the one whose mail a mailbox has.

    A mailbox without stored mail has nothing to lose, and is the same. Raises as its calls.
    """
    prices = prices or Prices()
    sample = await store.sample_ids(mailbox.id, SAMPLE)
    if not sample:
        return "same"
    newest = await _newest(client, pace, prices)
    if (await store.knowing(mailbox.tenant_id, newest)).get(mailbox.id):
        return "same"
    if await _has_any(client, pace, sample, prices):
        return "same"
    return "other" if profile.history_id < mailbox.checkpoint else "unsure"


async def find_former(
    store: MailStore,
    client: MailboxClient,
    living: Sequence[Mailbox],
    aliases: Collection[str],
    pace: Pace | None = None,
    prices: Prices | None = None,
) -> Mailbox | None:
    """The mailbox of an account that is known under a former address, if there is one.

    Args:
        store: what is known.
        client: the account, as it is being connected.
        living: the tenant's mailboxes; none of them has the account's address.
        aliases: the account's other addresses, as far as Google tells.
        pace: makes the calls; at once unless given.
        prices: of a call.

    Returns:
        The mailbox; None if the account is new. If an alias names it, one id in common is enough.
    """
    if not living:
        return None
    pace, prices = pace or AtOnce(), prices or Prices()
    newest = await _newest(client, pace, prices)
    common = await store.knowing(living[0].tenant_id, newest)
    best = max(living, key=lambda mailbox: common.get(mailbox.id, 0))
    if common.get(best.id, 0) >= PROOF:
        return best
    for mailbox in living:
        if {mailbox.address, *mailbox.former_addresses}.isdisjoint(aliases):
            continue
        if common.get(mailbox.id) or await _has_any(
            client, pace, await store.sample_ids(mailbox.id, SAMPLE), prices
        ):
            return mailbox
    return None


async def note_address(store: MailStore, mailbox: Mailbox, profile: Profile) -> Renaming:
    """Rename a mailbox if its account has another primary address now.

    Without a change, the store still clears what was noted of another address before.
    """
    return await store.rename(mailbox.id, profile.address)


async def _newest(client: MailboxClient, pace: Pace, prices: Prices) -> list[str]:
    token: str | None = None
    for _ in range(PAGES):

        async def read(at: str | None = token) -> ListPage:
            return await client.list_messages(Window(), at, everywhere=True)

        page = await pace.call(read, prices.messages_list)
        token = page.next_page_token
        if page.refs or token is None:
            break
    return [ref.message_id for ref in page.refs]


async def _has_any(
    client: MailboxClient, pace: Pace, message_ids: Sequence[str], prices: Prices
) -> bool:
    for message_id in message_ids:

        async def has(message_id: str = message_id) -> bool:
            return await client.has_message(message_id)

        if await pace.call(has, prices.messages_get):
            return True
    return False
