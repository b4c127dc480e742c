from datetime import timedelta

import pytest

from gmail_ingest.errors import LeaseHeldError, TransientError
from gmail_ingest_tests.sync.test_mailbox_sync import Purse

MINUTE = timedelta(minutes=1)


def test_session_gives_its_lease_back_however_the_work_ends(run, box):
    """Whoever comes next need not wait for the expiry (edge case 68)."""

    async def take() -> None:
        await box.store.acquire_lease(1, "push", "other", MINUTE, force=False)

    async def work() -> None:
        async with box.session().lease("push"):
            with pytest.raises(LeaseHeldError):
                await take()
            raise TransientError("the work fails")

    with pytest.raises(TransientError):
        run(work())
    run(take())


def test_paced_session_gives_back_what_it_did_not_spend(run, box):
    """A budget is closed however the work ends: nobody waits for units that nobody spends."""
    purse = Purse()

    async def work() -> None:
        async with box.session(limiter=purse).paced("listing") as paced:
            await paced.throttle.acquire(5, upcoming=100)
            assert purse.balance == 105
            raise TransientError("the work fails")

    with pytest.raises(TransientError):
        run(work())
    assert purse.balance == 5


def test_session_that_is_not_paced_spends_nothing(run, box):
    """The pace is that of one origin, and of nobody else who has the session."""
    session = box.session(limiter=Purse())

    async def work() -> None:
        async with session.paced("listing") as paced:
            await session.throttle.acquire(5)
            assert (paced.store, paced.holder) == (session.store, session.holder)

    run(work())
    assert session.limiter.balance == 0
