import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.addresses.addresses import participants_of
from gmail_ingest.core.mail.addresses.authors import author_of
from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.message import Participant
from gmail_ingest.core.mail.payload import parse_message

OWNERS = ("owner@crm.example", "me.self@gmail.com")
ANN = ("ann@customer.example", "Ann Customer")
GROUP = "'Ann Customer' via Support <support@crm.example>"
LIST_ID = ("List-ID", "Support <support.crm.example>")
FROM_US = ("From", "Shop website <owner@crm.example>")
ANSWER_ANN = ("Reply-To", "Ann Customer <ann@customer.example>")


def written(*pairs, direction="inbound"):
    """The (address, name) of a mail's author."""
    headers = Headers([{"name": name, "value": value} for name, value in pairs], TextCleaner())
    found = author_of(headers, participants_of(headers), direction, OWNERS)
    return found and (found.address, found.name)


@pytest.mark.parametrize(
    "pairs",
    [
        [("From", GROUP), ("X-Original-From", "Ann Customer <ann@customer.example>"), LIST_ID],
        [("From", GROUP), ("X-Original-Sender", "ann@customer.example"), LIST_ID],
        [("From", GROUP), ANSWER_ANN, LIST_ID],
        [("From", GROUP), ANSWER_ANN, ("Mailing-list", "list support@crm.example; contact x@y.z")],
        [("From", GROUP), ANSWER_ANN, ("List-Post", "<mailto:support@crm.example>")],
        [("From", GROUP), ("Reply-To", "support@crm.example, Ann Customer <ann@customer.example>"),
         LIST_ID],
        [("From", GROUP), ("Reply-To", "support@crm.example"), LIST_ID,
         ("Cc", "Bob <bob@y.example>, Ann Customer <ann@customer.example>")],
        [("From", GROUP), ("Author", "Ann Customer <ann@customer.example>")],
        [("From", GROUP), ("Original-From", "Ann Customer <ann@customer.example>")],
        [("From", GROUP), ("X-Original-Sender", "ann@customer.example")],
        [("From", "Ann Customer über Hilfe <support@crm.example>"), LIST_ID,
         ("Reply-To", "ann@customer.example")],
        [("From", "Sales team <vertrieb@crm.example>"),
         ("X-Original-Sender", "Ann Customer <ann@customer.example>")],
        [("From", "Ann Customer via RT <rt@crm.example>"), ("RT-Originator", ANN[0])],
        [("From", GROUP), ANSWER_ANN, ("List-Id", "support.crm.example")],
        [("From", "Devel <devel@lists.example>"), ("List-Id", "<devel.lists.example>"), ANSWER_ANN],
        [("From", GROUP), ("X-Original-From", "support@crm.example"), ANSWER_ANN, LIST_ID],
        [("From", "'Ann Customer' via Sales via Support <support@crm.example>"), LIST_ID,
         ("X-Original-From", "'Ann Customer' via Sales <sales@crm.example>"), ANSWER_ANN],
    ],
)  # fmt: skip
def test_the_author_behind_a_group_is_who_wrote_to_it(pairs):
    """Google Groups, Mailman and Sympa, by whichever field names the writer: case 04, mail 39
    (edge case 187).
    """
    assert written(*pairs) == ANN


@pytest.mark.parametrize(
    "pairs",
    [
        [FROM_US, ("To", "owner@crm.example"), ANSWER_ANN],
        [("From", "Me <Me.Self+shop@gmail.com>"), ANSWER_ANN],
        [FROM_US, ("X-Google-Original-From", "Ann Customer <ann@customer.example>")],
        [FROM_US, ("Reply-To", "Ann Customer <ann@customer.example>, owner@crm.example")],
        [("From", "WordPress <wordpress@crm.example>"), ANSWER_ANN],
        [("From", "Shop <no-reply@crm.example>"), ANSWER_ANN],
        [("From", "Shop <info@www.crm.example>"), ANSWER_ANN],
        [("From", "Contact form <contact-form@crm.example>"), ANSWER_ANN],
        [("From", "Forms <form-submission@forms.example>"), ANSWER_ANN],
        [("From", "Ann Customer via Forms <x@forms.example>"), ("Reply-To", ANN[0])],
        [("From", "Ann Customer (via Docs) <docs-noreply@docs.example>"), ANSWER_ANN],
        [("From", "no-reply@forward.example"),
         ("X-Original-From", "Ann Customer <ann@customer.example>")],
    ],
)  # fmt: skip
def test_the_author_behind_a_form_is_the_visitor(pairs):
    """An own address, the own web site or a service of forms, and a Reply-To of somebody else:
    case 04 (edge cases 188 and 189).
    """
    assert written(*pairs) == ANN


