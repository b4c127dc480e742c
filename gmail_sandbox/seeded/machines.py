"""Mail that machines send: newsletters, notices, invitations, bounces, automatic replies, spam.

Holds: one function a kind of machine mail.
Add here: another kind. Keep out: conversations between people, MIME syntax.
Source: RFC 3464 (delivery reports), RFC 3834 (Auto-Submitted), RFC 2369 (List-*), RFC 5545.
"""

from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from random import Random

from gmail_sandbox.seeded import raw_mail
from gmail_sandbox.seeded.conversations import Person, fill
from gmail_sandbox.seeded.vocabulary import COMPANIES, ENGLISH, PRODUCTS


def newsletter(owner: Person, date: int, random: Random) -> bytes:
    """Return a newsletter in HTML alone, with List-Unsubscribe.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    company, domain = random.choice(COMPANIES)
    subject = f"{random.choice(PRODUCTS)}: {random.randrange(3, 12)} ideas for your pipeline"
    text = "\n".join(fill(random.choice(ENGLISH.sentences), company, random) for _ in range(12))
    return (
        _head(owner, Person(company, f"news@{domain}"), subject, date, random)
        + raw_mail.header("List-Id", f"{company} news <news.{domain}>")
        + raw_mail.header("List-Unsubscribe", f"<https://{domain}/unsubscribe>")
        + raw_mail.header("Precedence", "bulk")
        + raw_mail.html_part(text, "utf-8")
    )


def notice(owner: Person, date: int, random: Random) -> bytes:
    """Return a notice of some service.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    company, domain = random.choice(COMPANIES)
    number = random.randrange(1000, 99_999)
    sender = Person(company, f"no-reply@{domain}")
    text = f"Ticket {number} was updated.\n\nView it at https://{domain}/tickets/{number}\n"
    return (
        _head(owner, sender, f"[Ticket {number}] Updated", date, random)
        + raw_mail.header("Auto-Submitted", "auto-generated")
        + raw_mail.text_part(text, "utf-8")
    )


def invitation(owner: Person, date: int, random: Random) -> bytes:
    """Return a calendar invitation: text, and the event as text/calendar.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    company, domain = random.choice(COMPANIES)
    start = datetime.fromtimestamp(date, UTC) + timedelta(days=random.randint(1, 14))
    stamp = start.strftime("%Y%m%dT%H0000Z")
    event = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
        f"UID:{random.getrandbits(64):x}@{domain}\nDTSTART:{stamp}\nSUMMARY:Call with {company}\n"
        f"ORGANIZER:mailto:calendar@{domain}\nATTENDEE:mailto:{owner.address}\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    calendar = raw_mail.text_part(event, "utf-8", "calendar").replace(
        b"charset=utf-8", b"charset=utf-8; method=REQUEST", 1
    )
    text = raw_mail.text_part(f"You are invited to a call with {company}.\n", "utf-8")
    boundary = f"c{random.getrandbits(48):012x}"
    sender = Person(f"{company} calendar", f"calendar@{domain}")
    return _head(
        owner, sender, f"Invitation: call with {company}", date, random
    ) + raw_mail.multipart("alternative", boundary, text, calendar)


def bounce(owner: Person, date: int, random: Random) -> bytes:
    """Return a delivery report about a mail of the owner.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    domain = random.choice(COMPANIES)[1]
    lost = f"nobody{random.randrange(100)}@{domain}"
    report = (
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {lost}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    )
    original = (
        f"Content-Type: text/rfc822-headers\r\n\r\nFrom: <{owner.address}>\r\nTo: <{lost}>\r\n"
        f"Subject: {random.choice(PRODUCTS)}\r\n"
    )
    text = raw_mail.text_part(f"Your message to {lost} could not be delivered.\n", "us-ascii")
    sender = Person("Mail Delivery Subsystem", f"mailer-daemon@{domain}")
    boundary = f"r{random.getrandbits(48):012x}"
    return (
        b"Return-Path: <>\r\n"
        + _head(owner, sender, "Undelivered Mail Returned to Sender", date, random)
        + raw_mail.header("Auto-Submitted", "auto-replied")
        + raw_mail.multipart(
            "report",
            boundary,
            text,
            report.encode(),
            original.encode(),
            parameters="; report-type=delivery-status",
        )
    )


def automatic_reply(owner: Person, date: int, random: Random) -> bytes:
    """Return an out-of-office answer.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    name = random.choice(ENGLISH.people)
    domain = random.choice(COMPANIES)[1]
    text = f"I am out of the office until day {random.randint(2, 28)} of next month.\n"
    return (
        _head(owner, Person(name, f"away@{domain}"), "Automatic reply: out of office", date, random)
        + raw_mail.header("Auto-Submitted", "auto-replied")
        + raw_mail.header("X-Auto-Response-Suppress", "All")
        + raw_mail.text_part(text, "us-ascii")
    )


def spam(owner: Person, date: int, random: Random) -> bytes:
    """Return spam with a sender's name that claims to be another.

    Args:
        owner: of the mailbox.
        date: epoch seconds.
        random: decides the words.
    """
    sender = Person("Your Bank, Inc.", f"x{random.getrandbits(32):08x}@spam.example")
    text = f"Claim your prize of {random.randrange(1000, 9_000_000)} now!!!\n"
    return _head(owner, sender, "Re: YOUR ACCOUNT", date, random) + raw_mail.html_part(
        text, "utf-8"
    )


def _head(owner: Person, sender: Person, subject: str, date: int, random: Random) -> bytes:
    domain = sender.address.partition("@")[2]
    return b"".join(
        (
            raw_mail.header("Received", f"from mx.{domain} by mx.example; {formatdate(date)}"),
            raw_mail.header("From", raw_mail.mailbox_of(sender.name, sender.address, "utf-8")),
            raw_mail.header("To", owner.address),
            raw_mail.header("Subject", subject),
            raw_mail.header("Date", formatdate(date)),
            raw_mail.header("Message-ID", f"<{random.getrandbits(64):016x}@{domain}>"),
            b"MIME-Version: 1.0\r\n",
        )
    )
