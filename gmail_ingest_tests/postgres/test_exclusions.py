"""Exclusion rules on stored mail: hidden from every read, and shown again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmail_ingest.adapters.postgres import email_lists, exclusion_marks
from gmail_ingest.adapters.postgres.deletion import delete_mail
from gmail_ingest.adapters.postgres.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.email_views import EmailFilter
from gmail_ingest.adapters.postgres.engine import statement, transaction
from gmail_ingest.adapters.postgres.exclusion_rules import PostgresExclusionRules
from gmail_ingest.adapters.postgres.mail_facts import read_mail
from gmail_ingest.core.exclusion_rules import MAX_RULES, Criteria, ExclusionRule
from gmail_ingest.core.exclusions import Rulebook, facts_of
from gmail_ingest.core.history import MessageChange
from gmail_ingest.core.message import Participant
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest.sync.ports import Counts, Stored
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.email_worlds import Mail, expected, store
from gmail_ingest_tests.postgres.worlds import PostgresWorld, lease

HIDE = ExclusionRule("hide", Criteria(labels=("STARRED",)))
BLOCK = ExclusionRule("block", Criteria(domains=("shop.test",)))
EVERYTHING = """
SELECT gmail_id, facet_id, label_ids, 'emails' FROM emails
UNION ALL SELECT gmail_id, facet_id, NULL, 'keys' FROM email_keys
UNION ALL SELECT gmail_id, facet_id, ARRAY[position::text, address], 'people' FROM participants
UNION ALL SELECT thread_id, message_count, participants, 'threads' FROM threads ORDER BY 4, 1, 3
"""
_tenants = count()


class Rules:
    """A tenant ``acme`` with a mailbox, whose rules a test changes."""

    def __init__(self, world: PostgresWorld) -> None:
        self.world = world
        self.rules = PostgresExclusionRules(world.engine)
        self.reads = PostgresEmailReads(world.engine)

    async def put(self, *rules: ExclusionRule, tenant: str = "acme") -> None:
        """Make rules, and hold stored mail against them."""
        for each in rules:
            await self.rules.put(tenant, each)
        await self.settle(tenant)

    async def drop(self, *names: str, tenant: str = "acme") -> None:
        """Delete rules, and show what they hid."""
        for each in names:
            await self.rules.delete(tenant, each)
        await self.settle(tenant)

    async def settle(self, tenant: str = "acme") -> Counts:
        """Do what the job does, to the end."""
        total = Counts()
        while (ruled := await self.world.store.decide_next(tenant)) is not None:
            total.add(ruled.counts)
        return total

    async def save(self, mailbox_id: int, *messages) -> Counts:
        """Store messages, as a sync does."""
        held = await lease(self.world, mailbox_id)
        return await self.world.store.save(held, [Stored(each) for each in messages])

    async def relabel(
        self, mailbox_id: int, gmail_id: str, history_id: int, *labels: str
    ) -> Counts:
        """What history does about new labels."""
        held = await lease(self.world, mailbox_id)
        change = MessageChange(gmail_id, "t1", history_id, deleted=False, label_ids=labels)
        return await self.world.store.apply_history(held, [change], None)

    async def shown(self, **filters) -> list[str]:
        """Ids of the mails that a list shows."""
        filters.setdefault("include_spam_trash", True)
        wanted = EmailFilter("acme", **filters)
        page = await self.reads.page_at(wanted, limit=100, offset=0)
        by_cursor = await self.reads.page(wanted, limit=100, cursor=None)
        assert page.emails == by_cursor.emails
        assert page.total == len(page.emails)
        return sorted(each.id for each in page.emails)


@pytest.fixture
def acme(database) -> Rules:
    """The tenant, without a mailbox."""
    return Rules(database)


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
    lambda mails: [replace(each, number=number) for number, each in enumerate(mails)]
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
    return [each for each in mails if books[each.mailbox].hiding(facts_of(each.message())) is None]


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
def test_reads_are_those_of_a_mailbox_without_the_hidden_mail(
    acme, run, monkeypatch, few, mails, rules, filters, early
):
    """Whether rules or mail came first, every list, search, count and thread is as if the hidden
    mail did not exist; when the rules are gone, as if they had never been (edge cases 17, 64, 65).
    """
    monkeypatch.setattr(email_lists, "_FEW_FACETS", few)

    async def scenario():
        tenant = f"tenant-{next(_tenants)}"
        boxes = sorted({each.mailbox for each in mails})
        rules_here = [each for each in rules if each.mailbox in {None, *boxes}]
        if early:
            order = {each: await acme.world.connect(each, tenant=tenant) for each in boxes}
            await acme.put(*rules_here, tenant=tenant)
            for each in mails:
                await acme.save(order[each.mailbox], each.message())
        else:
            order = await store(acme.world, mails, tenant)
            await acme.put(*rules_here, tenant=tenant)
        await _agrees(acme, plainly(mails, rules_here), order, filters, tenant)
        await acme.drop(*(each.name for each in rules_here), tenant=tenant)
        await _agrees(acme, mails, order, filters, tenant)

    run(scenario())


async def _agrees(acme, mails, order, filters, tenant):
    for each in filters:
        wanted = replace(each, tenant_id=tenant)
        everything = expected(mails, order, wanted)
        page = await acme.reads.page_at(wanted, limit=50, offset=0)
        assert [f"{each.mailbox} {each.id}" for each in page.emails] == everything
        assert page.total == len(everything)
    for box in order:
        for thread in ("t0", "t1", "t2"):
            own = [each for each in mails if (each.mailbox, each.thread_id) == (box, thread)]
            await _has_thread(acme, tenant, box, thread, own)


async def _has_thread(acme, tenant, box, thread, mails):
    if not mails:
        with pytest.raises(NotFoundError):
            await acme.reads.thread(tenant, thread, mailbox=box, include_spam_trash=True)
        return
    view = await acme.reads.thread(tenant, thread, mailbox=box, include_spam_trash=True)
    assert {each.id for each in view.emails} == {each.gmail_id for each in mails}
    assert view.thread.message_count == len(mails)
    assert set(view.thread.participants) == {person for each in mails for person in each.people}
    assert view.thread.last_date == max(each.date for each in mails)


def test_hiding_and_showing_leaves_every_row_as_it_was(acme, run):
    """Hidden mail keeps its text, people and words: nothing is lost by a rule (edge case 17)."""

    async def scenario():
        box = await acme.world.connect()
        for number in range(4):
            labels = ("INBOX", "STARRED") if number % 2 else ("INBOX",)
            await acme.save(box, parsed(f"m{number}", f"t{number // 2}", label_ids=labels))
        before = await acme.world.rows(EVERYTHING)
        await acme.put(HIDE)
        assert await acme.shown() == ["m0", "m2"]
        assert await acme.shown(participant="ann@example.com") == ["m0", "m2"]
        assert await acme.shown(q="quarterly") == ["m0", "m2"]
        assert await acme.world.rows("SELECT count(*) FROM emails") == [(4,)]
        assert await acme.world.fate(box, "m1") == ("excluded", "hide")
        await acme.drop("hide")
        assert await acme.world.rows(EVERYTHING) == before
        assert await acme.world.fate(box, "m1") == ("stored", None)

    run(scenario())


def test_a_rule_of_one_mailbox_leaves_the_others_alone(acme, run):
    """The same mail in two mailboxes is hidden in one of them (edge case 64)."""

    async def scenario():
        boxes = [await acme.world.connect(f"{name}@crm.test") for name in ("kim", "lee")]
        await acme.put(replace(HIDE, mailbox="kim@crm.test"))
        for box in boxes:
            counts = await acme.save(box, parsed("m1", label_ids=("STARRED",)))
            assert (counts.stored, counts.excluded) == ((0, 1) if box == boxes[0] else (1, 0))
        assert await acme.shown(mailbox="kim@crm.test") == []
        assert await acme.shown(mailbox="lee@crm.test") == ["m1"]
        await acme.put(replace(HIDE, mailbox="lee@crm.test"))
        assert await acme.shown(mailbox="kim@crm.test") == ["m1"]
        assert await acme.shown(mailbox="lee@crm.test") == []

    run(scenario())


def test_new_labels_are_decided_about_again(acme, run):
    """A label hides a stored mail, its end shows it; a newer answer of Google's does the same
    (edge case 64).
    """

    async def scenario():
        box = await acme.world.connect()
        await acme.put(HIDE)
        await acme.save(box, parsed("m1", history_id=10), parsed("m2", history_id=10))
        counts = await acme.relabel(box, "m1", 20, "INBOX", "STARRED")
        assert (counts.updated, counts.excluded) == (1, 1)
        assert await acme.shown() == ["m2"]
        assert await acme.world.fate(box, "m1") == ("excluded", "hide")
        assert (await acme.relabel(box, "m1", 20, "INBOX", "STARRED")).updated == 0
        await acme.relabel(box, "m1", 25, "TRASH", "STARRED")
        assert await acme.world.labels(box, "m1") == ("TRASH", "STARRED")
        assert await acme.shown() == ["m2"]
        await acme.relabel(box, "m1", 30, "INBOX")
        assert await acme.shown() == ["m1", "m2"]
        assert await acme.world.fate(box, "m1") == ("stored", None)
        await acme.save(box, parsed("m1", history_id=40, label_ids=("STARRED",)))
        await acme.save(box, parsed("m1", history_id=35))
        assert await acme.shown() == ["m2"]
        await acme.save(box, parsed("m1", history_id=50))
        assert await acme.shown() == ["m1", "m2"]

    run(scenario())


def test_a_relabelled_mail_stays_hidden_until_the_job_has_come_to_it(acme, run):
    """Of a rule that was just deleted, nothing is shown in halves."""

    async def scenario():
        box = await acme.world.connect()
        await acme.put(HIDE)
        await acme.save(box, parsed("m1", label_ids=("STARRED",)))
        await acme.rules.delete("acme", "hide")
        await acme.relabel(box, "m1", 20, "INBOX")
        assert await acme.shown() == await acme.shown(participant="ann@example.com") == []
        assert (await acme.settle()).updated == 1
        assert await acme.shown() == await acme.shown(participant="ann@example.com") == ["m1"]

    run(scenario())


def test_the_ledger_names_the_first_rule_and_its_time(acme, run):
    """Another rule that comes first by name takes over, with the time at which it did."""

    async def scenario():
        box = await acme.world.connect()
        await acme.save(box, parsed("m1", label_ids=("STARRED",)))
        await acme.put(replace(HIDE, name="b"))
        decided = "SELECT rule, decided_at FROM message_ledger"
        ((rule, first),) = await acme.world.rows(decided)
        assert rule == "b"
        await acme.put(replace(HIDE, name="c"))
        assert await acme.world.rows(decided) == [("b", first)]
        await acme.put(replace(HIDE, name="a"))
        ((rule, second),) = await acme.world.rows(decided)
        assert (rule, second > first) == ("a", True)
        await acme.drop("a", "b")
        assert await acme.world.fate(box, "m1") == ("excluded", "c")
        await acme.put(replace(HIDE, name="c", enabled=False))
        assert await acme.world.fate(box, "m1") == ("stored", None)

    run(scenario())


def test_a_deleted_message_leaves_nothing_hidden_behind(acme, run):
    """Google's word is stronger than a rule: the rows go, and the ledger says so."""

    async def scenario():
        box = await acme.world.connect()
        await acme.put(HIDE)
        await acme.save(box, parsed("m1", label_ids=("STARRED",)))
        held = await lease(acme.world, box)
        change = MessageChange("m1", "t1", 30, deleted=True, label_ids=None)
        assert (await acme.world.store.apply_history(held, [change], None)).deleted == 1
        assert await acme.world.rows("SELECT FROM emails") == []
        assert await acme.world.fate(box, "m1") == ("gone", "deleted")

    run(scenario())


