"""Exclusion rules from the sandbox to the CRM: Gmail over HTTP, the queue, Postgres."""

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.audit.coverage import PostgresCoverage
from gmail_ingest.adapters.postgres.exclusions.exclusion_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.core.exclusions.exclusion_rules import Criteria, ExclusionRule
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.wiring import build_why
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, mail

BLOCKED = ExclusionRule("blocked", Criteria(domains=("spam.example",)))
LISTS = ExclusionRule("lists", Criteria(senders=("list",)))
PROMOTIONS = ExclusionRule("promotions", Criteria(categories=("CATEGORY_PROMOTIONS",)))


class Crm:
    """What the CRM does with the service, and sees of it."""

    def __init__(self, service, run):
        self.service, self.run = service, run
        self.rules = PostgresExclusionRules(service.engine)
        self.reads = PostgresEmailReads(service.engine)

    def put(self, rule):
        """Make a rule, and let its job run."""
        self.run(self.rules.put(TENANT, rule))
        return self.run(self.service.sync())

    def delete(self, name):
        """Delete a rule, and let its job run."""
        self.run(self.rules.delete(TENANT, name))
        return self.run(self.service.sync())

    def sees(self, **filters):
        """Ids in the list."""
        wanted = EmailFilter(TENANT, **filters)
        page = self.run(self.reads.page_at(wanted, limit=200, offset=0))
        assert page.total == len(page.emails)
        return {email.id for email in page.emails}

    def why(self, message_id):
        """Verdict and reason of a mail."""
        why = build_why(self.service.settings, self.service.engine, self.service.gmail)
        (finding,) = self.run(why.ask(TENANT, message_id)).findings
        return finding.verdict, finding.trace.reason

    def verified(self, *, repair):
        """A comparison with Google."""
        service = self.service
        use_case = Verify(service.store, service.gmail.open_client, QUICK, limiter=Unlimited())
        plans = self.run(use_case.plan(TENANT))
        (found,) = self.run(use_case.run(TENANT, plans, holder="verify", repair=repair))
        return found


@pytest.fixture
def crm(run, service):
    """A mailbox with some mail, connected and synced."""
    run(service.connected(messages=10))
    return Crm(service, run)


def listed(service, subject):
    """A mail of a mailing list's arrives."""
    raw = b"List-Id: <news.shop.example>\r\n" + mail(subject)
    return service.box(lambda box: box.deliver(raw).id)


def test_a_rule_hides_mail_that_comes_and_mail_that_is_there(crm):
    """Before and after it is made, at no quota; its end shows both again (edge cases 17, 64)."""
    service = crm.service
    before = crm.sees()
    old = listed(service, "old")
    crm.run(service.sync())
    assert old in crm.sees()
    report = crm.put(LISTS)
    new = listed(service, "new")
    (plain,) = service.deliver("plain")
    crm.run(service.sync())
    assert report.counts.hidden >= 1
    shown = crm.sees()
    assert plain in shown
    assert not {old, new} & shown
    assert crm.sees(q="old") == crm.sees(q="new") == set()
    assert crm.why(old) == crm.why(new) == ("hidden", "lists")
    assert {old, new, plain} <= crm.run(service.stored())
    calls = service.calls("messages.get")
    crm.delete("lists")
    assert crm.sees() == before | {old, new, plain}
    assert crm.why(new) == ("stored", None)
    assert service.calls("messages.get") == calls
    assert service.agrees()


def test_a_label_that_comes_and_goes_hides_and_shows(crm):
    """History's labels are decided about, at the price of the history alone (edge case 64)."""
    service = crm.service
    crm.put(PROMOTIONS)
    (one,) = service.deliver("offer")
    (two,) = service.deliver("promotion", label_ids=["INBOX", "CATEGORY_PROMOTIONS"])
    crm.run(service.sync())
    assert crm.sees() >= {one}
    assert two not in crm.sees()
    service.box(lambda box: box.modify(one, add=["CATEGORY_PROMOTIONS"]))
    service.box(lambda box: box.modify(two, remove=["CATEGORY_PROMOTIONS"]))
    report = crm.run(service.sync())
    assert (report.counts.updated, report.counts.units) == (2, 2)
    assert one not in crm.sees()
    assert two in crm.sees()
    assert crm.why(one) == ("hidden", "promotions")
    assert crm.why(two) == ("stored", None)
    service.box(lambda box: box.delete(one))
    crm.run(service.sync())
    assert crm.why(one) == ("gone", "deleted")


