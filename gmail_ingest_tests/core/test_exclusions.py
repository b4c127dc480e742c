from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.core.exclusions.matching import MailFacts, Rulebook, facts_of
from gmail_ingest.core.mail.message import Participant
from gmail_ingest_tests.fakes.messages import parsed

OWNER = "kim.lee@acme.test"
PLAIN = MailFacts(
    sender="ann@shop.test",
    addresses=frozenset({"ann@shop.test", OWNER}),
    label_ids=frozenset({"INBOX", "CATEGORY_PERSONAL"}),
    is_auto_reply=False,
    is_bounce=False,
    is_list=False,
)


def mail(*addresses: str, **changes) -> MailFacts:
    """A mail that names these; its sender is the first."""
    return replace(PLAIN, sender=addresses[0], addresses=frozenset(addresses), **changes)


def hides(facts: MailFacts, **criteria) -> bool:
    """Whether a rule with these criteria hides a mail of kim.lee's."""
    rule = ExclusionRule("rule", Criteria(**criteria))
    return Rulebook([rule], OWNER, ["kim@alias.test"]).hiding(facts) == "rule"


IN_LETTERS, IN_ASCII = "ann@mail.b\u00fccher.test", "ann@mail.xn--bcher-kva.test"


@pytest.mark.parametrize("written", [IN_LETTERS, IN_ASCII])
@pytest.mark.parametrize("asked", [IN_LETTERS, IN_ASCII, "ann@mail.B\u00dcCHER.test."])
def test_a_rule_knows_both_spellings_of_a_domain(written, asked):
    """Addresses, domains and inside: case 18 (edge case 186)."""
    domain = asked.partition(".")[2]
    assert hides(mail(written), addresses=(asked,))
    assert hides(mail(written), domains=(domain,))
    assert hides(mail(written), internal_domains=(domain,))
    assert hides(mail(written), internal_addresses=(asked,))
    assert not hides(mail(written), domains=("xn--bcher-kva.example",))


def test_an_owner_in_letters_is_the_owner_in_ascii():
    """A rule on the owner's domain never means the owner (edge case 186)."""
    rule = ExclusionRule("rule", Criteria(domains=("mail.b\u00fccher.test",)))
    assert Rulebook([rule], IN_LETTERS).hiding(mail(IN_ASCII)) is None
    assert Rulebook([rule], "kim@mail.b\u00fccher.test").hiding(mail(IN_ASCII)) == "rule"


@pytest.mark.parametrize(
    ("facts", "criteria", "expected"),
    [
        (PLAIN, {"addresses": ("ann@shop.test",)}, True),
        (PLAIN, {"addresses": ("bob@shop.test",)}, False),
        (mail(OWNER, "ann@shop.test"), {"addresses": ("ann@shop.test",)}, True),
        (PLAIN, {"domains": ("shop.test",)}, True),
        (mail("ann@mail.shop.test"), {"domains": ("shop.test",)}, True),
        (mail("ann@workshop.test"), {"domains": ("shop.test",)}, False),
        (mail("ann@shop.test.evil.test"), {"domains": ("shop.test",)}, False),
        # The owner is named in every mail: a rule on the own domain is about colleagues.
        (PLAIN, {"domains": ("acme.test",)}, False),
        (PLAIN, {"addresses": (OWNER,)}, False),
        (mail("ann@shop.test", "kim+news@alias.test"), {"domains": ("alias.test",)}, False),
        (mail("lou@acme.test", OWNER), {"domains": ("acme.test",)}, True),
        (mail("lou@acme.test", OWNER), {"internal_domains": ("acme.test",)}, True),
        (mail("lou@eu.acme.test", OWNER), {"internal_domains": ("acme.test",)}, True),
        (mail("lou@acme.test", "ann@shop.test"), {"internal_domains": ("acme.test",)}, False),
        (mail("lou@other.test", OWNER), {"internal_addresses": ("lou@other.test",)}, True),
        (mail("kim@alias.test", OWNER), {"internal_domains": ("else.test",)}, True),
        (replace(PLAIN, sender=None, addresses=frozenset()), {"internal_domains": ("a.b",)}, False),
        (PLAIN, {"categories": ("CATEGORY_PERSONAL",)}, True),
        (PLAIN, {"categories": ("CATEGORY_PROMOTIONS",)}, False),
        (PLAIN, {"labels": ("INBOX",)}, True),
        (PLAIN, {"labels": ("Label_7",)}, False),
        (replace(PLAIN, is_bounce=True), {"senders": ("bounce",)}, True),
        (replace(PLAIN, is_bounce=True), {"senders": ("list", "auto_reply", "no_reply")}, False),
        (replace(PLAIN, is_list=True), {"senders": ("list",)}, True),
        (replace(PLAIN, is_auto_reply=True), {"senders": ("auto_reply",)}, True),
        (PLAIN, {"senders": ("bounce", "list", "auto_reply", "no_reply")}, False),
    ],
)
def test_each_criterion_hides_what_it_names(facts, criteria, expected):
    """Addresses and domains in any role but the owner's, internal mail, labels, flags
    (edge case 64).
    """
    assert hides(facts, **criteria) is expected


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        *(
            (local, True)
            for local in ("noreply", "no-reply", "no_reply", "do-not-reply", "donotreply")
        ),
        *((local, True) for local in ("jira-noreply", "no-reply+a1", "noreply2", "dont.reply")),
        *((local, True) for local in ("do.not.respond", "never-reply", "news.no-reply.de")),
        *((local, False) for local in ("reply", "nora.reply", "norepley", "info", "techno-reply")),
        *((local, False) for local in ("noreplying", "replyno", "")),
    ],
)
def test_no_reply_is_read_off_the_senders_address(local, expected):
    """Only the address of From tells, not those that a mail is sent to."""
    sender = f"{local}@shop.test"
    assert hides(mail(sender), senders=("no_reply",)) is expected
    assert not hides(mail("ann@shop.test", sender), senders=("no_reply",))


