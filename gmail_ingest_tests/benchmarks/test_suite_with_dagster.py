"""Each benchmark that starts the whole service, at a size that proves nothing but that it works."""

import pytest

from gmail_ingest_tests.benchmarks.test_suite import check

SOAK = pytest.mark.soak
# Tests of their own cover what these measure; each of them takes a minute or more.
SIZES = [
    pytest.param("push-warm", 0.02, marks=SOAK),
    pytest.param("burst", 0.01, marks=SOAK),
    pytest.param("gaps", 0.01, marks=SOAK),
    pytest.param("growth", 0.002, marks=SOAK),
    pytest.param("history", 0.001, marks=SOAK),
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