def test_the_job_goes_on_where_a_dead_worker_stopped(acme, run, monkeypatch):
    """Each batch is durable; a change of the rules in between begins anew (edge case 68)."""
    monkeypatch.setattr(exclusion_marks, "BATCH", 2)

    async def scenario():
        box = await acme.world.connect()
        messages = [parsed(f"m{n}", f"t{n}", label_ids=("STARRED",)) for n in range(5)]
        await acme.save(box, *messages)
        await acme.rules.put("acme", HIDE)
        assert (await acme.world.store.decide_next("acme")).counts.excluded == 2
        assert await acme.shown() == ["m2", "m3", "m4"]
        assert (await acme.rules.all("acme")).undecided_mailboxes == 1
        assert (await acme.world.store.decide_next("acme")).counts.excluded == 2
        await acme.rules.put("acme", replace(HIDE, criteria=Criteria(labels=("SENT",))))
        # From the beginning: what the rule hid before is shown again.
        assert (await acme.settle()).updated == 4
        assert await acme.shown() == [f"m{n}" for n in range(5)]
        assert (await acme.rules.all("acme")).undecided_mailboxes == 0
        assert await acme.world.store.decide_next("acme") is None

    run(scenario())


def test_a_job_that_died_for_good_is_queued_again_by_the_sweep(acme, run):
    """What is left of a change is found without anybody asking, while the tenant is connected."""

    async def scenario():
        box = await acme.world.connect()
        await acme.rules.put("acme", HIDE)
        kinds = "SELECT kind FROM sync_queue WHERE kind = 'exclusions'"
        assert await acme.world.rows(kinds) == [("exclusions",)]
        await acme.world.change("DELETE FROM sync_queue")
        await acme.world.queue.sweep(timedelta(hours=1))
        assert await acme.world.rows(kinds) == [("exclusions",)]
        await acme.world.change("DELETE FROM sync_queue")
        await acme.world.disconnect(box)
        await acme.world.queue.sweep(timedelta(hours=1))
        assert await acme.world.rows(kinds) == []

    run(scenario())


