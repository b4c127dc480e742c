"""Incremental syncs against a sandbox over HTTP, with Postgres."""

import pytest

from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, mail


@pytest.fixture
async def synced(service):
    """A mailbox with some mail, connected and synced."""
    await service.connected(messages=20)
    return service


async def label_of(service, message_id):
    """Labels of a stored message."""
    (found,) = await service.rows("SELECT label_ids FROM emails WHERE gmail_id = %s", message_id)
    return set(found)


async def test_sync_stores_new_mail(synced):
    """Mail that arrived since is stored, with its lag."""
    ids = synced.deliver("one", "two")
    report = await synced.sync()
    assert report.counts.stored == 2
    assert 0 <= report.counts.lag_seconds < 30
    assert set(ids) <= await synced.stored()
    assert await synced.agrees()


async def test_sync_of_a_quiet_mailbox_moves_the_checkpoint_only(synced):
    """Nothing new costs one call of two units (edge case 4)."""
    report = await synced.sync()
    assert report.counts.units == 2
    checkpoint = await synced.rows("SELECT checkpoint::text FROM mailboxes")
    assert checkpoint == [str(synced.box(lambda box: box.history_id))]


async def test_sync_removes_what_was_deleted(synced):
    """A message deleted for good loses its row, and an emptied thread, too (edge case 14)."""
    ids = synced.deliver("one", "two", "three")
    await synced.sync()
    synced.box(lambda box: [box.delete(message_id) for message_id in ids[:2]])
    report = await synced.sync()
    assert report.counts.deleted == 2
    assert set(ids) & await synced.stored() == {ids[2]}
    assert await synced.agrees()


async def test_sync_never_stores_what_came_and_went(synced):
    """Added and deleted between two syncs is absent (edge case 14)."""
    ids = synced.deliver("one", "two")
    synced.box(lambda box: box.delete(ids[0]))
    await synced.sync()
    assert await synced.stored() & set(ids) == {ids[1]}
    assert await synced.agrees()


async def test_sync_follows_labels_without_fetching_again(synced):
    """Read, starred, archived: the labels follow, at the price of the history alone: its lists of
    label changes are read by their plural names (edge case 9).
    """
    (one,) = synced.deliver("one")
    await synced.sync()
    synced.box(lambda box: box.modify(one, add=["STARRED"], remove=["UNREAD", "INBOX"]))
    report = await synced.sync()
    assert await label_of(synced, one) == {"STARRED"}
    assert (report.counts.updated, report.counts.units) == (1, 2)
    assert await synced.agrees()


async def test_sync_stores_mail_that_never_was_in_the_inbox(synced):
    """A filter archived it on arrival: it is stored all the same (edge case 11)."""
    (one,) = synced.deliver("filtered", label_ids=["CATEGORY_UPDATES"])
    await synced.sync()
    assert await label_of(synced, one) == {"CATEGORY_UPDATES"}


async def test_sync_keeps_a_stored_message_that_goes_to_the_trash(synced):
    """Its row stays, with the label; back from the trash it is as before."""
    (one,) = synced.deliver("one")
    await synced.sync()
    synced.box(lambda box: box.modify(one, add=["TRASH"]))
    await synced.sync()
    assert "TRASH" in await label_of(synced, one)
    synced.box(lambda box: box.modify(one, remove=["TRASH"]))
    await synced.sync()
    assert "TRASH" not in await label_of(synced, one)
    assert await synced.agrees()


@pytest.mark.parametrize("label", ["SPAM", "TRASH"])
async def test_sync_fetches_what_leaves_spam_or_trash(synced, label):
    """Mail that arrived out of scope is left out by name, and stored once it is wanted
    (edge case 15).
    """
    (one,) = synced.deliver("one", label_ids=[label])
    report = await synced.sync()
    assert one not in await synced.stored()
    assert report.counts.left_out == 1
    rule = await synced.rows("SELECT reason FROM message_ledger WHERE gmail_id = %s", one)
    assert rule == [label.lower()]
    synced.box(lambda box: box.modify(one, add=["INBOX"], remove=[label]))
    await synced.sync()
    assert one in await synced.stored()
    assert await synced.agrees()


async def test_sync_leaves_no_ghosts_of_drafts(synced):
    """Saves of a draft rotate ids and leave no row; the mail that is sent is stored
    (edge cases 12 and 16).
    """

    def edit(box):
        draft = None
        for number in range(15):
            draft = box.autosave_draft(draft, mail(f"draft {number}", OWNER)).id
        return draft

    before = await synced.stored()
    draft = synced.box(edit)
    fetched = synced.calls("messages.get")
    await synced.sync()
    assert await synced.stored() == before
    assert synced.calls("messages.get") == fetched
    draft = synced.box(lambda box: box.autosave_draft(draft, mail("last", OWNER)).id)
    await synced.sync()
    sent = synced.box(lambda box: box.send_draft(draft)).id
    await synced.sync()
    assert await synced.stored() == before | {sent}
    assert await synced.agrees()


