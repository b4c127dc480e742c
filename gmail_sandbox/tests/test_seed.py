from collections import Counter
from email import message_from_bytes

import pytest

from gmail_sandbox.account.mailbox import Mailbox
from gmail_sandbox.account.spool import Spool
from gmail_sandbox.clock import Clock
from gmail_sandbox.seeded.messages import seeded_messages

NEWEST = 1_760_000_000.0
YEAR = 365 * 86_400.0


def seeded(count, seed=1):
    return seeded_messages(
        count, address="me@crm.example", seed=seed, newest=NEWEST, span_seconds=YEAR
    )


@pytest.fixture(scope="module")
def mailbox():
    with Spool() as spool:
        mailbox = Mailbox("me@crm.example", spool=spool, clock=Clock())
        mailbox.load(seeded(1500))
        yield mailbox


def test_seeded_messages_are_the_same_for_the_same_seed():
    """A seed decides every byte, and another seed decides otherwise."""
    assert list(seeded(50)) == list(seeded(50))
    assert list(seeded(50)) != list(seeded(50, seed=2))


def test_seeded_messages_are_in_order_within_the_span():
    """Dates grow and stay within the span that was asked for."""
    dates = [message.internal_date / 1000 for message in seeded(300)]
    assert dates == sorted(dates)
    assert dates[0] >= NEWEST - YEAR - 1
    assert NEWEST - YEAR / 100 < dates[-1] <= NEWEST


@pytest.mark.parametrize(("count", "length"), [(0, 0), (1, 1)])
def test_seeded_messages_may_be_few(count, length):
    """None and one are numbers too."""
    assert len(list(seeded(count))) == length


def test_seeded_messages_make_threads_of_several_messages(mailbox):
    """There are conversations, and they quote what they answer."""
    assert mailbox.messages_total == 1500
    assert mailbox.threads_total < 1200
    longest = max(len(mailbox.thread(hit.thread_id)) for hit in mailbox.search_threads())
    assert longest >= 5
    assert mailbox.search("wrote in:sent")


@pytest.mark.parametrize(
    "q",
    [
        "has:attachment",
        "filename:pdf",
        "from:me",
        "from:mailer-daemon",
        "subject:invitation",
        'subject:"automatic reply"',
        "list:news",
        "in:spam",
        "in:trash",
        "is:unread",
        "label:deals",
        "見積書",
        "Grüßen",
        "équipe",
        "podpisana",
    ],
)
def test_seeded_messages_hold_every_kind(mailbox, q):
    """Each kind of mail that a CRM meets occurs."""
    assert mailbox.search(q)


def test_seeded_messages_hold_several_charsets_and_broken_mail():
    """Charsets, missing headers and malformed words all occur: edge cases 41, 48, 50 and 51."""
    raws = [message.raw for message in seeded(1500)]
    charsets = {
        part.get_content_charset()
        for raw in raws
        for part in message_from_bytes(raw).walk()
        if part.get_content_maintype() == "text"
    }
    assert {"utf-8", "iso-8859-1", "windows-1252", "iso-2022-jp", "us-ascii"} <= charsets
    assert any(b"\nDate: Wed, 33 Sep" in raw for raw in raws)
    assert any(b"\x00" in raw for raw in raws)
    assert any(b"\nSubject:" not in raw for raw in raws)
    assert any(b"=?no-such-charset?" in raw for raw in raws)


def count_parts(part):
    """Count as Gmail does, to which a delivery report is a part with one text below it."""
    if part.get_content_type() == "message/delivery-status":
        return 2
    if not part.is_multipart():
        return 1
    return 1 + sum(count_parts(child) for child in part.get_payload())


def test_seeded_messages_are_parsed_by_the_standard_library_alike(mailbox):
    """Another parser finds the same parts, so that seeded multiparts are sound."""
    for message, seed in zip(
        map(mailbox.message, mailbox.message_ids()), seeded(1500), strict=True
    ):
        theirs = count_parts(message_from_bytes(seed.raw))
        assert mailbox.render(message, "full").count(b'"partId"') == theirs


def test_seeded_messages_fill_in_every_blank():
    """No template's placeholder reaches a mail."""
    assert not any(b"{company}" in m.raw or b"{product}" in m.raw for m in seeded(300))


def test_bursts_are_busy_days_in_order_within_the_span():
    """A fifth of the mail comes in as many days as there are bursts, and dates stay in order."""
    span = 4 * 91 * 86_400.0
    made = seeded_messages(
        3000, address="me@crm.example", seed=1, newest=NEWEST, span_seconds=span, bursts=4
    )
    dates = [message.internal_date / 1000 for message in made]
    assert dates == sorted(dates)
    assert NEWEST - span - 1 <= dates[0] < dates[-1] <= NEWEST
    by_day = Counter(int((NEWEST - date) // 86_400) for date in dates)
    busy = by_day.most_common(4)
    assert all(140 <= messages <= 160 for _, messages in busy)
    assert max(messages for day, messages in by_day.items() if day not in dict(busy)) < 20
