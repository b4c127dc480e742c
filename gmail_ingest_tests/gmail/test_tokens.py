"""Tokens against the sandbox's token endpoint, with credentials in memory and in Postgres."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.gmail.token_endpoint import TokenEndpoint
from gmail_ingest.adapters.gmail.tokens import GoogleTokens
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.errors import (
    AdminActionRequiredError,
    MailboxUnavailableError,
    OperatorActionError,
    ReauthoriseError,
    TransientError,
)
from gmail_ingest.sync.accounts.credentials import SCOPE, SCOPES, OAuthKeys
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential
from gmail_ingest_tests.gmail.conftest import OWNER, World
from gmail_ingest_tests.gmail.integrations import change, insert_integration
from gmail_sandbox.server import Sandbox
from gmail_sandbox.settings import SandboxSettings

SEALER = AesGcmSealer(KeyRing("1", {"1": bytes(32)}))


def tokens(world, keys, **values):
    """Tokens for keys in memory, and where they are kept."""
    credential = InMemoryCredential("t", keys)
    return GoogleTokens(TokenEndpoint(world.settings(**values)), credential), credential


async def test_tokens_use_the_stored_token_while_it_lives(world):
    """A token with minutes left costs no request."""
    keys = world.grant()
    google_tokens, _ = tokens(world, keys)
    assert await google_tokens.access_token(world.mailbox) == keys.access_token
    assert world.count("oauth2.token") == 0


@pytest.mark.parametrize("left", [timedelta(minutes=-5), timedelta(minutes=3)])
async def test_tokens_refresh_before_the_end_and_keep_the_result(world, left):
    """A token that ends within the margin is refreshed, and stored with its new end in UTC."""
    keys = replace(world.grant(), expires_at=datetime.now(UTC) + left)
    google_tokens, credential = tokens(world, keys)
    fresh = await google_tokens.access_token(world.mailbox)
    assert fresh != keys.access_token
    assert credential.keys.access_token == fresh
    assert credential.keys.refresh_token == keys.refresh_token
    life = credential.keys.expires_at - datetime.now(UTC)
    assert timedelta(minutes=58) < life <= timedelta(hours=1)


async def test_tokens_with_unknown_end_are_used_until_google_refuses_them(world):
    """Without an expiry the 401 tells, and leads to one refresh."""
    keys = replace(world.grant(), expires_at=None)
    google_tokens, _ = tokens(world, keys)
    first = await google_tokens.access_token(world.mailbox)
    assert first == keys.access_token
    assert await google_tokens.access_token(world.mailbox, rejected=first) != first
    assert world.count("oauth2.token") == 1


async def test_tokens_store_a_rotated_refresh_token():
    """A refresh token that Google replaced is kept, so that the next refresh works."""
    with Sandbox.in_thread(SandboxSettings(rotate_refresh_tokens=True)) as sandbox:
        world = World(sandbox)
        keys = world.grant(fresh=False)
        google_tokens, credential = tokens(world, keys)
        first = await google_tokens.access_token(world.mailbox)
        assert credential.keys.refresh_token != keys.refresh_token
        assert await google_tokens.access_token(world.mailbox, rejected=first) != first


async def test_tokens_of_many_callers_cost_one_refresh(world):
    """Calls of one mailbox that find the token ended share one refresh (edge case 37)."""
    google_tokens, _ = tokens(world, world.grant(fresh=False))
    found = await asyncio.gather(*(google_tokens.access_token(world.mailbox) for _ in range(20)))
    assert len(set(found)) == 1
    assert world.count("oauth2.token") == 1


async def test_tokens_survive_a_cancelled_caller():
    """A caller that is cancelled in mid-refresh loses no rotated refresh token."""
    with Sandbox.in_thread(SandboxSettings(rotate_refresh_tokens=True)) as sandbox:
        world = World(sandbox)
        world.fault(method="oauth2.token", action="latency", latency_ms=200)
        keys = world.grant(fresh=False)
        google_tokens, credential = tokens(world, keys)

        async def cancel():
            caller = asyncio.create_task(google_tokens.access_token(world.mailbox))
            await asyncio.sleep(0)  # one step: the renewal is under way
            assert google_tokens._renewals
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)
            await google_tokens.aclose()
            return caller.cancelled()

        assert await cancel()
        assert credential.keys.refresh_token != keys.refresh_token


async def test_tokens_of_a_dead_grant_ask_for_consent_once(world):
    """invalid_grant clears the refresh token, so that Google is not asked again (edge case 36)."""
    keys = world.grant(fresh=False)
    world.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    google_tokens, credential = tokens(world, keys)
    for _ in range(3):
        with pytest.raises(ReauthoriseError):
            await google_tokens.access_token(world.mailbox)
    assert credential.keys.refresh_token is None
    assert world.count("oauth2.token") == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "error", "error": "bad_gateway"},
        {"action": "html"},
        {"action": "truncate"},
        {"action": "status", "status": 200, "body": "[]"},
        {"action": "status", "status": 400, "body": "[]"},
    ],
)
async def test_tokens_keep_the_grant_through_a_broken_endpoint(world, rule):
    """A failing token endpoint is transient and leaves the refresh token alone (edge case 36)."""
    keys = world.grant(fresh=False)
    world.fault(method="oauth2.token", **rule)
    google_tokens, credential = tokens(world, keys)
    with pytest.raises(TransientError):
        await google_tokens.access_token(world.mailbox)
    assert credential.keys.refresh_token == keys.refresh_token


async def test_tokens_give_up_a_silent_endpoint(world):
    """A token endpoint that never answers ends after the timeout (edge case 33)."""
    world.fault(method="oauth2.token", action="latency", latency_ms=5_000)
    google_tokens, _ = tokens(world, world.grant(fresh=False), request_timeout_seconds=0.1)
    with pytest.raises(TransientError):
        await google_tokens.access_token(world.mailbox)


async def test_tokens_stop_asking_when_the_client_is_refused(world):
    """After invalid_client no other mailbox asks again for a while, and no grant is lost."""
    endpoint = TokenEndpoint(world.settings(google_client_secret="wrong"))
    stores = [InMemoryCredential("t", world.grant(fresh=False)) for _ in range(3)]
    for store in stores:
        with pytest.raises(OperatorActionError, match="GOOGLE_CLIENT_ID"):
            await GoogleTokens(endpoint, store).access_token(world.mailbox)
    assert world.count("oauth2.token") == 1
    assert all(store.keys.refresh_token for store in stores)


async def test_tokens_of_other_tenants_outlive_a_credential_that_does_not_open(world, engine):
    """A damaged row is an operator's matter, and no other mailbox waits for it."""
    damaged = await insert_integration(engine, SEALER, "t", world.grant(fresh=False))
    healthy = await insert_integration(engine, SEALER, "t2", world.grant(fresh=False))
    await change(engine, damaged, "tenant_id = 't2'")
    google_tokens = GoogleTokens(
        TokenEndpoint(world.settings()), PostgresCredentials(engine, SEALER)
    )
    with pytest.raises(OperatorActionError):
        await google_tokens.access_token(world.mailbox_of(damaged))
    assert await google_tokens.access_token(world.mailbox_of(healthy))


