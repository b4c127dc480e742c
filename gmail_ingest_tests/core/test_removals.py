import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.ledger.removals import RemovalLimits, question


@pytest.mark.parametrize(
    ("stored", "removed", "room"),
    [(0, 0, 20), (30, 0, 20), (30, 15, 5), (30, 40, 0), (1000, 0, 200), (900, 100, 100)],
)
def test_room_is_a_share_of_the_mailbox_as_it_was_and_never_less_than_the_floor(
    stored, removed, room
):
    """What went today counts, for the share's whole and against it (case 09, edge case 97)."""
    assert RemovalLimits(share=0.2, floor=20).room(stored, removed) == room


@given(st.integers(0, 10**6), st.lists(st.integers(1, 500), max_size=50))
def test_many_small_steps_remove_no_more_than_one_large(stored, steps):
    """However removals are cut in pieces, in a day they stay within the share."""
    limits = RemovalLimits(share=0.2, floor=20)
    left, removed = stored, 0
    for step in steps:
        if step <= min(left, limits.room(left, removed)):
            left, removed = left - step, removed + step
    assert removed <= max(limits.floor, limits.share * stored)


def test_a_share_of_all_never_asks():
    """Who sets the share to 1 is never asked."""
    assert RemovalLimits(share=1.0, floor=0).room(500, 0) == 500


def test_the_question_names_command_and_route():
    """Whoever reads it knows what to do."""
    assert "412 mails" in question(412)
    assert "--accept-removals" in question(1)
    assert "/accept-removals" in question(1)
