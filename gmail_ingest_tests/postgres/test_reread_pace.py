"""Stored mail read again by one worker: its pace, and what it tells."""

from __future__ import annotations

from gmail_ingest.adapters.postgres.sync.leases import fenced
from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.sync.audit.reread import Reread
from gmail_ingest_tests.postgres.rereading_worlds import TEXTS, mail, save_formerly
from gmail_ingest_tests.postgres.worlds import lease


async def test_work_rests_as_long_as_it_takes(database):
    """Each batch is followed by a rest of its own length, and all held is tried again after a
    moment (edge case 200).
    """
    rests = []
    mailbox = await database.connect()
    await save_formerly(
        database, mailbox, *(mail(f"m{number}", TEXTS["m1"]) for number in range(4))
    )
    held = await lease(database, mailbox)
    context = fenced(database.engine, held)
    await context.__aenter__()

    async def pause(seconds):
        rests.append(seconds)
        if len(rests) == 1:
            await context.__aexit__(None, None, None)

    reported = []
    work = Reread(PostgresRereads(database.engine, batch=2), pause=pause)
    assert await work.run(60, lambda done: reported.append(done.read))
    assert (work.read, work.changed, work.failed) == (4, 4, 0)
    assert reported == [2, 4, 4]
    assert rests[0] == 0.2
    assert len(rests) == 4
    assert all(rest > 0 for rest in rests)


async def test_work_ends_in_its_time(database):
    """What does not fit is left for the next worker, and that is said (edge case 200)."""
    mailbox = await database.connect()
    await save_formerly(database, mailbox, mail("m1", TEXTS["m1"]))
    work, reported = Reread(PostgresRereads(database.engine)), []
    assert not await work.run(0, reported.append)
    assert reported == []
    assert await work.run(60, reported.append)
    assert reported == [work, work]