async def test_tokens_name_the_missing_client(world):
    """Without client id and secret no request is made, and both settings are named."""
    google_tokens, _ = tokens(world, world.grant(fresh=False), google_client_id="")
    with pytest.raises(OperatorActionError, match="GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET"):
        await google_tokens.access_token(world.mailbox)
    assert world.count("oauth2.token") == 0


async def test_tokens_of_a_service_account_are_cached_by_mailbox(world):
    """Delegation costs one request a mailbox, and one more after a refusal."""
    google_tokens, _ = tokens(world, world.service_account())
    first = await google_tokens.access_token(world.mailbox)
    assert await google_tokens.access_token(world.mailbox) == first
    assert world.count("oauth2.token") == 1
    assert await google_tokens.access_token(world.mailbox, rejected=first) != first


async def test_tokens_of_a_service_account_go_to_the_configured_endpoint_only(world):
    """An assertion never goes where a key file says."""
    keys = world.service_account()
    elsewhere = replace(keys, info={**keys.info, "token_uri": "http://127.0.0.1:9/token"})
    google_tokens, _ = tokens(world, elsewhere)
    assert await google_tokens.access_token(world.mailbox)
    assert world.count("oauth2.token") == 1


async def test_tokens_without_delegation_need_an_administrator(world):
    """A service account that no domain trusts names its client id and scope (edge case 38)."""
    keys = world.service_account(delegated=False)
    google_tokens, _ = tokens(world, keys)
    with pytest.raises(AdminActionRequiredError, match=str(keys.info["client_id"])):
        await google_tokens.access_token(world.mailbox)


