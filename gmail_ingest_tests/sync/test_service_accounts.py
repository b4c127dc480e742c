"""An account is not its address: history that goes back, successors, and renamed accounts."""

from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.postgres.accounts.tenants import PostgresTenants
from gmail_ingest.adapters.postgres.mail.email_views import EmailFilter
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.adapters.postgres.reads.email_reads import PostgresEmailReads
from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.sync.accounts.credentials import SCOPE
from gmail_ingest.sync.accounts.watch import renew_watches
from gmail_ingest.sync.audit.verify import Verify
from gmail_ingest.sync.mailbox.limiter import Unlimited
from gmail_ingest_tests.sync.service import CLIENT, OWNER, QUICK, TENANT
from webhook_api.push.body import Notification

NEW = "new.name@example.com"
TOPIC = "projects/sandbox-project/topics/gmail-push"


@pytest.fixture
async def synced(service):
    """A mailbox with some mail, synced."""
    await service.connected(messages=8)
    return service


def restart(service, status=200):
    """Google's history ids go back."""
    service.box(lambda box: box.restart_history(start_above=status))


def rename(service, new=NEW, **how):
    """The account gets another primary address."""
    service.sandbox.call(lambda state: state.rename(OWNER, new, **how))


def recreate(service, *subjects, status=200):
    """The account is deleted, and another one gets the address; the ids of its mail."""
    service.sandbox.call(lambda state: state.recreate(OWNER, start_above=status))
    return service.deliver(*subjects)


def open_all(service):
    """Let the service hold a token of whoever has the address, as a service account's key does."""
    access = service.sandbox.call(
        lambda state: state.grants.new_access_token(state.grants.consent(OWNER, "any", [SCOPE]))
    )

    async def token(*_, **__):
        return access

    service.gmail._tokens.access_token = token


async def push(service, address, history_id, sent=None):
    """Take a push in; whether a sync was queued."""
    notification = Notification(address, history_id, sent or datetime.now(UTC))
    applied = await PostgresPushes(service.engine).apply({address: notification})
    return applied.known, applied.queued


async def mailboxes(service):
    """The tenant's mailboxes as the API reads them."""
    tenant = await PostgresReads(service.engine).tenant(TENANT)
    return [mailbox for integration in tenant.integrations for mailbox in integration.mailboxes]


async def page(service, **wanted):
    """Ids of the tenant's mail, as the CRM reads it."""
    reads = PostgresEmailReads(service.engine)
    found = await reads.page(EmailFilter(TENANT, **wanted), limit=100, cursor=None)
    return {email.id for email in found.emails}


async def renew(service):
    """Renew watches, as once a day."""
    await service.rows("UPDATE mailboxes SET watch_expires_at = NULL RETURNING 1")
    tenants = PostgresTenants(service.engine)
    return await renew_watches(tenants, service.store, service.gmail.open_client, TOPIC)


@pytest.mark.parametrize("status", [200, 404, 400])
async def test_mail_is_stored_after_history_went_back(synced, status):
    """Whatever Google answers to a start beyond its own id, mail is stored, the checkpoint is
    Google's, later pushes are heard, and no later sync lists again (case 09, edge case 90).
    """
    restart(synced, status)
    synced.deliver("after")
    current = synced.box(lambda box: box.history_id)
    assert await push(synced, OWNER, current) == (1, 1)
    report = await synced.sync()
    assert (report.counts.stored, report.errors) == (1, [])
    assert await synced.rows("SELECT checkpoint::text FROM mailboxes") == [str(current)]
    assert (await mailboxes(synced))[0].history_reset_at is not None
    assert await synced.agrees()
    lists = synced.calls("messages.list")
    (later,) = synced.deliver("later")
    assert await push(synced, OWNER, synced.box(lambda box: box.history_id)) == (1, 1)
    await synced.sync()
    assert later in await synced.stored()
    synced.box(lambda box: box.modify(later, add=["STARRED"]))
    old = min(await synced.stored())
    synced.box(lambda box: box.modify(old, add=["STARRED"]))
    await synced.sync()
    assert synced.calls("messages.list") == lists
    assert await synced.agrees()


