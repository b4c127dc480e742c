"""Exclusion rules from the sandbox to the CRM: Gmail over HTTP, the queue, Postgres."""

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.adapters.postgres.exclusions.stored_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.wiring.stores import Stores
from gmail_ingest.wiring.use_cases import UseCases
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, mail

BLOCKED = ExclusionRule("blocked", Criteria(domains=("spam.example",)))
LISTS = ExclusionRule("lists", Criteria(senders=("list",)))
PROMOTIONS = ExclusionRule("promotions", Criteria(categories=("CATEGORY_PROMOTIONS",)))


class Crm:
    """What the CRM does with the service, and sees of it."""

    def __init__(self, service):
        self.service = service
        self.rules = PostgresExclusionRules(service.engine)
        self.reads = PostgresEmailReads(service.engine)

    async def put(self, rule):
        """Make a rule, and let its job run."""
        await self.rules.put(TENANT, rule)
        return await self.service.sync()

    async def delete(self, name):
        """Delete a rule, and let its job run."""
        await self.rules.delete(TENANT, name)
        return await self.service.sync()

    async def sees(self, **filters):
        """Ids in the list."""
        wanted = EmailFilter(TENANT, **filters)
        page = await self.reads.page_at(wanted, limit=200, offset=0)
        assert page.total == len(page.emails)
        return {email.id for email in page.emails}

    async def why(self, message_id):
        """Verdict and reason of a mail."""
        service = self.service
        why = UseCases(Stores(service.settings, service.engine), service.gmail).why
        (finding,) = (await why.ask(TENANT, message_id)).findings
        return finding.word, finding.trace.reason

    async def verified(self, *, repair):
        """A comparison with Google."""
        service = self.service
        use_case = Verify(service.store, service.gmail.open_client, QUICK, limiter=Unlimited())
        plans = await use_case.plan(TENANT)
        (found,) = await use_case.run(TENANT, plans, holder="verify", repair=repair)
        return found


@pytest.fixture
async def crm(service):
    """A mailbox with some mail, connected and synced."""
    await service.connected(messages=10)
    return Crm(service)


def listed(service, subject):
    """A mail of a mailing list's arrives."""
    raw = b"List-Id: <news.shop.example>\r\n" + mail(subject)
    return service.box(lambda box: box.deliver(raw).id)


async def test_a_rule_hides_mail_that_comes_and_mail_that_is_there(crm):
    """Before and after it is made, at no quota; its end shows both again (edge cases 17, 64)."""
    service = crm.service
    before = await crm.sees()
    old = listed(service, "old")
    await service.sync()
    assert old in await crm.sees()
    report = await crm.put(LISTS)
    new = listed(service, "new")
    (plain,) = service.deliver("plain")
    await service.sync()
    assert report.counts.hidden >= 1
    shown = await crm.sees()
    assert plain in shown
    assert not {old, new} & shown
    assert await crm.sees(q="old") == await crm.sees(q="new") == set()
    assert await crm.why(old) == await crm.why(new) == ("hidden", "lists")
    assert {old, new, plain} <= await service.stored()
    calls = service.calls("messages.get")
    await crm.delete("lists")
    assert await crm.sees() == before | {old, new, plain}
    assert await crm.why(new) == ("stored", None)
    assert service.calls("messages.get") == calls
    assert await service.agrees()


async def test_a_label_that_comes_and_goes_hides_and_shows(crm):
    """History's labels are decided about, at the price of the history alone (edge case 64)."""
    service = crm.service
    await crm.put(PROMOTIONS)
    (one,) = service.deliver("offer")
    (two,) = service.deliver("promotion", label_ids=["INBOX", "CATEGORY_PROMOTIONS"])
    await service.sync()
    assert await crm.sees() >= {one}
    assert two not in await crm.sees()
    service.box(lambda box: box.modify(one, add=["CATEGORY_PROMOTIONS"]))
    service.box(lambda box: box.modify(two, remove=["CATEGORY_PROMOTIONS"]))
    report = await service.sync()
    assert (report.counts.updated, report.counts.units) == (2, 2)
    assert one not in await crm.sees()
    assert two in await crm.sees()
    assert await crm.why(one) == ("hidden", "promotions")
    assert await crm.why(two) == ("stored", None)
    service.box(lambda box: box.delete(one))
    await service.sync()
    assert await crm.why(one) == ("gone", "deleted")


async def test_mail_that_its_owner_marks_private_is_seen_by_nobody(crm):
    """A rule on one mailbox's own label hides a mail from list, thread, search and counts, until
    the owner takes the label away (edge case 65).
    """
    service = crm.service
    label = service.box(lambda box: box.create_label("Private"))["id"]
    await crm.put(ExclusionRule("private", Criteria(labels=(label,)), mailbox=OWNER))
    (one,) = service.deliver("salary")
    await service.sync()
    assert await crm.sees(q="salary") == {one}
    service.box(lambda box: box.modify(one, add=[label]))
    await service.sync()
    thread = service.box(lambda box: box.message(one).thread_id)
    assert (
        await crm.sees(q="salary")
        == await crm.sees(thread_id=thread)
        == await crm.sees(label=label)
        == set()
    )
    threads = await service.rows("SELECT FROM threads WHERE thread_id = %s", thread)
    assert threads == []
    service.box(lambda box: box.modify(one, remove=[label]))
    await service.sync()
    assert await crm.sees(q="salary") == {one}


