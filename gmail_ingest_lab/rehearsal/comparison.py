"""Compares the sandbox with Postgres, once the disturbances have ended.

Holds: ``Comparison``. Add here: a further comparison. Keep out: disturbing, waiting.
"""

from __future__ import annotations

from collections import Counter

from gmail_ingest.core.mail.payload import parse_message
from gmail_ingest_lab.demo.audit import Audit, audit
from gmail_ingest_lab.demo.plan import MAILBOXES, OWNERS
from gmail_ingest_lab.rehearsal.google import FaultySandbox
from gmail_ingest_lab.rehearsal.stored import Stored


class Comparison:
    """The comparison of one rehearsal."""

    def __init__(self, sandbox: FaultySandbox, stored: Stored) -> None:
        self._sandbox, self._stored = sandbox, stored
        self._kept: dict[str, set[str]] = {}

    def keep(self, address: str) -> None:
        """Note the mail of an account that is about to be deleted: its mail that is both at Google
        and stored now must stay stored. Later changes at Google are another account's.
        """
        at_google = {message.message_id for message in self._sandbox.messages(address)}
        stored = at_google & self._stored.texts(address).keys()
        self._kept.setdefault(address, set()).update(stored)

    def lost_of_former(self) -> int:
        """How many mails of deleted accounts are no longer stored, though they must be."""
        return sum(len(ids - self._stored.former(box)) for box, ids in self._kept.items())

    def audit(self) -> Audit:
        """Ids, labels and threads of all mailboxes."""
        truth = [message for address in MAILBOXES for message in self._sandbox.messages(address)]
        return audit(truth, self._stored.rows(), OWNERS)

    def missing_by_fate(self) -> dict[str, int]:
        """How many messages are missing, by fate in the ledger; ``unknown`` if it has none."""
        fates: Counter[str] = Counter()
        for address in MAILBOXES:
            stored, known = self._stored.texts(address), self._stored.fates(address)
            for message in self._sandbox.messages(address):
                if message.in_scope and message.message_id not in stored:
                    fates[known.get(message.message_id, "unknown")] += 1
        return dict(fates)

    def wrong_texts(self) -> int:
        """How many messages have another text than the parser makes of Google's answer now."""
        self._sandbox.lift_quota()
        return sum(self._wrong_texts(address) for address in MAILBOXES)

    def _wrong_texts(self, address: str) -> int:
        token = self._sandbox.access_token(address)
        texts = self._stored.texts(address)
        at_google = [message.message_id for message in self._sandbox.messages(address)]
        return sum(
            self._text(token, address, message_id) != texts[message_id]
            for message_id in at_google
            if message_id in texts
        )

    def _text(self, token: str, address: str, message_id: str) -> str:
        content = self._sandbox.content(token, message_id)
        return parse_message(content, owner_addresses=(address,)).text