async def test_old_pushes_cost_no_sync_and_late_news_does(synced):
    """A push below the checkpoint that was sent before the last sync is acknowledged, however often
    it is repeated; one that was sent after it is looked into once (edge cases 8 and 94).
    """
    checkpoint = synced.box(lambda box: box.history_id)
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    for history_id in (checkpoint, checkpoint - 1, checkpoint - 5):
        assert await push(synced, OWNER, history_id, long_ago) == (1, 0)
    assert await push(synced, OWNER, checkpoint) == (1, 0)
    assert await push(synced, OWNER, checkpoint - 1) == (1, 1)
    assert await push(synced, OWNER, checkpoint - 1) == (1, 0)
    lists = synced.calls("messages.list")
    await synced.sync()
    assert synced.calls("messages.list") == lists
    assert await synced.rows("SELECT checkpoint::text FROM mailboxes") == [str(checkpoint)]


@pytest.mark.parametrize("status", [200, 404])
async def test_a_successor_begins_anew_and_the_predecessors_mail_stays(synced, status):
    """An account that was deleted and made anew is connected again: its mail is all stored, with a
    checkpoint of its own, and the mail of the one before stays, marked (case 09, edge cases 39 and
    91).
    """
    before = await synced.stored()
    ids = recreate(synced, "one", "two", status=status)
    await synced.connect()
    await synced.sync()
    assert await synced.stored() == before | set(ids)
    new, old = await mailboxes(synced)
    assert (new.state, old.state) == ("active", "replaced")
    assert new.address == old.address == OWNER
    assert new.replaced_predecessor_at == old.replaced_at is not None
    assert new.checkpoint == synced.box(lambda box: box.history_id)
    assert await page(synced, mailbox=OWNER) == await page(synced)
    later = synced.deliver("three")
    assert await push(synced, OWNER, synced.box(lambda box: box.history_id)) == (1, 1)
    await synced.sync()
    assert await synced.stored() == before | {*ids, *later}
    assert "pending" not in await synced.fates()


async def test_a_successor_behind_a_living_credential_is_noticed_by_a_sync(synced):
    """Where the credential opens the new account too, as a service account's does, the sync that
    finds its history retires the mailbox and queues the successor's first one (edge case 91).
    """
    before = await synced.stored()
    ids = recreate(synced, "one", "two")
    open_all(synced)
    await synced.sync()
    await synced.sync()
    assert await synced.stored() == before | set(ids)
    assert sorted(mailbox.state for mailbox in await mailboxes(synced)) == ["active", "replaced"]
    jobs = await synced.rows("SELECT state, error FROM sync_jobs WHERE state = 'cancelled'")
    assert [error for _, error in jobs if "another account" in (error or "")]


async def test_a_first_sync_that_begins_again_notices_a_successor(synced):
    """It lists no mail of another account into the mailbox, where it would pass for the mailbox's
    own: that account has a mailbox and a sync of its own (edge case 225).
    """
    before = await synced.stored()
    ids = recreate(synced, "one", "two")
    open_all(synced)
    await synced.sync("initial")
    await synced.sync()
    assert await synced.stored() == before | set(ids)
    new, old = await mailboxes(synced)
    assert (new.state, old.state) == ("active", "replaced")
    assert await page(synced, mailbox=OWNER) == await page(synced)
    query = (
        "SELECT count(*) FROM emails e JOIN mailboxes m ON m.id = e.mailbox_id WHERE m.state = %s"
    )
    assert await synced.rows(query, "replaced") == [len(before)]
    assert "gone" not in await synced.fates()


async def test_a_reset_mailbox_is_no_other_account(synced):
    """Connecting again after history ids went back keeps mailbox and mail (case 09, edge case
    90).
    """
    restart(synced)
    await synced.connect()
    await synced.sync()
    (box,) = await mailboxes(synced)
    assert box.checkpoint == synced.box(lambda box: box.history_id)
    assert await synced.agrees()


async def test_an_emptied_account_is_not_called_another_one(synced):
    """While the history id is no lower, that no known mail is left is not decided by the service:
    what is stored is compared, and the mailbox stays one (edge case 91).
    """
    synced.box(lambda box: [box.delete(message_id) for message_id in list(box.message_ids())])
    await synced.connect()
    assert len(await mailboxes(synced)) == 1
    assert await synced.rows("SELECT reconcile_wanted_at IS NOT NULL FROM mailboxes") == [True]


