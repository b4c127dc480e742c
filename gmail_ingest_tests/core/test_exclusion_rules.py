from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule, checked
from gmail_ingest.errors import InvalidInputError

SECRET = "s3cr3t"


def rule(name="rule", mailbox=None, **criteria) -> ExclusionRule:
    """A rule that blocks a domain, unless told otherwise."""
    return ExclusionRule(name, Criteria(**(criteria or {"domains": ("shop.test",)})), mailbox)


def test_a_checked_rule_is_in_one_form():
    """Lower case, no at sign before a domain, sorted, each entry once; checking it again changes
    nothing.
    """
    found = checked(
        rule(
            mailbox=" Kim@Acme.test ",
            addresses=("Zoe@Shop.test", " ann@shop.test", "zoe@shop.test"),
            domains=("@Shop.Test", "eu.shop.test"),
            labels=("Label_2", "Label_1"),
            senders=("list", "bounce", "list"),
        )
    )
    assert found == ExclusionRule(
        "rule",
        Criteria(
            addresses=("ann@shop.test", "zoe@shop.test"),
            domains=("eu.shop.test", "shop.test"),
            labels=("Label_1", "Label_2"),
            senders=("bounce", "list"),
        ),
        "kim@acme.test",
    )
    assert checked(found) == found


def test_a_rule_takes_addresses_as_mail_has_them():
    """Quoted local parts, other scripts, a last dot (edge cases 180 and 186)."""
    found = checked(
        rule(
            addresses=('"Front Desk"@hotel.test', "Ann@BU\u0308CHER.test", "ann@shop.test."),
            domains=("B\u00fccher.test.", "xn--bcher-kva.test"),
        )
    )
    assert found.criteria.addresses == (
        '"front desk"@hotel.test', "ann@b\u00fccher.test", "ann@shop.test",
    )  # fmt: skip
    assert found.criteria.domains == ("b\u00fccher.test", "xn--bcher-kva.test")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (rule(name=""), "name"),
        (rule(name="a/b"), "name"),
        (rule(name="-a"), "name"),
        (rule(name=SECRET + "@shop.test"), "name"),
        (rule(name="a" * 65), "name"),
        # Built in, or words of the ledger's own.
        *((rule(name=name), "name") for name in ("spam", "trash", "draft", "chat", "deleted")),
        (rule(name="changed"), "name"),
        (rule(addresses=()), "body"),
        (rule(addresses=("ann@shop.test", SECRET)), "addresses.1"),
        (rule(addresses=(f"{SECRET}@",)), "addresses.0"),
        (rule(addresses=(f"{SECRET} x@shop.test",)), "addresses.0"),
        (rule(addresses=(f"{SECRET}@shop..test",)), "addresses.0"),
        (rule(addresses=(f"{'a' * 320}@shop.test",)), "addresses.0"),
        (rule(domains=(f"ann@{SECRET}.test",)), "domains.0"),
        (rule(domains=("",)), "domains.0"),
        (rule(domains=(f".{SECRET}",)), "domains.0"),
        (rule(domains=("a" * 254,)), "domains.0"),
        (rule(internal_addresses=(SECRET,)), "internalAddresses.0"),
        (rule(internal_domains=("a b",)), "internalDomains.0"),
        # The same id is another label in another mailbox.
        (rule(labels=("Label_1",)), "mailbox"),
    ],
)
def test_a_wrong_rule_names_the_field(wrong, field):
    """The field as the API writes it, and nothing of what it held."""
    with pytest.raises(InvalidInputError) as error:
        checked(wrong)
    assert error.value.field == field
    assert SECRET not in str(error.value)


@given(
    addresses=st.lists(st.text(max_size=12), max_size=3),
    domains=st.lists(st.text(alphabet="aZ.@- ß\n", max_size=12), max_size=3),
)
def test_any_text_is_checked_or_refused(addresses, domains):
    """What passes is in its final form: lower case, one at sign at least, no white space around."""
    try:
        found = checked(rule(addresses=tuple(addresses), domains=tuple(domains))).criteria
    except InvalidInputError:
        return
    assert all(address == address.strip().lower() and "@" in address for address in found.addresses)
    assert all(domain and "@" not in domain and " " not in domain for domain in found.domains)
