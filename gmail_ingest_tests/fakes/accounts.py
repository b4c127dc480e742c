"""What the store in memory knows of the accounts behind mailboxes.

Holds: ``MemoryAccounts``, which the MailStore fake inherits. Add here: what MailStore asks of
accounts. Keep out: how accounts are told apart (``sync/mailbox/identity.py``).
"""

# ruff: noqa: D102 - the methods are the port's, and documented there
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

from gmail_ingest.core.ledger.fates import Entry
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.core.mail.message import ParsedMessage
from gmail_ingest.sync.mailbox.records import Lease, Listing, Mailbox, Renaming

#: States of mailboxes that nothing is written of any more.
ENDED = frozenset({"disconnected", "replaced"})


class MemoryAccounts:
    """Another part of ``MemoryMailStore``; ``differing`` holds addresses that could not be taken,
    ``successors`` which mailbox followed a replaced one.
    """

    rows: dict[int, Mailbox]
    emails: dict[tuple[int, str], ParsedMessage]
    entries: dict[tuple[int, str], Entry]
    listings: list[Listing]

    def __init__(self) -> None:
        super().__init__()
        self.differing: dict[int, tuple[str, ...]] = {}
        self.successors: dict[int, int] = {}

    def _fence(self, lease: Lease) -> None:
        raise NotImplementedError

    def _note(self, key: tuple[int, str], entry: Entry) -> None:
        raise NotImplementedError

    def _new_listing(self, mailbox_id: int, window: Window) -> Listing:
        raise NotImplementedError

    def _living(self, tenant_id: str) -> list[Mailbox]:
        return [
            row
            for row in self.rows.values()
            if row.tenant_id == tenant_id and row.state != "replaced"
        ]

    async def living(self, tenant_id: str) -> list[Mailbox]:
        return self._living(tenant_id)

    async def sample_ids(self, mailbox_id: int, limit: int) -> list[str]:
        dated = sorted(
            (
                (mail.internal_date, key[1])
                for key, mail in self.emails.items()
                if key[0] == mailbox_id
            ),
            reverse=True,
        )
        last = len(dated) - 1
        places = {round(step * last / max(limit - 1, 1)) for step in range(limit)}
        return [dated[place][1] for place in sorted(places) if 0 <= place <= last]

    async def knowing(self, tenant_id: str, message_ids: Collection[str]) -> Mapping[int, int]:
        living = {mailbox.id for mailbox in self._living(tenant_id)}
        wanted = set(message_ids)
        return Counter(box for box, key in self.entries if box in living and key in wanted)

    async def rename(self, mailbox_id: int, address: str) -> Renaming:
        row = self.rows[mailbox_id]
        if row.address == address or row.state == "replaced":
            self.differing.pop(mailbox_id, None)
            return "same"
        holder = [mailbox for mailbox in self._living(row.tenant_id) if mailbox.address == address]
        if holder and not await self._gives_way(row, holder[0].id, address):
            self.differing[mailbox_id] = (address,)
            aliases = tuple(sorted({*row.aliases, address}))
            self.rows[mailbox_id] = replace(row, aliases=aliases)
            return "taken"
        self.differing.pop(mailbox_id, None)
        former = [
            former_address
            for former_address in row.former_addresses
            if former_address not in {address, row.address}
        ]
        aliases = [alias for alias in row.aliases if alias not in {address, row.address}]
        self.rows[mailbox_id] = replace(
            row,
            address=address,
            former_addresses=(*former, row.address),
            aliases=(*aliases, row.address),
        )
        return "renamed"

    async def _gives_way(self, row: Mailbox, holder: int, address: str) -> bool:
        """Whether the mailbox with a wanted address has taken its account's own."""
        (present,) = self.differing.get(holder, (address,))
        if present == address:
            return False
        self.rows[row.id] = replace(row, address="")
        gave = await self.rename(holder, present) == "renamed"
        self.rows[row.id] = row
        return gave

    async def replace_account(self, lease: Lease, checkpoint: int, window: Window) -> int:
        self._fence(lease)
        row = self.rows[lease.mailbox_id]
        for key, entry in list(self.entries.items()):
            if key[0] == row.id and entry.fate in {"pending", "dead"}:
                self._note(key, replace(entry, fate="gone", reason=None))
        self.listings[:] = [
            replace(listing, done=True) if listing.mailbox_id == row.id else listing
            for listing in self.listings
        ]
        self.rows[row.id] = replace(
            row, state="replaced", watch_expires_at=None, reconcile_wanted=False
        )
        successor = max(self.rows) + 1
        self.rows[successor] = Mailbox(
            successor,
            row.tenant_id,
            row.integration_id,
            row.address,
            (),
            checkpoint,
            "active",
            None,
            None,
        )
        self.successors[row.id] = successor
        self._new_listing(successor, window)
        return successor