async def test_deletion_takes_the_predecessor_too(synced):
    """A disconnect with deletion leaves nothing of a replaced account (edge cases 66 and 91)."""
    recreate(synced, "one")
    await synced.connect()
    await synced.sync()
    await synced.disconnect()
    assert sorted(await synced.rows("SELECT state FROM mailboxes")) == ["disconnected", "replaced"]
    await synced.registry.delete_data(TENANT)
    for table in ("emails", "message_ledger", "mailboxes", "integrations"):
        assert await synced.rows(f"SELECT count(*) FROM {table}") == [0]  # noqa: S608 - of this test


async def test_a_renamed_account_is_the_same_mailbox(synced):
    """Its watch is renewed, and it has the new address; pushes for either are heard, mail is stored
    once, and the owner is known by both (case 10, edge cases 58 and 92).
    """
    synced.sandbox.call(lambda state: state.watches.granted_topics.add(TOPIC))
    before = await synced.stored()
    rename(synced)
    await renew(synced)
    (box,) = await mailboxes(synced)
    assert (box.address, box.former_addresses) == (NEW, (OWNER,))
    assert OWNER in box.aliases
    assert await synced.rows("SELECT subject FROM integrations") == [NEW]
    for address in (NEW, OWNER):
        (message,) = synced.deliver("news")
        assert await push(synced, address, synced.box(lambda box: box.history_id)) == (1, 1)
        await synced.sync()
        before.add(message)
    assert await synced.stored() == before
    assert len(await synced.rows("SELECT gmail_id FROM emails")) == len(before)
    both = {name: Notification(name, 2**62) for name in (NEW, OWNER)}
    applied = await PostgresPushes(synced.engine).apply(both)
    assert (applied.known, applied.queued) == (2, 1)
    assert await synced.rows("SELECT cardinality(mailbox_ids) FROM sync_queue") == [1]
    assert await page(synced, mailbox=NEW) == await page(synced, mailbox=OWNER) == before
    assert await synced.agrees(NEW)


async def test_connecting_a_renamed_account_renews_its_mailbox(synced):
    """Consenting again makes no second mailbox: mail that is known tells the account (case 10, edge
    case 92).
    """
    before = await synced.stored()
    rename(synced)
    await synced.connect(NEW)
    ids = synced.deliver("later")
    await synced.sync()
    assert sorted(await synced.rows("SELECT gmail_id FROM emails")) == sorted(before | set(ids))
    (box,) = await mailboxes(synced)
    assert (box.address, box.former_addresses, box.state) == (NEW, (OWNER,), "active")
    assert await synced.rows("SELECT generation, subject, state FROM integrations") == [
        (2, NEW, "active")
    ]


async def test_another_account_that_sends_as_a_mailbox_is_another_mailbox(synced):
    """An alias alone makes no account the same: no mail is in common (edge cases 39 and 92)."""
    synced.account(NEW, messages=3)
    synced.box(lambda box: box.send_as.put(OWNER), NEW)
    await synced.connect(NEW)
    await synced.sync()
    assert {mailbox.address for mailbox in await mailboxes(synced)} == {OWNER, NEW}
    assert await synced.agrees(OWNER, NEW)


async def test_an_account_connected_twice_is_said_and_synced_once(synced):
    """A second mailbox that was made before renaming was noticed goes on alone; the first says what
    it is, and keeps its mail (case 10, edge case 93).
    """
    synced.sandbox.call(lambda state: state.watches.granted_topics.add(TOPIC))
    rename(synced)
    await synced.rows(
        "WITH i AS (INSERT INTO integrations (tenant_id, auth_type, subject, sealed_credential,"
        " key_version) SELECT tenant_id, auth_type, %s, sealed_credential, key_version"
        " FROM integrations RETURNING id)"
        " INSERT INTO mailboxes (tenant_id, integration_id, address, checkpoint)"
        " SELECT m.tenant_id, m.integration_id, %s, m.checkpoint FROM mailboxes m, i"
        " RETURNING id",
        NEW,
        NEW,
    )
    await renew(synced)
    found = {mailbox.address: mailbox for mailbox in await mailboxes(synced)}
    assert (found[NEW].state, found[OWNER].state) == ("active", "duplicate")
    assert (found[OWNER].cause, found[OWNER].present_address) == ("duplicate", NEW)