async def test_sync_takes_a_draft_and_its_sending_in_one_window(synced):
    """A draft that was begun and sent between two syncs is one sent mail (edge case 16)."""
    draft = synced.box(lambda box: box.autosave_draft(None, mail("quick", OWNER)).id)
    sent = synced.box(lambda box: box.send_draft(draft)).id
    await synced.sync()
    stored = await synced.stored()
    assert sent in stored
    assert draft not in stored
    assert await synced.agrees()


async def test_sync_stores_scheduled_mail_once_it_is_sent(synced):
    """Mail to be sent later stays out, however often it is listed and changed, and is stored once
    when it is sent (case 06; edge case 210).
    """
    before = await synced.stored()
    (waiting,) = synced.box(lambda box: [box.deliver(mail("tomorrow", OWNER), label_ids=[]).id])
    await synced.sync()
    synced.box(lambda box: box.modify(waiting, add=["STARRED"]))
    await synced.queue.enqueue(TENANT, "initial")
    await synced.sync()
    assert await synced.stored() == before
    rules = "SELECT reason FROM message_ledger WHERE gmail_id = %s"
    assert await synced.rows(rules, waiting) == ["scheduled"]
    synced.box(lambda box: box.modify(waiting, add=["SENT"]))
    await synced.sync()
    assert await synced.stored() == before | {waiting}
    assert await synced.agrees()


async def test_sync_stores_a_reply_in_a_thread_that_is_known(synced):
    """A sent reply joins its thread (edge case 12)."""
    (first,) = synced.deliver("question")
    await synced.sync()
    thread = synced.box(lambda box: box.message(first).thread_id)
    reply = synced.box(
        lambda box: box.deliver(mail("Re: question", OWNER), label_ids=["SENT"], thread_id=thread)
    ).id
    await synced.sync()
    rows = await synced.rows("SELECT gmail_id FROM emails WHERE thread_id = %s", thread)
    assert set(rows) == {first, reply}
    assert await synced.agrees()


async def test_sync_reads_more_history_than_a_page_holds(synced):
    """Over a thousand records come in pages from one start, one of them empty
    (edge cases 5 and 6).
    """
    ids = synced.deliver(*[f"mail {number}" for number in range(400)])
    synced.box(lambda box: [box.modify(message_id, remove=["UNREAD"]) for message_id in ids])
    synced.box(lambda box: [box.modify(message_id, add=["STARRED"]) for message_id in ids[:300]])
    before = synced.calls("history.list")
    synced.fault("history.list", action="emptyPage", nth=[2])
    await synced.sync()
    assert synced.calls("history.list") - before == 4
    assert set(ids) <= await synced.stored()
    assert await synced.agrees()


async def test_sync_after_expired_history_resyncs_a_window(synced):
    """Mail whose history was forgotten is found by listing, once (edge cases 3 and 62)."""
    ids = synced.deliver("one", "two")
    synced.box(lambda box: box.expire_history())
    later = synced.deliver("three")
    synced.box(lambda box: box.expire_history())
    before = len(await synced.stored())
    report = await synced.sync()
    assert report.errors == []
    assert {*ids, *later} <= await synced.stored()
    assert len(await synced.stored()) == before + 3
    assert await synced.rows("SELECT state FROM mailboxes") == ["active"]
    assert await synced.agrees()
    assert (await synced.sync()).counts.units == 2


async def test_sync_survives_a_stale_page_token_of_history(synced):
    """A refused token makes the window begin again, from the same start (edge case 40)."""
    ids = synced.deliver(*[f"mail {number}" for number in range(520)])
    synced.fault("history.list", action="error", error="invalid_page_token", nth=[2])
    report = await synced.sync()
    assert report.counts.stored == 520
    assert set(ids) <= await synced.stored()
    assert await synced.agrees()


async def test_sync_of_history_ids_that_floats_cannot_tell_apart(service):
    """A mailbox whose ids pass 2^53 is followed record by record (edge case 10)."""
    numbers = range(200)
    create = service.sandbox.call
    for number in numbers:
        address = f"large{number}@example.com"
        create(lambda state, address=address: state.accounts.create(address))
        if service.box(lambda box: box.history_id, address) > 2**53:
            break
    else:
        pytest.fail("no mailbox of the sandbox has such ids")
    await service.connect(address)
    for _ in range(3):
        service.deliver("one", "two", address=address)
        await service.sync()
    assert await service.agrees(address)
    checkpoint = await service.rows("SELECT checkpoint::text FROM mailboxes")
    assert checkpoint == [str(service.box(lambda box: box.history_id, address))]


async def test_sync_of_a_history_id_beyond_64_bits(synced):
    """History ids are numbers of any length (edge case 10)."""
    beyond = str(2**64 + 5)
    await synced.rows("UPDATE mailboxes SET checkpoint = %s::numeric RETURNING 1", beyond)
    (mailbox,) = await synced.store.mailboxes("acme", None)
    assert mailbox.checkpoint == int(beyond)
    lease = await synced.store.acquire_lease(mailbox.id, "push", "worker", QUICK.lease, force=False)
    await synced.store.apply_history(lease, [], 2**64 + 4)
    assert await synced.rows("SELECT checkpoint::text FROM mailboxes") == [beyond]
