"""Reading stored mail again from a terminal, and how far it is."""

from __future__ import annotations

import json

import pytest

from gmail_ingest.local.environment import variable_names
from gmail_ingest_tests.cli.commands import exit_code
from gmail_ingest_tests.postgres.rereading_worlds import TEXTS, mail, save_formerly, search
from gmail_ingest_tests.postgres.worlds import PostgresWorld


@pytest.fixture
def world(engine, run, monkeypatch, tmp_path, database_url) -> PostgresWorld:
    """A mailbox with mail that a former release stored, in the database that commands are told."""
    monkeypatch.chdir(tmp_path)
    for name in (*variable_names().values(), "DAGSTER_PG_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", database_url)
    world = PostgresWorld(engine)

    async def fill():
        mailbox = await world.connect()
        await save_formerly(
            world, mailbox, *(mail(message_id, text) for message_id, text in TEXTS.items())
        )

    run(fill())
    return world


def test_reread_reads_to_the_end(world, run, capsys):
    """The command ends when nothing is left, and says what it did (edge case 201)."""
    assert exit_code(["reread"]) == 0
    shown = capsys.readouterr().err
    assert "5 of 5 mails in 1 mailboxes are left" in shown
    assert "5 mails read again, 4 of them changed" in shown
    assert run(search(world, "会議")) == {"m1", "m2"}
    assert exit_code(["reread", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    left = {"mailboxesLeft": 0, "mailsLeft": 0, "mails": 5}
    assert printed == {"read": 0, "changed": 0, "failed": 0, **left}


def test_reread_again_finds_what_came_from_a_former_release_later(world, run, capsys):
    """Mail that a former release stored behind the end is looked for on demand (edge case 201)."""
    run(world.change("UPDATE mailboxes SET reading = 1"))
    assert exit_code(["reread", "--again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == 4
    assert run(search(world, "견적서")) == {"m5"}


def test_reread_of_a_mail_that_cannot_be_read_is_not_done(world, run, capsys):
    """The exit code and a sentence say that some mail stays as it is (edge case 201)."""
    run(
        world.change(
            "ALTER TABLE emails ADD CONSTRAINT refused CHECK (gmail_id <> 'm1' OR reading = 0)"
        )
    )
    assert exit_code(["reread"]) == 1
    shown = capsys.readouterr()
    assert "1 mails could not be read and stay as they are" in shown.err
    assert "会議" not in shown.err + shown.out


@pytest.mark.usefixtures("world")
def test_status_says_how_far_it_is(capsys):
    """What is left is a line for people and fields for programs, and no line when it is done (edge
    case 201).
    """
    line = "stored mail is read again by this release, beside the service: 5 of 5 mails in 1"
    assert exit_code(["status"]) == 0
    assert line in capsys.readouterr().err
    assert exit_code(["status", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["reading"]
    assert printed == {"mailboxesLeft": 1, "mailsLeft": 5, "mails": 5}
    assert exit_code(["reread"]) == 0
    capsys.readouterr()
    assert exit_code(["status"]) == 0
    assert "read again" not in capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_upgrade_says_what_is_left(capsys):
    """Whoever migrates knows that something goes on, and how to have it at once (edge case 201)."""
    assert exit_code(["db", "upgrade"]) == 0
    shown = " ".join(capsys.readouterr().err.split())
    assert "5 of 5 mails in 1 mailboxes are left to be read again" in shown
    assert "`gmail-ingest reread` does it now" in shown
