"""A grant that gives no mail, against the sandbox: when connecting, and later (case 19)."""

from datetime import timedelta

import pytest

from gmail_ingest.errors import InvalidInputError
from gmail_ingest.sync.accounts.credentials import SCOPE
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT
from gmail_ingest_tests.sync.test_service_states import OTHER, Sick

METADATA = "https://www.googleapis.com/auth/gmail.metadata"


@pytest.fixture
async def sick(service):
    """A tenant with two synced mailboxes, of which the owner's loses its permission."""
    return await Sick(service).begin()


@pytest.mark.parametrize("scopes", [(METADATA,), (SCOPE, METADATA), ("openid",)])
async def test_a_grant_that_gives_no_mail_is_refused_when_connecting(service, scopes):
    """The error names field, scope and remedy, and nothing is registered (case 19, edge case
    95).
    """
    service.account(messages=3)
    with pytest.raises(InvalidInputError) as refused:
        await service.connect(scopes=scopes)
    assert refused.value.field == "keys.refreshToken"
    assert "consent again without gmail.metadata" in refused.value.reason
    assert SCOPE in refused.value.reason
    assert await service.rows("SELECT 1 FROM mailboxes") == []
    assert await service.rows("SELECT 1 FROM tenants") == []


async def test_an_empty_mailbox_is_refused_by_its_search(service):
    """Where there is no message to get, the search alone tells (case 19, edge case 95)."""
    service.account()
    with pytest.raises(InvalidInputError, match=r"gmail\.metadata"):
        await service.connect(scopes=(SCOPE, METADATA))
    service.rescope(SCOPE)
    await service.connect()
    await service.sync()
    assert await service.agrees()


async def test_a_mailbox_whose_mail_is_refused_is_not_connected(service):
    """Also a refusal without a known reason shows before anything is registered (edge case 95)."""
    service.account(messages=3)
    service.fault("messages.get", action="error", error="forbidden")
    with pytest.raises(InvalidInputError, match="403 forbidden"):
        await service.connect()
    assert await service.rows("SELECT 1 FROM mailboxes") == []


async def verified(service):
    """What the nightly verification finds."""
    use_case = Verify(service.store, service.gmail.open_client, QUICK, limiter=Unlimited())
    plans = await use_case.plan(TENANT)
    return await use_case.run(TENANT, plans, holder="verify", repair=True)


@pytest.mark.parametrize("scopes", [(METADATA,), (SCOPE, METADATA), ("openid",)])
@pytest.mark.parametrize("by", ["fetch", "listing", "verification"])
async def test_scopes_that_change_later_stop_the_mailbox_until_it_consents(sick, scopes, by):
    """Whichever call meets it: the mailbox needs its owner, says so, and goes on saying so; no mail
    is given up, and a new consent brings all of it (case 19, edge cases 95 and 96).
    """
    service = sick.service
    service.rescope(*scopes)
    service.deliver("for the other", address=OTHER)
    if by == "fetch":
        service.deliver("one", "two", "three")
    if by == "verification":
        await verified(service)
    if by == "listing":
        await service.queue.enqueue(TENANT, "initial")
    await sick.work_off()
    service.deliver("four")
    await service.queue.enqueue(TENANT, "incremental")
    await sick.work_off()
    mailbox, integration = await sick.mailbox()
    assert (mailbox.state, mailbox.cause) == ("needs_reauth", "scope_missing")
    assert integration.state == "needs_reauth"
    assert mailbox.last_error
    assert "without gmail.metadata" in (mailbox.action or "")
    assert "dead" not in await service.fates()
    assert await sick.rows("SELECT max(attempts) FROM message_ledger") == [0]
    assert (await sick.mailbox(OTHER))[0].state == "active"
    service.rescope(SCOPE)
    await service.connect()
    await sick.work_off()
    assert await service.agrees(OWNER, OTHER)
    assert (await sick.mailbox())[0].action is None