def test_mail_that_its_owner_marks_private_is_seen_by_nobody(crm):
    """A rule on one mailbox's own label hides a mail from list, thread, search and counts, until
    the owner takes the label away (edge case 65).
    """
    service = crm.service
    label = service.box(lambda box: box.create_label("Private"))["id"]
    crm.put(ExclusionRule("private", Criteria(labels=(label,)), mailbox=OWNER))
    (one,) = service.deliver("salary")
    crm.run(service.sync())
    assert crm.sees(q="salary") == {one}
    service.box(lambda box: box.modify(one, add=[label]))
    crm.run(service.sync())
    thread = service.box(lambda box: box.message(one).thread_id)
    assert crm.sees(q="salary") == crm.sees(thread_id=thread) == crm.sees(label=label) == set()
    threads = crm.run(service.rows("SELECT FROM threads WHERE thread_id = %s", thread))
    assert threads == []
    service.box(lambda box: box.modify(one, remove=[label]))
    crm.run(service.sync())
    assert crm.sees(q="salary") == {one}


def test_hidden_mail_is_accounted_for_and_not_fetched_again(crm):
    """A verification counts it as hidden by a rule, and its repair leaves it alone; what Google
    deleted or relabelled behind our back is mended for hidden mail, too.
    """
    service = crm.service
    ids = [listed(service, f"news {number}") for number in range(3)]
    crm.run(service.sync())
    crm.put(LISTS)
    fetched = service.calls("messages.get") + service.calls("threads.get")
    found = crm.verified(repair=True)
    assert (found.found, found.open, found.error) == (0, 0, None)
    assert found.listed == found.accounted == len(crm.run(service.stored()))
    assert service.calls("messages.get") + service.calls("threads.get") == fetched
    (mailbox,) = crm.run(PostgresCoverage(service.engine).ranges(TENANT, None, None))
    assert all(range_.listed == range_.accounted for range_ in mailbox.ranges)
    crm.put(PROMOTIONS)
    service.box(lambda box: box.modify(ids[0], add=["CATEGORY_PROMOTIONS"]))
    service.box(lambda box: (box.delete(ids[1]), box.expire_history()))
    history_id = service.box(lambda box: box.history_id)
    changed = service.rows("UPDATE mailboxes SET checkpoint = %s RETURNING 1", history_id)
    assert crm.run(changed)
    found = crm.verified(repair=True)
    assert (found.label_differences, found.vanished, found.open) == (1, 1, 0)
    crm.delete("lists")
    assert crm.why(ids[0]) == ("hidden", "promotions")
    assert crm.why(ids[1])[0] == "gone"
    assert ids[2] in crm.sees()


def test_a_rule_reaches_mail_of_a_mailbox_that_stands_still(crm):
    """No Google is needed to hide what is stored: a mailbox whose grant is dead, too."""
    service = crm.service
    (one,) = service.deliver("offer")
    crm.run(service.sync())
    (mailbox_id,) = crm.run(service.rows("SELECT id FROM mailboxes"))
    crm.run(service.store.set_mailbox_state(mailbox_id, "needs_reauth", "gone"))
    crm.run(crm.rules.put(TENANT, ExclusionRule("ann", Criteria(addresses=("ann@example.net",)))))
    report = crm.run(service.sync())
    assert (report.counts.hidden, report.counts.units, report.errors) == (1, 0, [])
    assert one not in crm.sees()
    jobs = "SELECT state FROM sync_jobs WHERE kind = 'exclusions'"
    assert crm.run(service.rows(jobs)) == ["succeeded"]


def test_a_blocked_domain_hides_what_was_written_to_it(crm):
    """Mail of both directions, and the thread's other mail stays (edge case 64)."""
    service = crm.service
    crm.put(BLOCKED)
    raw = mail("from them", "bob@mail.spam.example")
    received = service.box(lambda box: box.deliver(raw).id)
    to = b"From: " + OWNER.encode() + b"\r\nTo: bob@spam.example\r\nSubject: to them\r\n\r\nHi\r\n"
    sent = service.box(lambda box: box.deliver(to, label_ids=["SENT"]).id)
    (plain,) = service.deliver("of somebody else")
    crm.run(service.sync())
    assert {received, sent, plain} & crm.sees() == {plain}
    assert crm.sees(participant="bob@spam.example") == set()


@pytest.mark.parametrize("recorded", [True, False], ids=["history", "no history"])
def test_a_deleted_label_is_off_all_mail_and_hides_none(service, run, recorded):
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
    run(service.connect())
    run(service.sync())
    window = {"start": (now - timedelta(days=500)).date()}
    run(verified(service, **window))
    crm = Crm(service, run)
    crm.put(ExclusionRule("private", Criteria(labels=(label,)), mailbox=OWNER))
    assert crm.sees() == set()
    service.box(lambda box: box.delete_label(label, record_history=recorded))
    run(service.sync())
    found = run(verified(service))
    assert (found.label_differences, found.open) == (0 if recorded else 4, 0)
    assert crm.sees() == crm.sees(label=other) == set(ids)
    assert crm.sees(label=label) == set()
    assert service.agrees()
    again = run(verified(service))
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