def test_mail_saved_while_a_rule_is_made_is_hidden_in_the_end(acme, run):
    """A save that read the rules before the change commits before the job comes to its mail."""

    async def scenario():
        box = await acme.world.connect()
        held = await lease(acme.world, box)
        message = parsed("m1", label_ids=("STARRED",))
        async with transaction(acme.world.engine) as connection:
            # The save stops behind the rules that it has read, before it writes its mail.
            await connection.execute("LOCK TABLE emails IN EXCLUSIVE MODE")
            save = asyncio.create_task(acme.world.store.save(held, [Stored(message)]))
            await _waiting(acme, 1)
            await acme.rules.put("acme", HIDE)
            job = asyncio.create_task(acme.settle())
            await _waiting(acme, 2)
        assert (await save).stored == 1
        assert (await job).excluded == 1
        assert await acme.shown() == []

    run(scenario())


async def _waiting(acme, connections):
    """Return when so many connections wait for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while await acme.world.rows(query) != [(connections,)]:  # noqa: ASYNC110 - Postgres sets no event here
            await asyncio.sleep(0.01)


def test_facts_of_stored_mail_are_those_of_the_message(acme, run):
    """The decision about old mail is the one about new mail, of the same facts."""

    async def scenario():
        people = [
            Participant(role, f"{role}@shop.test", role)
            for role in ("from", "to", "cc", "bcc", "reply-to", "sender")
        ]
        messages = [
            parsed("m1", sender=people[0], participants=tuple(people), is_list=True),
            parsed("m2", sender=None, participants=(), label_ids=(), is_bounce=True),
            parsed("m3", is_auto_reply=True),
        ]
        box = await acme.world.connect()
        await acme.save(box, *messages)
        async with statement(acme.world.engine) as connection:
            stored = await read_mail(connection, box, ["m1", "m2", "m3"])
        facts = {each.gmail_id: each.facts for each in stored}
        assert facts == {each.gmail_id: facts_of(each) for each in messages}

    run(scenario())


def test_a_repair_of_labels_asks_the_rules(acme, run):
    """Mail that a comparison with Google puts right is hidden or shown by its true labels."""

    async def scenario():
        box = await acme.world.connect()
        await acme.put(HIDE)
        await acme.save(box, parsed("m1"), parsed("m2", "t2", label_ids=("STARRED",)))
        held = await lease(acme.world, box, "listing")
        right = [parsed("m1", label_ids=("STARRED",)), parsed("m2", "t2")]
        await acme.world.store.correct(held, right, [])
        assert await acme.shown() == ["m2"]
        assert await acme.world.fate(box, "m1") == ("excluded", "hide")
        assert await acme.world.fate(box, "m2") == ("stored", None)
        threads = "SELECT thread_id FROM threads"
        assert await acme.world.rows(threads) == [("t2",)]

    run(scenario())


def test_a_dry_run_counts_and_changes_nothing(acme, run):
    """By mailbox, with samples of what is shown now, newest first, ten at the most."""

    async def scenario():
        for name in ("kim", "lee"):
            box = await acme.world.connect(f"{name}@crm.test")
            for number in range(7):
                mail = Mail(f"{name}@crm.test", number, day=number, people=("ann@shop.test",))
                labels = ("STARRED",) if number == 6 else ("INBOX",)
                await acme.save(box, replace(mail.message(), label_ids=labels))
        await acme.put(HIDE)
        before = await acme.world.rows(EVERYTHING)
        found = await acme.rules.dry_run("acme", replace(BLOCK, enabled=False))
        assert (found.total, found.already_hidden) == (14, 2)
        assert [(each.mailbox, each.mails) for each in found.by_mailbox] == [
            ("kim@crm.test", 7),
            ("lee@crm.test", 7),
        ]
        assert [each.gmail_id for each in found.samples] == [
            f"m{n:03}" for n in (5, 5, 4, 4, 3, 3, 2, 2, 1, 1)
        ]
        only = await acme.rules.dry_run("acme", replace(BLOCK, mailbox="lee@crm.test"))
        assert (only.total, len(only.samples)) == (7, 6)
        nothing = await acme.rules.dry_run("acme", ExclusionRule("x", Criteria(senders=("list",))))
        assert (nothing.total, nothing.samples) == (0, ())
        assert await acme.world.rows(EVERYTHING) == before

    run(scenario())


def test_rules_are_kept_and_counted(acme, run):
    """A rule that is put as it stands asks for no job; each tells how many mails it hides."""

    async def scenario():
        box = await acme.world.connect()
        await acme.save(box, parsed("m1", label_ids=("STARRED",)), parsed("m2"))
        assert await acme.rules.put("acme", HIDE) is not None
        assert await acme.rules.put("acme", HIDE) is None
        assert await acme.rules.put("acme", replace(BLOCK, enabled=False)) is None
        await acme.settle()
        found = await acme.rules.all("acme")
        assert [(each.rule.name, each.hidden_mails) for each in found.rules] == [
            ("block", 0),
            ("hide", 1),
        ]
        assert (await acme.rules.one("acme", "hide")).rule == HIDE
        assert await acme.rules.delete("acme", "block") is None
        for use in (acme.rules.one, acme.rules.delete):
            with pytest.raises(NotFoundError):
                await use("acme", "block")

    run(scenario())


def test_a_rule_that_cannot_be_is_refused(acme, run):
    """An unknown or disconnected tenant, a mailbox of somebody else's, one rule too many."""

    async def scenario():
        with pytest.raises(NotFoundError):
            await acme.rules.put("nobody", HIDE)
        await acme.world.connect()
        await acme.world.connect("x@globex.test", tenant="globex")
        with pytest.raises(InvalidInputError, match="mailbox: is not a mailbox"):
            await acme.rules.put("acme", replace(HIDE, mailbox="x@globex.test"))
        with pytest.raises(InvalidInputError, match="mailbox: is not a mailbox"):
            await acme.rules.dry_run("acme", replace(HIDE, mailbox="x@globex.test"))
        await acme.world.change(
            "INSERT INTO exclusion_rules (tenant_id, name, enabled, criteria)"
            " SELECT 'acme', 'r' || n, false, '{}' FROM generate_series(1, %s) n",
            MAX_RULES,
        )
        with pytest.raises(InvalidInputError, match="200 rules at most"):
            await acme.rules.put("acme", HIDE)
        await acme.world.change("UPDATE tenants SET state = 'disconnected'")
        with pytest.raises(NotFoundError):
            await acme.rules.put("acme", replace(HIDE, name="r1"))
        assert await acme.world.store.decide_next("acme") is None

    run(scenario())


def test_deletion_of_a_tenants_data_takes_its_rules(acme, run):
    """Rules name addresses; what is left of a job goes with its mailbox (edge case 66)."""

    async def scenario():
        box = await acme.world.connect()
        await acme.rules.put("acme", HIDE)
        await acme.save(box, parsed("m1", label_ids=("STARRED",)))
        await delete_mail(acme.world.engine, "acme")
        assert len((await acme.rules.all("acme")).rules) == 1
        await acme.world.change("UPDATE tenants SET state = 'disconnected'")
        await acme.world.disconnect(box)
        deleted = await delete_mail(acme.world.engine, "acme")
        assert {deleted[each] for each in ("exclusion_rules", "exclusion_marks", "emails")} == {1}
        assert await acme.world.rows("SELECT FROM exclusion_rules") == []

    run(scenario())
