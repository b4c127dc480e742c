import asyncio
from datetime import UTC, datetime

import pytest

from gmail_ingest.adapters.crypto.key_ring import KeyRing
from gmail_ingest.adapters.crypto.sealing import AesGcmSealer
from gmail_ingest.adapters.postgres.accounts.credentials import PostgresCredentials
from gmail_ingest.adapters.postgres.accounts.sealed_keys import open_keys, seal_keys
from gmail_ingest.errors import MailboxDisconnectedError, OperatorActionError
from gmail_ingest.sync.accounts.credentials import OAuthKeys, ServiceAccountKeys
from gmail_ingest_tests.gmail.integrations import change, insert_integration

OLD = AesGcmSealer(KeyRing("1", {"1": bytes(32)}))
NEW = AesGcmSealer(KeyRing("2", {"2": bytes(range(32)), "1": bytes(32)}))
ONLY_NEW = AesGcmSealer(KeyRing("2", {"2": bytes(range(32))}))
OAUTH = OAuthKeys("access", "refresh", datetime(2026, 1, 2, 3, 4, 5, 678, UTC), ("a", "b"))
FRESH = OAuthKeys("access2", "refresh2", datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC), ("a",))
DELEGATED = ServiceAccountKeys("s@p.iam.gserviceaccount.com", {"client_id": "1", "n": {"x": [1]}})


@pytest.mark.parametrize("keys", [OAUTH, OAuthKeys("a", None, None), DELEGATED])
async def test_credentials_come_back_as_they_were(engine, keys):
    """Both kinds of keys survive encoding, sealing and the table."""
    integration = await insert_integration(engine, OLD, "t", keys)
    stored = await PostgresCredentials(engine, OLD).load(integration)
    assert (stored.keys, stored.tenant_id, stored.generation) == (keys, "t", 1)


def test_credentials_show_no_secret_in_their_repr():
    """A traceback with local variables shows no token."""
    assert "refresh" not in repr(OAUTH).replace("refresh_token", "")
    assert "client_id" not in repr(DELEGATED)


def test_credentials_of_a_later_encoding_ask_to_connect_again():
    """Bytes that open but have another shape are named, and not quoted."""
    sealed = OLD.seal(b'{"secret": 1}', tenant_id="t", integration_id=1)
    with pytest.raises(OperatorActionError, match="another version") as caught:
        open_keys(OLD, sealed, tenant_id="t", integration_id=1)
    assert "secret" not in str(caught.value)


async def test_credential_of_another_row_does_not_open(engine):
    """A sealed credential copied to another integration is worthless there."""
    integration = await insert_integration(engine, OLD, "t", OAUTH)
    sealed = seal_keys(OLD, OAUTH, tenant_id="t", integration_id=integration + 1)
    await change(engine, integration, f"sealed_credential = '\\x{sealed.hex()}'")
    with pytest.raises(OperatorActionError):
        await PostgresCredentials(engine, OLD).load(integration)


@pytest.mark.parametrize("assignment", ["sealed_credential = NULL", "state = 'disconnected'"])
async def test_credential_that_was_wiped_or_disconnected_is_gone(engine, assignment):
    """After a disconnect no worker gets keys any more (edge case 72)."""
    integration = await insert_integration(engine, OLD, "t", OAUTH)
    await change(engine, integration, assignment)
    credentials = PostgresCredentials(engine, OLD)

    async def lock():
        async with credentials.locked(integration):
            pass

    with pytest.raises(MailboxDisconnectedError):
        await credentials.load(integration)
    with pytest.raises(MailboxDisconnectedError):
        await lock()


async def test_tokens_are_saved_when_the_lock_is_left(engine):
    """Saved tokens are there afterwards, and an exception undoes them."""
    integration = await insert_integration(engine, OLD, "t", OAUTH)
    credentials = PostgresCredentials(engine, OLD)

    async def save(*, fail: bool):
        async with credentials.locked(integration) as lock:
            assert await lock.save_tokens(FRESH)
            if fail:
                raise RuntimeError
        return True

    with pytest.raises(RuntimeError):
        await save(fail=True)
    assert (await credentials.load(integration)).keys == OAUTH
    await save(fail=False)
    assert (await credentials.load(integration)).keys == FRESH


async def test_lock_lets_one_worker_in_and_shows_the_next_what_it_wrote(engine):
    """The second holder reads the row after the first has written it (edge case 37)."""
    integration = await insert_integration(engine, OLD, "t", OAUTH)
    credentials = PostgresCredentials(engine, OLD)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def first():
        async with credentials.locked(integration) as lock:
            entered.set()
            await leave.wait()
            await lock.save_tokens(FRESH)

    async def second():
        await entered.wait()
        leave.set()
        async with credentials.locked(integration) as lock:
            return lock.credential.keys

    assert (await asyncio.gather(first(), second()))[1] == FRESH


async def test_lock_of_an_older_generation_writes_nothing(engine):
    """A new consent is never overwritten by a refresh of the old one (edge case 36)."""
    integration = await insert_integration(engine, OLD, "t", OAUTH)
    credentials = PostgresCredentials(engine, OLD)

    async def save():
        async with credentials.locked(integration) as lock:
            # The lock keeps others out: only this connection can play the new consent.
            await lock._connection.execute("UPDATE integrations SET generation = 2")
            return await lock.save_tokens(FRESH), await lock.clear_refresh_token()

    assert await save() == (False, False)
    assert (await credentials.load(integration)).keys == OAUTH


async def test_clearing_a_refresh_token_keeps_the_rest(engine):
    """invalid_grant forgets the refresh token only; a service account has none."""
    oauth = await insert_integration(engine, OLD, "t", OAUTH)
    delegated = await insert_integration(engine, OLD, "t", DELEGATED)
    credentials = PostgresCredentials(engine, OLD)

    async def clear(integration):
        async with credentials.locked(integration) as lock:
            return await lock.clear_refresh_token()

    assert await clear(oauth)
    assert (await credentials.load(oauth)).keys == OAuthKeys(
        "access", None, OAUTH.expires_at, OAUTH.scopes
    )
    assert not await clear(delegated)


async def test_reseal_moves_every_credential_to_the_newest_key(engine):
    """After a reseal the old key can go, for disconnected integrations as well."""
    ids = [await insert_integration(engine, OLD, "t", keys) for keys in (OAUTH, DELEGATED)]
    await change(engine, ids[1], "state = 'disconnected'")
    wiped = await insert_integration(engine, OLD, "t", OAUTH)
    await change(engine, wiped, "sealed_credential = NULL")
    rotated = PostgresCredentials(engine, NEW)
    assert await rotated.reseal() == 2
    assert await rotated.reseal() == 0
    await change(engine, ids[1], "state = 'active'")
    newest = PostgresCredentials(engine, ONLY_NEW)
    assert [(await newest.load(integration_id)).keys for integration_id in ids] == [
        OAUTH,
        DELEGATED,
    ]
