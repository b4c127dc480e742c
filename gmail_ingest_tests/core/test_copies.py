"""Which rows are one mail."""

from datetime import UTC, datetime, timedelta
from itertools import chain, permutations

from hypothesis import given
from hypothesis import strategies as st

from gmail_ingest.core.mail.copies import Letter, gather

START = datetime(2026, 3, 1, tzinfo=UTC)
LETTERS = st.lists(
    st.builds(
        Letter,
        st.integers(0, 90).map(lambda hours: START + timedelta(hours=hours)),
        st.integers(1, 4),
        st.sampled_from("abcdef"),
        st.sampled_from(["Parcel", "[list] Parcel", "Parcel 2"]),
        st.sampled_from(["", "one", "one\ntwo", "zero\none", "two"]),
    ),
    max_size=8,
    unique_by=lambda letter: (letter.mailbox_id, letter.gmail_id),
)


@given(LETTERS)
def test_no_row_stands_for_two_of_one_mailbox(letters):
    """Every row is in one group, and no group has two rows of a mailbox: edge case 102."""
    groups = gather(letters)
    assert sorted(map(repr, chain(*groups))) == sorted(map(repr, letters))
    for group in groups:
        assert len({letter.mailbox_id for letter in group}) == len(group)
        assert max(letter.internal_date for letter in group) == group[0].internal_date


@given(LETTERS.filter(lambda letters: len(letters) < 5))
def test_groups_do_not_depend_on_the_order_in_which_rows_come(letters):
    """So a page of a list finds the groups that the next page finds."""
    assert len({repr(gather(permutation)) for permutation in permutations(letters)}) == 1


def test_rows_of_a_group_are_all_compared_with_its_first():
    """Two that differ are not one mail because a third lies between them: edge case 102."""
    texts = ["one\nleft", "one", "one\nright"]
    letters = [Letter(START, box, "m", "Parcel", text) for box, text in enumerate(texts)]
    shown = [[letter.text for letter in group] for group in gather(letters)]
    assert shown == [["one\nright", "one"], ["one\nleft"]]
