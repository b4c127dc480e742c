from dataclasses import fields

import pytest

from gmail_ingest.core.ledger.fates import FATES
from gmail_ingest.sync.mailbox.records import Counts

COUNTERS = sorted(Counts().totals())


@pytest.mark.parametrize("name", COUNTERS)
def test_a_counter_says_whether_anything_was_found(name):
    """Whatever is counted in messages was found; what a look costs is no finding."""
    assert Counts(**{name: 1}).found == (name != "units")


def test_only_what_was_written_is_a_change():
    """A mail that was listed or left out changes no row of mail."""
    changing = {name for name in COUNTERS if Counts(**{name: 1}).has_changes}
    assert changing == {"stored", "updated", "deleted"}


def test_every_fate_has_a_counter_of_its_own():
    """What messages came to is counted once, whichever fate it is."""
    counters = dict.fromkeys(COUNTERS, 1)
    assert Counts(**counters).came_to(FATES) == len(FATES)
    assert {field.name for field in fields(Counts)} == {*COUNTERS, "lag_seconds"}
