import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.addresses.addresses import participants_of
from gmail_ingest.core.mail.addresses.domains import canonical_address, spellings_of
from gmail_ingest.core.mail.clean_text import TextCleaner
from gmail_ingest.core.mail.headers import Headers
from gmail_ingest.core.mail.message import Participant
from gmail_ingest_tests.core import address_set
from gmail_ingest_tests.core.growth import assert_linear


def people(*pairs):
    fields = [{"name": name, "value": value} for name, value in pairs]
    return participants_of(Headers(fields, TextCleaner()))


def read(value):
    return tuple((person.name, person.address) for person in people(("To", value)))


@pytest.mark.parametrize(("value", "found"), address_set.PLAIN)
def test_people_as_most_write_them(value, found):
    """Names, domains, literals and lists of ordinary mail; mail 24 (edge cases 50 and 184)."""
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.QUOTED)
def test_quotes_of_an_address_stay(value, found):
    """Those of a local part stay, those around a name go as a pair: cases 04 and 18, mail 29
    (edge cases 180 and 184).
    """
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.WITHOUT_COMMAS)
def test_two_people_are_two(value, found):
    """A comma that was forgotten, a semicolon, a comma in a name: case 18, mail 27 (edge case
    181).
    """
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.BRACKETS)
def test_words_in_angle_brackets_are_no_address(value, found):
    """Words beside an address, blanks inside it, and brackets that lack the other: mail 25
    (edge case 182).
    """
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.COMMENTS + address_set.GROUPS)
def test_comments_and_groups_are_nobody(value, found):
    """What stands in parentheses, and a group with nobody in it (edge cases 50 and 183)."""
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.SCRIPTS)
def test_addresses_in_other_scripts(value, found):
    """Letters are kept, in one form each; signs that nobody sees make no other address (edge cases
    185, 186 and 193).
    """
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.ENCODED)
def test_names_in_encoded_words(value, found):
    """Decoded after parsing, so that what a word holds is no mark (edge cases 50, 191 and 192)."""
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.BROKEN)
def test_what_is_no_address_gives_none(value, found):
    """Two at signs, empty sides, missing ends (edge cases 50 and 185)."""
    assert read(value) == found


@pytest.mark.parametrize(("value", "found"), address_set.NO_PEOPLE)
def test_names_and_links_with_an_at_sign_are_nobody(value, found):
    """A firm's name, a link, a name of Lotus Notes: none becomes a contact (edge case 216)."""
    assert read(value) == found


def test_a_thousand_recipients_are_a_thousand():
    """Each with a name and a comma in it (edge case 216)."""
    value = ", ".join(f"Lee, P{number} <p{number}@x.example>" for number in range(1_000))
    assert read(value) == tuple((f"Lee, P{n}", f"p{n}@x.example") for n in range(1_000))


def test_the_mail_of_case_18_names_whom_it_names():
    """Every role of case 18 (edge cases 180 and 181)."""
    found = people(
        ("From", '"front desk"@hotel.example'),
        ("To", '"Ann Example" <"ann example"@customer.example>, owner@crm.example'),
        ("Cc", "Ben <ben@x.example> Carl <carl@y.example>"),
        ("Bcc", "dora@x.example emil@y.example"),
        ("Reply-To", '<"front desk"@hotel.example>'),
    )
    assert found == (
        Participant("from", '"front desk"@hotel.example', ""),
        Participant("reply-to", '"front desk"@hotel.example', ""),
        Participant("to", '"ann example"@customer.example', "Ann Example"),
        Participant("to", "owner@crm.example", ""),
        Participant("cc", "ben@x.example", "Ben"),
        Participant("cc", "carl@y.example", "Carl"),
        Participant("bcc", "dora@x.example", ""),
        Participant("bcc", "emil@y.example", ""),
    )


@given(st.text(st.characters(codec=None)) | st.text('"\\(),;:<>@ab=?. \r\n\u00fc[]'))
def test_participants_of_any_header_are_valid(value):
    """No header raises; each address has two sides, is printable, and is found as it is asked."""
    for person in people(("From", value)):
        local, _, domain = person.address.rpartition("@")
        assert local
        assert domain
        assert person.address.isprintable()
        assert person.address == person.address.lower()
        assert person.address in spellings_of(person.address)
        assert person.address in spellings_of(canonical_address(person.address)) or '"' in local
        assert b"\n" not in person.name.encode()


_HOSTILE = [
    '"(', "<<<<@", "=?=?=?@", '"\\@', '@"', "@(", "<", "<a@b", ", ", "=?a?q?", "(a\\", ": ", "'",
    "a, b < c, d < @", "<a b", "a@b ", "@ . ", "a@b (c) ", "<a@b> ", '"a"@b ', "\u00e9@\u00fc ",
    '<"<@', ":@", "<:@", "<a@,", "@[", "=?utf-8?Q?a?=@b ", '""@',
    "Ann @ B, ", "a@B,", "a@B, C <", "&amp;@", "\u3042@x.example\uff0c", "\uff1ca@", "a/b@c ",
]  # fmt: skip


@pytest.mark.parametrize("piece", _HOSTILE)
def test_parse_addresses_takes_linear_time(piece):
    """Ten times the worst header costs some ten times as much, up to a bound (edge case 194)."""
    assert_linear(lambda size: people(("To", piece * (size // len(piece)))), 5_000)


@pytest.mark.parametrize("piece", ["<a@,", "a@b;", ":@", "'@\u00e9"])
def test_a_header_of_a_megabyte_costs_no_more_than_its_bound(piece):
    """What is read token by token ends at a bound: a megabyte costs some of its tenth (edge
    case 194).
    """
    costs = []
    for size in (150_000, 1_500_000):
        started = time.process_time()
        people(("To", piece * (size // len(piece))))
        costs.append(time.process_time() - started)
    assert costs[1] < 5 * costs[0] + 0.05
