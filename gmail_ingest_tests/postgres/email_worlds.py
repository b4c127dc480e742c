"""Mail for tests of reading: made of a few properties, stored as a sync stores it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.core.mail.message import Attachment, ParsedMessage, Participant
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.worlds import PostgresWorld, lease

START = datetime(2026, 1, 30, tzinfo=UTC)
FILE = Attachment("2", "offer.pdf", "application/pdf", 1000, None, inline=False)


@dataclass(frozen=True)
class Mail:
    """What filters see of a mail. ``day`` is counted from START; several may have the same."""

    mailbox: str
    number: int
    day: int = 0
    labels: frozenset[str] = frozenset({"INBOX"})
    people: tuple[str, ...] = ("ann@shop.test",)
    direction: str = "inbound"
    has_file: bool = False
    words: tuple[str, ...] = ()

    @property
    def gmail_id(self) -> str:
        """Unique in its mailbox."""
        return f"m{self.number:03}"

    @property
    def thread_id(self) -> str:
        """One of three."""
        return f"t{self.number % 3}"

    @property
    def date(self) -> datetime:
        """Its internal date."""
        return START + timedelta(days=self.day)

    def message(self) -> ParsedMessage:
        """As Gmail would have it; each person stands in two roles."""
        people = [Participant(role, person, "") for person in self.people for role in ("to", "cc")]
        return parsed(
            self.gmail_id,
            self.thread_id,
            internal_date=self.date,
            label_ids=tuple(self.labels),
            participants=tuple(people),
            direction=self.direction,
            attachments=(FILE,) if self.has_file else (),
            subject="",
            search_text=" ".join(self.words),
        )


def expected(mails: list[Mail], order: dict[str, int], wanted: EmailFilter) -> list[str]:
    """Mailbox and Gmail id of each mail that a filter shows, newest first: the plain way."""
    shown = [mail for mail in mails if _suits(mail, wanted)]
    shown.sort(key=lambda mail: (mail.date, order[mail.mailbox], mail.gmail_id), reverse=True)
    return [f"{mail.mailbox} {mail.gmail_id}" for mail in shown]


def _suits(mail: Mail, wanted: EmailFilter) -> bool:
    return all(
        (
            wanted.include_spam_trash or not mail.labels & {"TRASH", "SPAM"},
            wanted.mailbox in (None, mail.mailbox),
            wanted.label is None or wanted.label in mail.labels,
            wanted.participant is None or wanted.participant in mail.people,
            wanted.direction in (None, mail.direction),
            wanted.has_attachment in (None, mail.has_file),
            wanted.thread_id in (None, mail.thread_id),
            wanted.since is None or mail.date >= wanted.since,
            wanted.until is None or mail.date < wanted.until,
            set(wanted.q.split()) <= set(mail.words),
        )
    )


async def store(world: PostgresWorld, mails: list[Mail], tenant: str = "acme") -> dict[str, int]:
    """Store mails of a tenant; returns the mailboxes' ids by address."""
    boxes = {}
    for address in sorted({mail.mailbox for mail in mails}):
        boxes[address] = await world.connect(address, tenant=tenant)
        held = await lease(world, boxes[address])
        own = [Stored(mail.message()) for mail in mails if mail.mailbox == address]
        await world.store.save(held, own)
    return boxes


def moved(mail: Mail, labels: set[str]) -> Mail:
    """The mail with other labels."""
    return replace(mail, labels=frozenset(labels))
