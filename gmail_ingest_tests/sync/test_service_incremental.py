"""Incremental syncs against a sandbox over HTTP, with Postgres."""

import pytest

from gmail_ingest_tests.sync.service import OWNER, QUICK, TENANT, mail


@pytest.fixture
def synced(run, service):
    """A mailbox with some mail, connected and synced."""
    run(service.connected(messages=20))
    return service


async def label_of(service, message_id):
    """Labels of a stored message."""
    (found,) = await service.rows("SELECT label_ids FROM emails WHERE gmail_id = %s", message_id)
    return set(found)


def test_sync_stores_new_mail(run, synced):
    """Mail that arrived since is stored, with its lag."""
    ids = synced.deliver("one", "two")
    report = run(synced.sync())
    assert report.counts.stored == 2
    assert 0 <= report.counts.lag_seconds < 30
    assert set(ids) <= run(synced.stored())
    assert synced.agrees()


def test_sync_of_a_quiet_mailbox_moves_the_checkpoint_only(run, synced):
    """Nothing new costs one call of two units (edge case 4)."""
    report = run(synced.sync())
    assert report.counts.units == 2
    checkpoint = run(synced.rows("SELECT checkpoint::text FROM mailboxes"))
    assert checkpoint == [str(synced.box(lambda box: box.history_id))]


def test_sync_removes_what_was_deleted(run, synced):
    """A message deleted for good loses its row, and an emptied thread, too (edge case 14)."""
    ids = synced.deliver("one", "two", "three")
    run(synced.sync())
    synced.box(lambda box: [box.delete(id_) for id_ in ids[:2]])
    report = run(synced.sync())
    assert report.counts.deleted == 2
    assert set(ids) & run(synced.stored()) == {ids[2]}
    assert synced.agrees()


def test_sync_never_stores_what_came_and_went(run, synced):
    """Added and deleted between two syncs is absent (edge case 14)."""
    ids = synced.deliver("one", "two")
    synced.box(lambda box: box.delete(ids[0]))
    run(synced.sync())
    assert run(synced.stored()) & set(ids) == {ids[1]}
    assert synced.agrees()


def test_sync_follows_labels_without_fetching_again(run, synced):
    """Read, starred, archived: the labels follow, at the price of the history alone: its lists of
    label changes are read by their plural names (edge case 9).
    """
    (one,) = synced.deliver("one")
    run(synced.sync())
    synced.box(lambda box: box.modify(one, add=["STARRED"], remove=["UNREAD", "INBOX"]))
    report = run(synced.sync())
    assert run(label_of(synced, one)) == {"STARRED"}
    assert (report.counts.updated, report.counts.units) == (1, 2)
    assert synced.agrees()


def test_sync_stores_mail_that_never_was_in_the_inbox(run, synced):
    """A filter archived it on arrival: it is stored all the same (edge case 11)."""
    (one,) = synced.deliver("filtered", label_ids=["CATEGORY_UPDATES"])
    run(synced.sync())
    assert run(label_of(synced, one)) == {"CATEGORY_UPDATES"}


def test_sync_keeps_a_stored_message_that_goes_to_the_trash(run, synced):
    """Its row stays, with the label; back from the trash it is as before."""
    (one,) = synced.deliver("one")
    run(synced.sync())
    synced.box(lambda box: box.modify(one, add=["TRASH"]))
    run(synced.sync())
    assert "TRASH" in run(label_of(synced, one))
    synced.box(lambda box: box.modify(one, remove=["TRASH"]))
    run(synced.sync())
    assert "TRASH" not in run(label_of(synced, one))
    assert synced.agrees()


@pytest.mark.parametrize("label", ["SPAM", "TRASH"])
def test_sync_fetches_what_leaves_spam_or_trash(run, synced, label):
    """Mail that arrived out of scope is left out by name, and stored once it is wanted
    (edge case 15).
    """
    (one,) = synced.deliver("one", label_ids=[label])
    report = run(synced.sync())
    assert one not in run(synced.stored())
    assert report.counts.left_out == 1
    rule = run(synced.rows("SELECT reason FROM message_ledger WHERE gmail_id = %s", one))
    assert rule == [label.lower()]
    synced.box(lambda box: box.modify(one, add=["INBOX"], remove=[label]))
    run(synced.sync())
    assert one in run(synced.stored())
    assert synced.agrees()


def test_sync_leaves_no_ghosts_of_drafts(run, synced):
    """Saves of a draft rotate ids and leave no row; the mail that is sent is stored
    (edge cases 12 and 16).
    """

    def edit(box):
        draft = None
        for number in range(15):
            draft = box.autosave_draft(draft, mail(f"draft {number}", OWNER)).id
        return draft

    before = run(synced.stored())
    draft = synced.box(edit)
    fetched = synced.calls("messages.get")
    run(synced.sync())
    assert run(synced.stored()) == before
    assert synced.calls("messages.get") == fetched
    draft = synced.box(lambda box: box.autosave_draft(draft, mail("last", OWNER)).id)
    run(synced.sync())
    sent = synced.box(lambda box: box.send_draft(draft)).id
    run(synced.sync())
    assert run(synced.stored()) == before | {sent}
    assert synced.agrees()


