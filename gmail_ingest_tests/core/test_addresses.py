import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.addresses import (
    MAX_PARTICIPANTS,
    direction_of,
    fold_address,
    parse_addresses,
    participants_of,
)
from gmail_ingest.core.headers import Headers
from gmail_ingest.core.message import Participant
from gmail_ingest.core.text import TextCleaner

OWNERS = ["me.self@gmail.com", "sales@crm.example"]


def people(*pairs):
    fields = [{"name": name, "value": value} for name, value in pairs]
    return participants_of(Headers(fields, TextCleaner()))


def going(*pairs, labels=()):
    return direction_of(people(*pairs), labels, OWNERS)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("Ann <A@B.example>", [("Ann", "a@b.example")]),
        ('"Moore, Keith" <k@b.example>', [("Moore, Keith", "k@b.example")]),
        ("Moore, Keith <k@b.example>", [("Moore, Keith", "k@b.example")]),
        ("a@b.example (Ann Lee)", [("Ann Lee", "a@b.example")]),
        ("a@b.example, C <c@d.example>", [("", "a@b.example"), ("C", "c@d.example")]),
        ("A <a@b.example>; C <c@d.example>", [("A", "a@b.example"), ("C", "c@d.example")]),
        ("Team: a@b.example, c@d.example;", [("", "a@b.example"), ("", "c@d.example")]),
        ("undisclosed-recipients:;", []),
        ("Undisclosed recipients", []),
        ("<>", []),
        ("", []),
        ("root, nobody", []),
        ("<mailto:a@b.example>", [("", "a@b.example")]),
        ("mailto:a@b.example", [("", "a@b.example")]),
        ("x@[192.0.2.1]", [("", "x@[192.0.2.1]")]),
        ('"a \\"b\\" c" <a@b.example>', [('a "b" c', "a@b.example")]),
        ('"Ann <a@b.example>', [("Ann", "a@b.example")]),
        ("Ann (the first <a@b.example>", [("Ann the first", "a@b.example")]),
        ("Ann < a@b.example >", [("Ann", "a@b.example")]),
        ("x" * 400 + "@b.example, c@d.example", [("", "c@d.example")]),
    ],
)
def test_parse_addresses_finds_addresses_and_nothing_else(value, found):
    """Quotes, comments, groups and missing ends are understood (edge case 50)."""
    assert parse_addresses(value) == found


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("=?ISO-8859-1?Q?Moore=2C_Keith?= <a@b.example>", "Moore, Keith"),
        ('"=?utf-8?Q?J=C3=B6rg?=" <a@b.example>', "J\u00f6rg"),
        ("=?utf-8?Q?A=0D=0ABcc:_x@y.example?= <a@b.example>", "A Bcc: x@y.example"),
        ("A\r\n B <a@b.example>", "A B"),
        ("'A@B.example' <a@b.example>", ""),
        ("=?utf-8?Q?Ann_=3Ca=40b.example=3E?=", "Ann"),
    ],
)
def test_participants_have_decoded_names_on_one_line(value, name):
    """One address each, decoded after parsing, with no line break left (edge case 50)."""
    assert people(("To", value)) == (Participant("to", "a@b.example", name),)


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


def test_participants_are_bounded():
    """Thousands of recipients are kept, a hostile number is not."""
    many = ", ".join(f"a{n}@x.example" for n in range(MAX_PARTICIPANTS + 5))
    assert len(people(("To", many))) == MAX_PARTICIPANTS


@pytest.mark.parametrize("piece", ['"\\', '"', "(", "<", "<a@b", ", ", "=?a?q?", "(a\\", ": ", "'"])
def test_parse_addresses_takes_linear_time(piece):
    """A hundred kilobytes of the worst header cost less than half a second."""
    started = time.process_time()
    people(("To", piece * (100_000 // len(piece))))
    assert time.process_time() - started < 0.5


@given(st.text(st.characters(codec=None)) | st.text('"\\(),;:<>@ab=?.\r\n'))
def test_participants_of_any_header_are_valid(value):
    """No header raises; each address has two sides and no control character."""
    for person in people(("From", value)):
        local, _, domain = person.address.rpartition("@")
        assert local
        assert domain
        assert person.address.isprintable()
        assert person.address == person.address.lower()
        assert b"\n" not in person.name.encode()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("me.self@gmail.com", "Meself+crm@GoogleMail.com", True),
        ("sales@crm.example", "sales+lead@crm.example", True),
        ("sales@crm.example", "sa.les@crm.example", False),
        ("a@gmail.com", "a@crm.example", False),
    ],
)
def test_fold_address_follows_the_one_policy(one, other, same):
    """Tags fold everywhere, dots at Gmail only (edge case 59)."""
    assert (fold_address(one) == fold_address(other)) is same


def test_participants_keep_aliases_as_written():
    """Folding is for comparison only: two people are never merged (edge case 59)."""
    assert people(("To", "J.Doe+x@GoogleMail.com"))[0].address == "j.doe+x@googlemail.com"


@pytest.mark.parametrize(
    ("pairs", "labels", "direction"),
    [
        ([("From", "a@x.example"), ("To", "me.self@gmail.com")], ["INBOX"], "inbound"),
        ([("From", "meself@gmail.com"), ("To", "a@x.example")], ["SENT"], "outbound"),
        ([("From", "me.self+x@gmail.com"), ("To", "a@x.example")], [], "outbound"),
        ([("From", "alias@other.example"), ("To", "a@x.example")], ["SENT"], "outbound"),
        ([("From", "sales@crm.example"), ("To", "me.self@gmail.com")], ["SENT"], "self"),
        ([("From", "me.self@gmail.com"), ("To", "meself@googlemail.com")], ["INBOX"], "self"),
        ([("From", "me.self@gmail.com"), ("To", "me.self@gmail.com")], ["SPAM"], "inbound"),
        ([("From", "me.self@gmail.com")], ["DRAFT"], "outbound"),
        ([("To", "me.self@gmail.com")], ["INBOX"], "inbound"),
        ([], [], "inbound"),
    ],
)
def test_direction_is_seen_from_the_owner(pairs, labels, direction):
    """Own mail, send-as aliases, mail to oneself and forged spam are told apart (edge case 58)."""
    assert going(*pairs, labels=labels) == direction
