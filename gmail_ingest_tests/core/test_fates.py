from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.ledger.fates import (
    ANSWERED,
    CHANGED,
    DECIDED,
    GIVEN,
    Entry,
    after_change,
    after_outcome,
    after_ruling,
    after_sighting,
    after_storing,
)
from gmail_ingest.core.ledger.history_records import HistoryRecord, MessageChange, fold_history
from gmail_ingest.core.ledger.scope import left_out_reason

LABELS = st.sampled_from([("INBOX",), (), ("SPAM",), ("TRASH", "STARRED"), ("DRAFT",), ("SENT",)])


@st.composite
def histories(draw):
    """Records of one message with rising history ids; at most one deletion."""
    labels = draw(st.lists(LABELS, min_size=1, max_size=6))
    records = [
        HistoryRecord(10 + number, "labels", "m1", "t1", label_ids)
        for number, label_ids in enumerate(labels)
    ]
    if draw(st.booleans()):
        records.append(HistoryRecord(10 + len(labels), "deleted", "m1", "t1", None))
    return records


@given(records=histories(), data=st.data())
def test_fate_does_not_depend_on_order_or_page_split(records, data):
    """Any order of any pages ends where one page would (edge cases 8, 14, 15)."""
    order = data.draw(st.permutations(records))
    cut = data.draw(st.integers(0, len(order)))
    (whole,) = fold_history(records)
    entry = None
    for page in (order[:cut], order[cut:], order[:1]):
        for change in fold_history(page):
            entry = after_change(entry, change)
    assert entry is not None
    expected = after_change(None, whole)
    # A pending message that was left out since is found out by its fetch, not by history.
    if entry.fate == "pending" and left_out_reason(whole.label_ids or ()):
        assert expected.fate == "left_out"
    else:
        assert entry.fate == expected.fate
        # How many changes a pending message saw while it waited depends on the pages.
        assert entry.fate == "pending" or entry.reason == expected.reason


@given(records=histories(), fate=st.sampled_from(["stored", "dead", "gone", "left_out", "hidden"]))
def test_old_news_change_nothing(records, fate):
    """A change that is not newer than the entry returns the very same entry."""
    (change,) = fold_history(records)
    reason = "deleted" if fate == "gone" else None
    entry = Entry("t1", "push", fate, reason, change.history_id)
    if not change.deleted or fate == "gone":
        assert after_change(entry, change) is entry


def relabelled(history_id: int, *labels: str) -> MessageChange:
    return MessageChange("m1", "t1", history_id, deleted=False, label_ids=labels)


def test_an_answer_that_a_change_overtook_is_asked_for_once_more():
    """What was fetched before a change that came while the message waited is not stored; if Google
    never answers with anything newer, its second answer counts (edge case 14).
    """
    entry = after_change(Entry("t1", "listing", "pending"), relabelled(20, "STARRED"))
    assert entry == Entry("t1", "listing", "pending", CHANGED, 20)
    again = after_storing(entry, "t1", 10, "listing")
    assert again == Entry("t1", "listing", "pending", None, 20)
    assert after_storing(again, "t1", 10, "listing") == Entry("t1", "listing", "stored", None, 20)


def test_an_answer_as_new_as_the_change_is_stored_at_once():
    """A change that came before the fetch costs no second one."""
    entry = after_change(Entry("t1", "push", "pending", None, 10), relabelled(20, "STARRED"))
    stored = after_storing(entry, "t1", 20, "push")
    assert stored == Entry("t1", "push", "stored", None, 20)


def test_each_change_may_overtake_an_answer():
    """The message is asked for once more after every change, so never without end."""
    entry = after_change(Entry("t1", "listing", "pending"), relabelled(20, "STARRED"))
    entry = after_storing(entry, "t1", 10, "listing")
    assert entry is not None
    entry = after_change(entry, relabelled(30))
    assert (entry.reason, entry.history_id) == (CHANGED, 30)


def test_an_exclusion_that_a_change_overtook_is_asked_for_once_more():
    """Mail that left spam between its fetch and the save is not lost to it (edge case 15)."""
    entry = after_change(Entry("t1", "listing", "pending"), relabelled(20, "INBOX"))
    again = after_outcome(entry, "left_out", "spam", 10)
    assert again == Entry("t1", "listing", "pending", None, 20)
    assert after_outcome(entry, "left_out", "spam", 20).fate == "left_out"
    assert after_outcome(again, "gone") == Entry("t1", "listing", "gone", None, 20)


def test_a_hidden_message_is_fetched_for_nothing_but_its_deletion():
    """What a rule of the tenant's hides is stored: no change of labels, no listing and no second
    answer makes it wait for a fetch; a deletion ends it (edge case 64).
    """
    entry = after_ruling(Entry("t1", "push", "stored", None, 10), "newsletters")
    assert entry == Entry("t1", "push", "hidden", "newsletters", 10)
    assert after_change(entry, relabelled(20, "INBOX")) is entry
    assert after_change(entry, relabelled(20, "SPAM")) is entry
    assert after_sighting(entry, "t1") is entry
    assert after_storing(entry, "t1", 20, "push") is entry
    deleted = MessageChange("m1", "t1", 20, deleted=True, label_ids=None)
    assert after_change(entry, deleted).fate == "gone"


def test_a_ruling_is_undone_by_the_next():
    """Hidden by one rule, then by another, then by none: the ledger says which (edge case 17)."""
    stored = Entry("t1", "push", "stored", None, 10)
    hidden = after_ruling(stored, "a")
    assert after_ruling(hidden, "a") is hidden
    assert after_ruling(hidden, "b").reason == "b"
    assert after_ruling(hidden, None) == stored
    assert after_ruling(stored, None) is stored


def test_a_ruling_says_nothing_of_what_is_not_stored():
    """Spam that was never stored stays left out as spam, whatever the tenant's rules say."""
    for entry in (Entry("t1", "push", "left_out", "spam"), Entry("t1", "push", "pending")):
        assert after_ruling(entry, "newsletters") is entry
        assert after_ruling(entry, None) is entry


def test_each_step_of_a_message_includes_those_before_it():
    """What Google gave was answered, and what was answered is decided; a dead letter is decided
    without an answer.
    """
    assert {"stored", "hidden", "left_out"} == GIVEN
    assert {"gone"} == ANSWERED - GIVEN
    assert {"dead"} == DECIDED - ANSWERED
    assert "pending" not in DECIDED
