"""Conversations between the owner of a mailbox and invented contacts.

Holds: who writes what to whom, with replies that quote, several charsets, attachments, and now
and then a mailer that gets something wrong.
Add here: what people do in mail. Keep out: mail of machines (``machines.py``), MIME.
Source: the kinds of mail that edge cases 41 to 58 name.
"""

from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random
from typing import Final

from gmail_sandbox.seeded import raw_mail
from gmail_sandbox.seeded.vocabulary import COMPANIES, ENGLISH, FOREIGN, PRODUCTS, Language

_QUOTED_CHARACTERS: Final = 4000
_REFERENCES_KEPT: Final = 12
_FILES: Final = (
    ("quote.pdf", "application/pdf", b"%PDF-1.7\n"),
    ("screenshot.png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("Übersicht 2026.xlsx", "application/vnd.ms-excel", b"PK\x03\x04"),
    ("contacts.csv", "text/csv; charset=utf-8", "name;city\r\nZoé;Łódź\r\n".encode()),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address."""

    name: str
    address: str


@dataclass(slots=True)
class Conversation:
    """One exchange; `references` and `last_text` are what a reply needs of the mails so far."""

    contact: Person
    copied: Person | None
    subject: str
    language: Language
    has_html: bool
    references: list[str] = field(default_factory=list)
    last_text: str = ""
    last_sender: str = ""


def fill(template: str, company: str, random: Random) -> str:
    """Return a sentence with its blanks filled in.

    Args:
        template: one of a `Language`.
        company: that the sentence names.
        random: decides products and numbers.
    """
    return template.format(
        product=random.choice(PRODUCTS),
        company=company,
        number=random.randrange(10, 99_999),
        digit=random.randrange(2, 10),
    )


def begin(random: Random) -> Conversation:
    """Return a conversation in which nobody has written yet.

    Args:
        random: decides everything.
    """
    language = random.choice(FOREIGN) if random.random() < 0.2 else ENGLISH
    company, domain = random.choice(COMPANIES)
    return Conversation(
        contact=_person(random, language, domain),
        copied=_person(random, ENGLISH, domain) if random.random() < 0.25 else None,
        subject=fill(random.choice(language.subjects), company, random),
        language=language,
        has_html=random.random() < 0.7,
    )


def write_next(
    conversation: Conversation, owner: Person, *, by_owner: bool, date: int, random: Random
) -> bytes:
    """Return the conversation's next mail, and remember it for the reply.

    Args:
        conversation: changed by this.
        owner: of the mailbox.
        by_owner: whether the owner writes.
        date: epoch seconds.
        random: decides the words.
    """
    sender, recipient = conversation.contact, owner
    if by_owner:
        sender, recipient = owner, conversation.contact
    charset = conversation.language.charset
    text = _text(conversation, sender, random)
    message_id = f"<{random.getrandbits(64):016x}@{sender.address.partition('@')[2]}>"
    head = _head(conversation, sender, recipient, message_id, date)
    body = _body(conversation, text, charset, random)
    conversation.references.append(message_id)
    conversation.last_text = text[:_QUOTED_CHARACTERS]
    conversation.last_sender = sender.name
    raw = head + b"MIME-Version: 1.0\r\n" + body
    return _damaged(raw, random) if random.random() < 0.02 else raw


def _person(random: Random, language: Language, domain: str) -> Person:
    name = random.choice(language.people)
    local = "".join(c for c in name.lower() if c.isascii() and c.isalpha()) or "sales"
    return Person(name, f"{local}@{domain}")


def _text(conversation: Conversation, sender: Person, random: Random) -> str:
    language = conversation.language
    company = random.choice(COMPANIES)[0]
    paragraphs = [
        " ".join(
            fill(random.choice(language.sentences), company, random)
            for _ in range(random.randint(1, 4))
        )
        for _ in range(random.randint(1, 4))
    ]
    text = "\n\n".join(
        (random.choice(language.greetings), *paragraphs, random.choice(language.closings))
    )
    text += f"\n{sender.name}\n"
    if conversation.last_text:
        quoted = "\n".join(f"> {line}" for line in conversation.last_text.split("\n"))
        text += f"\n{conversation.last_sender} wrote:\n{quoted}\n"
    return text


def _head(
    conversation: Conversation, sender: Person, recipient: Person, message_id: str, date: int
) -> bytes:
    charset = conversation.language.charset
    subject = ("Re: " if conversation.references else "") + conversation.subject
    lines = [
        raw_mail.header("Received", f"from mail.example by mx.example; {formatdate(date)}"),
        raw_mail.header("From", raw_mail.mailbox_of(sender.name, sender.address, charset)),
        raw_mail.header("To", raw_mail.mailbox_of(recipient.name, recipient.address, charset)),
        raw_mail.header("Subject", subject, charset),
        raw_mail.header("Date", formatdate(date)),
        raw_mail.header("Message-ID", message_id),
    ]
    if conversation.copied:
        copied = conversation.copied
        lines.append(
            raw_mail.header("Cc", raw_mail.mailbox_of(copied.name, copied.address, "utf-8"))
        )
    if conversation.references:
        known = conversation.references[-_REFERENCES_KEPT:]
        lines.append(raw_mail.header("In-Reply-To", known[-1]))
        lines.append(raw_mail.header("References", "\r\n ".join(known)))
    return b"".join(lines)


def _body(conversation: Conversation, text: str, charset: str, random: Random) -> bytes:
    boundary = f"b{random.getrandbits(48):012x}"
    body = raw_mail.text_part(text, charset)
    if conversation.has_html:
        html = raw_mail.html_part(text, charset)
        body = raw_mail.multipart("alternative", f"{boundary}_alt", body, html)
    if random.random() < 0.12:
        name, mime_type, start = random.choice(_FILES)
        # A text file holds text; other files hold random bytes after their magic number.
        size = 0 if mime_type.startswith("text/") else random.randint(300, 9000)
        file = raw_mail.attachment(name, mime_type, start + random.randbytes(size))
        return raw_mail.multipart("mixed", boundary, body, file)
    if conversation.references and random.random() < 0.01:
        inner = raw_mail.header("Subject", conversation.subject) + raw_mail.text_part(
            "Inner text.\n", "utf-8"
        )
        return raw_mail.multipart("mixed", boundary, body, raw_mail.forwarded(inner))
    return body


def _damaged(raw: bytes, random: Random) -> bytes:
    """Return a mail as some mailers break it: each way is one of edge cases 41 to 56."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    damage = random.choice(("date", "subject", "no-date", "no-subject", "nul", "to", "word"))
    changed = {
        "date": (b"Date:", b'Date: Wed, 33 Sep 2007 31:61:00 -0200To: "somebody"'),
        "subject": (b"Subject:", "Subject: Überweisung fällig".encode("latin-1")),
        "no-date": (b"Date:", b"X-Sent: unknown"),
        "no-subject": (b"Subject:", b"X-Topic: none"),
        "nul": (b"Subject:", b"Subject: before\x00after"),
        "to": (b"To:", b"To: undisclosed-recipients:;"),
        "word": (b"Subject:", b"Subject: =?utf-8?B?not base64?= =?no-such-charset?Q?a=FCb?="),
    }
    prefix, line = changed[damage]
    head = b"\r\n".join(line if old.startswith(prefix) else old for old in lines)
    return head + b"\r\n\r\n" + body
