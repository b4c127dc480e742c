from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gmail_ingest.core.ledger.history_records import HistoryRecord
from gmail_ingest.core.ledger.windows import Window
from gmail_ingest.errors import (
    AccountReplacedError,
    HistoryExpiredError,
    PageTokenInvalidError,
    RejectedRequestError,
    TransientError,
)
from gmail_ingest.sync.mailbox.discover import OVERLAP, follow_history, list_window
from gmail_ingest.sync.mailbox.records import Stored
from gmail_ingest.sync.mailbox.throttle import TRIES
from gmail_ingest_tests.sync.conftest import QUICK
from gmail_ingest_tests.sync.google import added, ref


async def follow(box, lease=None):
    """Follow the history of the mailbox as it is now."""
    lease = lease or await box.lease()
    return await follow_history(box.session(), lease)


async def list_all(box, window: Window | None = None):
    """List a window of the mailbox."""
    lease = await box.lease("listing")
    return await list_window(box.session(), lease, window or Window())


def pages_of(total: int, size: int) -> list[list[HistoryRecord]]:
    """History in pages."""
    records = [added(f"m{number}", 101 + number) for number in range(total)]
    return [records[start : start + size] for start in range(0, total, size)]


async def test_follow_history_reads_all_pages_from_one_start(box):
    """More records than a page holds are all taken, from the same checkpoint (edge case 6)."""
    box.google.history_pages = pages_of(1_100, 500)
    counts, expired = await follow(box)
    assert box.google.starts == [100, 100, 100]
    assert (counts.discovered, expired) == (1_100, False)
    assert len(box.store.entries) == 1_100


async def test_follow_history_moves_the_checkpoint_with_the_last_page_only(box):
    """The checkpoint comes in the transaction of the last page, never before (edge case 1)."""
    box.google.history_pages = pages_of(3, 1)
    await follow(box)
    assert box.store.checkpoints == [None, None, 500]
    assert box.checkpoint == 500


async def test_follow_history_goes_on_after_an_empty_page(box):
    """A page without records that has a token is no end (edge case 5)."""
    box.google.history_pages = [[], [added("m1")], [], [added("m2")]]
    counts, _ = await follow(box)
    assert counts.discovered == 2
    assert box.google.calls == ["history:0", "history:1", "history:2", "history:3"]


async def test_follow_history_refreshes_the_checkpoint_of_a_quiet_mailbox(box):
    """An empty answer moves the checkpoint all the same (edge case 4)."""
    counts, expired = await follow(box)
    assert (box.checkpoint, counts.discovered, expired) == (500, 0, False)


async def test_follow_history_never_moves_the_checkpoint_backwards(box):
    """An older answer after a newer one changes nothing: neither that of a sync which another
    overtook, nor that of a replica which is late (edge cases 8 and 90).
    """
    before = box.session()
    await follow(box)
    box.google.history_id = 300
    lease = await box.lease()
    await follow_history(before, lease)
    assert box.checkpoint == 500
    box.google.history_id, box.google.late = 600, 400
    _, expired = await follow(box)
    assert (box.checkpoint, expired) == (500, False)


@pytest.mark.parametrize("records", [[], [added("m1", 31)]])
async def test_history_id_below_the_checkpoint_is_an_expired_history(box, records):
    """An answer whose history id is lower than what was asked from, with records or without, sets
    the checkpoint and lists again; the next sync follows the new history (case 09, edge case 90).
    """
    box.google.history_pages = [records]
    box.google.history_id = 30
    counts, expired = await follow(box)
    assert (box.checkpoint, expired, counts.discovered) == (30, True, 0)
    assert box.store.rows[box.mailbox.id].reconcile_wanted
    (listing,) = box.store.listings
    assert datetime.now(UTC) - listing.window.start > timedelta(days=QUICK.initial_days - 1)
    box.google.history_pages, box.google.history_id = [[added("m2", 40)]], 40
    counts, expired = await follow(box)
    assert (box.checkpoint, expired, counts.discovered) == (40, False, 1)


@pytest.mark.parametrize("answer", [HistoryExpiredError("404"), RejectedRequestError("400")])
async def test_history_id_that_google_refuses_is_set_to_its_own(box, answer):
    """Where Google refuses a start beyond its own id, the checkpoint goes down all the same
    (case 09, edge case 90).
    """
    box.google.history_id = 30
    box.google.failures["history:0"].append(answer)
    _, expired = await follow(box)
    assert (box.checkpoint, expired) == (30, True)