@pytest.mark.parametrize("count", [3, 60])
async def test_refused_mail_without_a_reason_stops_the_mailbox_and_gives_up_none(sick, count):
    """History goes on while every message is refused: the mailbox stops, with what to do, is tried
    again once a day, and has all mail when it is over (case 19, edge case 96).
    """
    service = sick.service
    service.fault("*.get", mailbox=OWNER, action="error", error="forbidden")
    service.deliver(*[f"mail {number}" for number in range(count)])
    before = service.calls("messages.get") + service.calls("threads.get")
    await sick.work_off()
    calls = service.calls("messages.get") + service.calls("threads.get") - before
    assert calls <= QUICK.refusals + QUICK.calls_in_flight + 3
    mailbox, _ = await sick.mailbox()
    assert (mailbox.state, mailbox.cause) == ("suspended", "refused")
    assert "403 forbidden" in (mailbox.last_error or "")
    assert "restricts access" in (mailbox.action or "")
    assert await service.fates() == {"stored": 2, "pending": count}
    assert await sick.rows("SELECT max(attempts) FROM message_ledger") == [0]
    for _ in range(QUICK.max_attempts):
        await sick.sleep()
        await service.queue.sweep(QUICK.lease)
        await sick.work_off()
    assert (await sick.mailbox())[0].state == "suspended"
    service.clear_faults()
    await sick.sleep()
    await service.queue.sweep(QUICK.lease)
    await sick.work_off()
    assert await service.agrees(OWNER, OTHER)
    assert ((await sick.mailbox())[0].state, (await sick.mailbox())[0].last_error) == (
        "active",
        None,
    )


@pytest.mark.parametrize("by", ["initial sync", "verification"])
async def test_a_refused_listing_is_not_forgotten_by_the_next_incremental_sync(sick, by):
    """The listing is refused, history is not: the mailbox does not look healthy (case 19)."""
    service = sick.service
    service.fault("messages.list", mailbox=OWNER, action="error", error="forbidden")
    if by == "verification":
        await verified(service)
    else:
        await service.queue.enqueue(TENANT, "initial")
    await sick.work_off()
    await service.queue.enqueue(TENANT, "incremental")
    await sick.work_off()
    mailbox, _ = await sick.mailbox()
    assert (mailbox.state, mailbox.cause) == ("suspended", "refused")
    assert "403 forbidden" in (mailbox.last_error or "")


async def test_a_sync_that_ends_beside_a_refusal_does_not_clear_it(sick):
    """A state that another sync of the mailbox put it into keeps its error and cause."""
    store = sick.service.store
    (mailbox,) = [
        connected for connected in await store.mailboxes(TENANT, None) if connected.address == OWNER
    ]
    lease = await store.acquire_lease(mailbox.id, "push", "w", timedelta(minutes=1), force=False)
    await store.set_mailbox_state(mailbox.id, "needs_reauth", "refused", cause="scope_missing")
    await store.finish_sync(lease)
    shown, _ = await sick.mailbox()
    assert (shown.state, shown.cause, shown.last_error) == (
        "needs_reauth",
        "scope_missing",
        "refused",
    )


async def listings(sick):
    """How many windows are still to be listed."""
    return (await sick.rows("SELECT count(*) FROM listings WHERE done_at IS NULL"))[0]


async def test_windows_that_a_stop_left_open_are_listed_after_the_new_consent(sick):
    """History expired twice around a lost permission: each window is listed in the end, and no mail
    of theirs is missing (case 19, edge case 95).
    """
    service = sick.service
    rules = {"mailbox": OWNER, "action": "error", "error": "insufficient_permissions"}
    # The first listing only tells which account it is; no window is open before.
    rules["nth"] = range(2, 100)
    for number in range(2):
        service.deliver(f"while expired {number}")
        service.box(lambda box: box.expire_history())
        service.fault("messages.list", **rules)
        await service.queue.enqueue(TENANT, "incremental")
        await sick.work_off()
        service.clear_faults()
        assert (await sick.mailbox())[0].state == "needs_reauth"
        assert await listings(sick) == number + 1
        await sick.rows("UPDATE mailboxes SET state = 'active' RETURNING 1")
    await sick.rows("UPDATE mailboxes SET reconcile_wanted_at = NULL RETURNING 1")
    await service.connect()
    await sick.work_off()
    assert await listings(sick) == 0
    assert await service.agrees(OWNER, OTHER)


async def test_a_window_that_was_refused_is_listed_when_the_mailbox_is_tried_again(sick):
    """The initial sync's job has ended; the daily try lists what it could not (edge case 96)."""
    service = sick.service
    await service.queue.enqueue(TENANT, "initial")
    service.fault("messages.list", mailbox=OWNER, action="error", error="forbidden")
    await sick.work_off()
    assert await listings(sick) == 1
    service.clear_faults()
    await sick.sleep()
    await service.queue.sweep(QUICK.lease)
    await sick.work_off()
    assert await listings(sick) == 0
    assert (await sick.mailbox())[0].state == "active"
    assert await service.agrees(OWNER, OTHER)