async def test_verify_compares_no_mailbox_with_another_account(synced):
    """A comparison that finds another account before a sync did removes nothing (edge case 91)."""
    before = await synced.stored()
    recreate(synced, "one")
    open_all(synced)
    verify = Verify(synced.store, synced.gmail.open_client, QUICK, limiter=Unlimited())
    plans = await verify.plan(TENANT)
    (found,) = await verify.run(TENANT, plans, holder="worker", repair=True)
    assert "another account" in found.error
    assert await synced.stored() == before


async def test_verify_takes_a_start_that_google_refuses_for_an_expired_history(synced):
    """A comparison that finds history ids gone back stops no mailbox (case 09, edge case 90)."""
    synced.deliver("unheard of")
    restart(synced, 400)
    open_all(synced)
    verify = Verify(synced.store, synced.gmail.open_client, QUICK, limiter=Unlimited())
    plans = await verify.plan(TENANT)
    (found,) = await verify.run(TENANT, plans, holder="worker", repair=True)
    assert (found.error, found.missing, found.open) == (None, 1, 0)
    assert [mailbox.state for mailbox in await mailboxes(synced)] == ["active"]
    assert await synced.agrees()


async def test_a_late_replica_is_no_reset(synced):
    """An answer below the checkpoint that the profile does not confirm changes nothing (edge cases
    8 and 90).
    """
    current = synced.box(lambda box: box.history_id)
    lists = synced.calls("messages.list")
    body = {"historyId": str(current - 1)}
    synced.fault("history.list", action="status", status=200, body=body, times=1)
    await synced.sync()
    assert await synced.rows("SELECT checkpoint::text FROM mailboxes") == [str(current)]
    assert (await mailboxes(synced))[0].history_reset_at is None
    assert synced.calls("messages.list") == lists


async def test_a_disconnect_revokes_nothing_of_a_tenant_that_knows_the_former_name(synced):
    """Two tenants have one account, and only one of them knows its new address: the owner's consent
    lives until the other is disconnected, too (edge cases 73 and 92).
    """
    await synced.connect(tenant="globex")
    (theirs,) = await synced.store.living("globex")
    await synced.rows(
        "INSERT INTO message_ledger (mailbox_id, gmail_id, thread_id, origin)"
        " SELECT %s, gmail_id, thread_id, origin FROM message_ledger RETURNING 1",
        theirs.id,
    )
    rename(synced)
    (ours,) = await synced.store.living(TENANT)
    assert await synced.store.rename(ours.id, NEW) == "renamed"
    await synced.disconnect()
    granted = lambda state: state.grants.scopes(NEW, CLIENT.client_id)  # noqa: E731 - used twice
    assert synced.sandbox.call(granted)
    await synced.disconnect("globex")
    assert not synced.sandbox.call(granted)


async def test_a_renamed_owner_is_known_by_both_names(synced):
    """Mail of his own that comes back through a list bears his name under either address, also what
    was stored before, and came in (cases 04 and 10, edge cases 58 and 92).
    """
    synced.sandbox.call(lambda state: state.watches.granted_topics.add(TOPIC))
    letter = "From: {}\r\nTo: list@example.net\r\nSubject: x\r\n\r\nHello\r\n"
    synced.box(lambda box: box.deliver(letter.format(OWNER).encode()))
    await synced.sync()
    rename(synced)
    await renew(synced)
    for sender in (OWNER, NEW):
        synced.box(lambda box, sender=sender: box.deliver(letter.format(sender).encode()))
    await synced.sync()
    reads = PostgresEmailReads(synced.engine)
    wanted = EmailFilter(TENANT, participant="list@example.net")
    found = (await reads.page(wanted, limit=9, cursor=None)).emails
    assert [(email.sender.is_owner, email.direction) for email in found] == [(True, "inbound")] * 3
