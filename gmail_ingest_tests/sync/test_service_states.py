"""Errors that only a person can end: states of mailboxes, and the way back out of them."""

from datetime import timedelta

import pytest

from gmail_ingest.adapters.postgres.reads.status_reads import PostgresReads
from gmail_ingest.errors import InvalidInputError
from gmail_ingest.sync.accounts.connect import Connect, ConnectRequest
from gmail_ingest.sync.accounts.credentials import SCOPE, ServiceAccountKeys
from gmail_ingest.sync.mailbox.refusals import WITNESSES
from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT
from gmail_sandbox.faults import FaultRule
from webhook_api.integrations.tenant import tenant_body

OTHER = "other@example.com"


class Sick:
    """A tenant with two synced mailboxes, of which the owner's falls ill."""

    def __init__(self, service) -> None:
        self.service = service

    async def begin(self):
        """Connect and sync both."""
        for address in (OWNER, OTHER):
            self.service.account(address)
            self.service.deliver("before", address=address)
        await self.service.connect(OWNER, OTHER)
        await self.service.sync()
        await self.service.sync()
        return self

    async def work_off(self):
        """Sync until every job is final, however long the queue would pause."""
        errors = (await self.service.sync()).errors
        for _ in range(QUICK.max_attempts):
            due = "UPDATE sync_queue SET not_before = now() RETURNING 1"
            if not await self.service.rows(due):
                return errors
            errors = (await self.service.sync()).errors
        pytest.fail("a job never became final")

    def condition(self, condition):
        """Suspend the owner's account, turn its Gmail off, or activate it."""

        def change(state):
            state.accounts[OWNER].condition = condition

        self.service.sandbox.call(change)

    async def mailbox(self, address=OWNER):
        """The mailbox as the API shows it, and its integration."""
        tenant = tenant_body(
            await PostgresReads(self.service.engine).tenant(TENANT), watching=False
        )
        for integration in tenant.integrations:
            for mailbox in integration.mailboxes:
                if mailbox.address == address:
                    return mailbox, integration
        raise AssertionError(address)

    def calls(self):
        """Calls of any kind that Google saw so far, token requests too."""
        return self.service.sandbox.call(lambda state: sum(state.counters.calls.values()))

    async def rest(self, column="failed_at"):
        """Let an hour pass since the mailboxes failed, or since another time of theirs."""
        past = f"UPDATE mailboxes SET {column} = now() - interval '1 hour' RETURNING 1"  # noqa: S608 - a column
        await self.rows(past)

    async def sleep(self, days=1):
        """Let days pass for the mailbox that is sick."""
        past = (
            "UPDATE mailboxes SET failed_at = failed_at - %s, last_synced_at = last_synced_at - %s"
            " WHERE address = %s RETURNING 1"
        )
        await self.rows(past, timedelta(days=days), timedelta(days=days), OWNER)

    async def rows(self, query, *parameters):
        """Rows of the database."""
        return await self.service.rows(query, *parameters)


@pytest.fixture
async def sick(service):
    return await Sick(service).begin()


def revoke(sick):
    sick.service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))


def refuse_tokens(sick):
    sick.service.sandbox.call(lambda state: state.grants.expire_access_tokens(OWNER))
    sick.service.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))


def refuse(error):
    def fault(sick):
        sick.service.fault("messages.get", mailbox=OWNER, action="error", error=error)

    return fault


def turn_off(condition):
    return lambda sick: sick.condition(condition)


