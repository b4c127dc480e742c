"""Accounts of one tenant that changed names with each other, against the sandbox."""

import pytest

from gmail_ingest.adapters.postgres.accounts.tenants import PostgresTenants
from gmail_ingest.adapters.postgres.queue.pushes import PostgresPushes
from gmail_ingest.sync.accounts.connect import Connect, ConnectRequest
from gmail_ingest.sync.accounts.credentials import ServiceAccountKeys
from gmail_ingest.sync.accounts.watch import renew_watches
from gmail_ingest_tests.sync.service import OWNER, TENANT
from webhook_api.push.body import Notification

OTHER = "other@example.com"
ROBOT = "robot@p.iam.gserviceaccount.com"


@pytest.fixture
def accounts(service):
    """Two accounts with mail."""
    service.account(messages=8)
    service.account(OTHER, messages=5)
    return service


def swap(service):
    """Each account gets the other's primary address; neither keeps the former one as an alias."""

    def change(state):
        for former, new in ((OWNER, "aside@example.com"), (OTHER, OWNER)):
            state.rename(former, new)
            state.accounts._aliases.clear()
        state.rename("aside@example.com", OTHER)
        state.accounts._aliases.clear()

    service.sandbox.call(change)
    service.gmail._tokens._tokens.clear()


async def names(service):
    """Address, subject of the grant and number of mails of each mailbox, in the order of ids."""
    return await service.rows(
        "SELECT m.address, i.subject, (SELECT count(*) FROM emails WHERE mailbox_id = m.id)"
        " FROM mailboxes m JOIN integrations i ON i.id = m.integration_id ORDER BY m.id"
    )


@pytest.mark.parametrize("again", [(), (OWNER,), (OTHER,), (OTHER, OWNER)], ids=len)
async def test_accounts_that_changed_names_are_renamed_both(accounts, again):
    """Whoever notices it, a new consent or the daily reading: no mail is stored twice, none goes to
    the other's mailbox, and each grant goes along with its account (case 10, edge case 92).
    """
    for address in (OWNER, OTHER):
        await accounts.connect(address)
    await accounts.sync()
    (_, _, first), (_, _, second) = await names(accounts)
    swap(accounts)
    accounts.deliver("mine", address=OTHER)
    accounts.deliver("theirs", address=OWNER)
    for address in again:
        await accounts.connect(address)
        await accounts.sync()
    await renew_watches(
        PostgresTenants(accounts.engine), accounts.store, accounts.gmail.open_client, ""
    )
    await accounts.sync()
    assert await names(accounts) == [(OTHER, OTHER, first + 1), (OWNER, OWNER, second + 1)]
    assert await accounts.agrees(OWNER, OTHER)
    await accounts.connect(OWNER)
    await accounts.sync()
    assert await names(accounts) == [(OTHER, OTHER, first + 1), (OWNER, OWNER, second + 1)]


async def test_a_push_is_heard_by_the_account_that_cannot_have_its_address_yet(accounts):
    """Another mailbox still has the name that notifications come under (case 10, edge case 92)."""
    for address in (OWNER, OTHER):
        await accounts.connect(address)
    await accounts.sync()
    mine, _ = await accounts.store.living(TENANT)
    assert await accounts.store.rename(mine.id, OTHER) == "taken"
    applied = await PostgresPushes(accounts.engine).apply({OTHER: Notification(OTHER, 2**62)})
    assert applied.queued == 1
    assert await accounts.rows("SELECT cardinality(mailbox_ids) FROM sync_queue") == [2]


async def test_a_service_accounts_key_opens_no_mailbox_for_anothers_mail(accounts):
    """The key follows the address: both mailboxes stop with what to do, nothing is stored in the
    wrong one, and connecting both again renames them (case 10, edge case 92).
    """

    def key(state):
        robot = state.service_accounts.register(ROBOT, domains=frozenset({"example.com"}))
        return robot.key_file(project_id="p", base_url=state.base_url)

    keys = ServiceAccountKeys(ROBOT, accounts.sandbox.call(key))
    wanted = ConnectRequest(TENANT, keys, {OWNER: "userEmails[0]", OTHER: "userEmails[1]"})
    connect = Connect(accounts.registry, accounts.store, accounts.gmail, "")
    await connect.connect(wanted)
    await accounts.sync()
    before = dict([row[::2] for row in await names(accounts)])
    swap(accounts)
    accounts.deliver("mine", address=OTHER)
    accounts.deliver("theirs", address=OWNER)
    for _ in range(2):
        await accounts.sync()
    states = await accounts.rows("SELECT state, cause FROM mailboxes")
    assert states == [("needs_reauth", "address_moved")] * 2
    assert dict([row[::2] for row in await names(accounts)]) == before
    await connect.connect(wanted)
    await accounts.sync()
    after = dict([row[::2] for row in await names(accounts)])
    assert after == {OWNER: before[OTHER] + 1, OTHER: before[OWNER] + 1}
    assert await accounts.agrees(OWNER, OTHER)