async def test_tokens_for_an_address_that_does_not_exist(world):
    """A user that the domain does not have is no fault of the others."""
    google_tokens, _ = tokens(world, world.service_account())
    nobody = replace(world.mailbox, address="nobody@example.com")
    with pytest.raises(MailboxUnavailableError):
        await google_tokens.access_token(nobody)
    assert await google_tokens.access_token(world.mailbox)


async def test_two_processes_refresh_once(world, engine):
    """Two workers that find the token ended make one refresh; the loser reads it (edge case 37)."""
    keys = world.grant(fresh=False)
    integration = await insert_integration(engine, SEALER, "t", keys)
    world.fault(method="oauth2.token", action="latency", latency_ms=100)
    mailbox = world.mailbox_of(integration)
    endpoint = TokenEndpoint(world.settings())
    workers = [GoogleTokens(endpoint, PostgresCredentials(engine, SEALER)) for _ in range(4)]
    found = await asyncio.gather(*(worker.access_token(mailbox) for worker in workers))
    assert len(set(found)) == 1
    assert world.count("oauth2.token") == 1


async def test_dead_grant_is_remembered_in_the_database(world, engine):
    """Another process does not ask Google again about a dead grant (edge case 36)."""
    keys = world.grant(fresh=False)
    integration = await insert_integration(engine, SEALER, "t", keys)
    world.sandbox.call(lambda state: state.grants.revoke_mailbox(OWNER))
    mailbox = world.mailbox_of(integration)
    for _ in range(2):
        worker = GoogleTokens(TokenEndpoint(world.settings()), PostgresCredentials(engine, SEALER))
        with pytest.raises(ReauthoriseError):
            await worker.access_token(mailbox)
    assert world.count("oauth2.token") == 1
    stored = (await PostgresCredentials(engine, SEALER).load(integration)).keys
    assert isinstance(stored, OAuthKeys)
    assert stored.refresh_token is None


METADATA = "https://www.googleapis.com/auth/gmail.metadata"


@pytest.mark.parametrize("known", [(), (SCOPE,), (SCOPE, METADATA)])
async def test_tokens_are_asked_for_with_one_scope_only(world, known):
    """A refreshed token carries nothing but the permission to read, whatever was granted besides:
    with gmail.metadata in it no mail would be given (case 19, edge case 95).
    """
    world.grant(scope=METADATA)
    keys = replace(world.grant(fresh=False), scopes=known)
    google_tokens, credential = tokens(world, keys)
    token = await google_tokens.access_token(world.mailbox)
    carried = world.sandbox.call(lambda state: state.grants.access(token).scopes)
    assert carried == {SCOPE}
    assert credential.keys.scopes == (SCOPE,)


@pytest.mark.parametrize("scope", SCOPES[1:])
async def test_tokens_of_a_wider_grant_carry_its_scope(world, scope):
    """A grant that allows more instead of just reading goes on working, and is remembered."""
    google_tokens, credential = tokens(world, world.grant(fresh=False, scope=scope))
    first = await google_tokens.access_token(world.mailbox)
    requested = world.count("oauth2.token")
    assert credential.keys.scopes == (scope,)
    assert await google_tokens.access_token(world.mailbox, rejected=first) != first
    assert world.count("oauth2.token") == requested + 1


async def test_tokens_of_a_grant_that_cannot_read_say_what_is_missing(world):
    """Without a scope to read with, the owner must consent again, with the scope named (case 19,
    edge case 95).
    """
    google_tokens, _ = tokens(world, world.grant(fresh=False, scope=METADATA))
    with pytest.raises(ReauthoriseError, match=r"gmail\.readonly") as refused:
        await google_tokens.access_token(world.mailbox)
    assert refused.value.cause == "scope_missing"
    assert "gmail.metadata" in refused.value.remedy
