"""Whose mail it is: owners, their other addresses, and mail that several mailboxes have."""

import pytest

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest_tests.sync.service import OWNER, TENANT

ALIAS = "sales@example.com"
PENDING = "boss@example.com"
COLLEAGUE = "lee@example.com"


def letter(sender, recipient, **headers):
    """A mail from one address to another."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"From: {sender}\r\nTo: {recipient}\r\n{more}Subject: hello\r\n\r\nHello\r\n".encode()


async def page(service, **wanted):
    """The tenant's mail as the CRM reads it."""
    reads = PostgresEmailReads(service.engine)
    return (await reads.page(EmailFilter(TENANT, **wanted), limit=50, cursor=None)).emails


@pytest.mark.parametrize(
    ("sender", "recipient", "labels", "direction"),
    [
        (OWNER, OWNER, ("INBOX", "SENT"), "self"),
        (OWNER, ALIAS, ("INBOX", "SENT"), "self"),
        (ALIAS, "ann@example.net", ("SENT",), "outbound"),
        ("ann@example.net", ALIAS, ("INBOX",), "inbound"),
        ("ann@example.net", "Owner+news@Example.com", ("INBOX",), "inbound"),
        (OWNER, "owner+notes@example.com", ("INBOX", "SENT"), "self"),
        (PENDING, OWNER, ("INBOX",), "inbound"),
        (OWNER, "ann@example.net", ("SPAM", "INBOX"), None),
    ],
)
async def test_direction_and_contacts_know_the_owners_addresses(
    service, sender, recipient, labels, direction
):
    """Self-mail, aliases of Gmail's settings and plus-tags have the right direction, and the owner
    is marked, so that no contact is made of it; an address that nobody confirmed is another's
    (edge cases 58 and 59).
    """
    service.account()
    service.box(
        lambda box: (box.send_as.put(ALIAS.upper()), box.send_as.put(PENDING, verified=False))
    )
    service.box(lambda box: box.deliver(letter(sender, recipient), label_ids=labels))
    await service.connect()
    await service.sync()
    shown = await page(service)
    if direction is None:
        assert shown == ()
        return
    (mail,) = shown
    assert mail.direction == direction
    owners = {person.address for person in (mail.sender, *mail.to) if person.is_owner}
    known = {OWNER, ALIAS, "owner+news@example.com", "owner+notes@example.com"}
    assert owners == {sender.lower(), recipient.lower()} & known


async def test_connect_without_aliases_is_no_failure(service):
    """Where Google does not tell them, the mailbox is connected, and known ones stay
    (edge case 58).
    """
    service.account()
    service.box(lambda box: box.send_as.put(ALIAS))
    await service.connect()
    service.fault("settings.sendAs.list", action="error", error="backend_error")
    await service.connect()
    assert await service.rows("SELECT aliases, state FROM mailboxes") == [([ALIAS], "active")]
    service.clear_faults()
    service.box(lambda box: box.send_as.put(ALIAS, verified=False))
    await service.connect()
    assert await service.rows("SELECT aliases FROM mailboxes") == [[]]


async def test_one_mail_in_two_mailboxes_is_two_rows_and_one_mail(service):
    """Sender and recipient both have it, each with the labels of its own, and the CRM's view of
    unique mail shows it once (edge case 57).
    """
    for address in (OWNER, COLLEAGUE):
        service.account(address)
    raw = letter(OWNER, COLLEAGUE, Message_ID="<offer@example.com>")
    sent = service.box(lambda box: box.deliver(raw, label_ids=["SENT"]).id)
    received = service.box(lambda box: box.deliver(raw).id, COLLEAGUE)
    await service.connect(OWNER, COLLEAGUE)
    await service.sync()
    assert {email.id: email.direction for email in await page(service)} == {
        sent: "outbound",
        received: "inbound",
    }
    (mail,) = await page(service, unique=True)
    (copy,) = mail.copies
    assert {mail.id, copy.id} == {sent, received}
    assert await service.agrees(OWNER, COLLEAGUE)
