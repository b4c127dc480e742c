"""Exclusion rules in Postgres: kept, tried, and brought to stored mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.accounts.deletion import delete_mail
from gmail_ingest.adapters.postgres.exclusions.exclusion_marks import decide_next
from gmail_ingest.core.exclusions.exclusion_rules import MAX_RULES, Criteria, ExclusionRule
from gmail_ingest.errors import InvalidInputError, NotFoundError
from gmail_ingest_tests.fakes.messages import parsed
from gmail_ingest_tests.postgres.email_worlds import Mail
from gmail_ingest_tests.postgres.exclusion_worlds import BLOCK, EVERYTHING, HIDE


async def test_the_job_goes_on_where_a_dead_worker_stopped(acme):
    """Each batch is durable; a change of the rules in between begins anew (edge case 68)."""

    async def decide_two():
        return (await decide_next(acme.world.engine, "acme", batch=2)).counts.hidden

    box = await acme.world.connect()
    messages = [parsed(f"m{n}", f"t{n}", label_ids=("STARRED",)) for n in range(5)]
    await acme.save(box, *messages)
    await acme.rules.put("acme", HIDE)
    assert await decide_two() == 2
    assert await acme.shown() == ["m2", "m3", "m4"]
    assert (await acme.rules.all("acme")).undecided_mailboxes == 1
    assert await decide_two() == 2
    await acme.rules.put("acme", replace(HIDE, criteria=Criteria(labels=("SENT",))))
    # From the beginning: what the rule hid before is shown again.
    assert (await acme.settle()).updated == 4
    assert await acme.shown() == [f"m{n}" for n in range(5)]
    assert (await acme.rules.all("acme")).undecided_mailboxes == 0
    assert await acme.world.store.decide_next("acme") is None


async def test_a_job_that_died_for_good_is_queued_again_by_the_sweep(acme):
    """What is left of a change is found without anybody asking, while the tenant is connected."""
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


async def test_a_dry_run_counts_and_changes_nothing(acme):
    """By mailbox, with samples of what is shown now, newest first, ten at the most."""
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
    assert [(matches.mailbox, matches.mails) for matches in found.by_mailbox] == [
        ("kim@crm.test", 7),
        ("lee@crm.test", 7),
    ]
    assert [sample.gmail_id for sample in found.samples] == [
        f"m{n:03}" for n in (5, 5, 4, 4, 3, 3, 2, 2, 1, 1)
    ]
    only = await acme.rules.dry_run("acme", replace(BLOCK, mailbox="lee@crm.test"))
    assert (only.total, len(only.samples)) == (7, 6)
    nothing = await acme.rules.dry_run("acme", ExclusionRule("x", Criteria(senders=("list",))))
    assert (nothing.total, nothing.samples) == (0, ())
    assert await acme.world.rows(EVERYTHING) == before


async def test_rules_are_kept_and_counted(acme):
    """A rule that is put as it stands asks for no job; each tells how many mails it hides."""
    box = await acme.world.connect()
    await acme.save(box, parsed("m1", label_ids=("STARRED",)), parsed("m2"))
    assert await acme.rules.put("acme", HIDE) is not None
    assert await acme.rules.put("acme", HIDE) is None
    assert await acme.rules.put("acme", replace(BLOCK, enabled=False)) is None
    await acme.settle()
    found = await acme.rules.all("acme")
    assert [(rule.rule.name, rule.hidden_mails) for rule in found.rules] == [
        ("block", 0),
        ("hide", 1),
    ]
    assert (await acme.rules.one("acme", "hide")).rule == HIDE
    assert await acme.rules.delete("acme", "block") is None
    for use in (acme.rules.one, acme.rules.delete):
        with pytest.raises(NotFoundError):
            await use("acme", "block")


async def test_a_rule_that_cannot_be_is_refused(acme):
    """An unknown or disconnected tenant, a mailbox of somebody else's, one rule too many."""
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
    with pytest.raises(InvalidInputError, match=f"{MAX_RULES} rules at most"):
        await acme.rules.put("acme", HIDE)
    await acme.world.change("UPDATE tenants SET state = 'disconnected'")
    with pytest.raises(NotFoundError):
        await acme.rules.put("acme", replace(HIDE, name="r1"))
    assert await acme.world.store.decide_next("acme") is None


async def test_deletion_of_a_tenants_data_takes_its_rules(acme):
    """Rules name addresses; what is left of a job goes with its mailbox (edge case 66)."""
    box = await acme.world.connect()
    await acme.rules.put("acme", HIDE)
    await acme.save(box, parsed("m1", label_ids=("STARRED",)))
    await delete_mail(acme.world.engine, "acme")
    assert len((await acme.rules.all("acme")).rules) == 1
    await acme.world.change("UPDATE tenants SET state = 'disconnected'")
    await acme.world.disconnect(box)
    deleted = await delete_mail(acme.world.engine, "acme")
    assert {deleted[table] for table in ("exclusion_rules", "exclusion_marks", "emails")} == {1}
    assert await acme.world.rows("SELECT FROM exclusion_rules") == []