@pytest.mark.parametrize(
    ("fall_ill", "state", "cause", "action"),
    [
        pytest.param(revoke, "needs_reauth", "grant_dead", "consent anew", id="revoked"),
        pytest.param(refuse_tokens, "needs_reauth", "grant_dead", "consent", id="invalid-grant"),
        pytest.param(
            refuse("insufficient_permissions"),
            "needs_reauth",
            "scope_missing",
            "permission to read",
            id="scope",
        ),
        pytest.param(
            refuse("delegation_denied"),
            "admin_action_required",
            "delegation",
            "domain-wide delegation",
            id="delegation",
        ),
        pytest.param(
            refuse("domain_policy"),
            "admin_action_required",
            "domain_policy",
            "Admin console",
            id="domain-policy",
        ),
        pytest.param(
            turn_off("mailServiceOff"), "suspended", "no_gmail", "still has Gmail", id="no-gmail"
        ),
        pytest.param(
            turn_off("suspended"), "suspended", "suspended", "is suspended", id="suspended"
        ),
    ],
)
async def test_a_sick_mailbox_stops_and_reconnecting_finishes_it(
    sick, fall_ill, state, cause, action
):
    """It goes to its state, says what to do, asks Google nothing more, and holds no other mailbox
    up; connected again, it has all its mail (edge cases 32, 35, 36 and 38).
    """
    service = sick.service
    fall_ill(sick)
    service.deliver("one", "two")
    service.deliver("for the other", address=OTHER)
    errors = await sick.work_off()
    mailbox, integration = await sick.mailbox()
    assert (mailbox.state, mailbox.cause, integration.state) == (state, cause, state)
    assert action in (mailbox.action or "")
    assert action in errors[0]
    assert mailbox.last_error == integration.last_error is not None
    assert (await sick.mailbox(OTHER))[0].state == (await sick.mailbox(OTHER))[1].state == "active"
    assert len(await sick.rows("SELECT 1 FROM emails")) == 3
    assert await sick.rows(
        "SELECT DISTINCT state FROM sync_jobs WHERE state NOT IN ('succeeded')"
    ) == ["failed"]
    before = sick.calls()
    await sick.rest()
    for _ in range(3):
        await service.queue.sweep(QUICK.lease)
        await service.queue.enqueue(TENANT, "incremental", mailbox_ids=[1])
        await sick.work_off()
    assert sick.calls() == before
    service.clear_faults()
    sick.condition("active")
    await service.connect(OWNER)
    await sick.work_off()
    assert await service.agrees(OWNER, OTHER)
    mailbox, integration = await sick.mailbox()
    assert (mailbox.state, mailbox.cause, mailbox.action) == ("active", None, None)
    assert (integration.state, integration.last_error) == ("active", None)


async def test_a_suspended_account_costs_few_calls(sick):
    """An unexplained refusal is tried again, but not for ever (edge case 32)."""
    sick.condition("suspended")
    before = sick.calls()
    await sick.work_off()
    # Each try of the sync asks for the history of the one and the other mailbox.
    assert sick.calls() - before <= QUICK.suspect_attempts * 2 * 5


async def test_one_failed_precondition_is_only_tried_again(sick):
    """Seen once, it changes no state (edge case 32)."""
    sick.service.fault(
        "history.list", mailbox=OWNER, action="error", error="precondition_failed", times=1
    )
    sick.service.deliver("one")
    assert await sick.work_off() == []
    assert (await sick.mailbox())[0].state == "active"
    assert await sick.service.agrees(OWNER, OTHER)


async def test_an_account_suspended_in_the_middle_gives_up_no_mail(sick):
    """What waits to be fetched is neither asked for one by one nor given up (edge case 32)."""
    service = sick.service
    service.deliver(*[f"mail {number}" for number in range(90)])
    service.fault("messages.get", mailbox=OWNER, action="error", error="precondition_failed")
    before = service.calls("messages.get")
    await sick.work_off()
    assert (await sick.mailbox())[0].state == "suspended"
    assert await service.fates() == {"stored": 2, "pending": 90}
    most = QUICK.suspect_attempts * (QUICK.refusals + QUICK.calls_in_flight + WITNESSES)
    assert service.calls("messages.get") - before <= most
    service.clear_faults()
    await service.connect(OWNER)
    await service.make_due()
    await sick.work_off()
    assert await service.agrees(OWNER, OTHER)


@pytest.mark.parametrize("condition", ["suspended", "mailServiceOff"])
async def test_a_suspended_mailbox_is_tried_again_once_a_day(sick, condition):
    """When the account is itself again, its mail comes with nobody's help (edge case 32)."""
    sick.condition(condition)
    await sick.work_off()
    assert await sick.service.queue.sweep(QUICK.lease) == 0
    await sick.sleep()
    assert await sick.service.queue.sweep(QUICK.lease) == 1
    await sick.work_off()
    assert (await sick.mailbox())[0].state == "suspended"
    assert await sick.service.queue.sweep(QUICK.lease) == 0
    sick.service.deliver("while suspended")
    sick.condition("active")
    await sick.sleep()
    await sick.service.queue.sweep(QUICK.lease)
    await sick.work_off()
    assert await sick.service.agrees(OWNER, OTHER)
    mailbox, integration = await sick.mailbox()
    assert (mailbox.state, mailbox.cause, integration.state) == ("active", None, "active")


async def test_a_revoked_grant_is_never_tried_by_itself(sick):
    """Only a person can end it: no probe is spent on it (edge case 36)."""
    revoke(sick)
    await sick.work_off()
    await sick.sleep(days=9)
    before = sick.calls()
    assert await sick.service.queue.sweep(QUICK.lease) == 0
    assert (await sick.mailbox())[0].state == "needs_reauth"
    assert sick.calls() == before