def test_the_first_rule_by_name_is_named():
    """Whatever order they come in; disabled rules and those of other mailboxes do not count
    (edge case 64).
    """
    names = Criteria(domains=("shop.test",))
    rules = [
        ExclusionRule("c", names),
        ExclusionRule("b", names),
        ExclusionRule("a-disabled", names, enabled=False),
        ExclusionRule("a-elsewhere", names, mailbox="lou@acme.test"),
    ]
    assert Rulebook(rules, OWNER).hiding(PLAIN) == "b"
    assert Rulebook(rules[::-1], OWNER).hiding(PLAIN) == "b"
    assert Rulebook(rules, "lou@acme.test").hiding(PLAIN) == "a-elsewhere"
    assert Rulebook(rules[2:], OWNER).is_empty


def test_messages_that_are_hidden_are_named_with_their_rule():
    """Of a batch, those that a rule fits; facts are read off the parsed message."""
    list_mail = parsed("m1", is_list=True)
    assert facts_of(list_mail) == MailFacts(
        sender="ann@example.com",
        addresses=frozenset({"ann@example.com", "bob@example.com"}),
        label_ids=frozenset({"INBOX", "UNREAD"}),
        is_auto_reply=False,
        is_bounce=False,
        is_list=True,
    )
    nobody = parsed("m3", sender=None, participants=(Participant("to", "a@b.test", ""),))
    book = Rulebook([ExclusionRule("lists", Criteria(senders=("list", "no_reply")))], OWNER)
    assert book.hidden([list_mail, parsed("m2"), nobody]) == {"m1": "lists"}
    assert Rulebook((), OWNER).hidden([list_mail]) == {}


ADDRESSES = st.builds(
    "{}@{}".format,
    st.sampled_from(["ann", "kim.lee", "kimlee+x", "no-reply"]),
    st.sampled_from(["acme.test", "eu.acme.test", "shop.test", "gmail.com"]),
)
DOMAINS = st.sampled_from(["acme.test", "shop.test", "test", "gmail.com"])
FACTS = st.builds(
    MailFacts,
    sender=st.none() | ADDRESSES,
    addresses=st.frozensets(ADDRESSES, max_size=4),
    label_ids=st.frozensets(st.sampled_from(["INBOX", "CATEGORY_SOCIAL", "Label_1"])),
    is_auto_reply=st.booleans(),
    is_bounce=st.booleans(),
    is_list=st.booleans(),
)


def entries(values):
    return st.lists(values, max_size=2).map(tuple)


CRITERIA = st.builds(
    Criteria,
    addresses=entries(ADDRESSES),
    domains=entries(DOMAINS),
    internal_addresses=entries(ADDRESSES),
    internal_domains=entries(DOMAINS),
    categories=entries(st.sampled_from(["CATEGORY_SOCIAL"])),
    labels=entries(st.sampled_from(["INBOX", "Label_1"])),
    senders=entries(st.sampled_from(["no_reply", "bounce", "list", "auto_reply"])),
)


@given(facts=FACTS, criteria=CRITERIA)
def test_a_rule_hides_what_any_of_its_criteria_hides(facts, criteria):
    """A rule is the sum of its criteria, but for internal mail, which its lists describe together;
    and it never hides a mail that names nobody, has no label and no flag.
    """

    def alone(**kept):
        return hides(facts, **kept)

    parts = [
        {name: getattr(criteria, name)}
        for name in ("addresses", "domains", "categories", "labels", "senders")
    ]
    internal = {
        name: getattr(criteria, name) for name in ("internal_addresses", "internal_domains")
    }
    expected = any(alone(**part) for part in (*parts, internal))
    whole = {name: getattr(criteria, name) for name in Criteria.__slots__}
    assert hides(facts, **whole) is expected
    nothing = MailFacts(
        None, frozenset(), frozenset(), is_auto_reply=False, is_bounce=False, is_list=False
    )
    assert not hides(nothing, **whole)


@given(facts=FACTS, criteria=CRITERIA, more=CRITERIA)
def test_another_rule_never_shows_what_is_hidden(facts, criteria, more):
    """A rule that is added hides more mail or as much."""
    one, two = ExclusionRule("b", criteria), ExclusionRule("a", more)
    before = Rulebook([one], OWNER).hiding(facts)
    after = Rulebook([one, two], OWNER).hiding(facts)
    assert before is None or after is not None
    assert Rulebook([two], OWNER).hiding(facts) in {None, after}