@pytest.mark.parametrize(
    "visitor", ["ben+shop@visitor.example", "12345678@qq.example", "info@visitor.example"]
)
@pytest.mark.parametrize("sender", ["owner@crm.example", "wordpress@crm.example"])
def test_a_visitor_may_have_any_address(sender, visitor):
    """Tags, numbers and desks are customers' too (edge case 188)."""
    assert written(("From", sender), ("Reply-To", visitor)) == (visitor, "")


@pytest.mark.parametrize("visitor", ["1380013800@qq.com", "13800138000@163.com"])
def test_an_account_that_is_a_number_is_a_persons(visitor):
    """Behind another firm's form, too, where providers number their accounts (edge case 218)."""
    sender = ("From", "Form <wordpress@site.example>")
    assert written(sender, ("Reply-To", visitor)) == (visitor, "")


def test_the_name_of_an_author_is_repaired():
    """UTF-8 that was read as Latin-1 is no line break (edge cases 193 and 218)."""
    original = ("X-Original-From", "Gro\u00c3\x9f <ann@customer.example>")
    assert written(("From", GROUP), original, LIST_ID) == ("ann@customer.example", "Gro\u00df")


def test_a_form_sent_through_the_owners_own_account_has_the_visitor_as_author():
    """Gmail's relay gives such mail the label SENT; it goes to the owner alone (edge case 188)."""
    form = (FROM_US, ("To", "owner@crm.example"), ANSWER_ANN)
    assert written(*form, direction="self") == ANN
    assert written(*form, direction="outbound") == ("owner@crm.example", "Shop website")


@pytest.mark.parametrize(
    "pairs",
    [
        # A person's own mail, whatever else it says.
        [("From", "Bob <bob@y.example>")],
        [("From", "Bob <bob@y.example>"), ("Reply-To", "Bob <bob@private.example>")],
        [("From", "Bob <bob@y.example>"), ("X-Original-From", "Eve <eve@z.example>")],
        [("From", "Bob <bob@y.example>"), ("X-Original-Sender", "eve@z.example")],
        [("From", "Bob <bob@y.example>"), ("Author", "Eve <eve@z.example>")],
        [("From", "Bob <bob@y.example>"), ("Sender", "desk@y.example")],
        [("From", "Bob <bob@y.example>"), LIST_ID, ("X-Original-Sender", "bob@y.example")],
        [("From", "Bob <bob@y.example>"), LIST_ID, ("Reply-To", "support@crm.example")],
        [("From", "Bob <bob@crm.example>"), ("Reply-To", "Bob <bob@private.example>")],
        [("From", "Bob <bob@crm.example>"), ("X-Original-Sender", "bob@crm.example"), LIST_ID],
        # Another desk of the same firm.
        [("From", "News <no-reply@y.example>"), ("Reply-To", "service@y.example")],
        [("From", "News <news@mail.y.co.uk>"), ("Reply-To", "Bob <bob@y.co.uk>")],
        [("From", "no-reply@y.example"), ("Reply-To", "help@desk.example")],
        [("From", "owner@crm.example"), ("Reply-To", "support@crm.example")],
        # Bulk mail.
        [("From", "no-reply@y.example"), ANSWER_ANN, ("List-Unsubscribe", "<https://y.example>")],
        [("From", "no-reply@y.example"), ANSWER_ANN, ("Precedence", "bulk")],
        # Addresses of ticket systems.
        [("From", "no-reply@y.example"), ("Reply-To", "support+id1a2b@desk.example")],
        [("From", "notifications@y.example"), ("Reply-To", "reply-12345678@desk.example")],
        [("From", "notify@y.example"), ("Reply-To", "c0ffee00deadbeef42@desk.example")],
        [("From", "no-reply@y.example"), ("Reply-To", "noreply@z.example")],
        [("From", "Support <support@crm.example>"), ("Reply-To", "support+id4f2a@desk.example")],
        [("From", "owner@crm.example"), ("Reply-To", "reply-4711@desk.example")],
        [("From", "news@crm.example"), ("X-Original-Sender", "bounces-7@mailer.example"), LIST_ID],
        [
            ("From", "Bob via Network <hit-reply@y.example>"),
            ("Reply-To", "Bob <abc123-def456_xyz@reply.y.example>"),
        ],
        [
            ("From", "Bob via Rooms <automated@y.example>"),
            ("Reply-To", "Bob <4a5b6c7d8e9f0a1b@guest.y.example>"),
        ],
        [("From", "no-reply@y.example"), ("Reply-To", "12345678901@desk.example")],
        # The list or the recipient itself.
        [("From", GROUP), ("Reply-To", "support@crm.example"), LIST_ID],
        [("From", GROUP), ("X-Original-Sender", "bounce+12=ann@mailer.example"), LIST_ID],
        [("From", "owner@crm.example"), ("To", "ann@customer.example"), ANSWER_ANN],
        # Several.
        [FROM_US, ("Reply-To", "ann@customer.example, bob@y.example")],
        [FROM_US, ("Reply-To", "nobody")],
        [FROM_US, ("Reply-To", "me.self@gmail.com")],
    ],
)
def test_without_a_sure_hint_the_author_is_the_sender(pairs):
    """Persons, newsletters, ticket systems, lists that answer to themselves (edge case 189)."""
    headers = Headers([{"name": name, "value": value} for name, value in pairs], TextCleaner())
    participants = participants_of(headers)
    assert author_of(headers, participants, "inbound", OWNERS) is participants[0]