async def test_hidden_mail_is_accounted_for_and_not_fetched_again(crm):
    """A verification counts it as hidden by a rule, and its repair leaves it alone; what Google
    deleted or relabelled behind our back is mended for hidden mail, too.
    """
    service = crm.service
    ids = [listed(service, f"news {number}") for number in range(3)]
    await service.sync()
    await crm.put(LISTS)
    fetched = service.calls("messages.get") + service.calls("threads.get")
    found = await crm.verified(repair=True)
    assert (found.found, found.open, found.error) == (0, 0, None)
    assert found.listed == found.accounted == len(await service.stored())
    assert service.calls("messages.get") + service.calls("threads.get") == fetched
    (mailbox,) = await PostgresCoverage(service.engine).ranges(TENANT, None, None)
    assert all(day_range.listed == day_range.accounted for day_range in mailbox.ranges)
    await crm.put(PROMOTIONS)
    service.box(lambda box: box.modify(ids[0], add=["CATEGORY_PROMOTIONS"]))
    service.box(lambda box: (box.delete(ids[1]), box.expire_history()))
    history_id = service.box(lambda box: box.history_id)
    changed = service.rows("UPDATE mailboxes SET checkpoint = %s RETURNING 1", history_id)
    assert await changed
    found = await crm.verified(repair=True)
    assert (found.label_differences, found.vanished, found.open) == (1, 1, 0)
    await crm.delete("lists")
    assert await crm.why(ids[0]) == ("hidden", "promotions")
    assert (await crm.why(ids[1]))[0] == "gone"
    assert ids[2] in await crm.sees()


async def test_a_rule_reaches_mail_of_a_mailbox_that_stands_still(crm):
    """No Google is needed to hide what is stored: a mailbox whose grant is dead, too."""
    service = crm.service
    (one,) = service.deliver("offer")
    await service.sync()
    (mailbox_id,) = await service.rows("SELECT id FROM mailboxes")
    await service.store.set_mailbox_state(mailbox_id, "needs_reauth", "gone")
    await crm.rules.put(TENANT, ExclusionRule("ann", Criteria(addresses=("ann@example.net",))))
    report = await service.sync()
    assert (report.counts.hidden, report.counts.units, report.errors) == (1, 0, [])
    assert one not in await crm.sees()
    jobs = "SELECT state FROM sync_jobs WHERE kind = 'exclusions'"
    assert await service.rows(jobs) == ["succeeded"]


async def test_a_blocked_domain_hides_what_was_written_to_it(crm):
    """Mail of both directions, and the thread's other mail stays (edge case 64)."""
    service = crm.service
    await crm.put(BLOCKED)
    raw = mail("from them", "bob@mail.spam.example")
    received = service.box(lambda box: box.deliver(raw).id)
    to = b"From: " + OWNER.encode() + b"\r\nTo: bob@spam.example\r\nSubject: to them\r\n\r\nHi\r\n"
    sent = service.box(lambda box: box.deliver(to, label_ids=["SENT"]).id)
    (plain,) = service.deliver("of somebody else")
    await service.sync()
    assert {received, sent, plain} & await crm.sees() == {plain}
    assert await crm.sees(participant="bob@spam.example") == set()


@pytest.mark.parametrize("recorded", [True, False], ids=["history", "no history"])
async def test_a_deleted_label_is_off_all_mail_and_hides_none(service, recorded):
    """Mail of any age loses a label that was deleted, with history or without, and what a rule on
    that label hid is shown again (case 12, edge case 98).
    """
    service.account()
    now = datetime.now(UTC)
    label = service.box(lambda box: box.create_label("Private")["id"])
    other = service.box(lambda box: box.create_label("Deals")["id"])
    ids = [
        service.deliver(
            f"{days} days", label_ids=["INBOX", label, other], internal_date=moment(now, days)
        )[0]
        for days in (0, 20, 60, 400)
    ]
    await service.connect()
    await service.sync()
    window = {"start": (now - timedelta(days=500)).date()}
    await verified(service, **window)
    crm = Crm(service)
    await crm.put(ExclusionRule("private", Criteria(labels=(label,)), mailbox=OWNER))
    assert await crm.sees() == set()
    service.box(lambda box: box.delete_label(label, record_history=recorded))
    await service.sync()
    found = await verified(service)
    assert (found.label_differences, found.open) == (0 if recorded else 4, 0)
    assert await crm.sees() == await crm.sees(label=other) == set(ids)
    assert await crm.sees(label=label) == set()
    assert await service.agrees()
    again = await verified(service)
    assert (again.found, again.counts.updated) == (0, 0)


def moment(now, days):
    """Epoch milliseconds, some days ago."""
    return int((now - timedelta(days=days)).timestamp() * 1000)


async def verified(service, **window):
    """Verify the owner's mailbox, of the last days or from a day on, and mend it."""
    use_case = Verify(service.store, service.gmail.open_client, QUICK, limiter=Unlimited())
    plans = await use_case.plan(TENANT, **window)
    (found,) = await use_case.run(TENANT, plans, holder="verify", repair=True)
    assert found.error is None
    return found
