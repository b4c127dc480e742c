"""Reads of a tenant with exclusion rules, against a model."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_lists import Effort
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.core.exclusions.matching import Rulebook, facts_of
from gmail_ingest.errors import NotFoundError
from gmail_ingest_tests.postgres.email_worlds import Mail, expected, store
from gmail_ingest_tests.postgres.exclusion_worlds import BLOCK, HIDE

_tenants = count()
LABELS = ("INBOX", "TRASH", "STARRED", "Label_7")
MAIL = st.builds(
    Mail,
    mailbox=st.sampled_from(["ann@crm.test", "bob@crm.test"]),
    number=st.just(0),
    day=st.sampled_from([0, 1, 40]),
    labels=st.frozensets(st.sampled_from(LABELS)),
    people=st.lists(st.sampled_from(["ann@shop.test", "zoe@else.test"]), unique=True).map(tuple),
    direction=st.sampled_from(["inbound", "outbound"]),
    words=st.lists(st.sampled_from(["alpha", "beta"]), unique=True).map(tuple),
)
MAILS = st.lists(MAIL, min_size=1, max_size=15).map(
    lambda mails: [replace(mail, number=number) for number, mail in enumerate(mails)]
)
FILTER = st.builds(
    EmailFilter,
    tenant_id=st.just(""),
    q=st.sampled_from(["", "", "alpha", "alpha beta"]),
    mailbox=st.sampled_from([None, "bob@crm.test"]),
    label=st.sampled_from([None, "STARRED", "Label_7"]),
    participant=st.sampled_from([None, "ann@shop.test"]),
    thread_id=st.sampled_from([None, None, "t1"]),
    include_spam_trash=st.booleans(),
)
RULES = [
    HIDE,
    BLOCK,
    ExclusionRule("one", Criteria(labels=("INBOX", "Label_7")), mailbox="bob@crm.test"),
]


def plainly(mails: list[Mail], rules: list[ExclusionRule]) -> list[Mail]:
    """The mails that no rule hides, found one by one."""
    books = {address: Rulebook(rules, address) for address in ("ann@crm.test", "bob@crm.test")}
    return [mail for mail in mails if books[mail.mailbox].hiding(facts_of(mail.message())) is None]


@pytest.mark.parametrize("few", [1_000, 0], ids=["merge", "walk"])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    mails=MAILS,
    rules=st.lists(st.sampled_from(RULES), unique=True, min_size=1),
    filters=st.lists(FILTER, min_size=4, max_size=4),
    early=st.booleans(),
)
async def test_reads_are_those_of_a_mailbox_without_the_hidden_mail(
    acme, few, mails, rules, filters, early
):
    """Whether rules or mail came first, every list, search, count and thread is as if the hidden
    mail did not exist; when the rules are gone, as if they had never been (edge cases 17, 64, 65).
    """
    acme.reads = PostgresEmailReads(acme.world.engine, effort=Effort(few_facets=few))
    tenant = f"tenant-{next(_tenants)}"
    boxes = sorted({mail.mailbox for mail in mails})
    rules_here = [rule for rule in rules if rule.mailbox in {None, *boxes}]
    if early:
        order = {box: await acme.world.connect(box, tenant=tenant) for box in boxes}
        await acme.put(*rules_here, tenant=tenant)
        for mail in mails:
            await acme.save(order[mail.mailbox], mail.message())
    else:
        order = await store(acme.world, mails, tenant)
        await acme.put(*rules_here, tenant=tenant)
    await _agrees(acme, plainly(mails, rules_here), order, filters, tenant)
    await acme.drop(*(rule.name for rule in rules_here), tenant=tenant)
    await _agrees(acme, mails, order, filters, tenant)


async def _agrees(acme, mails, order, filters, tenant):
    for mail_filter in filters:
        wanted = replace(mail_filter, tenant_id=tenant)
        everything = expected(mails, order, wanted)
        page = await acme.reads.page_at(wanted, limit=50, offset=0)
        assert [f"{email.mailbox} {email.id}" for email in page.emails] == everything
        assert page.total == len(everything)
    for box in order:
        for thread in ("t0", "t1", "t2"):
            own = [mail for mail in mails if (mail.mailbox, mail.thread_id) == (box, thread)]
            await _has_thread(acme, tenant, box, thread, own)


async def _has_thread(acme, tenant, box, thread, mails):
    if not mails:
        with pytest.raises(NotFoundError):
            await acme.reads.thread(tenant, thread, mailbox=box, include_spam_trash=True)
        return
    view = await acme.reads.thread(tenant, thread, mailbox=box, include_spam_trash=True)
    assert {email.id for email in view.emails} == {mail.gmail_id for mail in mails}
    assert view.thread.message_count == len(mails)
    assert set(view.thread.participants) == {person for mail in mails for person in mail.people}
    assert view.thread.last_date == max(mail.date for mail in mails)
