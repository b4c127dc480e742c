from __future__ import annotations

from typing import get_args

import pytest

from gmail_ingest.core.ledger.fates import FATES, fate_of
from gmail_ingest.core.ledger.shown_fates import ShownFate, shown_counts, shown_fate


def test_every_fate_is_shown_by_a_word_that_was_shown_before():
    """What is hidden and what is left out are one word there, all others their own."""
    shown = {fate: shown_fate(fate) for fate in FATES}
    assert shown.pop("hidden") == shown.pop("left_out") == "excluded"
    assert all(word == fate for fate, word in shown.items())
    assert {*shown.values(), "excluded"} == set(get_args(ShownFate))


def test_counts_of_what_is_not_shown_are_added():
    """Whichever of the two there is; without either there is no such count."""
    assert shown_counts({"stored": 3, "hidden": 2, "left_out": 4, "gone": 1}) == {
        "stored": 3,
        "excluded": 6,
        "gone": 1,
    }
    assert shown_counts({"left_out": 1.5}) == {"excluded": 1.5}
    assert shown_counts({"units": 20}) == {"units": 20}


def test_only_a_fate_of_this_release_is_read():
    """A word that the ledger must not have stops whoever reads it."""
    assert [fate_of(str(fate)) for fate in FATES] == list(FATES)
    with pytest.raises(ValueError, match="no fate of this release"):
        fate_of("excluded")