async def test_history_that_is_refused_for_another_reason_stays_an_error(box):
    """A refusal, repeated, says nothing of the history id while Google's own is no lower."""
    box.google.failures["history:0"].extend([RejectedRequestError("400")] * 2)
    with pytest.raises(RejectedRequestError):
        await follow(box)
    assert box.checkpoint == 100


async def store_mail(box, *message_ids):
    """Mail that the mailbox has, with high history ids."""
    box.google.arrive(*message_ids)
    await follow(box)
    stored = [
        Stored(replace(box.google.messages[message_id], history_id=101))
        for message_id in message_ids
    ]
    await box.store.save(await box.lease(), stored)


async def test_changes_after_history_went_back_are_news(box):
    """What is stored counts as older than the new history, however high its history ids were
    (edge case 90).
    """
    await store_mail(box, "m1")
    box.google.listed("m1")
    box.google.history_id, box.google.history_pages = 30, [[]]
    await follow(box)
    change = HistoryRecord(31, "labels", "m1", "tm1", ("STARRED",))
    box.google.history_id, box.google.history_pages = 31, [[change]]
    counts, _ = await follow(box)
    assert counts.updated == 1
    assert box.store.emails[box.mailbox.id, "m1"].label_ids == ("STARRED",)


async def test_another_account_retires_the_mailbox_and_begins_its_own(box):
    """If none of the stored mail is there and history went back, the mailbox is replaced: its mail
    stays, and the new account has a checkpoint and a listing of its own (case 09, edge case 91).
    """
    await store_mail(box, "m1", "m2")
    box.google.messages.clear()
    box.google.listed("n1")
    box.google.history_id, box.google.history_pages = 30, [[]]
    with pytest.raises(AccountReplacedError):
        await follow(box)
    retired = box.store.rows[box.mailbox.id]
    successor = box.store.rows[box.store.successors[retired.id]]
    assert (retired.state, successor.state) == ("replaced", "active")
    assert (successor.address, successor.checkpoint) == (retired.address, 30)
    assert {key[1] for key in box.store.emails} == {"m1", "m2"}
    (listing,) = [found_listing for found_listing in box.store.listings if not found_listing.done]
    assert listing.mailbox_id == successor.id


async def test_an_account_of_which_one_mail_is_left_is_the_same(box):
    """A single known message is enough, also where the listing does not name it (edge case 90)."""
    await store_mail(box, "m1", "m2")
    del box.google.messages["m2"]
    box.google.unlisted = {"m1"}
    box.google.history_id, box.google.history_pages = 30, [[]]
    assert (await follow(box))[1]
    assert box.store.rows[box.mailbox.id].state == "active"


async def test_follow_history_begins_again_when_its_page_token_is_refused(box):
    """A stale token costs a second reading and doubles nothing (edge case 40)."""
    box.google.history_pages = pages_of(4, 2)
    box.google.failures["history:1"].append(PageTokenInvalidError("stale"))
    counts, _ = await follow(box)
    assert box.google.calls == ["history:0", "history:1", "history:0", "history:1"]
    assert counts.discovered == 4
    assert box.checkpoint == 500


async def test_follow_history_does_not_begin_again_for_ever(box):
    """Tokens that are always refused end as a transient failure (edge case 40)."""
    box.google.history_pages = pages_of(4, 2)
    box.google.always["history:1"] = PageTokenInvalidError("stale")
    with pytest.raises(TransientError):
        await follow(box)
    assert box.checkpoint == 100
    assert len(box.store.entries) == 2
    assert len(box.google.calls) <= 20


async def test_follow_history_keeps_what_earlier_pages_named(box):
    """A page that cannot be read leaves the checkpoint, and the ledger of the pages before it."""
    box.google.history_pages = pages_of(4, 2)
    box.google.failures["history:1"].extend([TransientError("500")] * TRIES)
    with pytest.raises(TransientError):
        await follow(box)
    assert box.checkpoint == 100
    assert set(box.store.entries) == {(1, "m0"), (1, "m1")}
    counts, _ = await follow(box)
    assert counts.discovered == 2
    assert box.checkpoint == 500


async def test_follow_history_folds_a_message_that_came_and_went(box):
    """Added and deleted in one window is absent (edge case 14)."""
    gone = HistoryRecord(103, "deleted", "m1", "tm1", None)
    box.google.history_pages = [[added("m1"), added("m2", 102)], [gone]]
    await follow(box)
    assert box.fate("m1") == "gone"
    assert box.fate("m2") == "pending"


async def test_follow_history_fetches_what_a_label_brings_into_scope(box):
    """A label change of a message that was never seen makes it wanted (edge case 15)."""
    box.google.history_pages = [[HistoryRecord(101, "labels", "m1", "tm1", ("INBOX",))]]
    await follow(box)
    assert box.fate("m1") == "pending"