async def test_an_api_that_is_not_enabled_is_said_and_not_asked_in_a_loop(sick):
    """No mailbox changes its state, each says whose turn it is, and the sweep lets them rest."""
    sick.service.fault("*", action="error", error="access_not_configured")
    sick.service.deliver("one")
    assert "not enabled" in (await sick.work_off())[0]
    for address in (OWNER, OTHER):
        mailbox, integration = await sick.mailbox(address)
        assert (mailbox.state, mailbox.cause, integration.state) == ("active", "operator", "active")
        assert "whoever runs this service" in (mailbox.action or "")
        assert "not enabled" in (mailbox.last_error or "")
    before = sick.calls()
    await sick.rest("last_synced_at")
    assert [await sick.service.queue.sweep(QUICK.lease) for _ in range(3)] == [0, 0, 0]
    assert sick.calls() == before
    sick.service.clear_faults()
    await sick.rest()
    assert await sick.service.queue.sweep(QUICK.lease) == 1
    await sick.work_off()
    assert await sick.service.agrees(OWNER, OTHER)
    assert (await sick.mailbox())[0].action is None


@pytest.mark.parametrize("seconds", [-10, 10])
async def test_credentials_are_accepted_from_a_clock_ten_seconds_off(service, seconds):
    """The machine's clock is early or late against Google's: assertions of a service account and
    refreshed tokens are good all the same (edge case 75).
    """
    service.sandbox.call(lambda state: state.clock.advance(seconds))
    for address in (OWNER, OTHER):
        service.account(address, messages=5)
    await Connect(service.registry, service.store, service.gmail, "").connect(delegated(service))
    await service.connect(OTHER)
    await service.sync()
    service.sandbox.call(lambda state: state.grants.expire_access_tokens())
    service.deliver("later")
    service.deliver("later", address=OTHER)
    report = await service.sync()
    assert report.errors == []
    assert await service.agrees(OWNER, OTHER)


def delegated(service, *addresses):
    """What connects mailboxes by the delegation of a service account."""
    robot = "robot@project.iam.gserviceaccount.com"

    def register(state):
        account = state.service_accounts.register(robot, domains=frozenset({"example.com"}))
        return account.key_file(project_id="p", base_url=state.base_url)

    keys = ServiceAccountKeys(robot, service.sandbox.call(register))
    return ConnectRequest(TENANT, keys, {address: address for address in addresses or (OWNER,)})


async def test_a_service_account_without_delegation_names_client_and_scope(service):
    """All its mailboxes wait for the administrator, and so does the integration; its allowance
    brings them back within a day (edge case 38).
    """
    addresses = (OWNER, OTHER)
    for address in addresses:
        service.account(address)
        service.deliver("before", address=address)
    wanted = delegated(service, *addresses)
    await Connect(service.registry, service.store, service.gmail, "").connect(wanted)
    service.sandbox.call(lambda state: state.grants.expire_access_tokens())
    refusal = {"method": "oauth2.token", "action": "error", "error": "unauthorized_client"}
    service.sandbox.call(lambda state: state.faults.add(FaultRule.model_validate(refusal)))
    await service.sync()
    (integration,) = tenant_body(
        await PostgresReads(service.engine).tenant(TENANT), watching=False
    ).integrations
    assert integration.state == "admin_action_required"
    assert [mailbox.state for mailbox in integration.mailboxes] == ["admin_action_required"] * 2
    assert "gmail.readonly" in (integration.last_error or "")
    assert str(wanted.keys.info["client_id"]) in (integration.last_error or "")
    service.clear_faults()
    await service.rows("UPDATE mailboxes SET failed_at = failed_at - interval '1 day' RETURNING 1")
    await service.queue.sweep(QUICK.lease)
    await service.sync()
    assert await service.agrees(*addresses)


async def _at_once(_seconds):
    """Pause for nobody."""


async def test_connecting_a_suspended_account_says_so(service):
    """What passes for a hiccup of Google's elsewhere is named after three tries, with what to do;
    nothing is registered (edge case 118).
    """
    service.account(OWNER)

    def suspend(state):
        state.accounts[OWNER].condition = "suspended"

    service.sandbox.call(suspend)
    connect = Connect(service.registry, service.store, service.gmail, "", pause=_at_once)
    with pytest.raises(InvalidInputError) as caught:
        await connect.connect(ConnectRequest(TENANT, service._consent(OWNER, (SCOPE,))))
    assert "seems to be suspended" in str(caught.value)
    assert "Ask the administrator whether the account is suspended; then connect again." in str(
        caught.value
    )
    assert "by itself" not in str(caught.value)
    assert await service.rows("SELECT count(*) FROM mailboxes") == [0]


async def test_connecting_survives_one_unexplained_refusal(service):
    """A precondition that fails once is tried again (edge case 32)."""
    service.account(OWNER)
    service.fault("getProfile", action="error", error="precondition_failed", times=1)
    connect = Connect(service.registry, service.store, service.gmail, "", pause=_at_once)
    await connect.connect(ConnectRequest(TENANT, service._consent(OWNER, (SCOPE,))))
    assert await service.rows("SELECT state FROM mailboxes") == ["active"]
