from __future__ import annotations

import pytest

from gmail_ingest_tests.postgres.worlds import MINUTE


async def states(database):
    """Mailboxes by address, and integrations, with their states and errors."""
    mailboxes = await database.rows(
        "SELECT address, state, last_error, cause FROM mailboxes ORDER BY address"
    )
    integrations = await database.rows("SELECT state, last_error FROM integrations ORDER BY id")
    return mailboxes, integrations


async def share_integration(database):
    """Two mailboxes of one service account; their ids."""
    first = await database.connect("a@example.com")
    second = await database.connect("b@example.com")
    await database.change(
        "UPDATE mailboxes SET integration_id = (SELECT min(id) FROM integrations)"
    )
    await database.change("DELETE FROM integrations WHERE id <> (SELECT min(id) FROM integrations)")
    return first, second


async def test_an_integration_is_dead_where_all_its_mailboxes_are(database):
    """One sick mailbox says nothing of a service account; all of them do (edge case 38)."""
    first, second = await share_integration(database)
    store = database.store
    await store.set_mailbox_state(first, "admin_action_required", "no", cause="delegation")
    assert (await states(database))[1] == [("active", None)]
    await store.set_mailbox_state(second, "suspended", "gone", cause="no_gmail")
    assert (await states(database))[1] == [("active", None)]
    await store.set_mailbox_state(second, "admin_action_required", "no", cause="delegation")
    assert (await states(database))[1] == [("admin_action_required", "no")]


async def test_a_state_of_an_older_consent_is_not_kept(database):
    """A worker that failed with the old grant does not undo a new one (edge case 36)."""
    mailbox = await database.connect()
    (before,) = await database.store.mailboxes("acme", None)
    await database.change("UPDATE integrations SET generation = generation + 1")
    await database.store.set_mailbox_state(
        mailbox, "needs_reauth", "dead", generation=before.generation
    )
    (after,) = await database.store.mailboxes("acme", None)
    assert (after.state, after.generation) == ("active", before.generation + 1)
    await database.store.set_mailbox_state(
        mailbox, "needs_reauth", "dead", generation=after.generation
    )
    assert await database.store.mailboxes("acme", None) == []


async def test_noting_an_error_brings_no_mailbox_back(world):
    """State ``active`` is for notes: it ends no other state."""
    mailbox = await world.connect()
    await world.store.set_mailbox_state(mailbox, "active", "not enabled", cause="operator")
    assert len(await world.store.mailboxes("acme", None)) == 1
    await world.store.set_mailbox_state(mailbox, "needs_reauth", "dead", cause="grant_dead")
    await world.store.set_mailbox_state(mailbox, "active", "not enabled", cause="operator")
    assert await world.store.mailboxes("acme", None) == []


@pytest.mark.parametrize("origin", ["push", "listing"])
async def test_a_live_sync_that_ends_well_forgets_the_failure(database, origin):
    """What was noted of a failure goes with the next sync to the end."""
    mailbox = await database.connect()
    await database.store.set_mailbox_state(mailbox, "active", "broken", cause="operator")
    held = await database.store.acquire_lease(mailbox, origin, "w", MINUTE, force=False)
    await database.store.finish_sync(held)
    ((_, state, error, cause),) = (await states(database))[0]
    known = (None, None) if origin == "push" else ("broken", "operator")
    assert (state, (error, cause)) == ("active", known)