async def test_follow_history_does_not_ask_for_drafts(box):
    """A draft is left out by its labels alone, without a call (edge case 16)."""
    box.google.history_pages = [[HistoryRecord(101, "added", "m1", "tm1", ("DRAFT",))]]
    counts, _ = await follow(box)
    assert box.fate("m1") == "left_out"
    assert counts.left_out == 1


async def test_follow_history_resyncs_after_expired_history(box):
    """Expired history opens a listing that overlaps the last sync, and moves the checkpoint to
    where the mailbox was before that listing begins (edge cases 3 and 62).
    """
    await box.store.finish_sync(await box.lease())
    synced_at = box.store.rows[1].last_synced_at
    box.google.history_id = 900
    box.google.failures["history:0"].append(HistoryExpiredError("404"))
    counts, expired = await follow(box)
    assert expired
    assert box.google.calls == ["history:0", "profile"]
    assert box.checkpoint == 900
    assert [listing.window for listing in box.store.listings] == [Window(start=synced_at - OVERLAP)]
    assert box.store.rows[1].state == "active"
    assert counts.discovered == 0


async def test_follow_history_resyncs_the_initial_days_of_a_mailbox_never_synced(box):
    """Without an earlier sync the window is that of the initial sync (edge case 3)."""
    box.google.failures["history:0"].append(HistoryExpiredError("404"))
    await follow(box)
    (listing,) = box.store.listings
    wanted = datetime.now(UTC) - timedelta(days=QUICK.initial_days)
    assert abs(listing.window.start - wanted) < timedelta(seconds=10)


async def test_follow_history_that_expires_between_pages_keeps_the_first(box):
    """History may expire while it is read: what was read is in the ledger (edge case 3)."""
    box.google.history_pages = pages_of(4, 2)
    box.google.failures["history:1"].append(HistoryExpiredError("404"))
    counts, expired = await follow(box)
    assert (expired, counts.discovered, len(box.store.entries)) == (True, 2, 2)


async def test_list_window_puts_every_page_into_the_ledger(box):
    """Each listed id is in the ledger, and the listing is done."""
    box.google.list_pages = [[ref("m1"), ref("m2")], [ref("m3")]]
    counts = await list_all(box)
    assert counts.discovered == 3
    assert {box.fate(message_id) for message_id in ("m1", "m2", "m3")} == {"pending"}
    assert [listing.done for listing in box.store.listings] == [True]


async def test_list_window_goes_on_after_an_empty_page(box):
    """A page without ids that has a token is no end (edge case 5)."""
    box.google.list_pages = [[], [ref("m1")], []]
    assert (await list_all(box)).discovered == 1
    assert box.google.calls == ["list:0", "list:1", "list:2"]


async def test_list_window_begins_again_when_its_page_token_is_refused(box):
    """A stale token restarts that listing, without duplicates (edge case 40)."""
    box.google.list_pages = [[ref("m1")], [ref("m2")]]
    box.google.failures["list:1"].append(PageTokenInvalidError("stale"))
    assert (await list_all(box)).discovered == 2
    assert box.google.calls == ["list:0", "list:1", "list:0", "list:1"]


async def test_list_window_does_not_begin_again_for_ever(box):
    """Tokens that are always refused end as a transient failure (edge case 40)."""
    box.google.list_pages = [[ref("m1")], [ref("m2")]]
    box.google.always["list:1"] = PageTokenInvalidError("stale")
    with pytest.raises(TransientError):
        await list_all(box)
    assert len(box.google.calls) <= 20
    assert box.fate("m1") == "pending"


async def test_list_window_goes_on_where_an_earlier_worker_stopped(box):
    """A listing that broke off is continued at its page, in its own window (edge case 34)."""
    box.google.list_pages = [[ref("m1")], [ref("m2")], [ref("m3")]]
    box.google.failures["list:2"].extend([TransientError("500")] * TRIES)
    first = Window(start=datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(TransientError):
        await list_all(box, first)
    box.google.calls.clear()
    await list_all(box, replace(first, start=datetime(2026, 11, 1, tzinfo=UTC)))
    assert box.google.calls == ["list:2"]
    assert set(box.google.windows) == {first}
    assert [listing.done for listing in box.store.listings] == [True]


async def test_list_window_does_not_fetch_again_what_is_stored(box):
    """Listing twice wants nothing twice (edge case 7)."""
    box.google.listed("m1", "m2")
    await list_all(box)
    await box.drain(await box.lease("listing"))
    assert (await list_all(box)).discovered == 0
    assert box.stored == {"m1", "m2"}