def test_mail_without_a_sender_has_no_author():
    """A Reply-To alone says nothing of who wrote."""
    assert written(("Reply-To", "ann@customer.example")) is None


def parsed(*pairs):
    fields = [{"name": name, "value": value} for name, value in pairs]
    message = {"id": "1", "labelIds": ["INBOX"], "payload": {"headers": fields}}
    return parse_message(message, owner_addresses=OWNERS)


def test_an_author_whom_no_field_names_is_a_participant():
    """So that participant= and search find the mail of the person (edge case 187)."""
    found = parsed(("From", GROUP), ("X-Original-Sender", "ann@customer.example"), LIST_ID)
    author = Participant("author", "ann@customer.example", "Ann Customer")
    assert found.author == author
    assert found.participants[-1] == author
    assert "ann@customer.example" in found.search_text
    assert found.sender == Participant("from", "support@crm.example", "'Ann Customer' via Support")


def test_an_author_who_answers_is_named_once():
    """Reply-To names the person already (edge case 188)."""
    found = parsed(FROM_US, ("To", "owner@crm.example"), ANSWER_ANN)
    assert found.author == Participant("author", *ANN)
    assert [participant.role for participant in found.participants] == ["from", "reply-to", "to"]
    assert found.direction == "inbound"


def test_the_author_takes_linear_time():
    """Ten times as many recipients and answers cost some ten times as much (edge case 194)."""
    costs = []
    for size in (300, 3_000):
        answers = ",".join(f"a{number}@x.example" for number in range(size))
        people = ",".join(f"b{number}@x.example" for number in range(size))
        headers = Headers(
            [{"name": "From", "value": "owner@crm.example"}, {"name": "Reply-To", "value": answers},
             {"name": "To", "value": people}],
            TextCleaner(),
        )  # fmt: skip
        participants = participants_of(headers)
        started = time.process_time()
        author_of(headers, participants, "inbound", OWNERS)
        costs.append(time.process_time() - started)
    assert costs[1] < 40 * costs[0] + 0.02


_FIELDS = st.sampled_from(
    ["From", "Reply-To", "To", "X-Original-From", "X-Original-Sender", "List-Id", "Author"]
)
_VALUES = st.text("<>@.,;via () ab") | st.sampled_from([GROUP, "owner@crm.example", "a@b.example"])


@given(st.lists(st.tuples(_FIELDS, _VALUES)))
def test_any_headers_have_an_author_where_they_have_a_sender(pairs):
    """Nothing raises, and the author has an address."""
    found = parsed(*pairs)
    assert (found.author is None) is (found.sender is None)
    assert found.author is None or "@" in found.author.address
