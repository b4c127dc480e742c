"""Which mail a rule would hide, before the rule is made.

Holds: ``read_matches``. Add here: a figure that helps to judge a rule. Keep out: hiding
(``visibility.py``). A dry run reads all stored mail of the rule's mailboxes, decides as the rule
would, and changes nothing. Samples are mail that is shown now; mail that another rule hides is not
sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest

from gmail_ingest.adapters.postgres.engine import Connection
from gmail_ingest.adapters.postgres.exclusions.mail_facts import JudgedMail, read_next
from gmail_ingest.core.exclusions.exclusion_rules import ExclusionRule
from gmail_ingest.core.exclusions.matching import Rulebook

SAMPLES = 10
#: Mails read at once: other tasks of this process wait that long, some 10 ms.
_BATCH = 1000

_MAILBOXES = """
SELECT id, address, aliases FROM mailboxes
WHERE tenant_id = %(tenant)s AND (%(mailbox)s::text IS NULL OR address = %(mailbox)s)
ORDER BY address, id
"""
_SAMPLES = """
SELECT e.gmail_id, m.address, e.internal_date, e.sender_address, e.subject
FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS page (mailbox_id, gmail_id, place)
JOIN emails e USING (mailbox_id, gmail_id) JOIN mailboxes m ON m.id = e.mailbox_id
ORDER BY page.place
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A mail that the rule would hide; the date is Gmail's internal date, UTC."""

    gmail_id: str
    mailbox: str
    date: datetime
    sender: str | None
    subject: str


@dataclass(frozen=True, slots=True)
class MailboxMatches:
    """How many stored mails of a mailbox match the rule."""

    mailbox: str
    mails: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """Stored mails that match a rule; ``already_hidden`` of them are hidden by some rule now.

    ``samples`` are the newest of the others.
    """

    total: int
    already_hidden: int
    by_mailbox: tuple[MailboxMatches, ...]
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class _Found:
    """Matches of one mailbox so far."""

    mailbox_id: int
    mails: int = 0
    hidden: int = 0
    newest: Sequence[JudgedMail] = ()

    def add(self, mails: Sequence[JudgedMail]) -> None:
        self.mails += len(mails)
        shown = [mail for mail in mails if mail.rule is None]
        self.hidden += len(mails) - len(shown)
        self.newest = nlargest(SAMPLES, (*self.newest, *shown), key=_date)


async def read_matches(connection: Connection, tenant_id: str, rule: ExclusionRule) -> DryRun:
    """Match all stored mail of a tenant against one enabled rule."""
    wanted = {"tenant": tenant_id, "mailbox": rule.mailbox}
    mailboxes = await (await connection.execute(_MAILBOXES, wanted)).fetchall()
    found = []
    mails: dict[str, int] = {}
    for mailbox_id, address, aliases in mailboxes:
        matches = await _matches(connection, mailbox_id, Rulebook([rule], address, aliases))
        found.append(matches)
        # An address may also have the mail of a replaced account.
        mails[address] = mails.get(address, 0) + matches.mails
    samples = await _samples(connection, found)
    return DryRun(
        total=sum(matches.mails for matches in found),
        already_hidden=sum(matches.hidden for matches in found),
        by_mailbox=tuple(MailboxMatches(*mail) for mail in mails.items()),
        samples=samples,
    )


async def _matches(connection: Connection, mailbox_id: int, rulebook: Rulebook) -> _Found:
    found, after = _Found(mailbox_id), ""
    while mails := await read_next(connection, mailbox_id, after, _BATCH):
        found.add([mail for mail in mails if rulebook.hiding(mail.facts)])
        after = mails[-1].gmail_id
    return found


async def _samples(connection: Connection, found: Sequence[_Found]) -> tuple[Sample, ...]:
    everywhere = [(matches.mailbox_id, mail) for matches in found for mail in matches.newest]
    newest = nlargest(SAMPLES, everywhere, key=lambda pair: _date(pair[1]))
    ids = [mail.gmail_id for _, mail in newest]
    rows = await (
        await connection.execute(_SAMPLES, ([mailbox_id for mailbox_id, _ in newest], ids))
    ).fetchall()
    return tuple(
        Sample(gmail_id, mailbox, date.astimezone(UTC), sender, subject)
        for gmail_id, mailbox, date, sender, subject in rows
    )


def _date(mail: JudgedMail) -> datetime:
    return mail.internal_date
