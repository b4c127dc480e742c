"""Folding of history pages."""

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.ledger.history_records import HistoryRecord, MessageChange, fold_history

RECORDS = st.lists(
    st.builds(
        HistoryRecord,
        history_id=st.integers(1, 2**70),
        kind=st.sampled_from(["added", "deleted", "labels"]),
        message_id=st.sampled_from(["a", "b", "c"]),
        thread_id=st.sampled_from(["t", ""]),
        label_ids=st.none() | st.tuples(st.sampled_from(["INBOX", "SPAM"])),
    ),
    unique_by=lambda record: record.history_id,
)


def record(history_id, kind, labels=("INBOX",)):
    return HistoryRecord(history_id, kind, "m1", "t1", labels)


def test_fold_history_added_then_deleted_is_deleted():
    """A message added and deleted inside one window ends as absent (edge case 14)."""
    [change] = fold_history([record(5, "added"), record(9, "deleted")])
    assert change == MessageChange("m1", "t1", 9, deleted=True, label_ids=("INBOX",))


def test_fold_history_orders_by_number():
    """History ids order as numbers of any size, not as text or 64-bit (edge case 10)."""
    newer, older = 10**20, 9
    [change] = fold_history([record(newer, "labels", ("SENT",)), record(older, "added")])
    assert change.history_id == newer
    assert change.label_ids == ("SENT",)


def test_fold_history_keeps_known_labels_when_a_record_tells_none():
    """A record without labels does not wipe those that an earlier one told."""
    [change] = fold_history([record(1, "added"), record(2, "labels", None)])
    assert change.label_ids == ("INBOX",)


@given(RECORDS, st.randoms(use_true_random=False))
def test_fold_history_is_independent_of_order(records, random):
    """The same records in any order fold to the same changes (edge case 14)."""
    shuffled = list(records)
    random.shuffle(shuffled)
    assert fold_history(shuffled) == fold_history(records)


@given(RECORDS)
def test_fold_history_forgets_no_message(records):
    """Each message of the page has exactly one change, deleted if any record says so."""
    changes = {change.message_id: change for change in fold_history(records)}
    assert set(changes) == {record.message_id for record in records}
    for message_id, change in changes.items():
        mine = [record for record in records if record.message_id == message_id]
        assert change.deleted == any(record.kind == "deleted" for record in mine)
