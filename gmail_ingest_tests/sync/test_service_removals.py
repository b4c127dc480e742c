"""Mail that vanishes at Google in a mass, against the sandbox: withheld, and accepted (case 09)."""

import pytest

from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.adapters.postgres.sync.removals import PostgresRemovals
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest.wiring.stores import Stores
from gmail_ingest.wiring.use_cases import UseCases
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT
from webhook_api.integrations.tenant import tenant_body


@pytest.fixture
async def synced(service):
    """A mailbox with thirty mails, synced: those of somebody who leaves."""
    service.account()
    service.deliver(*[f"mail {number}" for number in range(30)])
    await service.connect()
    await service.sync()
    await service.sync()
    assert await service.agrees()
    return service


def empty(service, count=30, *, history):
    """Let mail vanish, with its history or without; the ids."""

    def delete(box):
        gone = sorted(box.message_ids())[:count]
        for message_id in gone:
            box.delete(message_id)
        if not history:
            box.expire_history()
        return set(gone)

    return service.box(delete)


async def shown(service):
    """The mailbox as the API shows it."""
    tenant = await PostgresReads(service.engine).tenant(TENANT)
    (integration,) = tenant_body(tenant, watching=False).integrations
    (mailbox,) = integration.mailboxes
    return mailbox


async def verified(service):
    """What the nightly verification finds."""
    use_case = Verify(service.store, service.gmail.open_client, QUICK, limiter=Unlimited())
    plans = await use_case.plan(TENANT)
    (found,) = await use_case.run(TENANT, plans, holder="verify", repair=True)
    return found


@pytest.mark.parametrize("history", [True, False], ids=["history", "expired history"])
async def test_a_mailbox_that_is_emptied_keeps_its_mail_until_a_person_agrees(synced, history):
    """Whoever finds it gone, history or the reconciliation after a reset: nothing is removed, new
    mail is stored, the checkpoint moves, the mailbox says what it waits for; an acceptance removes
    all of it, and no more (case 09, edge cases 97 and 99).
    """
    gone = empty(synced, history=history)
    (new,) = synced.deliver("after")
    await synced.sync()
    await synced.sync()
    assert await synced.stored() == gone | {new}
    mailbox = await shown(synced)
    assert (mailbox.state, mailbox.removals_withheld) == ("active", 30)
    assert "accept-removals" in (mailbox.action or "")
    assert int(mailbox.checkpoint) == synced.box(lambda box: box.history_id)
    found = await verified(synced)
    assert (found.withheld, found.counts.deleted) == (30, 0)
    assert "30 mails" in (found.error or "")
    (newer,) = synced.deliver("still after")
    assert (await PostgresRemovals(synced.engine).accept(TENANT)).count == 30
    await synced.sync()
    assert await synced.stored() == {new, newer}
    assert await synced.agrees()
    assert ((await shown(synced)).removals_withheld, (await shown(synced)).action) == (0, None)
    assert (await verified(synced)).error is None
    assert (await PostgresRemovals(synced.engine).accept(TENANT)).count == 0


async def test_the_nightly_verification_removes_no_mass_either(synced):
    """History told nothing of it, and no reset happened: the comparison asks (edge case 97)."""
    gone = empty(synced, history=False)
    # As if the checkpoint had been behind it already: nothing is left for history to tell.
    end = synced.box(lambda box: box.history_id)
    await synced.rows("UPDATE mailboxes SET checkpoint = %s RETURNING 1", end)
    await synced.sync()
    found = await verified(synced)
    assert (found.vanished, found.withheld, found.counts.deleted) == (30, 30, 0)
    assert await synced.stored() == gone
    await PostgresRemovals(synced.engine).accept(TENANT)
    found = await verified(synced)
    assert (found.counts.deleted, found.error, found.open) == (30, None, 0)
    assert await synced.stored() == set()


async def test_deletions_one_by_one_come_to_the_question_as_well(synced):
    """A sync for each of them: twenty go, the rest waits (edge case 97)."""
    for _ in range(22):
        empty(synced, 1, history=True)
        await synced.sync()
    assert len(await synced.stored()) == 10
    assert (await shown(synced)).removals_withheld == 2
    await PostgresRemovals(synced.engine).accept(TENANT)
    await synced.sync()
    assert await synced.agrees()


async def test_more_that_vanishes_after_an_acceptance_asks_again(synced):
    """A person agreed to what they were asked about (edge case 99)."""
    first = empty(synced, 25, history=True)
    await synced.sync()
    accepted = await PostgresRemovals(synced.engine).accept(TENANT)
    synced.deliver(*[f"new {number}" for number in range(25)])
    await synced.sync()
    await synced.sync()
    second = empty(synced, 28, history=True)
    await synced.sync()
    assert accepted.count == len(first)
    assert await synced.stored() >= second
    assert (await synced.stored()).isdisjoint(first)
    assert (await shown(synced)).removals_withheld == 28


async def test_mail_that_goes_to_the_trash_is_no_removal(synced):
    """A change of labels removes no row, however much mail it is of."""
    synced.box(
        lambda box: [
            box.modify(message_id, add=["TRASH"]) for message_id in list(box.message_ids())
        ]
    )
    await synced.sync()
    assert len(await synced.stored()) == 30
    assert (await shown(synced)).removals_withheld == 0
    assert await synced.agrees()


async def test_why_says_that_a_removal_is_withheld(synced):
    """A mail that Gmail no longer has and that is still shown says so, and what ends it (case 09,
    edge case 97).
    """

    async def why(message_id):
        use_case = UseCases(Stores(synced.settings, synced.engine), synced.gmail).why
        (finding,) = (await use_case.ask(TENANT, message_id)).findings
        return finding

    gone = min(empty(synced, 25, history=True))
    (kept,) = synced.deliver("after")
    await synced.sync()
    finding = await why(gone)
    assert finding.word == "stored"
    assert "Gmail no longer has it" in finding.explanation
    assert "accept-removals" in finding.next
    assert "no longer" not in (await why(kept)).explanation
    await PostgresRemovals(synced.engine).accept(TENANT)
    assert "the next sync removes it" in (await why(gone)).next
    await synced.sync()
    assert (await why(gone)).word == "gone"


async def test_nobody_is_asked_about_the_mail_of_a_replaced_account(synced):
    """What was withheld when another account got the address stays with the other mail of its
    account, and an acceptance does not mean it (case 09, edge cases 91 and 97).
    """
    before = await synced.stored()
    empty(synced, 25, history=True)
    await synced.sync()
    assert (await shown(synced)).removals_withheld == 25
    synced.sandbox.call(lambda state: state.recreate(OWNER))
    ids = synced.deliver("one")
    await synced.connect()
    await synced.sync()
    tenant = await PostgresReads(synced.engine).tenant(TENANT)
    found = [mailbox for integration in tenant.integrations for mailbox in integration.mailboxes]
    assert {status.state: status.removals_withheld for status in found} == {
        "active": 0,
        "replaced": 0,
    }
    assert (await PostgresRemovals(synced.engine).accept(TENANT)).count == 0
    await synced.sync()
    assert await synced.stored() == before | set(ids)