def test_sync_takes_a_draft_and_its_sending_in_one_window(run, synced):
    """A draft that was begun and sent between two syncs is one sent mail (edge case 16)."""
    draft = synced.box(lambda box: box.autosave_draft(None, mail("quick", OWNER)).id)
    sent = synced.box(lambda box: box.send_draft(draft)).id
    run(synced.sync())
    stored = run(synced.stored())
    assert sent in stored
    assert draft not in stored
    assert synced.agrees()


def test_sync_stores_scheduled_mail_once_it_is_sent(run, synced):
    """Mail to be sent later stays out, however often it is listed and changed, and is stored once
    when it is sent (case 06; edge case 210).
    """
    before = run(synced.stored())
    (waiting,) = synced.box(lambda box: [box.deliver(mail("tomorrow", OWNER), label_ids=[]).id])
    run(synced.sync())
    synced.box(lambda box: box.modify(waiting, add=["STARRED"]))
    run(synced.queue.enqueue(TENANT, "initial"))
    run(synced.sync())
    assert run(synced.stored()) == before
    rules = "SELECT reason FROM message_ledger WHERE gmail_id = %s"
    assert run(synced.rows(rules, waiting)) == ["scheduled"]
    synced.box(lambda box: box.modify(waiting, add=["SENT"]))
    run(synced.sync())
    assert run(synced.stored()) == before | {waiting}
    assert synced.agrees()


def test_sync_stores_a_reply_in_a_thread_that_is_known(run, synced):
    """A sent reply joins its thread (edge case 12)."""
    (first,) = synced.deliver("question")
    run(synced.sync())
    thread = synced.box(lambda box: box.message(first).thread_id)
    reply = synced.box(
        lambda box: box.deliver(mail("Re: question", OWNER), label_ids=["SENT"], thread_id=thread)
    ).id
    run(synced.sync())
    rows = run(synced.rows("SELECT gmail_id FROM emails WHERE thread_id = %s", thread))
    assert set(rows) == {first, reply}
    assert synced.agrees()


def test_sync_reads_more_history_than_a_page_holds(run, synced):
    """Over a thousand records come in pages from one start, one of them empty
    (edge cases 5 and 6).
    """
    ids = synced.deliver(*[f"mail {number}" for number in range(400)])
    synced.box(lambda box: [box.modify(id_, remove=["UNREAD"]) for id_ in ids])
    synced.box(lambda box: [box.modify(id_, add=["STARRED"]) for id_ in ids[:300]])
    before = synced.calls("history.list")
    synced.fault("history.list", action="emptyPage", nth=[2])
    run(synced.sync())
    assert synced.calls("history.list") - before == 4
    assert set(ids) <= run(synced.stored())
    assert synced.agrees()


def test_sync_after_expired_history_resyncs_a_window(run, synced):
    """Mail whose history was forgotten is found by listing, once (edge cases 3 and 62)."""
    ids = synced.deliver("one", "two")
    synced.box(lambda box: box.expire_history())
    later = synced.deliver("three")
    synced.box(lambda box: box.expire_history())
    before = len(run(synced.stored()))
    report = run(synced.sync())
    assert report.errors == []
    assert {*ids, *later} <= run(synced.stored())
    assert len(run(synced.stored())) == before + 3
    assert run(synced.rows("SELECT state FROM mailboxes")) == ["active"]
    assert synced.agrees()
    assert run(synced.sync()).counts.units == 2


def test_sync_survives_a_stale_page_token_of_history(run, synced):
    """A refused token makes the window begin again, from the same start (edge case 40)."""
    ids = synced.deliver(*[f"mail {number}" for number in range(520)])
    synced.fault("history.list", action="error", error="invalid_page_token", nth=[2])
    report = run(synced.sync())
    assert report.counts.stored == 520
    assert set(ids) <= run(synced.stored())
    assert synced.agrees()


def test_sync_of_history_ids_that_floats_cannot_tell_apart(run, service):
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
    run(service.connect(address))
    for _ in range(3):
        service.deliver("one", "two", address=address)
        run(service.sync())
    assert service.agrees(address)
    checkpoint = run(service.rows("SELECT checkpoint::text FROM mailboxes"))
    assert checkpoint == [str(service.box(lambda box: box.history_id, address))]


def test_sync_of_a_history_id_beyond_64_bits(run, synced):
    """History ids are numbers of any length (edge case 10)."""
    beyond = str(2**64 + 5)
    run(synced.rows("UPDATE mailboxes SET checkpoint = %s::numeric RETURNING 1", beyond))
    (mailbox,) = run(synced.store.mailboxes("acme", None))
    assert mailbox.checkpoint == int(beyond)
    lease = run(synced.store.acquire_lease(mailbox.id, "push", "worker", QUICK.lease, force=False))
    run(synced.store.apply_history(lease, [], 2**64 + 4))
    assert run(synced.rows("SELECT checkpoint::text FROM mailboxes")) == [beyond]
