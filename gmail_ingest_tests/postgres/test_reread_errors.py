"""Stored mail that cannot be read again: by its own fault, and by the database's."""

from __future__ import annotations

import pytest
from psycopg import errors

from gmail_ingest.adapters.postgres.sync.rereading import PostgresRereads
from gmail_ingest.sync.audit.reread import Batch, Left
from gmail_ingest_tests.postgres.rereading_worlds import (
    TEXTS,
    mail,
    reread,
    save_formerly,
    search,
)

OF_THE_DATABASE = {
    "53100": errors.DiskFull,
    "57014": errors.QueryCanceled,
    "40P01": errors.DeadlockDetected,
    "42501": errors.InsufficientPrivilege,
    "25006": errors.ReadOnlySqlTransaction,
}
OF_A_MAIL = ("22001", "23514", "54000", "P0001", "XX000")


async def fill(database):
    """Three mails that a former release stored, all in Japanese."""
    mails = [mail(f"m{number}", TEXTS["m1"]) for number in range(3)]
    await save_formerly(database, await database.connect(), *mails)


async def refuse(database, gmail_id, state="P0001"):
    """Let writing a mail fail with a state, and words of the mail."""
    await database.change(
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no: %%', NEW.text USING ERRCODE = '{state}'; END $$"
    )
    await database.change(
        "CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON emails FOR EACH ROW"
        f" WHEN (NEW.gmail_id = '{gmail_id}') EXECUTE FUNCTION refuse()"
    )


async def test_a_mail_that_cannot_be_read_holds_up_no_other(database, caplog):
    """It stays as it is, is counted, and is told without its words (edge case 201)."""
    await fill(database)
    await refuse(database, "m1")
    assert await reread(database) == [Batch(3, 2, 1), Batch(0, 0, 0)]
    assert await search(database, "会議") == {"m0", "m2"}
    assert [record.message for record in caplog.records] == [
        "a stored mail cannot be read again and stays as it is"
    ]
    assert "会議" not in caplog.text


async def test_no_mail_is_passed_over_for_an_error_of_the_database(database):
    """A full disk, a timeout or a missing right is no fault of a mail: the batch is undone, and
    read when the database can (edge case 222).
    """
    await fill(database)
    rereads = PostgresRereads(database.engine)
    for state, error in OF_THE_DATABASE.items():
        await refuse(database, "m1", state)
        with pytest.raises(error):
            await rereads.read_next()
        assert await rereads.left() == Left(1, 3, 3)
    await database.change("DROP TRIGGER refuse ON emails")
    assert await reread(database) == [Batch(3, 3, 0), Batch(0, 0, 0)]
    assert await search(database, "会議") == {"m0", "m1", "m2"}


async def test_mail_that_was_passed_over_is_read_when_all_is_looked_at_again(database):
    """An error of a mail's values passes that mail over, and not for ever (edge case 222)."""
    await fill(database)
    rereads, read = PostgresRereads(database.engine), 3
    for state in OF_A_MAIL:
        await refuse(database, "m1", state)
        await rereads.begin_again()
        assert await reread(database) == [Batch(read, read - 1, 1), Batch(0, 0, 0)]
        read = 1
    await database.change("DROP TRIGGER refuse ON emails")
    await rereads.begin_again()
    assert await reread(database) == [Batch(1, 1, 0), Batch(0, 0, 0)]
    assert await search(database, "会議") == {"m0", "m1", "m2"}
