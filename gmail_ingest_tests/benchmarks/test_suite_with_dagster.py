"""Each benchmark that starts the whole service, at a size that proves nothing but that it works."""

import pytest

from gmail_ingest_tests.benchmarks.test_suite import check

SOAK = pytest.mark.soak
SIZES = [
    ("growth", 0.002),
    ("push-warm", 0.02),
    ("burst", 0.01),
    ("gaps", 0.01),
    ("history", 0.001),
    # These two wait minutes for Dagster's backfill daemon, which the one above waits for as well.
    pytest.param("fairness", 0.001, marks=SOAK),
    pytest.param("partitions", 0.001, marks=SOAK),
]


@pytest.mark.daemon
@pytest.mark.parametrize(("name", "scale"), SIZES)
def test_benchmark_with_dagster_measures_and_leaves_nothing_behind(
    name, scale, tmp_path, monkeypatch
):
    """A benchmark of the whole service ends with its object, and leaves nothing behind."""
    check(name, scale, tmp_path, monkeypatch)
