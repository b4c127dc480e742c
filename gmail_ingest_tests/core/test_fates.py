from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.fates import Entry, after_change
from gmail_ingest.core.history import HistoryRecord, fold_history
from gmail_ingest.core.scope import exclusion_rule

LABELS = st.sampled_from([("INBOX",), (), ("SPAM",), ("TRASH", "STARRED"), ("DRAFT",), ("SENT",)])


@st.composite
def histories(draw):
    """Records of one message with rising history ids; at most one deletion."""
    labels = draw(st.lists(LABELS, min_size=1, max_size=6))
    records = [
        HistoryRecord(10 + number, "labels", "m1", "t1", each) for number, each in enumerate(labels)
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
    # A pending message that was excluded since is found out by its fetch, not by history.
    if entry.fate == "pending" and exclusion_rule(whole.label_ids or ()):
        assert expected.fate == "excluded"
    else:
        assert (entry.fate, entry.rule) == (expected.fate, expected.rule)


@given(records=histories(), fate=st.sampled_from(["stored", "dead", "gone", "excluded"]))
def test_old_news_change_nothing(records, fate):
    """A change that is not newer than the entry returns the very same entry."""
    (change,) = fold_history(records)
    rule = "deleted" if fate == "gone" else None
    entry = Entry("t1", "live", fate, rule, change.history_id)
    if not change.deleted or fate == "gone":
        assert after_change(entry, change) is entry
