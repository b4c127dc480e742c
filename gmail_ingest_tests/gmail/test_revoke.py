import pytest

from gmail_ingest.errors import ReauthoriseError, RejectedRequestError, TransientError
from gmail_ingest.sync.accounts.in_memory_credential import InMemoryCredential


async def test_revoke_ends_the_grant(world):
    """After a revoke neither token of the grant works."""
    keys = world.grant()

    async def revoke():
        async with world.gmail(InMemoryCredential("t", keys)) as gmail:
            await gmail.revoke(keys.refresh_token)
            await gmail.open_client(world.mailbox).profile()

    with pytest.raises(ReauthoriseError):
        await revoke()


async def test_revoke_of_a_dead_token_is_success(world):
    """Disconnecting twice, or after the owner revoked, is no error (edge case 25)."""

    async def revoke():
        async with world.gmail() as gmail:
            await gmail.revoke("1//dead")

    await revoke()
    assert world.count("oauth2.revoke") == 1


@pytest.mark.parametrize(
    ("status", "error"), [(503, TransientError), (429, TransientError), (403, RejectedRequestError)]
)
async def test_revoke_that_is_refused_says_whether_to_try_again(world, status, error):
    """Only an answer about the token ends the matter (edge case 25)."""
    world.fault(method="oauth2.revoke", action="status", status=status, body="{}")

    async def revoke():
        async with world.gmail() as gmail:
            await gmail.revoke("1//token")

    with pytest.raises(error):
        await revoke()
