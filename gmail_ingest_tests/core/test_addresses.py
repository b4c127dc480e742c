import pytest

from gmail_ingest.core.mail.addresses.addresses import (
    MAX_PARTICIPANTS,
    direction_of,
    fold_address,
    participants_of,
)
from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers

OWNERS = ["me.self@gmail.com", "sales@crm.example"]


def people(*pairs):
    fields = [{"name": name, "value": value} for name, value in pairs]
    return participants_of(Headers(fields, TextCleaner()))


def going(*pairs, labels=()):
    return direction_of(people(*pairs), labels, OWNERS)


def test_participants_are_collected_from_repeated_headers_once_a_role():
    """Two From headers and repeated addresses give each address once a role (edge case 55)."""
    found = people(
        ("To", "c@x.example"), ("From", "A <a@x.example>"), ("from", "B <b@x.example>"),
        ("To", "C@X.example, a@x.example"),
    )  # fmt: skip
    assert [(p.role, p.address) for p in found] == [
        ("from", "a@x.example"),
        ("from", "b@x.example"),
        ("to", "c@x.example"),
        ("to", "a@x.example"),
    ]


def test_people_are_read_alike_from_values_that_are_remembered_and_that_are_not():
    """A value that is too long to remember names the same people as a short one, in each role."""
    short = "'Ann\tLee' <Ann@x.example>, bob@x.example"
    expected = [("ann@x.example", "Ann Lee"), ("bob@x.example", "")]
    for value in (short, short, short + " " * 400):
        for role in ("From", "To"):
            found = people((role, value))
            assert [(p.address, p.name) for p in found] == expected
            assert {p.role for p in found} == {role.lower()}


def test_participants_are_bounded():
    """Thousands of recipients are kept, a hostile number is not."""
    many = ", ".join(f"a{n}@x.example" for n in range(MAX_PARTICIPANTS + 5))
    assert len(people(("To", many))) == MAX_PARTICIPANTS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("me.self@gmail.com", "Meself+crm@GoogleMail.com", True),
        ("sales@crm.example", "sales+lead@crm.example", True),
        ("sales@crm.example", "sa.les@crm.example", False),
        ("a@gmail.com", "a@crm.example", False),
        ("Ann+crm@B\u00fccher.example", "ann@xn--bcher-kva.example.", True),
        ('"ann"@crm.example', "ann@crm.example", True),
        ('"ann lee"@crm.example', "annlee@crm.example", False),
    ],
)
def test_fold_address_follows_the_one_policy(one, other, same):
    """Tags fold everywhere, dots at Gmail only, spellings of a domain (edge cases 59 and 186)."""
    assert (fold_address(one) == fold_address(other)) is same


def test_participants_keep_aliases_as_written():
    """Folding is for comparison only: two people are never merged (edge case 59)."""
    assert people(("To", "J.Doe+x@GoogleMail.com"))[0].address == "j.doe+x@googlemail.com"


@pytest.mark.parametrize(
    ("pairs", "labels", "direction"),
    [
        ([("From", "a@x.example"), ("To", "me.self@gmail.com")], ["INBOX"], "inbound"),
        ([("From", "meself@gmail.com"), ("To", "a@x.example")], ["SENT"], "outbound"),
        ([("From", "alias@other.example"), ("To", "a@x.example")], ["SENT"], "outbound"),
        ([("From", "alias@other.example"), ("To", "alias@other.example")], ["SENT"], "self"),
        ([("From", "sales@crm.example"), ("To", "me.self@gmail.com")], ["SENT"], "self"),
        ([("From", "sales@crm.example"), ("To", "meself@gmail.com")], ["SENT", "INBOX"], "self"),
        ([("From", "me.self@gmail.com"), ("Cc", "a@x.example")], ["SENT", "INBOX"], "outbound"),
        ([("From", "me.self@gmail.com")], ["DRAFT"], "outbound"),
        ([("From", "me.self@gmail.com"), ("To", "meself@gmail.com")], ["INBOX"], "inbound"),
        ([("From", "me.self+x@gmail.com"), ("To", "a@x.example")], [], "inbound"),
        ([("From", "sales@crm.example"), ("To", "sales@crm.example")], ["UNREAD"], "inbound"),
        ([("From", "me.self@gmail.com"), ("To", "me.self@gmail.com")], ["SPAM"], "inbound"),
        ([("To", "me.self@gmail.com")], ["INBOX"], "inbound"),
        ([], [], "inbound"),
    ],
)
def test_direction_is_seen_from_the_owner(pairs, labels, direction):
    """Only SENT and DRAFT prove the owner's hand, whatever From says: case 04 (edge cases 58 and
    190).
    """
    assert going(*pairs, labels=labels) == direction
